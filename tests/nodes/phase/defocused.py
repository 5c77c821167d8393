"""Defocused scans of weak phase objects, simulated directly: one pattern after the other, no formula of a method."""

from dataclasses import dataclass

import numpy as np
from graph4d_nodes.geometry import Geometry, Matrix, wavelength
from graph4d_nodes.image.bright_field import bright_field
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.simulate.sample import Gaussians
from xarray import DataArray

ENERGY, SEMIANGLE = 300e3, 4e-3
STEP = (2.0, 2.4)
"""Of the scan [Å]."""
POSITIONS = (44, 36)
DETECTOR = (30, 26)
DETECTOR_STEP = (0.018, 0.022)


@dataclass
class Stack:
    """Patterns in memory."""

    patterns: np.ndarray
    alignment: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        return self.patterns.shape

    @property
    def dtype(self) -> np.dtype:
        return self.patterns.dtype

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.patterns[start:stop].copy()


def sample(seed: int = 1, height: float = 0.15) -> Gaussians:
    """Round bumps all over the scan and around it [Å]."""
    random = np.random.default_rng(seed)
    size = np.array(POSITIONS) * STEP
    count = 90
    y, x = (random.uniform(-30, side + 30, count) for side in size)
    return Gaussians(y, x, height * random.uniform(0.3, 1, count), random.uniform(2.0, 4.5, count))


def phase_error(
    ky: np.ndarray, kx: np.ndarray, c10: float, c12: float = 0, phi12: float = 0, c30: float = 0
) -> np.ndarray:
    """χ from the textbook: k in the axes of the scan."""
    length, azimuth = wavelength(ENERGY), np.arctan2(ky, kx)
    theta = length * np.hypot(ky, kx)
    second = c10 + c12 * np.cos(2 * (azimuth - phi12))
    return 2 * np.pi / length * (second * theta**2 / 2 + c30 * theta**4 / 4)


def defocused_scan(bumps: Gaussians, transform: Matrix, lens: tuple[float, ...], *, dose: float = 0) -> Scan4D:
    """A scan whose geometry does not tell that vectors on the detector become those in the scan by ``transform``.

    ``lens`` are the arguments of :func:`phase_error`; a ``dose`` of 0 gives patterns without noise.
    """
    matrix = np.array(transform)
    ky, kx = (np.fft.fftfreq(n, 1 / (n * step)) for n, step in zip(DETECTOR, DETECTOR_STEP, strict=True))
    scan_kx, scan_ky = np.tensordot(matrix, np.stack(np.broadcast_arrays(kx, ky[:, None])), 1)
    lit = np.hypot(scan_ky, scan_kx) <= SEMIANGLE / wavelength(ENERGY)
    probe = np.fft.ifft2(lit * np.exp(-1j * phase_error(scan_ky, scan_kx, *lens)))
    probe /= np.sqrt(np.sum(np.abs(np.fft.fft2(probe)) ** 2))
    y, x = (np.fft.fftfreq(n) / step for n, step in zip(DETECTOR, DETECTOR_STEP, strict=True))
    patterns = []
    for row in np.arange(POSITIONS[0]) * STEP[0]:
        for column in np.arange(POSITIONS[1]) * STEP[1]:
            there_x, there_y = matrix.T @ np.stack([bumps.x - column, bumps.y - row])
            phase = Gaussians(there_y, there_x, bumps.height, bumps.sigma).on_grid(y, x)
            patterns.append(np.abs(np.fft.fft2(probe * np.exp(1j * phase))) ** 2)
    stack = np.fft.fftshift(np.array(patterns), axes=(1, 2))
    if dose:
        stack = np.random.default_rng(5).poisson(stack * dose).astype(np.uint16)
    geometry = Geometry(ENERGY, SEMIANGLE, STEP, DETECTOR_STEP)
    return Scan4D.from_frames(Stack(stack), POSITIONS, geometry=geometry)


def pixels(scan: Scan4D) -> DataArray:
    """Its bright field about the pixel of k = 0."""
    rows, columns = scan.positions
    middle = np.array(DETECTOR)[:, None, None] // 2 + np.zeros((2, rows, columns))
    return bright_field(
        scan, DataArray(middle, dims=("component", "y", "x"), attrs={"units": "px", "detector": list(DETECTOR)})
    )


def truth(bumps: Gaussians, fine: int = 1) -> np.ndarray:
    """The phase at the positions, or between them."""
    y, x = (np.arange((n - 1) * fine + 1) * step / fine for n, step in zip(POSITIONS, STEP, strict=True))
    return bumps.on_grid(y, x)
