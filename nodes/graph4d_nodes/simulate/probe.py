"""The electron probe: an aperture with round aberrations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["aberration", "aperture", "probe"]


def aperture(k: NDArray[np.float64], radius: float, soft: float) -> NDArray[np.float64]:
    """Amplitude in the aperture plane, 1 inside and 0 outside ``radius``, with an edge as wide as ``soft``.

    Parameters
    ----------
    k : ndarray
        Spatial frequency [1/Å].
    radius : float
        Convergence semi-angle / wavelength [1/Å].
    soft : float
        Width of the edge [1/Å]: of one pixel, so that the disc's area does not jump with its radius.
    """
    return np.clip((radius - k) / soft + 0.5, 0.0, 1.0)


def aberration(k: NDArray[np.float64], wavelength: float, c10: float, c30: float) -> NDArray[np.float64]:
    """Phase error of the lens at spatial frequency ``k``.

    Parameters
    ----------
    k : ndarray
        Spatial frequency [1/Å].
    wavelength : float
        Of the electrons [Å].
    c10, c30 : float
        Defocus with the sign of C10 (positive is overfocus, C10 = −defocus) and spherical aberration [Å].

    Returns
    -------
    ndarray
        χ = πλk²·(C10 + C30·λ²k²/2) [rad]; the wave in the aperture is multiplied by exp(−iχ).
    """
    squared = k**2
    return np.asarray(np.pi * wavelength * squared * (c10 + 0.5 * c30 * wavelength**2 * squared))


def probe(
    pixels: int, step: float, wavelength: float, semiangle: float, c10: float = 0.0, c30: float = 0.0
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
    c10, c30 : float
        See :func:`aberration` [Å].

    Returns
    -------
    ndarray
        (pixels, pixels) with the probe's middle at (0, 0), as Fourier transforms have it. |fft2|² of it sums to 1.
    """
    frequency = np.fft.fftfreq(pixels, 1 / (pixels * step))
    k = np.hypot(frequency[:, None], frequency)
    wave = aperture(k, semiangle / wavelength, step) * np.exp(-1j * aberration(k, wavelength, c10, c30))
    return np.asarray(np.fft.ifft2(wave / np.linalg.norm(wave)))
