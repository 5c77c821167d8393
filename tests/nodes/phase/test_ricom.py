"""riCOM against the sum it is defined by, its transfer function, and what is known of its artefacts."""

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.phase.icom import integrate
from graph4d_nodes.phase.ricom import kernel_vectors, ricom
from graph4d_nodes.values import vector_field
from scipy.integrate import quad

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
    steps = (0.3 if shape[0] > 1 else 1.0, 0.5)
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


@pytest.mark.parametrize(("size", "cycles"), [(21, 6), (21, 12), (41, 6), (41, 12), (101, 4), (101, 8)])
def test_a_wave_is_transferred_as_the_integral_over_the_window_says(size: int, cycles: int) -> None:
    # Over the square's height h the kernel x/(x² + y²) integrates to 2·atan(h/2x), which is left to do along x.
    expected, _ = quad(lambda x: 4 * np.arctan2(size / 2, x) * np.sin(2 * np.pi * cycles * x / 500), 0, size / 2)
    assert transferred(size, cycles) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("size", [41, 61, 101])
def test_the_best_transferred_wave_is_the_published_one(size: int) -> None:
    # N/(2kπ)·(1 − cos((n − 1)/2 · 2kπ/N)) treats the window as endless across the wave: its height is up to 1.5 times
    # too large for a square, its maximum is in the right place.
    cycles = np.arange(2, 24, 2)
    published = (1 - np.cos(np.pi * cycles * (size - 1) / 500)) / cycles
    found = [transferred(size, k) for k in cycles]
    assert abs(int(np.argmax(found)) - int(np.argmax(published))) <= 1


def test_a_window_as_wide_as_the_scan_agrees_with_the_whole_integral() -> None:
    y, x = np.meshgrid(np.arange(81) - 40.0, np.arange(81) - 40.0, indexing="ij")
    atom = np.exp(-(y**2 + x**2) / 50)
    com = field(np.stack([-y / 25 * atom, -x / 25 * atom]) / (2 * np.pi), (1.0, 1.0))
    np.testing.assert_allclose(ricom(com, kernel=201), atom, atol=1e-2)
    np.testing.assert_allclose(ricom(com, kernel=201) - integrate(com), atom.mean(), atol=1e-2)


def test_a_small_window_draws_a_false_rise_in_a_pore_and_a_large_one_does_not() -> None:
    y, x = np.meshgrid(np.arange(160) - 80.0, np.arange(160) - 80.0, indexing="ij")
    radius = np.hypot(y, x)
    phase = 1 / (1 + np.exp(-(radius - 24) / 1.5))  # a plate with a hole of 24 pixels
    gradient = np.stack(np.gradient(phase))
    inside = {n: ricom(field(gradient / (2 * np.pi), (1.0, 1.0)), kernel=n).values[80, 80:101] for n in (21, 61)}
    # Outwards from the middle of the hole the phase never falls; with 21 pixels it does.
    assert np.diff(inside[21]).min() < -0.01
    assert np.diff(inside[61]).min() > -1e-3


def test_the_filtered_kernel_is_the_kernel_convolved_with_the_band_and_cut() -> None:
    size, step, low, high = 7, (0.7, 1.1), 0.1, 0.4
    n = 2 * size
    axes = np.fft.fftfreq(n, step[0]), np.fft.fftfreq(n, step[1])
    waves = [(fy, fx) for fy in axes[0] for fx in axes[1] if low <= np.hypot(fy, fx) <= high]

    def band(i: int, j: int) -> float:
        return sum(np.cos(2 * np.pi * (fy * i * step[0] + fx * j * step[1])) for fy, fx in waves) / n**2

    for plain, filtered in zip(kernel_vectors(size, step), kernel_vectors(size, step, low, high), strict=True):
        expected = [
            [sum(plain[p, q] * band(i - p, j - q) for p in range(size) for q in range(size)) for j in range(size)]
            for i in range(size)
        ]
        np.testing.assert_allclose(filtered, expected, atol=1e-10)


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
