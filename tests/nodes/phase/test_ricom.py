"""riCOM against the sum it is defined by, its transfer function, and what is known of its artefacts."""

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.phase.icom import integrate
from graph4d_nodes.phase.ricom import kernel_vectors, ricom
from graph4d_nodes.values import vector_field
from scipy.integrate import quad
from scipy.signal import fftconvolve
from scipy.special import j1

from graph4d.parameters import ParameterErrors


def field(values: np.ndarray, step: tuple[float, float] = (0.3, 0.5)) -> xr.DataArray:
    return vector_field(values, Geometry(scan_step=step), "1/Å")


def summed(values: np.ndarray, size: int, step: tuple[float, float]) -> np.ndarray:
    """The definition, vector by vector: each adds to the pixels of the window around it, as a live scan would do."""
    _, rows, columns = values.shape
    result = np.zeros((rows, columns))
    reach = size // 2
    for i in range(rows):
        for j in range(columns):
            for p in range(max(0, i - reach), min(rows, i + reach + 1)):
                for q in range(max(0, j - reach), min(columns, j + reach + 1)):
                    dy, dx = (p - i) * step[0], (q - j) * step[1]
                    if (p, q) != (i, j):
                        dot = dy * values[0, i, j] + dx * values[1, i, j]
                        result[p, q] += step[0] * step[1] * dot / (dy * dy + dx * dx)
    return result


@pytest.mark.parametrize(("shape", "size"), [((13, 17), 7), ((9, 6), 21), ((1, 12), 5)])
def test_it_is_the_sum_over_the_window_and_nothing_wraps(shape: tuple[int, int], size: int) -> None:
    values = np.random.default_rng(1).normal(size=(2, *shape))
    result = ricom(field(values), kernel=size)
    # A single row has no distance to others; it counts as that of the columns.
    steps = (0.3 if shape[0] > 1 else 0.5, 0.5)
    np.testing.assert_allclose(result, summed(values, size, steps), atol=1e-10)
    assert result.attrs["units"] == "rad"


def test_signal_and_noise_add_up() -> None:
    rng = np.random.default_rng(2)
    signal, noise = rng.normal(size=(2, 2, 40, 40))
    np.testing.assert_allclose(
        ricom(field(signal + noise), kernel=11), ricom(field(signal), kernel=11) + ricom(field(noise), kernel=11)
    )


def transferred(size: int, cycles: int, pixels: int = 500) -> float:
    """Amplitude [rad] that a wave of COM with amplitude 1 reaches, far from the border."""
    x = np.arange(pixels)
    values = np.zeros((2, 2 * size, pixels))
    values[1] = np.cos(2 * np.pi * cycles * x / pixels)
    inside = slice(125, 375)
    row = ricom(field(values, (1.0, 1.0)), kernel=size).values[size, inside]
    return float(2 * np.mean(row * np.sin(2 * np.pi * cycles * x[inside] / pixels)))


#: The published band [cycles a pixel]: from 6.1 to 12.19 cycles over the 500 pixels, which are 1/82 and 1/41.
BAND = 12.19 / 2 / 500, 12.19 / 500
WAVES = np.arange(1, 41)


def transfer(kernel: np.ndarray, cycles: np.ndarray, pixels: int = 500) -> np.ndarray:
    """Amplitudes that waves of COM along x with amplitude 1 reach through the x component of a kernel."""
    x = np.arange(kernel.shape[1]) - kernel.shape[1] // 2
    return np.sin(2 * np.pi * cycles[:, None] * x / pixels) @ kernel.sum(axis=0)


