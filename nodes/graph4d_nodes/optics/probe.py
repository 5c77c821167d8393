"""The electron probe: an aperture with the aberrations of its lens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.optics.aberrations import Aberrations

__all__ = ["aperture", "probe"]


def aperture(k: NDArray[np.float64], radius: float, soft: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Amplitude in the aperture plane, 1 inside and 0 outside ``radius``, with an edge as wide as ``soft``.

    Parameters
    ----------
    k : ndarray
        Spatial frequency [1/Å].
    radius : float
        Convergence semi-angle / wavelength [1/Å].
    soft : float or ndarray
        Width of the edge [1/Å]: of one pixel, so that the disc's area does not jump with its radius.
    """
    return np.clip((radius - k) / soft + 0.5, 0.0, 1.0)


def probe(
    pixels: int, step: float, wavelength: float, semiangle: float, aberrations: Aberrations | None = None
) -> NDArray[np.complex128]:
    """Wave function of the probe in real space.

    Parameters
    ----------
    pixels : int
        Width of the square grid, which is the detector's.
    step : float
        Of the detector [1/Å]; a pixel of the probe is 1/(pixels·step).
    wavelength : float
        Of the electrons [Å].
    semiangle : float
        Convergence semi-angle [rad].
    aberrations : Aberrations, optional
        Of the lens, in the axes of the grid.

    Returns
    -------
    ndarray
        (pixels, pixels) with the probe's middle at (0, 0), as Fourier transforms have it. |fft2|² of it sums to 1.
    """
    frequency = np.fft.fftfreq(pixels, 1 / (pixels * step))
    ky, kx = frequency[:, None], frequency
    phase = (aberrations or Aberrations()).phase(ky, kx, wavelength)
    wave = aperture(np.hypot(ky, kx), semiangle / wavelength, step) * np.exp(-1j * phase)
    return np.asarray(np.fft.ifft2(wave / np.linalg.norm(wave)))
