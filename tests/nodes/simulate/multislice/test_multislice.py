"""Multislice against its textbook loop, conservation of energy, and what averages converge to."""

import numpy as np
import pytest
from graph4d_nodes.geometry import wavelength
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.simulate.multislice.arrays import on_cpu, on_torch
from graph4d_nodes.simulate.multislice.coherence import Probe, gaussian_rule, probes
from graph4d_nodes.simulate.multislice.multislice import Multislice
from graph4d_nodes.simulate.multislice.phonons import displaced, rms_displacement
from graph4d_nodes.simulate.multislice.potential import projected_slices
from graph4d_nodes.simulate.multislice.waves import interaction

from graph4d import UsageError

ENERGY, SEMIANGLE = 200e3, 22e-3
LENS = Aberrations(c10=-60.0, c12=40.0, phi12=0.4, c21=900.0, phi21=1.1, c30=3e4)
BOX = (14.0, 11.0, 9.0)
SHAPE = (110, 126)
PLACES = np.array([[3.3, 5.1], [0.0, 0.0], [10.9, 13.5], [6.02, 2.07]])


def atoms(count: int = 30) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    return random.choice([6, 14, 38], count), random.uniform(0, BOX, (count, 3))


def potential(dtype: type = np.float64, slices: int = 3) -> np.ndarray:
    return projected_slices(*atoms(), BOX, SHAPE, BOX[2] / slices, dtype)


def textbook(slices: np.ndarray, box: tuple[float, float, float], place: np.ndarray, lens: Aberrations) -> np.ndarray:
    """The wave at the bottom, by whole transforms in the order in which they are written down."""
    rows, columns = slices.shape[1:]
    ky = np.fft.fftfreq(rows, box[1] / rows)[:, None]
    kx = np.fft.fftfreq(columns, box[0] / columns)
    k, length = np.hypot(ky, kx), wavelength(ENERGY)
    with np.errstate(invalid="ignore"):
        edge = np.hypot(ky / box[1], kx / box[0]) / k
        opening = np.where(k > 0, np.clip((SEMIANGLE / length - k) / edge + 0.5, 0, 1), 1)
    spectrum = opening * np.exp(-1j * lens.phase(ky, kx, length) - 2j * np.pi * (ky * place[0] + kx * place[1]))
    wave = np.fft.ifft2(spectrum / np.linalg.norm(spectrum))
    band = k <= min(rows / box[1], columns / box[0]) / 3
    for potential in slices:
        function = np.fft.ifft2(band * np.fft.fft2(np.exp(1j * interaction(ENERGY) * potential)))
        free = np.exp(-1j * np.pi * length * k**2 * box[2] / len(slices))
        wave = np.fft.ifft2(band * free * np.fft.fft2(function * wave))
    return wave


def intensity(wave: np.ndarray, rows: int, columns: int) -> np.ndarray:
    pattern = np.fft.fftshift(np.abs(np.fft.fft2(wave)) ** 2)
    top, left = wave.shape[0] // 2 - rows // 2, wave.shape[1] // 2 - columns // 2
    return pattern[top : top + rows, left : left + columns]


@pytest.mark.parametrize(("slices", "detector"), [(1, None), (3, None), (3, (31, 40)), (2, (1, 2))])
def test_it_is_the_textbook_loop(slices: int, detector: tuple[int, int] | None) -> None:
    sample = potential(slices=slices)
    simulation = Multislice(sample, BOX, ENERGY, SEMIANGLE, LENS, detector=detector)
    found = simulation.patterns(PLACES)
    for pattern, wave, place in zip(found, simulation.exit_waves(PLACES), PLACES, strict=True):
        expected = textbook(sample, BOX, place, LENS)
        np.testing.assert_allclose(wave, expected, atol=1e-12 * np.abs(expected).max())
        bright = intensity(expected, 3, 3).max()
        np.testing.assert_allclose(pattern, intensity(expected, *simulation.detector), atol=1e-12 * bright)


