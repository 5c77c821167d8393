"""Simulated scans against optics that can be written down."""

import numpy as np
import pytest
from graph4d_nodes.geometry import wavelength
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.optics.probe import probe
from graph4d_nodes.phase.icom import integrate
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.simulate.phase_object import PhaseObject, phase_object
from graph4d_nodes.values import vector_field

from graph4d import UsageError

SLOW = {"sample": "blobs", "spacing": "30 Å", "scan_step": "1 Å", "height": "1 rad", "positions": (24, 20)}


def centre_of_mass(scan: Scan4D) -> np.ndarray:
    """Of each pattern [1/Å], relative to the middle pixel, in the axes of the scan: components y, x."""
    rows, columns, height, width = scan.shape
    patterns = scan.read(0, rows * columns).astype(np.float64)
    assert scan.geometry.detector_step is not None
    total = patterns.sum((1, 2))
    ky = (patterns.sum(2) @ (np.arange(height) - height // 2)) / total * scan.geometry.detector_step[0]
    kx = (patterns.sum(1) @ (np.arange(width) - width // 2)) / total * scan.geometry.detector_step[1]
    x, y = np.array(scan.geometry.transform) @ np.stack([kx, ky])
    return np.stack([y, x]).reshape(2, rows, columns)


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("rotation", ["0 deg", "23 deg", "-110 deg"])
def test_the_centre_of_mass_is_the_gradient_of_a_slow_phase(rotation: str, transpose: bool) -> None:
    scan, phase = phase_object(**SLOW, dose=0, rotation=rotation, transpose=transpose)
    gradient = np.stack(np.gradient(phase.values, 1.0)) / (2 * np.pi)
    inside = (slice(None), slice(1, -1), slice(1, -1))
    found = centre_of_mass(scan)
    slope, offset = np.polyfit(gradient[inside].ravel(), found[inside].ravel(), 1)
    assert slope == pytest.approx(1, abs=0.02)
    assert offset == pytest.approx(0, abs=1e-4)
    assert np.corrcoef(gradient[inside].ravel(), found[inside].ravel())[0, 1] > 0.999


def test_integrating_the_field_gives_the_phase() -> None:
    scan, phase = phase_object(pore="3 Å", dose=2e5, positions=(36, 40), detector=48)
    found = integrate(vector_field(centre_of_mass(scan), scan.geometry, "1/Å"))
    assert np.corrcoef(found.values.ravel(), phase.values.ravel())[0, 1] > 0.95


def test_the_pore_is_empty_and_atoms_are_bright() -> None:
    phase = phase_object(pore="5 Å").phase
    assert phase.attrs["units"] == "rad"
    assert abs(phase.values[32, 32]) < 1e-3
    assert phase.values[0, 0] == pytest.approx(0.3, abs=1e-3)
    assert phase.values[0, 8] == pytest.approx(0, abs=1e-3)


def test_vacuum_shows_the_bright_field_disc() -> None:
    scan = phase_object(height="0 rad", dose=0, semiangle="15 mrad", detector=48, positions=(1, 2)).scan
    pattern = scan.pattern(0, 1)
    k = np.hypot(*np.meshgrid(*2 * [(np.arange(48) - 24) * 0.0625]))
    radius = 15e-3 / wavelength(300e3)
    assert pattern.sum() == pytest.approx(1, rel=1e-5)
    assert np.all(pattern[k > radius + 0.0625] < 1e-12)
    assert np.ptp(pattern[k < radius - 0.0625]) < 1e-6


def test_counts_are_poisson_about_the_noise_free_pattern() -> None:
    same = {"height": "0 rad", "positions": (30, 30), "detector": 40}
    expected = phase_object(**same, dose=0).scan.pattern(0, 0) * 5000
    counts = phase_object(**same, dose=5000).scan.read(0, 900)
    assert counts.dtype == np.uint16
    lit = expected > 1
    np.testing.assert_allclose(counts.mean(0)[lit], expected[lit], rtol=0.15)
    assert np.mean(counts.var(0)[lit] / expected[lit]) == pytest.approx(1, abs=0.02)


def test_a_position_has_the_same_pattern_whatever_is_read_with_it() -> None:
    whole = phase_object(positions=(6, 5)).scan.read(0, 30)
    again = phase_object(positions=(6, 5)).scan
    pieces = np.concatenate([again.read(a, b) for a, b in ((23, 30), (0, 11), (11, 23))])
    np.testing.assert_array_equal(np.roll(pieces, -7, axis=0), whole)
    np.testing.assert_array_equal(again.read(3, 9), whole[3:9])
    assert not np.array_equal(phase_object(positions=(6, 5), seed=1).scan.read(0, 30), whole)


def test_a_large_scan_is_never_held(monkeypatch: pytest.MonkeyPatch) -> None:
    held = phase_object(positions=(2, 3)).scan.read(0, 6)
    monkeypatch.setattr("graph4d_nodes.simulate.phase_object.HELD_BYTES", 0)
    made = phase_object(positions=(2, 3)).scan
    np.testing.assert_array_equal(made.read(0, 6), held)
    assert not np.shares_memory(made.read(0, 6), made.read(0, 6))


@pytest.mark.parametrize(("c10", "c30"), [(400.0, 0.0), (-300.0, 0.0), (0.0, 2e6), (200.0, 1e6)])
def test_aberrations_send_the_ray_at_k_where_the_lens_would(c10: float, c30: float) -> None:
    # Stationary phase: the ray of spatial frequency k crosses the sample at r = ∇χ/2π = C10·λk + C30·(λk)³, so positive
    # C10 (overfocus) sends it to the side of k. There the probe's local frequency is k.
    n, step, length, k = 256, 1 / 80, wavelength(300e3), 0.6
    wave = np.fft.fftshift(probe(n, step, length, 20e-3, Aberrations(c10=c10, c30=c30)))[n // 2]
    pixel = 1 / (n * step)
    at = n // 2 + round((c10 * length * k + c30 * (length * k) ** 3) / pixel)
    local = np.angle(wave[at + 1] / wave[at - 1]) / (2 * np.pi * 2 * pixel)
    assert local == pytest.approx(k, rel=0.15)


def test_spherical_aberration_may_be_given_in_millimetres() -> None:
    one, other = (phase_object(c30=c30, positions=(1, 2), dose=0).scan for c30 in ("0.05 mm", 5e5))
    np.testing.assert_array_equal(one.read(0, 2), other.read(0, 2))
    assert not np.array_equal(one.read(0, 2), phase_object(positions=(1, 2), dose=0).scan.read(0, 2))


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"semiangle": "60 mrad"}, "does not fit on a detector that reaches to 2 1/Å"),
        ({"c10": "-100 nm"}, "does not fit into a window of 1/detector_step = 16 Å"),
        ({"semiangle": "0 mrad"}, "disc of 0 1/Å"),
    ],
)
def test_what_cannot_be_sampled_is_refused(given: dict[str, str], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        phase_object(**given)


def test_scan_and_phase_are_two_outputs() -> None:
    assert list(phase_object.schema.outputs) == list(PhaseObject._fields)
