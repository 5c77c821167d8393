"""Single-sideband ptychography, on weak waves whose patterns are written down directly, and on random numbers."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pytest
from graph4d_nodes.calibrate.aberrations import aberrations
from graph4d_nodes.calibrate.orientation import orientation
from graph4d_nodes.geometry import Geometry, detector_to_scan, wavelength
from graph4d_nodes.image.bright_field import bright_field, disc_of
from graph4d_nodes.io.open import open_scan
from graph4d_nodes.metrics.compare import compare
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.phase import ssb as module
from graph4d_nodes.phase.ssb import sidebands, ssb
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.values import image, vector_field

from graph4d import UsageError

ENERGY, SEMIANGLE = 300e3, 20e-3
LENGTH = wavelength(ENERGY)
RADIUS = SEMIANGLE / LENGTH
ROWS, COLUMNS = 24, 20
STEP = (0.2, 0.23)
PX = RADIUS / 40
#: Frequencies of the test object, in periods over the scan along (y, x).
WAVES = ((1, 0), (0, 2), (-2, 2), (3, 1), (3, -4), (0, 5), (-6, 1), (5, 5), (-4, 7), (7, 3), (9, 1), (-5, 7))
HEIGHT = 1e-4


class Held:
    alignment = 1

    def __init__(self, patterns: np.ndarray) -> None:
        self.patterns, self.shape, self.dtype = patterns, patterns.shape, patterns.dtype

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.patterns[start:stop]


def scan_of(patterns: np.ndarray, geometry: Geometry) -> Scan4D:
    return Scan4D.from_frames(Held(patterns.reshape(-1, *patterns.shape[2:])), patterns.shape[:2], geometry=geometry)


def no_error(ky: np.ndarray, kx: np.ndarray) -> np.ndarray:
    return np.zeros(np.broadcast_shapes(ky.shape, kx.shape))


@dataclass
class Microscope:
    """Patterns of φ = Σ h·cos(2π(q·r + j/7)) to first order in h, written down in reciprocal space."""

    rotation: float = 0.0
    transposed: bool = False
    error: Callable[[np.ndarray, np.ndarray], np.ndarray] = field(default=no_error)

    def scan(self) -> Scan4D:
        rows, columns = np.meshgrid((np.arange(88) - 43.5) * PX, (np.arange(92) - 45.5) * PX, indexing="ij")
        # A vector (x, y) of the scan falls on the detector turned by the rotation, and then rows change with columns.
        on_x, on_y = (rows, columns) if self.transposed else (columns, rows)
        c, s = math.cos(self.rotation), math.sin(self.rotation)
        kx, ky = c * on_x + s * on_y, -s * on_x + c * on_y
        direct = self.wave(ky, kx)
        m, n = np.array(WAVES).T
        q = np.stack([m / (ROWS * STEP[0]), n / (COLUMNS * STEP[1])], axis=1)
        start = np.exp(2j * np.pi * np.arange(len(WAVES)) / 7)
        y, x = np.arange(ROWS)[:, None, None] / ROWS, np.arange(COLUMNS)[:, None] / COLUMNS
        turns = start * np.exp(2j * np.pi * (m * y + n * x))
        below = np.stack([self.wave(ky - qy, kx - qx) for qy, qx in q])
        above = np.stack([self.wave(ky + qy, kx + qx) for qy, qx in q])
        scattered = 0.5j * HEIGHT * (np.tensordot(turns, below, 1) + np.tensordot(turns.conj(), above, 1))
        patterns = np.abs(direct) ** 2 + 2 * (direct.conj() * scattered).real
        geometry = Geometry(ENERGY, SEMIANGLE, STEP, (PX, PX))
        return scan_of(patterns, geometry)

    def wave(self, ky: np.ndarray, kx: np.ndarray) -> np.ndarray:
        return (np.hypot(ky, kx) <= RADIUS * (1 + 1e-9)) * np.exp(-1j * self.error(ky, kx))


def truth() -> np.ndarray:
    y, x = np.arange(ROWS)[:, None] / ROWS, np.arange(COLUMNS) / COLUMNS
    return sum(HEIGHT * np.cos(2 * np.pi * (m * y + n * x + j / 7)) for j, (m, n) in enumerate(WAVES))


def transfer(phase: np.ndarray) -> np.ndarray:
    """Complex response to each wave of the test object."""
    places = tuple(np.array(WAVES).T)
    return np.fft.fft2(phase)[places] / np.fft.fft2(truth())[places]


def frequency() -> np.ndarray:
    m, n = np.array(WAVES).T
    return np.hypot(m / (ROWS * STEP[0]), n / (COLUMNS * STEP[1]))


def overlap(q: np.ndarray) -> np.ndarray:
    """Area that two discs share, over that of one."""
    half = np.minimum(q / (2 * RADIUS), 1.0)
    return 2 / np.pi * (np.arccos(half) - half * np.sqrt(1 - half**2))


@pytest.fixture(scope="module")
def waves() -> Scan4D:
    return Microscope().scan()


def test_a_weak_phase_comes_out_as_it_is_up_to_twice_the_semiangle(waves: Scan4D) -> None:
    assert 0.1 < frequency().min() / RADIUS < 0.25
    assert 1.85 < frequency().max() / RADIUS < 2
    found = ssb(bright_field(waves))
    assert found.attrs["units"] == "rad"
    assert found.values.mean() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(transfer(found.values), 1, atol=0.02)
    np.testing.assert_allclose(found.values, truth(), atol=0.01 * np.ptp(truth()))


@pytest.mark.parametrize(("weighting", "power"), [("matched", 1.0), ("white", 0.5)])
def test_the_transfer_is_the_area_where_only_two_discs_overlap(waves: Scan4D, weighting: str, power: float) -> None:
    found = transfer(ssb(bright_field(waves), weighting=weighting).values)
    q = frequency()
    area = 2 * (overlap(q) - overlap(2 * q))
    assert area.max() > 0.7
    np.testing.assert_allclose(found, area**power, atol=0.02 * 0.75**power)


def test_white_noise_stays_white_if_asked_for() -> None:
    noise = np.random.default_rng(1).normal(100, 1, (ROWS, COLUMNS, 40, 42))
    scan = scan_of(noise, Geometry(ENERGY, SEMIANGLE, STEP, (RADIUS / 18, RADIUS / 18)))
    spectrum = np.abs(np.fft.fft2(ssb(bright_field(scan), weighting="white").values)) ** 2
    q = np.hypot(np.fft.fftfreq(ROWS, STEP[0])[:, None], np.fft.fftfreq(COLUMNS, STEP[1]))
    inner, outer = (spectrum[(q > low) & (q < high)].mean() for low, high in ((0, 1.0), (1.0, 1.9)))
    assert inner == pytest.approx(outer, rel=0.2)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("degrees", [-113, 40, 90])
def test_the_picture_does_not_depend_on_how_the_detector_lies(degrees: float, transposed: bool) -> None:
    scan = Microscope(math.radians(degrees), transposed).scan()
    matrix = detector_to_scan(math.radians(degrees), transposed)
    pixels = bright_field(scan)
    found = ssb(pixels, orientation(matrix)).values
    np.testing.assert_allclose(transfer(found), 1, atol=0.02)
    known = scan.geometry.updated(transform=matrix)
    first = bright_field(Scan4D.from_frames(scan.frames, scan.positions, geometry=known))
    np.testing.assert_allclose(ssb(first).values, found, atol=1e-6 * np.ptp(found))
    assert np.abs(transfer(ssb(pixels).values) - 1).max() > 0.5


C10, C12, PHI12 = 120.0, 50.0, 0.4


def defocused(ky: np.ndarray, kx: np.ndarray) -> np.ndarray:
    twofold = math.cos(2 * PHI12) * (kx**2 - ky**2) + math.sin(2 * PHI12) * 2 * kx * ky
    return np.pi * LENGTH * (C10 * (kx**2 + ky**2) + C12 * twofold)


def test_aberrations_that_are_known_are_undone() -> None:
    pixels = bright_field(Microscope(error=defocused).scan())
    known = aberrations(c10=C10, c12=C12, phi12=PHI12)
    assert np.abs(transfer(ssb(pixels).values)).min() < 0.3
    np.testing.assert_allclose(transfer(ssb(pixels, aberrations=known).values), 1, atol=0.02)
    opposite = aberrations(c10=-C10, c12=-C12, phi12=PHI12)
    assert np.abs(transfer(ssb(pixels, aberrations=opposite).values)).min() < 0.3


def test_all_aberrations_are_undone_together_with_those_of_a_turned_detector() -> None:
    lens = Aberrations(80.0, 20.0, 0.3, 2e3, 1.0, 3e3, -0.7, 1e5, 1e8)
    turned = Microscope(math.radians(70), True, lambda ky, kx: lens.phase(ky, kx, LENGTH)).scan()
    found = ssb(bright_field(turned), orientation(detector_to_scan(math.radians(70), True)), lens.to_value())
    np.testing.assert_allclose(transfer(found.values), 1, atol=0.02)


def test_only_the_band_passes(waves: Scan4D) -> None:
    found = np.abs(transfer(ssb(bright_field(waves), low=0.5, high=1.2).values))
    inside = (frequency() >= 0.5) & (frequency() <= 1.2)
    assert found[inside].min() > 0.97
    assert found[~inside].max() < 1e-3


def random_scan() -> tuple[Scan4D, np.ndarray]:
    """The set-up of a published test: uncorrelated numbers, which say of every frequency something else."""
    data = np.random.default_rng(0).uniform(1, 10, (29, 30, 47, 49))
    radius = 78.6649 / 4
    known = Geometry(300e3, 25e-3, (0.5654 / 50 * 10,) * 2, (25e-3 / wavelength(300e3) / radius,) * 2)
    return scan_of(data, known.updated(transform=detector_to_scan(0.3, False))), data


def dense(data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """T and the phase, straight from the definition: a mask on the whole detector for each frequency of the plane."""
    rows, columns, height, width = data.shape
    step, radius = 0.5654 / 50 * 10, 25e-3 / wavelength(300e3)
    px = radius / (78.6649 / 4)
    v, u = np.meshgrid((np.arange(height) - 23) * px, (np.arange(width) - 24) * px, indexing="ij")
    kx, ky = math.cos(0.3) * u + math.sin(0.3) * v, -math.sin(0.3) * u + math.cos(0.3) * v

    def disc(y: float, x: float) -> np.ndarray:
        return np.hypot(ky - y, kx - x) <= radius

    spectra = np.fft.fft2(data, axes=(0, 1))
    found = np.zeros((rows, columns), complex)
    for i, y in enumerate(np.fft.fftfreq(rows, step)):
        for j, x in enumerate(np.fft.fftfreq(columns, step)):
            one, other = disc(0, 0) & disc(y, x) & ~disc(-y, -x), disc(0, 0) & disc(-y, -x) & ~disc(y, x)
            if one.any() and other.any() and j != columns // 2:
                found[i, j] = spectra[i, j, one].mean()
    found /= spectra[0, 0, disc(0, 0)].real.mean()
    phase = np.angle(1 + np.fft.ifft2(found) * rows * columns)
    return found, phase - phase.mean()


@pytest.mark.parametrize("dtype", ["f8", "f4", "u2"])
def test_it_equals_a_dense_reference_in_double_precision(dtype: str) -> None:
    scan, data = random_scan()
    data = (data * 100).astype(dtype)
    scan = scan_of(data, scan.geometry)
    centre = vector_field(np.stack([np.full((29, 30), 23.0), np.full((29, 30), 24.0)]), scan.geometry, "px")
    pixels = bright_field(scan, centre)
    transform, phase = dense(data.astype(float))
    assert np.count_nonzero(transform) > 200
    found = sidebands(pixels.values, disc_of(pixels), Aberrations()).transform
    np.testing.assert_allclose(found, transform, atol=1e-5 * np.abs(transform).max())
    np.testing.assert_allclose(ssb(pixels).values, phase, atol=1e-5 * np.abs(phase).max())


def test_threads_and_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = bright_field(random_scan()[0])
    expected = ssb(pixels).values
    monkeypatch.setattr(module.os, "cpu_count", lambda: 5)
    np.testing.assert_array_equal(ssb(pixels).values, expected)
    monkeypatch.setattr(module, "CHUNK_BYTES", 37 * 16 * 29 * 30)
    np.testing.assert_allclose(ssb(pixels).values, expected, rtol=1e-12, atol=1e-14)


def test_more_than_the_disc_changes_nothing() -> None:
    scan = random_scan()[0]
    np.testing.assert_allclose(ssb(bright_field(scan, radius=1.1)).values, ssb(bright_field(scan)).values, atol=1e-12)


def test_nothing_is_made_of_a_frequency_that_equals_its_opposite() -> None:
    noise = np.random.default_rng(2).normal(100, 1, (8, 6, 24, 24))
    pixels = bright_field(scan_of(noise, Geometry(ENERGY, SEMIANGLE, (0.4, 0.4), (RADIUS / 10, RADIUS / 10))))
    transform = sidebands(pixels.values, disc_of(pixels), Aberrations()).transform
    assert not transform[4].any()
    assert not transform[:, 3].any()
    assert np.count_nonzero(transform) == 7 * 5 - 1


def test_a_multislice_simulation_shows_its_atoms_bright(shared_data: Path) -> None:
    path = shared_data / "sto_rot23.h5"
    known = {"path": path, "dataset": "data", "energy": "300 keV", "semiangle": "20 mrad", "scan_step": "0.25 Å"}
    with h5py.File(path) as file:
        true = file["phase_truth_rad"][:]
    pixels = bright_field(open_scan(**known, detector_step=1 / 30))
    right = ssb(pixels, orientation(detector_to_scan(math.radians(23), False)))
    found = compare(right, image(true, Geometry(scan_step=(0.25, 0.25)), "rad"))
    assert found.pearson > 0.945
    assert 0.75 < found.slope < 1
    wrong = ssb(pixels, orientation(detector_to_scan(math.radians(113), False)))
    assert np.corrcoef(wrong.values.ravel(), true.ravel())[0, 1] < 0.3


def uniform(positions: tuple[int, int], step: float, px: float, value: float = 1.0) -> Scan4D:
    count = 2 * math.ceil(RADIUS / px) + 3
    return scan_of(
        np.full((*positions, count, count), value, "f4"), Geometry(ENERGY, SEMIANGLE, (step, step), (px, px))
    )


def test_a_scan_without_any_overlap_is_refused() -> None:
    with pytest.raises(UsageError, match=r"0\.4 × 0\.48 Å large; it takes more than 0\.492 Å: scan a larger area"):
        ssb(bright_field(uniform((5, 6), 0.08, RADIUS / 10)))


@pytest.mark.filterwarnings("ignore:a scan step of 30 Å is too coarse")
def test_a_detector_that_is_too_coarse_is_refused() -> None:
    # Discs that move by far less than a pixel overlap everywhere three times.
    with pytest.raises(UsageError, match=r"disc of 21 pixels is too coarse .* use a longer camera length, bin less"):
        ssb(bright_field(uniform((1, 3), 30.0, RADIUS / 2.5)))


def test_a_band_without_frequencies_is_refused() -> None:
    with pytest.raises(UsageError, match="widen the band"):
        ssb(bright_field(uniform((8, 8), 0.2, RADIUS / 10)), low=2.1)


def test_dark_patterns_are_refused() -> None:
    with pytest.raises(UsageError, match="no counts in the bright-field disc; check the origin"):
        ssb(bright_field(uniform((8, 8), 0.2, RADIUS / 10, 0.0)))


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(UsageError, match=r"scan\.hot_pixels"):
        ssb(bright_field(uniform((8, 8), 0.2, RADIUS / 10, np.nan)))


def test_a_step_that_is_too_coarse_is_told() -> None:
    with pytest.warns(UserWarning, match=r"step of 1 Å is too coarse .* steps of 0\.492 Å or less"):
        ssb(bright_field(uniform((8, 8), 1.0, RADIUS / 10)))


def test_a_step_that_is_far_too_fine_is_told() -> None:
    with pytest.warns(UserWarning, match=r"step of 0\.025 Å is 20 times finer .* check `scan_step`"):
        ssb(bright_field(uniform((32, 32), 0.025, RADIUS / 10)))


@pytest.mark.filterwarnings("error")
def test_a_line_has_no_step_across_it() -> None:
    ssb(bright_field(uniform((1, 16), 0.25, RADIUS / 10)))