@pytest.mark.parametrize("size", [41, 101])
def test_the_published_transfer_is_that_of_a_window_without_end_across_the_wave(size: int) -> None:
    # 2π·N/(2kπ)·(1 − cos((n − 1)/2 · 2kπ/N)); the source leaves out 2π.
    published = 500 / WAVES * (1 - np.cos(np.pi * WAVES * (size - 1) / 500))
    columns = slice(1000 - size // 2, 1001 + size // 2)
    endless = kernel_vectors(2001, (1.0, 1.0))[1][:, columns].copy()
    endless[:, [0, -1]] /= 2  # as the formula's integral ends in the middle of the last pixels
    assert np.abs(transfer(endless, WAVES) - published).max() < 0.02 * published.max()


@pytest.mark.parametrize("size", [21, 41, 101])
def test_a_wave_is_transferred_as_the_integral_over_the_square_window_says(size: int) -> None:
    # Over the square's height h the kernel x/(x² + y²) integrates to 2·atan(h/2x), which is left to do along x.
    expected = np.array([
        quad(lambda x, k: 4 * np.arctan2(size / 2, x) * np.sin(2 * np.pi * k * x / 500), 0, size / 2, (k,))[0]
        for k in WAVES
    ])  # fmt: skip
    assert np.abs(transfer(kernel_vectors(size, (1.0, 1.0))[1], WAVES) - expected).max() < 0.01 * expected.max()


@pytest.mark.parametrize("size", [41, 101])
def test_the_published_band_is_transferred_as_the_integrals_say(size: int) -> None:
    # The kernel on quarters of pixels, convolved with the band's Bessel functions and cut to the window.
    fine = (np.arange(4 * size) + 0.5) / 4 - size / 2
    kernel = fine / (fine[:, None] ** 2 + fine**2)
    apart = (np.arange(8 * size - 1) - (4 * size - 1)) / 4
    r = np.maximum(np.hypot(apart[:, None], apart), 1e-9)
    spread = [limit * j1(2 * np.pi * limit * r) / r for limit in BAND]
    seen = fftconvolve(kernel, spread[1] - spread[0])[4 * size - 1 : 8 * size - 1, 4 * size - 1 : 8 * size - 1] / 16
    expected = np.sin(2 * np.pi * WAVES[:, None] * fine / 500) @ seen.sum(axis=0) / 16
    assert np.abs(transfer(kernel_vectors(size, (1.0, 1.0), *BAND)[1], WAVES) - expected).max() < 0.02 * expected.max()


@pytest.mark.parametrize("band", [(None, None), BAND])
def test_an_image_is_transferred_as_its_kernel(band: tuple[float | None, float | None]) -> None:
    x, inside = np.arange(500), slice(125, 375)
    values = np.zeros((2, 82, 500))
    values[1] = np.cos(2 * np.pi * 8 * x / 500)
    low, high = (None if limit is None else f"{limit} 1/Å" for limit in band)
    row = ricom(field(values, (1.0, 1.0)), kernel=41, low=low, high=high).values[41, inside]
    found = 2 * np.mean(row * np.sin(2 * np.pi * 8 * x[inside] / 500))
    assert found == pytest.approx(transfer(kernel_vectors(41, (1.0, 1.0), *band)[1], np.array([8]))[0], rel=1e-6)


def test_a_window_as_wide_as_the_scan_agrees_with_the_whole_integral() -> None:
    y, x = np.meshgrid(np.arange(81) - 40.0, np.arange(81) - 40.0, indexing="ij")
    atom = np.exp(-(y**2 + x**2) / 50)
    com = field(np.stack([-y / 25 * atom, -x / 25 * atom]) / (2 * np.pi), (1.0, 1.0))
    np.testing.assert_allclose(ricom(com, kernel=201), atom, atol=1e-2)
    np.testing.assert_allclose(ricom(com, kernel=201) - integrate(com), atom.mean(), atol=1e-2)


@pytest.mark.parametrize("direction", [(0, 1), (1, 0), (0, -1), (1, 1)])
def test_a_small_window_draws_a_false_rise_in_a_pore_and_a_large_one_does_not(direction: tuple[int, int]) -> None:
    y, x = np.meshgrid(np.arange(160) - 80.0, np.arange(160) - 80.0, indexing="ij")
    radius = np.hypot(y, x)
    phase = 1 / (1 + np.exp(-(radius - 24) / 1.5))  # a plate with a hole of 24 pixels
    com = field(np.stack(np.gradient(phase)) / (2 * np.pi), (1.0, 1.0))
    out = np.arange(int(24 / np.hypot(*direction)))
    rows, columns = 80 + out * direction[0], 80 + out * direction[1]
    small, large = (ricom(com, kernel=n).values[rows, columns] for n in (21, 61))
    # From the rim inwards the phase only decays with 61 pixels; with 21 it comes back up.
    assert np.diff(large).min() > -1e-3
    assert small[0] - small.min() > 0.1


@pytest.mark.parametrize("band", [(0.1, 0.4), (None, 0.4), (0.3, None), (0.2, 0.6), (None, 0.7)])
def test_the_filtered_kernel_is_the_kernel_convolved_with_the_band_and_cut(
    band: tuple[float | None, float | None],
) -> None:
    # With steps of 0.7 and 1.1 the Nyquist frequencies are 0.71 and 0.45: the last bands reach beyond one of them.
    size, step = 5, (0.7, 1.1)
    cells = (np.arange(600) + 0.5) / 600 - 0.5
    frequency = np.hypot(cells[:, None] / step[0], cells / step[1])
    passes = (frequency >= (band[0] or 0)) & (frequency <= (band[1] or np.inf))
    offsets = np.arange(-(size - 1), size)
    waves = np.exp(2j * np.pi * offsets[:, None] * cells)
    spread = (waves @ passes @ waves.T).real / 600**2  # what the band makes of a point, as a plain sum over waves
    for plain, filtered in zip(kernel_vectors(size, step), kernel_vectors(size, step, *band), strict=True):
        expected = [
            [
                sum(plain[p, q] * spread[i - p + size - 1, j - q + size - 1] for p in range(size) for q in range(size))
                for j in range(size)
            ]
            for i in range(size)
        ]
        np.testing.assert_allclose(filtered, expected, atol=3e-3 * np.abs(plain).max())


def test_an_upper_limit_calms_grain_and_a_lower_one_flattens_what_is_slow() -> None:
    def grain(com: xr.DataArray, high: str | None) -> float:
        return float(np.diff(ricom(com, kernel=41, high=high).values).std())

    def height(com: xr.DataArray, low: str | None) -> float:
        return float(ricom(com, kernel=41, low=low).values[30:60, 30:60].std())

    noise = np.random.default_rng(4).normal(size=(2, 90, 90))
    assert grain(field(noise, (1.0, 1.0)), "0.05 1/Å") < 0.3 * grain(field(noise, (1.0, 1.0)), None)
    slow = np.zeros((2, 90, 90))
    slow[1] = np.cos(2 * np.pi * np.arange(90) / 60)
    assert height(field(slow, (1.0, 1.0)), "0.05 1/Å") < 0.5 * height(field(slow, (1.0, 1.0)), None)


def test_the_kernel_is_odd_and_empty_in_the_middle() -> None:
    for low, high in ((None, None), (0.05, 0.4)):
        y, x = kernel_vectors(15, (0.7, 1.1), low, high)
        np.testing.assert_allclose(y, -y[::-1], atol=1e-12)
        np.testing.assert_allclose(x, -x[:, ::-1], atol=1e-12)
        assert y[7, 7] == pytest.approx(0, abs=1e-12)


def test_extra_rotation_turns_vectors_back_by_the_angle_the_scan_lies_turned_by() -> None:
    values = np.random.default_rng(3).normal(size=(2, 20, 20))
    angle = np.deg2rad(30)
    on_the_detector = np.stack(  # the same vectors as a detector sees them under a scan turned clockwise by 30°
        [np.sin(angle) * values[1] + np.cos(angle) * values[0], np.cos(angle) * values[1] - np.sin(angle) * values[0]]
    )
    np.testing.assert_allclose(
        ricom(field(on_the_detector), kernel=9, rotation="30 deg"), ricom(field(values), kernel=9), atol=1e-12
    )


def test_an_even_window_is_refused() -> None:
    with pytest.raises(ParameterErrors, match="even"):
        ricom(field(np.zeros((2, 8, 8))), kernel=20)
