"""Defocused scans of weak phase objects, simulated directly: one pattern after the other, no formula of a method."""

from dataclasses import dataclass

import numpy as np
from graph4d_nodes.geometry import Geometry, Matrix, wavelength
from graph4d_nodes.image.bright_field import bright_field
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.simulate.sample import Gaussians
from xarray import DataArray

ENERGY = 300e3


@dataclass(frozen=True)
class Setup:
    """Of the microscope and the scan: [rad], [Å], [1/Å]."""

    semiangle: float = 4e-3
    step: tuple[float, float] = (2.0, 2.4)
    positions: tuple[int, int] = (44, 36)
    detector: tuple[int, int] = (30, 26)
    detector_step: tuple[float, float] = (0.018, 0.022)

    @property
    def radius(self) -> float:
        """Of the disc."""
        return self.semiangle / wavelength(ENERGY)


USUAL = Setup()


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


def sample(seed: int = 1, height: float = 0.15, setup: Setup = USUAL) -> Gaussians:
    """Round bumps that the probe resolves, all over the scan and around it."""
    random = np.random.default_rng(seed)
    sides = np.array(setup.positions) * setup.step
    count, margin = 90, 6 / setup.radius
    y, x = (random.uniform(-margin, side + margin, count) for side in sides)
    return Gaussians(y, x, height * random.uniform(0.3, 1, count), random.uniform(0.4, 0.9, count) / setup.radius)


def phase_error(
    ky: np.ndarray, kx: np.ndarray, c10: float, c12: float = 0, phi12: float = 0, c30: float = 0
) -> np.ndarray:
    """χ from the textbook: k in the axes of the scan."""
    length, azimuth = wavelength(ENERGY), np.arctan2(ky, kx)
    theta = length * np.hypot(ky, kx)
    second = c10 + c12 * np.cos(2 * (azimuth - phi12))
    return 2 * np.pi / length * (second * theta**2 / 2 + c30 * theta**4 / 4)


def defocused_scan(
    bumps: Gaussians, transform: Matrix, lens: tuple[float, ...], *, setup: Setup = USUAL, dose: float = 0
) -> Scan4D:
    """A scan whose geometry does not tell that vectors on the detector become those in the scan by ``transform``.

    ``lens`` are the arguments of :func:`phase_error`; a ``dose`` of 0 gives patterns without noise.
    """
    matrix = np.array(transform)
    sizes = list(zip(setup.detector, setup.detector_step, strict=True))
    ky, kx = (np.fft.fftfreq(n, 1 / (n * step)) for n, step in sizes)
    scan_kx, scan_ky = np.tensordot(matrix, np.stack(np.broadcast_arrays(kx, ky[:, None])), 1)
    lit = np.hypot(scan_ky, scan_kx) <= setup.radius
    probe = np.fft.ifft2(lit * np.exp(-1j * phase_error(scan_ky, scan_kx, *lens)))
    probe /= np.sqrt(np.sum(np.abs(np.fft.fft2(probe)) ** 2))
    y, x = (np.fft.fftfreq(n) / step for n, step in sizes)
    patterns = []
    for row in np.arange(setup.positions[0]) * setup.step[0]:
        for column in np.arange(setup.positions[1]) * setup.step[1]:
            there_x, there_y = matrix.T @ np.stack([bumps.x - column, bumps.y - row])
            phase = Gaussians(there_y, there_x, bumps.height, bumps.sigma).on_grid(y, x)
            patterns.append(np.abs(np.fft.fft2(probe * np.exp(1j * phase))) ** 2)
    stack = np.fft.fftshift(np.array(patterns), axes=(1, 2))
    if dose:
        stack = np.random.default_rng(5).poisson(stack * dose).astype(np.uint16)
    geometry = Geometry(ENERGY, setup.semiangle, setup.step, setup.detector_step)
    return Scan4D.from_frames(Stack(stack), setup.positions, geometry=geometry)


def pixels(scan: Scan4D) -> DataArray:
    """Its bright field about the pixel of k = 0."""
    rows, columns = scan.positions
    detector = scan.item_shape
    middle = np.array(detector)[:, None, None] // 2 + np.zeros((2, rows, columns))
    return bright_field(
        scan, DataArray(middle, dims=("component", "y", "x"), attrs={"units": "px", "detector": list(detector)})
    )


def truth(bumps: Gaussians, fine: int = 1) -> np.ndarray:
    """The phase at the usual positions, or between them."""
    y, x = (np.arange((n - 1) * fine + 1) * step / fine for n, step in zip(USUAL.positions, USUAL.step, strict=True))
    return bumps.on_grid(y, x)
