"""Integrated centre of mass against phases whose gradient is known."""

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.phase.icom import integrate
from graph4d_nodes.values import vector_field

from graph4d import UsageError

STEP = (0.3, 0.5)


def field(dy: np.ndarray, dx: np.ndarray, units: str = "1/Å", step: tuple[float, float] | None = STEP) -> xr.DataArray:
    return vector_field(np.stack([dy, dx]) / (2 * np.pi), Geometry(scan_step=step), units)


def wave(shape: tuple[int, int], cycles: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A cosine of whole cycles over the scan, and its gradient per Å."""
    ky, kx = (2 * np.pi * c / (n * s) for c, n, s in zip(cycles, shape, STEP, strict=True))
    y, x = np.meshgrid(np.arange(shape[0]) * STEP[0], np.arange(shape[1]) * STEP[1], indexing="ij")
    turn = ky * y + kx * x
    return np.cos(turn), -ky * np.sin(turn), -kx * np.sin(turn)


@pytest.mark.parametrize("shape", [(32, 48), (33, 47)])
def test_a_periodic_phase_comes_back_in_radians_on_rectangular_pixels(shape: tuple[int, int]) -> None:
    phase, dy, dx = wave(shape, (3, -5))
    result = integrate(field(dy, dx), border="periodic")
    assert result.attrs["units"] == "rad"
    assert result.dims == ("y", "x")
    np.testing.assert_allclose(result, phase - phase.mean(), atol=1e-12)


def test_an_atom_comes_out_bright() -> None:
    y, x = np.meshgrid(np.arange(64) * STEP[0] - 9.6, np.arange(40) * STEP[1] - 10, indexing="ij")
    atom = np.exp(-(y**2 + x**2) / 8)
    for border in ("mirror", "zero", "periodic", "free"):
        result = integrate(field(-y / 4 * atom, -x / 4 * atom), border=border)
        np.testing.assert_allclose(result, atom - atom.mean(), atol=2e-3)


def test_a_slope_across_the_whole_scan_needs_the_mirror() -> None:
    shape = (60, 60)
    y, x = np.meshgrid(np.arange(60) * STEP[0], np.arange(60) * STEP[1], indexing="ij")
    slope = 0.1 * y - 0.2 * x
    com = field(np.full(shape, 0.1), np.full(shape, -0.2))
    error = {border: np.abs(integrate(com, border=border) - (slope - slope.mean())).mean().item() for border in
             ("mirror", "periodic")}  # fmt: skip
    assert error["mirror"] < 0.02 * np.abs(slope).max()
    assert error["periodic"] > 0.2 * np.abs(slope).max()


def hills(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gaussians on a slope, many of which the border cuts, and their gradient per Å."""
    y, x = np.meshgrid(np.arange(shape[0]) * STEP[0], np.arange(shape[1]) * STEP[1], indexing="ij")
    phase, dy, dx = 0.02 * y - 0.01 * x, np.full(shape, 0.02), np.full(shape, -0.01)
    size = np.array(shape) * STEP
    for centre in np.random.default_rng(5).uniform(-0.1 * size, 1.1 * size, (25, 2)):
        hill = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / 8)
        phase, dy, dx = phase + hill, dy - (y - centre[0]) / 4 * hill, dx - (x - centre[1]) / 4 * hill
    return phase - phase.mean(), dy, dx


@pytest.mark.parametrize("shape", [(50, 44), (31, 60), (3, 40), (2, 2), (40, 1)])
def test_a_free_border_needs_to_know_nothing_of_what_lies_outside(shape: tuple[int, int]) -> None:
    phase, dy, dx = hills(shape)
    com = field(dy, dx)
    error = np.abs(integrate(com, border="free").values - phase).max()
    assert error < (2e-3 if min(shape) > 2 else 2e-2) * max(np.ptp(phase), 1e-9)
    if min(shape) > 30:
        assert error < 0.05 * np.abs(integrate(com, border="mirror").values - phase).max()


def missing(shape: tuple[int, int]) -> np.ndarray:
    lost = np.random.default_rng(6).random(shape) < 0.1
    lost[12:20, 20:29] = True
    return lost


def test_missing_vectors_are_bridged_and_the_rest_is_as_if_they_were_there() -> None:
    shape = (50, 44)
    phase, dy, dx = hills(shape)
    lost = missing(shape)
    com = field(np.where(lost, np.nan, dy), dx)
    result = integrate(com, border="free").values
    apart = (result - phase)[~lost]
    assert np.abs(apart - apart.mean()).max() < 3e-3 * np.ptp(phase)
    assert np.abs(result - phase).max() < 0.03 * np.ptp(phase)
    # The same, told by weights; whatever stands at these positions.
    weight = xr.DataArray(np.where(lost, 0.0, 1.0), dims=("y", "x"), attrs={"units": "1"})
    wild = field(np.where(lost, 1e3, dy), dx)
    np.testing.assert_allclose(integrate(wild, weight, border="free"), result, atol=1e-6)


