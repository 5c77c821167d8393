"""Scans in memory, simulated without any code of the nodes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.scan import Scan4D

WAVELENGTH = 0.0196875
"""Of electrons of 300 keV [Å]."""
STEP = (0.5, 0.35)
"""Of the scan [Å]: positions are farther apart along y."""


class ArrayFrames:
    """Patterns held in memory."""

    alignment = 1

    def __init__(self, patterns: np.ndarray) -> None:
        self.patterns = patterns
        self.shape = patterns.shape
        self.dtype = patterns.dtype

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.patterns[start:stop]


def scan_of(patterns: np.ndarray, **known: object) -> Scan4D:
    """A scan of (y, x, ky, kx)."""
    return Scan4D.from_frames(
        ArrayFrames(patterns.reshape(-1, *patterns.shape[2:])), patterns.shape[:2], geometry=Geometry(**known)
    )


@pytest.fixture
def make_scan() -> Callable[..., Scan4D]:
    return scan_of


@dataclass
class Field:
    """A centre-of-mass field and a dark field, as edges carry them."""

    com: xr.DataArray
    dark: xr.DataArray


@pytest.fixture
def field_of() -> Callable[..., Field]:
    """Values (rows, columns) along y and x, and the dark field, of positions that are a step apart."""

    def make(y: np.ndarray, x: np.ndarray, dark: np.ndarray, step: tuple[float, float] = (1.0, 1.0)) -> Field:
        along = {"y": np.arange(y.shape[0]) * step[0], "x": np.arange(y.shape[1]) * step[1]}
        com = xr.DataArray(np.stack([y, x]), dims=("component", "y", "x"), coords=along, attrs={"units": "px"})
        return Field(com, xr.DataArray(dark, dims=("y", "x"), coords=along, attrs={"units": "counts"}))

    return make


@pytest.fixture(scope="session")
def atoms_on_a_turned_detector() -> Callable[[float, bool], Scan4D]:
    """Patterns |F(probe · exp(iφ))|² of a few atoms, seen by a detector that is turned, and then transposed."""
    rows, columns, pixels, k = 30, 44, 48, 0.0625
    rng = np.random.default_rng(5)
    places = rng.uniform((0, 0), (rows * STEP[0], columns * STEP[1]), (40, 2))

    def make(rotation: float, transpose: bool) -> Scan4D:
        frequency = np.fft.fftfreq(pixels, 1 / (pixels * k))
        disc = np.hypot(frequency[:, None], frequency) <= 0.02 / WAVELENGTH
        probe = np.fft.ifft2(disc)
        grid = np.fft.fftfreq(pixels, k)
        down, right = np.meshgrid(grid, grid, indexing="ij")
        if transpose:
            down, right = right, down
        c, s = np.cos(rotation), np.sin(rotation)
        # A step in the scan is seen on the detector turned by +rotation, so this is the step that is seen here.
        x, y = c * right + s * down, -s * right + c * down
        patterns = np.empty((rows, columns, pixels, pixels), np.float32)
        for i, j in np.ndindex(rows, columns):
            here = np.array([i * STEP[0], j * STEP[1]])
            near = places[np.hypot(*(places - here).T) < 6] - here
            phase = sum(0.4 * np.exp(-((y - b) ** 2 + (x - a) ** 2) / (2 * 0.4**2)) for b, a in near)
            patterns[i, j] = np.fft.fftshift(np.abs(np.fft.fft2(probe * np.exp(1j * phase))) ** 2)
        return scan_of(patterns, energy=300e3, semiangle=0.02, scan_step=STEP, detector_step=(k, k))

    return make


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)
