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
    for border in ("mirror", "zero", "periodic"):
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
