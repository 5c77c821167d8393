"""Which of two opposite directions a field has: the phase of matter is positive, so atoms must come out bright."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.calibrate.evidence import SPREAD, bright_peaks, odds
from graph4d_nodes.calibrate.longitudinal import Waves, waves_of

__all__ = ["polarity"]

TRUST_DARK_FIELD = 0.999
"""Largest probability from a dark field: strong diffraction or absorption under a strong defocus may deceive it."""
TRUST_PEAKS = 0.9
"""Largest probability from bright peaks alone: particles wider than the probe, or dark ones in a film, deceive it."""


def polarity(field: Waves, angle: float, transpose: bool, dark_field: NDArray[np.float64] | None) -> float:
    """Probability that the field, turned by ``angle``, is the gradient of a phase in which matter is bright.

    Parameters
    ----------
    field : Waves
        In the axes of the detector.
    angle, transpose
        Of :func:`~graph4d_nodes.geometry.detector_to_scan`; the other candidate is ``angle`` + π.
    dark_field : ndarray, optional
        (rows, columns): counts beyond the bright disc.

    Returns
    -------
    float
        From 0 to 1: of two cues, the odds are multiplied.
    """
    from scipy.special import ndtr

    y, x = field.turned(angle, transpose)
    bright = odds(bright_peaks(_source(field, y, x)), TRUST_PEAKS)
    if dark_field is not None:
        bright *= odds(float(ndtr(_agreement(field, y, x, dark_field))), TRUST_DARK_FIELD)
    return bright / (1 + bright)


def _agreement(
    field: Waves, y: NDArray[np.complex128], x: NDArray[np.complex128], dark_field: NDArray[np.float64]
) -> float:
    """By how many standard deviations the phase and the dark field agree.

    It is the mean cosine of the angle between their waves, weighted by how much of each is signal. Both are seen
    through the same probe, so that defocus blurs them alike.
    """
    image = waves_of(dark_field)
    phase = field.along(y, x)[0] / 1j
    product = (phase * image.conj())[field.chosen]
    length = np.abs(product)
    weights = (field.weights * field.image_weights(image))[field.chosen]
    cosines = np.divide(product.real, length, out=np.zeros_like(length), where=length > 0)
    # The cosine of a random angle has a variance of one half.
    error = SPREAD * math.sqrt(float(np.sum(weights**2)) / 2)
    return float(np.sum(weights * cosines)) / error if error else 0.0


def _source(field: Waves, y: NDArray[np.complex128], x: NDArray[np.complex128]) -> NDArray[np.float64]:
    """−div of the field without its noise: small and bright where matter is."""
    from scipy import fft

    return np.asarray(fft.irfft2(-2j * np.pi * (field.fy * y + field.fx * x) * field.weights, s=field.shape))