@pytest.mark.parametrize("filled", [(), (0,), (2,), (1, 4), (0, 2, 3), (5,)])
def test_slices_without_atoms_are_vacuum(filled: tuple[int, ...]) -> None:
    sample = np.zeros((6, *SHAPE))
    sample[list(filled)] = potential()[: len(filled)]
    simulation = Multislice(sample, BOX, ENERGY, SEMIANGLE, LENS)
    expected = textbook(sample, BOX, PLACES[0], LENS)
    np.testing.assert_allclose(simulation.exit_waves(PLACES[:1])[0], expected, atol=1e-12 * np.abs(expected).max())
    pattern = intensity(expected, *simulation.detector)
    np.testing.assert_allclose(simulation.patterns(PLACES[:1])[0], pattern, atol=1e-12 * pattern.max())


def test_single_precision_is_enough() -> None:
    double = Multislice(potential(), BOX, ENERGY, SEMIANGLE, LENS).patterns(PLACES)
    single = Multislice(potential(np.float32), BOX, ENERGY, SEMIANGLE, LENS).patterns(PLACES)
    assert double.dtype == np.float64
    assert single.dtype == np.float32
    assert np.linalg.norm(single - double) < 3e-6 * np.linalg.norm(double)


def test_torch_gives_what_the_cpu_gives() -> None:
    pytest.importorskip("torch")
    for window in (None, (80, 90)):
        one, other = (
            Multislice(potential(np.float32), BOX, ENERGY, SEMIANGLE, LENS, window=window, arrays=arrays)
            for arrays in (on_cpu(), on_torch("cpu", batch=3))
        )
        expected = one.patterns(PLACES)
        np.testing.assert_allclose(other.patterns(PLACES), expected, atol=1e-5 * expected.max())
        np.testing.assert_allclose(other.probe(), one.probe(), atol=1e-6 * np.abs(one.probe()).max())


def test_a_pattern_is_the_same_whatever_is_computed_with_it() -> None:
    simulation = Multislice(potential(np.float32), BOX, ENERGY, SEMIANGLE, LENS, arrays=on_cpu())
    together = simulation.patterns(np.tile(PLACES, (5, 1)), threads=4)
    np.testing.assert_array_equal(together, np.tile(simulation.patterns(PLACES, threads=1), (5, 1, 1)))
    np.testing.assert_array_equal(simulation.patterns(PLACES[2:3])[0], together[2])
    assert simulation.patterns(PLACES[:0]).shape == (0, *simulation.detector)


def test_the_beam_keeps_its_electrons_where_nothing_is_lost_to_the_band() -> None:
    y, x = np.mgrid[:96, :96] / 96
    smooth = 150 * np.stack([np.cos(2 * np.pi * (2 * x + y)), np.sin(2 * np.pi * (x - 3 * y))])
    simulation = Multislice(smooth, (24.0, 24.0, 8.0), ENERGY, 10e-3, LENS)
    np.testing.assert_allclose(simulation.patterns(PLACES).sum((1, 2)), 1, atol=1e-9)
    single = Multislice(smooth.astype(np.float32), (24.0, 24.0, 8.0), ENERGY, 10e-3, LENS)
    np.testing.assert_allclose(single.patterns(PLACES).sum((1, 2)), 1, atol=1e-5)


def test_atoms_lose_electrons_only_beyond_the_band() -> None:
    numbers, positions = atoms()
    lost = []
    for scale in (1, 2, 4):
        shape = (SHAPE[0] * scale, SHAPE[1] * scale)
        slices = projected_slices(numbers, positions, BOX, shape, 3.0, np.float64)
        lost.append(1 - Multislice(slices, BOX, ENERGY, SEMIANGLE).patterns(PLACES[:1]).sum())
    assert lost[0] > 2 * lost[1] > 4 * lost[2] > 0


