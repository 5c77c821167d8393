"""The parts of tilt-corrected bright field: its transfer, its sum, its sense of sign."""

import numpy as np
import pytest
from graph4d_nodes.geometry import wavelength
from graph4d_nodes.image.bright_field import disc_of
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.phase.parallax.aligned import aligned_sum
from graph4d_nodes.phase.parallax.sign import bright_matter
from graph4d_nodes.phase.parallax.transfer import disc_overlap, parallax_transfer

from .defocused import ENERGY, USUAL, defocused_scan, pixels, sample, truth

LENGTH = wavelength(ENERGY)
RADIUS, STEP = USUAL.radius, USUAL.step


@pytest.mark.parametrize("lens", [Aberrations(c10=2000), Aberrations(c10=-1200, c12=400, phi12=0.6)])
def test_the_transfer_of_a_simulated_scan_is_the_predicted_one(lens: Aberrations) -> None:
    bumps = sample(height=0.01)
    seen = pixels(defocused_scan(bumps, ((1.0, 0.0), (0.0, 1.0)), (lens.c10, lens.c12, lens.phi12)))
    disc = disc_of(seen)
    y, x = lens.shift(disc.ky, disc.kx, LENGTH)
    aligned = aligned_sum(seen.values, y / STEP[0], x / STEP[1], 1)
    rows, columns = aligned.shape
    window = np.outer(np.hanning(rows), np.hanning(columns))
    phase = truth(bumps)
    contrast, expected = (np.fft.rfft2(part * window) for part in (aligned - aligned.mean(), phase - phase.mean()))
    qy, qx = np.fft.fftfreq(rows, STEP[0])[:, None], np.fft.rfftfreq(columns, STEP[1])
    predicted = parallax_transfer(qy, qx, RADIUS, LENGTH, lens)
    assert np.abs(predicted.imag).max() == 0
    q = np.hypot(qy, qx)
    for low in np.arange(0.03, 0.11, 0.02):
        ring = (q > low) & (q <= low + 0.02)
        power = np.abs(expected[ring]) ** 2
        measured = np.sum(contrast[ring] * expected[ring].conj()).real / power.sum()
        assert measured == pytest.approx(np.average(predicted.real[ring], weights=power), abs=0.06)


def test_the_sum_over_the_disc_gives_what_the_formula_does() -> None:
    line = np.linspace(-2.2 * RADIUS, 2.2 * RADIUS, 23)
    qy, qx = line[:, None], line
    lens = Aberrations(c10=1500, c12=300, phi12=-0.4)
    # An aberration too small to matter makes it sum.
    summed = parallax_transfer(qy, qx, RADIUS, LENGTH, Aberrations(c10=1500, c12=300, phi12=-0.4, c50=1e-3))
    np.testing.assert_allclose(summed, parallax_transfer(qy, qx, RADIUS, LENGTH, lens), atol=0.08)
    assert np.all(summed[np.hypot(qy, qx) > 2 * RADIUS] == 0)


def test_discs_overlap_as_circles_do() -> None:
    random = np.random.default_rng(0).uniform(-1, 1, (200_000, 2))
    inside = random[np.hypot(*random.T) <= 1]
    for distance in (0.0, 0.5, 1.0, 1.7):
        both = np.hypot(inside[:, 0] - distance, inside[:, 1]) <= 1
        assert disc_overlap(np.array(distance), 1.0) == pytest.approx(both.mean(), abs=0.005)
    assert disc_overlap(np.array(2.5), 1.0) == 0


def test_moved_images_meet_and_do_not_come_in_at_the_other_side() -> None:
    random = np.random.default_rng(1)
    sharp = random.uniform(1, 2, (20, 24))
    # The second pixel sees everything two rows further up and three columns further to the left.
    moved = np.full_like(sharp, np.nan)
    moved[:-2, :-3] = sharp[2:, 3:]
    moved[np.isnan(moved)] = 99.0
    values = np.stack([sharp, moved], axis=-1)
    sums = aligned_sum(values, np.array([0.0, 2.0]), np.array([0.0, 3.0]), 1)
    means = values.mean(axis=(0, 1))
    both = (2 * sharp / means.sum())[2:, 3:]
    np.testing.assert_allclose(sums[2:, 3:], both)
    np.testing.assert_allclose(sums[:2], sharp[:2] / means[0])
    np.testing.assert_allclose(sums[:, :3], sharp[:, :3] / means[0])


def test_samples_between_each_other_make_a_finer_image() -> None:
    places = np.arange(39) / 2
    wave = 2 + np.sin(2 * np.pi * places / 1.7)[:, None] + np.cos(2 * np.pi * places / 2.9)
    pixel = [(i, j) for i in (0, 1) for j in (0, 1)]
    values = np.stack([wave[i : i + 38 : 2, j : j + 38 : 2] for i, j in pixel], axis=-1)
    shift = np.array(pixel) / 2
    fine = aligned_sum(values, shift[:, 0], shift[:, 1], 2)
    assert np.corrcoef(fine.ravel(), wave[:37, :37].ravel())[0, 1] > 0.999


def test_bright_peaks_that_cost_the_disc_electrons_are_matter() -> None:
    random = np.random.default_rng(2)
    y, x = np.mgrid[:60, :50]
    peaks = sum(np.exp(-((y - a) ** 2 + (x - b) ** 2) / 8) for a, b in random.uniform(0, 50, (25, 2)))
    counts = random.poisson(5000 * (1 - 0.1 * np.asarray(peaks))).astype(float)
    assert bright_matter(np.asarray(peaks), counts, (1.0, 1.0), 0.2) > 0.99
    assert bright_matter(-np.asarray(peaks), counts, (1.0, 1.0), 0.2) < 0.01
    noise = random.normal(size=(60, 50))
    assert 0.02 < bright_matter(noise, random.poisson(5000, (60, 50)).astype(float), (1.0, 1.0), 0.2) < 0.98
