"""Fourier ring correlation, against images whose signal-to-noise ratio is known at every frequency."""

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.metrics.frc import frc, half_bit
from graph4d_nodes.values import image

from graph4d import UsageError

STEP = 0.5, 0.3
SHAPE = 240, 320
FALL = 0.35  # 1/Å


def picture(values: np.ndarray, step: tuple[float, float] = STEP) -> xr.DataArray:
    return image(values, Geometry(scan_step=step), "rad")


def snr(frequency: np.ndarray) -> np.ndarray:
    """Signal over noise power of one image."""
    return 20 * np.exp(-((frequency / FALL) ** 2))


@pytest.fixture(scope="module")
def halves() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    fy, fx = np.fft.fftfreq(SHAPE[0], STEP[0])[:, None], np.fft.fftfreq(SHAPE[1], STEP[1])
    white, one, two = rng.normal(size=(3, *SHAPE))
    signal = np.fft.ifft2(np.fft.fft2(white) * np.sqrt(snr(np.hypot(fy, fx)))).real
    return signal + one, signal + two


@pytest.mark.parametrize("edge", [0.0, 0.25])
def test_the_curve_is_that_of_the_signal_to_noise_ratio(halves: tuple[np.ndarray, np.ndarray], edge: float) -> None:
    curve, found = frc(picture(halves[0]), picture(halves[1]), edge=edge)
    expected = snr(curve.frequency.values) / (1 + snr(curve.frequency.values))
    rest = curve.values - expected
    assert curve.frequency.attrs["units"] == "1/Å"
    assert float(curve.frequency[-1]) == pytest.approx(1.0, abs=0.01)  # Nyquist of the coarser axis
    assert (np.abs(rest) / _chance(curve.half_bit.values)).max() < 3.5
    assert abs(rest[20:].mean()) < 0.02
    # 1/7 is reached where the ratio is 1/6; the rings' chance of 0.05 is worth 0.03 1/Å, 4 %, of this slope.
    assert float(found.resolution_1_7) == pytest.approx(1 / (FALL * np.sqrt(np.log(120))), rel=0.06)
    assert found.resolution_1_7.attrs["units"] == "Å"
    assert float(found.nyquist) == 1.0
    assert 0.9 < float(found.resolution_half_bit) / float(found.resolution_1_7) < 1.2


def test_noise_correlates_by_chance_as_much_as_the_number_of_independent_modes_allows() -> None:
    one, two = np.random.default_rng(2).normal(size=(2, *SHAPE))
    for edge in (0.0, 0.25):
        curve, _ = frc(picture(one), picture(two), edge=edge)
        chance = _chance(curve.half_bit.values)
        assert np.mean((curve.values / chance) ** 2) == pytest.approx(1.0, abs=0.3)


def _chance(threshold: np.ndarray) -> np.ndarray:
    """1/√n from the ½-bit threshold (a + bx)/(c + dx)."""
    return (0.2071 - 1.2071 * threshold) / (0.9102 * threshold - 1.9102)


def test_the_half_bit_threshold_is_the_published_one() -> None:
    n = np.array([8.0, 100.0, 1e12])
    published = (0.2071 + 1.9102 / np.sqrt(n)) / (1.2071 + 0.9102 / np.sqrt(n))
    np.testing.assert_allclose(half_bit(n), published, rtol=1e-4)
    assert half_bit(n)[-1] == pytest.approx(0.1716, abs=1e-4)


def test_a_curve_that_never_crosses_has_no_resolution_and_says_on_which_side_it_stays() -> None:
    one = np.random.default_rng(3).normal(size=(64, 48))
    same = frc(picture(one), picture(one)).metrics
    assert np.isnan(same.resolution_1_7)
    assert same.resolution_1_7.attrs["note"] == "the curve stays above the threshold up to Nyquist"
    opposite = frc(picture(one), picture(-one)).metrics
    assert opposite.resolution_half_bit.attrs["note"] == "the curve is below the threshold everywhere"
    assert np.isnan(frc(picture(np.zeros((16, 16))), picture(np.ones((16, 16)))).metrics.resolution_1_7)


def test_a_crystal_is_resolved_up_to_its_last_reflection_not_its_first_gap() -> None:
    rng = np.random.default_rng(4)
    y, x = np.arange(96)[:, None] * STEP[0], np.arange(160) * STEP[1]
    crystal = np.cos(2 * np.pi * y / 4) + np.cos(2 * np.pi * x / 4) + np.cos(2 * np.pi * (y + x) / 2)  # 4 and 1.41 Å
    one, two = (picture(crystal + 0.5 * rng.normal(size=crystal.shape)) for _ in range(2))
    last = frc(one, two, crossing="last").metrics.resolution_half_bit
    assert 0.9 * np.sqrt(2) < last < np.sqrt(2)  # the window makes the reflection 0.04 1/Å wide
    first = frc(one, two, crossing="first").metrics.resolution_half_bit
    assert not first < 3


def test_images_that_do_not_fit_together_are_refused() -> None:
    values = np.random.default_rng(0).normal(size=(16, 16))
    with pytest.raises(UsageError, match="differ in shape"):
        frc(picture(values), picture(values[:8]))
    with pytest.raises(UsageError, match="give both the same scan step"):
        frc(picture(values), picture(values, (0.5, 0.31)))