def test_weights_give_the_least_squares_solution_and_what_nobody_knows_follows_interpolated_vectors() -> None:
    # Against a dense solution, on a field whose splines are lines: their integral is the mean of two neighbours.
    shape = (2, 9)
    rng = np.random.default_rng(7)
    dy, dx = rng.normal(size=shape), np.linspace([-1.0, 0.5], [1.0, 0.0], 9).T
    weight = rng.uniform(0.1, 1, shape)
    weight[:, 4] = 0
    seen = dy.copy()
    seen[:, 4] = 0  # nothing to interpolate between along y; along x it is the field itself
    equations, values = [], []
    for i, j in np.ndindex(shape):
        for di, dj, component, step in ((1, 0, seen, STEP[0]), (0, 1, dx, STEP[1])):
            if i + di < 2 and j + dj < 9:
                trust = np.sqrt(max(min(weight[i, j], weight[i + di, j + dj]), 1e-8)) / step
                row = np.zeros(shape)
                row[i, j], row[i + di, j + dj] = -trust, trust
                equations.append(row.ravel())
                values.append(trust * step * (component[i, j] + component[i + di, j + dj]) / 2)
    expected = np.linalg.lstsq(np.array(equations), np.array(values))[0].reshape(shape)
    found = integrate(field(dy, dx), xr.DataArray(weight, dims=("y", "x")), border="free").values
    np.testing.assert_allclose(found, expected - expected.mean(), atol=1e-5)


def test_a_free_border_keeps_to_the_limits_too() -> None:
    shape = (32, 48)
    y = (np.arange(32) + 0.5)[:, None] / 32 * np.ones(shape)
    slow, fast = np.cos(2 * np.pi * y), 0.2 * np.cos(6 * np.pi * y)  # level at the border, as the transform's waves
    slope = (-2 * np.pi * np.sin(2 * np.pi * y) - 1.2 * np.pi * np.sin(6 * np.pi * y)) / (32 * STEP[0])
    com, limit = field(slope, np.zeros(shape)), 2 / (32 * STEP[0])
    np.testing.assert_allclose(integrate(com, high=limit, border="free"), slow, atol=2e-3)
    np.testing.assert_allclose(integrate(com, low=limit, border="free"), fast, atol=2e-3)


def test_weights_that_cannot_be_used_are_refused() -> None:
    com = field(*np.zeros((2, 4, 5)))
    for values, border, message in (
        (np.ones((4, 5)), "mirror", r"weights need `border: free`"),
        (np.ones((5, 4)), "free", r"the weights have 5 × 4 positions, but the field 4 × 5"),
        (-np.ones((4, 5)), "free", r"numbers from 0 on"),
        (np.zeros((4, 5)), "free", r"nothing is left to integrate"),
    ):
        with pytest.raises(UsageError, match=message):
            integrate(com, xr.DataArray(values, dims=("y", "x")), border=border)


def test_only_waves_between_the_limits_pass() -> None:
    shape = (32, 48)
    slow, fast = wave(shape, (1, 0)), wave(shape, (6, 0))
    com = field(slow[1] + fast[1], slow[2] + fast[2])
    limit = 3 / (shape[0] * STEP[0])
    np.testing.assert_allclose(integrate(com, high=limit, border="periodic"), slow[0], atol=1e-12)
    np.testing.assert_allclose(integrate(com, low=limit, border="periodic"), fast[0], atol=1e-12)


def test_without_calibration_the_phase_is_in_arbitrary_units() -> None:
    flat = np.zeros((8, 8))
    assert integrate(field(flat, flat, units="px")).attrs["units"] == "1"
    assert integrate(field(flat, flat, step=None)).attrs["units"] == "1"


def test_a_missing_vector_is_refused() -> None:
    dy = np.zeros((8, 8))
    dy[2, 3] = np.nan
    with pytest.raises(UsageError, match="not finite at 1 of 64 positions"):
        integrate(field(dy, np.zeros((8, 8))))


def test_limits_need_a_scan_step() -> None:
    flat = np.zeros((8, 8))
    with pytest.raises(UsageError, match="give `scan_step`"):
        integrate(field(flat, flat, step=None), low="0.1 1/Å")
    with pytest.raises(UsageError, match="nothing passes"):
        integrate(field(flat, flat), low="0.1 1/Å", high="0.1 1/Å")
