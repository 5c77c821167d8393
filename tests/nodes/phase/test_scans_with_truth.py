"""From patterns to phase, on scans whose phase is known exactly: an independent multislice simulation, and our own."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import wavelength
from graph4d_nodes.image.com import center_of_mass
from graph4d_nodes.io.open import open_scan
from graph4d_nodes.metrics.compare import compare
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.optics.probe import probe
from graph4d_nodes.phase.icom import integrate
from graph4d_nodes.phase.ricom import ricom
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.simulate.phase_object import phase_object
from graph4d_nodes.simulate.sample import atoms
from graph4d_nodes.values import image


def strontium_titanate(folder: Path, rotation: str) -> Scan4D:
    return open_scan(
        path=folder / "sto_rot23.h5",
        dataset="data",
        energy="300 keV",
        semiangle="20 mrad",
        scan_step="0.25 Å",
        detector_step=1 / 30,
        rotation=rotation,
    )


def test_icom_of_a_multislice_simulation_is_as_good_as_the_reference(shared_data: Path) -> None:
    scan = strontium_titanate(shared_data, "23 deg")
    with h5py.File(shared_data / "sto_rot23.h5") as file:
        truth = image(file["phase_truth_rad"][:], scan.geometry, "rad")
    com = center_of_mass(scan)
    # The reference's numbers, for a border that repeats; the mirrored one is a little better.
    reference = compare(integrate(com, border="periodic"), truth)
    assert reference.pearson == pytest.approx(0.897, abs=0.002)
    assert reference.slope == pytest.approx(0.51, abs=0.01)
    for border in ("mirror", "free"):
        measured = compare(integrate(com, border=border), truth)
        assert measured.pearson > 0.9
        assert measured.slope == pytest.approx(0.51, abs=0.03)
    assert compare(ricom(com, kernel=41), truth).pearson > 0.85


def test_a_wrong_rotation_shows(shared_data: Path) -> None:
    right, wrong = (
        integrate(center_of_mass(strontium_titanate(shared_data, angle))) for angle in ("23 deg", "113 deg")
    )
    with h5py.File(shared_data / "sto_rot23.h5") as file:
        truth = file["phase_truth_rad"][:].ravel()
    assert np.corrcoef(wrong.values.ravel(), truth)[0, 1] < 0.3 < np.corrcoef(right.values.ravel(), truth)[0, 1]


@pytest.mark.parametrize("transpose", [False, True])
def test_a_simulated_phase_comes_back_whatever_the_detector_is_turned_by(transpose: bool) -> None:
    scan, truth = phase_object(positions=(40, 32), rotation="-70 deg", transpose=transpose, dose=1e5)
    com = center_of_mass(scan)
    assert compare(integrate(com), truth).pearson > 0.92
    assert compare(ricom(com, kernel=31), truth).pearson > 0.88


def test_the_slope_of_icom_tends_to_one_as_the_phase_becomes_slow() -> None:
    # The same particles, larger and larger beside the probe: what it blurs becomes less.
    shape, slopes = (20, 26), []
    origin = xr.DataArray(np.full((2, *shape), 24.0), dims=("component", "y", "x"), attrs={"units": "px"})
    for spacing in (4.0, 8.0, 32.0):
        scan, truth = phase_object(
            positions=shape, detector=48, sample="blobs", spacing=f"{spacing} Å", scan_step=f"{spacing / 8} Å",
            height="1 rad", rotation="-70 deg", transpose=True, dose=0,
        )  # fmt: skip
        slopes.append(float(compare(integrate(center_of_mass(scan, origin), border="free"), truth).slope))
    assert slopes[0] < slopes[1] < slopes[2]
    assert slopes[2] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("defocus", [0.0, 60.0])
def test_icom_of_a_thin_object_is_its_phase_blurred_by_the_probe(defocus: float) -> None:
    # One unit cell of the crystal, so that the scan repeats as the integration has it.
    scan, _ = phase_object(positions=(16, 16), spacing="4 Å", height="0.5 rad", c10=-defocus, dose=0)
    found = integrate(center_of_mass(scan), border="periodic").values[::3, ::3]
    intensity = np.fft.fftshift(np.abs(probe(64, 0.0625, wavelength(300e3), 20e-3, Aberrations(c10=-defocus))) ** 2)
    crystal = atoms((-12, -12), (16, 16), 4.0, 0.5)
    offsets, places = (np.arange(64) - 32) * 0.25, np.arange(0, 16, 3) * 0.25
    blurred = [[np.sum(intensity * crystal.on_grid(y + offsets, x + offsets)) for x in places] for y in places]
    blurred = np.array(blurred) / intensity.sum()
    np.testing.assert_allclose(found - found.mean(), blurred - blurred.mean(), atol=1e-4)
    assert np.ptp(found) > 0.02
