"""A weak, periodic phase object and its patterns, by one Fourier transform a position: independent of the nodes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import Geometry, wavelength
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.values import image

ENERGY, SEMIANGLE = 300e3, 12e-3


class Frames:
    """Patterns in memory."""

    alignment = 1

    def __init__(self, patterns: np.ndarray) -> None:
        self.patterns, self.shape, self.dtype = patterns, patterns.shape, patterns.dtype

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.patterns[start:stop].copy()


@dataclass(frozen=True)
class WeakObject:
    """A random phase with power at all frequencies, and the intensities that a probe scanned over it gives."""

    phase: np.ndarray
    """(y, x) [rad]."""
    patterns: np.ndarray
    """(y, x, ky, kx), each of sum 1."""
    geometry: Geometry
    ky: np.ndarray
    kx: np.ndarray
    """Of the detector's pixels [1/Å]."""
    disc: np.ndarray
    """The detector's pixels inside the aperture."""

    def scan(self, patterns: np.ndarray | None = None) -> Scan4D:
        shown = self.patterns if patterns is None else patterns
        frames = Frames(shown.reshape(-1, *self.phase.shape))
        return Scan4D.from_frames(frames, self.phase.shape, geometry=self.geometry)

    def picture(self, values: np.ndarray) -> xr.DataArray:
        return image(values, self.geometry, "rad")

    @property
    def truth(self) -> xr.DataArray:
        return self.picture(self.phase)


def simulated(
    c10: float = 0.0, shape: tuple[int, int] = (48, 64), step: tuple[float, float] = (0.42, 0.36)
) -> WeakObject:
    """See :class:`WeakObject`; ``c10`` [Å] is that of the probe, whose wave is multiplied by exp(−iπλ·C10·k²)."""
    lam = wavelength(ENERGY)
    y, x = (np.arange(count) * size for count, size in zip(shape, step, strict=True))
    fy, fx = (np.fft.fftfreq(count, size) for count, size in zip(shape, step, strict=True))
    k = np.hypot(fy[:, None], fx)
    phase = 2e-3 * np.random.default_rng(0).normal(size=shape)
    wave = (k <= SEMIANGLE / lam) * np.exp(-1j * np.pi * lam * c10 * k**2)
    wave /= np.linalg.norm(wave)
    patterns = np.empty((*shape, *shape))
    for i in range(shape[0]):
        moved = np.exp(-2j * np.pi * (fy[:, None] * y[i] + fx * x[:, None, None]))
        exit_waves = np.fft.ifft2(wave * moved) * np.exp(1j * phase)
        patterns[i] = np.fft.fftshift(np.abs(np.fft.fft2(exit_waves)) ** 2, axes=(1, 2))
    ky, kx = np.meshgrid(np.fft.fftshift(fy), np.fft.fftshift(fx), indexing="ij")
    detector = 1 / (shape[0] * step[0]), 1 / (shape[1] * step[1])
    geometry = Geometry(ENERGY, SEMIANGLE, step, detector)
    return WeakObject(phase, patterns, geometry, ky, kx, np.hypot(ky, kx) <= SEMIANGLE / lam)


@pytest.fixture(scope="session")
def weak_object() -> Callable[..., WeakObject]:
    """Makes one."""
    return simulated


@pytest.fixture(scope="session")
def focused() -> WeakObject:
    """Seen by a probe without aberrations, with oblong pixels."""
    return simulated()


@pytest.fixture(scope="session")
def square() -> WeakObject:
    """The same with square pixels."""
    return simulated(shape=(48, 60), step=(0.4, 0.4))
