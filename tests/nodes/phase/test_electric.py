"""Electric fields and charges against electrostatics in SI units, for a charge with a Gaussian profile."""

import math

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.image.com import center_of_mass
from graph4d_nodes.phase.electric import charge_density, electric_field
from graph4d_nodes.simulate.phase_object import phase_object
from graph4d_nodes.values import vector_field
from scipy import constants as si

from graph4d import UsageError
from graph4d.units import convert

STEP, WIDTH, ENERGY = (0.05, 0.08), 0.5, 300e3
Y, X = np.meshgrid((np.arange(101) - 50) * STEP[0], (np.arange(81) - 40) * STEP[1], indexing="ij")


def classical_deflection(field: np.ndarray, energy: float) -> np.ndarray:
    """Wave vectors [1/Å] of electrons that have felt a force −e·∫E dz / v, for ∫E dz in V."""
    total = energy * si.e + si.m_e * si.c**2
    speed = si.c * math.sqrt(1 - (si.m_e * si.c**2 / total) ** 2)
    return -si.e * field / speed / si.h * 1e-10


def of_a_charge(charges: float) -> np.ndarray:
    """∫E dz [V] around so many elementary charges spread over a Gaussian, from Gauss's law for a cylinder."""
    r = np.maximum(np.hypot(Y, X), 1e-9)
    enclosed = charges * si.e * (1 - np.exp(-(r**2) / (2 * WIDTH**2)))
    return np.stack([Y, X]) / r * enclosed / (2 * np.pi * si.epsilon_0 * r * 1e-10)


@pytest.fixture(scope="module")
def com() -> xr.DataArray:
    values = classical_deflection(of_a_charge(8), ENERGY)
    return vector_field(values, Geometry(scan_step=STEP), "1/Å").assign_attrs(energy=ENERGY)


def test_a_deflection_gives_the_field_that_caused_it(com: xr.DataArray) -> None:
    field = electric_field(com)
    np.testing.assert_allclose(field, of_a_charge(8), rtol=1e-9, atol=1e-9)
    assert field.attrs["units"] == "V"
    assert field.dims == ("component", "y", "x")


def test_the_mean_over_a_thickness_is_the_integral_divided_by_it(com: xr.DataArray) -> None:
    mean = electric_field(com, thickness="4 nm")
    np.testing.assert_allclose(mean * 40, electric_field(com))
    assert mean.attrs["units"] == "V/Å"
    assert charge_density(mean).attrs["units"] == "e/Å**3"
    np.testing.assert_allclose(charge_density(mean) * 40, charge_density(electric_field(com)))


def test_the_charges_are_where_and_as_many_as_they_were(com: xr.DataArray) -> None:
    density = charge_density(electric_field(com))
    profile = 8 * np.exp(-(Y**2 + X**2) / (2 * WIDTH**2)) / (2 * np.pi * WIDTH**2)
    np.testing.assert_allclose(density, profile, atol=0.01 * profile.max())
    assert float(density.sum()) * STEP[0] * STEP[1] == pytest.approx(8, rel=0.01)
    assert convert(density.attrs["units"], "C/m**2") == pytest.approx(si.e * 1e20)


def test_an_energy_that_is_given_comes_before_that_of_the_scan(com: xr.DataArray) -> None:
    slow = classical_deflection(of_a_charge(8), 60e3)
    given = electric_field(com.copy(data=slow), energy="60 keV")
    np.testing.assert_allclose(given, of_a_charge(8), rtol=1e-9, atol=1e-9)


def test_from_patterns_nuclei_are_positive_and_the_field_points_away_from_them() -> None:
    scan, phase = phase_object(positions=(32, 40), detector=48, dose=0, rotation="30 deg", transpose=True)
    field = electric_field(center_of_mass(scan))
    density = charge_density(field)
    assert np.corrcoef(density.values.ravel(), phase.values.ravel())[0, 1] > 0.5
    assert density.values[phase.values > 0.9 * phase.values.max()].min() > 0


def test_what_is_missing_is_named_with_its_remedy(com: xr.DataArray) -> None:
    with pytest.raises(UsageError, match=r"is in px; give `detector_step`"):
        electric_field(com.assign_attrs(units="px"))
    with pytest.raises(UsageError, match=r"give `energy` here or to io.open"):
        electric_field(com.drop_attrs().assign_attrs(units="1/Å"))
    with pytest.raises(UsageError, match=r"this field is in 1/Å; put phase.electric_field before it"):
        charge_density(com)
    with pytest.raises(UsageError, match="give `scan_step`"):
        charge_density(vector_field(com.values, Geometry(), "V"))