def test_without_a_sample_the_pattern_is_the_aperture() -> None:
    simulation = Multislice(np.zeros((2, 100, 120)), (20.0, 16.0, 50.0), ENERGY, SEMIANGLE, LENS)
    pattern = simulation.patterns(PLACES[:1])[0]
    rows, columns = simulation.detector
    ky = (np.arange(rows) - rows // 2)[:, None] / 16
    kx = (np.arange(columns) - columns // 2) / 20
    k = np.hypot(ky, kx)
    radius = SEMIANGLE / wavelength(ENERGY)
    assert np.ptp(pattern[k < radius - 0.07]) < 1e-12
    assert pattern[k > radius + 0.07].max() < 1e-25
    assert pattern.sum() == pytest.approx(1)


def test_a_window_sees_what_the_whole_sample_shows() -> None:
    # A compact probe over an atom: the wave is gone before it meets the border of the smaller window.
    box, shape = (32.0, 24.0, 4.0), (240, 320)
    sample = projected_slices(np.array([14]), np.array([[10.03, 22.9, 1.0]]), box, shape, 2.0, np.float64)
    place = np.array([[23.3, 9.4]])  # near the edge: the window reaches across
    whole = Multislice(sample, box, ENERGY, SEMIANGLE)
    part = Multislice(sample, box, ENERGY, SEMIANGLE, window=(120, 160), detector=(40, 40))
    seen = part.patterns(place)[0]
    expected = whole.patterns(place)[0]
    # Every second frequency of the whole is one of the window; it holds a quarter of its intensity.
    middle = whole.detector[0] // 2, whole.detector[1] // 2
    rows, columns = (np.arange(-20, 20) * 2 + n for n in middle)
    expected = 4 * expected[np.ix_(rows, columns)]
    # The aperture's edge is as soft as a pixel is wide, which differs.
    k = np.hypot(np.arange(-20, 20)[:, None] / 12, np.arange(-20, 20) / 16)
    away = np.abs(k - SEMIANGLE / wavelength(ENERGY)) > 0.1
    assert np.linalg.norm((seen - expected)[away]) < 0.03 * np.linalg.norm(expected[away])


def test_a_window_moves_with_the_probe() -> None:
    sample = np.tile(potential(slices=2), (1, 2, 3))
    box = (42.0, 22.0, 9.0)
    simulation = Multislice(sample, box, ENERGY, SEMIANGLE, LENS, window=SHAPE)
    alone = Multislice(potential(slices=2), BOX, ENERGY, SEMIANGLE, LENS)
    np.testing.assert_allclose(simulation.patterns(PLACES), alone.patterns(PLACES), atol=1e-12)


def test_the_probe_stands_in_the_middle_of_its_picture() -> None:
    probe = Multislice(potential(), BOX, ENERGY, SEMIANGLE).probe()
    assert np.unravel_index(np.abs(probe).argmax(), probe.shape) == (55, 63)
    assert np.sum(np.abs(np.fft.fft2(probe)) ** 2) == pytest.approx(1)


@pytest.mark.parametrize("transpose", [False, True])
def test_aberrations_turn_with_the_axes_in_which_they_are_given(transpose: bool) -> None:
    flat = np.zeros((1, 128, 128))
    matrix = ((0.0, 1.0), (1.0, 0.0)) if transpose else ((1.0, 0.0), (0.0, 1.0))
    lens = Aberrations(c12=300.0, phi12=0.0, c21=3e4, phi21=0.0)
    found = Multislice(flat, (30.0, 30.0, 1.0), ENERGY, SEMIANGLE, lens, transform=matrix).probe()
    turned = Aberrations(c12=300.0, phi12=np.pi / 2, c21=3e4, phi21=np.pi / 2) if transpose else lens
    expected = Multislice(flat, (30.0, 30.0, 1.0), ENERGY, SEMIANGLE, turned).probe()
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_intensities_of_several_probes_are_added() -> None:
    two = (Probe(0.25, 0.5, -0.3, 0.0), Probe(0.75, 0.0, 0.0, 90.0))
    found = Multislice(potential(), BOX, ENERGY, SEMIANGLE, LENS, probes=two).patterns(PLACES)
    moved = Multislice(potential(), BOX, ENERGY, SEMIANGLE, LENS).patterns(PLACES + np.array([0.5, -0.3]))
    blurred = Aberrations(**{**vars(LENS), "c10": 30.0})
    other = Multislice(potential(), BOX, ENERGY, SEMIANGLE, blurred).patterns(PLACES)
    np.testing.assert_allclose(found, 0.25 * moved + 0.75 * other, atol=1e-12)


@pytest.mark.parametrize("deviation", [0.1, 0.4, 1.0])
def test_a_few_points_damp_every_frequency_as_a_gaussian_does(deviation: float) -> None:
    for tolerance, most in ((0.03, 13), (1e-3, 25)):
        points, weights = np.array(gaussian_rule(deviation, 1.5, tolerance)).T
        assert weights.sum() == pytest.approx(1)
        assert len(points) <= most
        for q in np.linspace(0, 1.5, 40):
            damped = np.sum(weights * np.exp(2j * np.pi * q * points))
            assert damped == pytest.approx(np.exp(-2 * np.pi**2 * deviation**2 * q**2), abs=tolerance)


def test_a_point_source_in_sharp_focus_is_one_probe() -> None:
    assert probes(0, 0, 0.02, 0.02) == (Probe(1.0),)
    several = probes(0.3, 40.0, 0.02, 0.02)
    assert sum(probe.weight for probe in several) == pytest.approx(1)
    assert sum(probe.weight * probe.y**2 for probe in several) == pytest.approx(0.09, rel=0.1)
    assert sum(probe.weight * probe.x**2 for probe in several) == pytest.approx(0.09, rel=0.1)
    assert sum(probe.weight * probe.c10**2 for probe in several) == pytest.approx(1600, rel=0.1)


def test_a_source_blurs_the_scan() -> None:
    # Sixteen positions along a row of the periodic sample: a convolution with the Gaussian is a product of transforms.
    sample, step = potential(slices=1), 14.0 / 48
    places = np.stack([np.full(48, 4.0), np.arange(48) * step], axis=1)
    one_axis = [Probe(weight, 0.0, x) for x, weight in gaussian_rule(0.25, 2 * SEMIANGLE / wavelength(ENERGY), 1e-3)]
    sharp = Multislice(sample, BOX, ENERGY, SEMIANGLE, detector=(9, 9)).patterns(places)
    blurred = Multislice(sample, BOX, ENERGY, SEMIANGLE, detector=(9, 9), probes=one_axis).patterns(places)
    damping = np.exp(-2 * np.pi**2 * 0.25**2 * np.fft.fftfreq(48, step) ** 2)
    expected = np.fft.ifft(np.fft.fft(sharp, axis=0) * damping[:, None, None], axis=0).real
    np.testing.assert_allclose(blurred, expected, atol=2e-3 * sharp.max())
    assert np.abs(blurred - sharp).max() > 0.02 * sharp.max()


def test_displacements_have_the_width_of_the_debye_waller_factor() -> None:
    assert rms_displacement(0.62) == pytest.approx(0.0886, abs=1e-4)
    still = np.zeros((20000, 3))
    moved = displaced(still, np.repeat([0.05, 0.2], 10000), 3, 0)
    np.testing.assert_allclose(moved[:10000].std(0), 0.05, rtol=0.03)
    np.testing.assert_allclose(moved[10000:].std(0), 0.2, rtol=0.03)
    np.testing.assert_array_equal(moved, displaced(still, np.repeat([0.05, 0.2], 10000), 3, 0))
    assert not np.array_equal(moved, displaced(still, 0.05, 3, 1))
    assert not np.array_equal(displaced(still, 0.05, 4, 0), displaced(still, 0.05, 3, 0))


def test_the_mean_over_frozen_phonons_converges_with_the_root_of_their_number() -> None:
    numbers, positions = atoms(12)
    box, shape = BOX, (56, 64)

    def pattern(configuration: int) -> np.ndarray:
        moved = displaced(positions, 0.08, 1, configuration)
        return Multislice(projected_slices(numbers, moved, box, shape, 5.0), box, ENERGY, SEMIANGLE).patterns(
            PLACES[:1]
        )

    patterns = np.concatenate([pattern(configuration) for configuration in range(128)]).astype(np.float64)
    counts = np.array([2, 4, 8, 16])
    errors = []
    for count in counts:
        means = patterns.reshape(-1, count, *patterns.shape[1:]).mean(1)
        errors.append(np.sqrt(np.mean((means - patterns.mean(0)) ** 2) / (1 - count / 128)))
    slope = np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.08)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"semiangle": 200e-3}, "aperture of 7.97.* reaches beyond the 3.* make the grid finer"),
        ({"detector": (90, 20)}, "detector of 90 pixels reaches to 4.091 1/Å, beyond the 3 1/Å"),
        ({"window": (100, 200)}, "window of 10 × 22.22 Å does not fit into a sample of 11 × 14 Å"),
    ],
)
def test_what_the_grid_cannot_hold_is_refused(given: dict[str, object], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        Multislice(potential(), BOX, ENERGY, **{"semiangle": SEMIANGLE, **given})
