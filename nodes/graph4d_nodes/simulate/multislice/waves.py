"""What happens to an electron wave: in a slice of a sample, in the vacuum behind it, and in the lens before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.geometry import IDENTITY, Matrix
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.optics.interaction import interaction
from graph4d_nodes.optics.probe import aperture
from graph4d_nodes.simulate.multislice.grid import Grid

__all__ = ["lens", "propagator", "transmission"]


def transmission(slices: NDArray[np.floating], size: tuple[float, float], energy: float) -> NDArray[np.complexfloating]:
    """exp(iσV) of every slice, limited to the band of its grid.

    Parameters
    ----------
    slices : ndarray
        (slices, rows, columns) projected potential [V Å].
    size : (float, float)
        Of the grid along y and x [Å].
    energy : float
        Of the electrons [eV].

    Returns
    -------
    ndarray
        Of the same shape, complex64 for a potential in float32, complex128 for one in float64.
    """
    from scipy import fft

    band = Grid((slices.shape[1], slices.shape[2]), size).band
    result = np.empty(slices.shape, np.result_type(slices.dtype, np.complex64))
    for index, potential in enumerate(slices):
        phase = interaction(energy) * potential.astype(np.float64)
        result[index] = np.cos(phase) + 1j * np.sin(phase)
        result[index] = fft.ifft2(fft.fft2(result[index]) * band)
    return result


def propagator(grid: Grid, distance: float, wavelength: float) -> NDArray[np.complex128]:
    """What vacuum does to the spectrum of a wave, limited to the grid's band.

    Parameters
    ----------
    grid : Grid
        Of the wave.
    distance : float
        Along the beam [Å].
    wavelength : float
        Of the electrons [Å].

    Returns
    -------
    ndarray
        (rows, columns): exp(−iπλk²·distance), in the order of a Fourier transform.
    """
    ky, kx = grid.frequencies
    phase = np.pi * wavelength * distance * (ky**2 + kx**2)
    return np.where(grid.band, np.exp(-1j * phase), 0)


def lens(
    grid: Grid, wavelength: float, semiangle: float, aberrations: Aberrations, transform: Matrix = IDENTITY
) -> NDArray[np.complex128]:
    """Spectrum of the probe at (0, 0): the aperture with the phase of its aberrations.

    Parameters
    ----------
    grid : Grid
        Of the wave.
    wavelength : float
        Of the electrons [Å].
    semiangle : float
        Convergence semi-angle [rad].
    aberrations : Aberrations
        Of the lens.
    transform : 2 × 2 tuple
        Takes (x, y) on the grid to (x, y) in the axes of the scan, in which aberrations are given.

    Returns
    -------
    ndarray
        (rows, columns), Σ|…|² = 1, in the order of a Fourier transform. The aperture's edge is as wide as the distance
        of frequencies across it.
    """
    ky, kx = grid.frequencies
    k = np.hypot(ky, kx)
    edge = np.where(k > 0, np.hypot(grid.step[0] * ky, grid.step[1] * kx) / np.maximum(k, 1e-300), min(grid.step))
    (xx, xy), (yx, yy) = transform
    phase = aberrations.phase(yx * kx + yy * ky, xx * kx + xy * ky, wavelength)
    wave = aperture(k, semiangle / wavelength, edge) * np.exp(-1j * phase)
    return np.asarray(wave / np.linalg.norm(wave))
