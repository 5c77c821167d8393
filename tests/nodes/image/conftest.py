"""Scans in memory, and slow but plain references."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.scan import Scan4D


class ArrayFrames:
    """Patterns held in memory."""

    alignment = 1

    def __init__(self, patterns: np.ndarray) -> None:
        self.patterns = patterns
        self.shape = patterns.shape
        self.dtype = patterns.dtype

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.patterns[start:stop]


@pytest.fixture
def make_scan() -> Callable[..., Scan4D]:
    def make(patterns: np.ndarray, **known: object) -> Scan4D:
        frames = ArrayFrames(patterns.reshape(-1, *patterns.shape[2:]))
        return Scan4D.from_frames(frames, patterns.shape[:2], geometry=Geometry(**known))

    return make


@pytest.fixture
def make_origin() -> Callable[..., xr.DataArray]:
    def make(values: np.ndarray) -> xr.DataArray:
        return xr.DataArray(values, dims=("component", "y", "x"), attrs={"units": "px"})

    return make


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


CALIBRATED = {
    "energy": 300e3,
    "semiangle": 0.004,
    "scan_step": (0.5, 0.5),
    "detector_step": (0.05, 0.05),
}
"""A detector pixel is 0.98 mrad here, so that the bright disc has a radius of 4.06 px."""


@pytest.fixture
def calibrated() -> dict[str, object]:
    return dict(CALIBRATED)
