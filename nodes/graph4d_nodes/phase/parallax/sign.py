"""Whether a picture shows matter bright: its peaks, and what the bright-field disc lost there, tell."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.calibrate.evidence import SPREAD, bright_peaks, odds

__all__ = ["bright_matter"]

Array = NDArray[np.float64]

TRUST_LOSS = 0.99
"""Largest probability from lost electrons: diffraction back into the disc may deceive it."""
TRUST_PEAKS = 0.95
"""Largest probability from bright peaks: holes in a film deceive them."""


def bright_matter(picture: Array, disc: Array, step: tuple[float, float], finest: float) -> float:
    """Probability that matter is bright in a picture, and not dark.

    Parameters
    ----------
    picture : ndarray
        (rows, columns): phase contrast, either as it is or with the opposite sign.
    disc : ndarray
        (rows, columns): counts in the whole bright-field disc. To first order they are blind for a phase; matter
        scatters electrons out of the disc.
    step : (float, float)
        Distance of positions along y and x [Å].
    finest : float
        Frequency [1/Å] up to which the probe lets ``disc`` and ``picture`` see the same with the same sign.

    Returns
    -------
    float
        From 0 to 1: of two cues, the odds are multiplied.
    """
    from scipy.special import ndtr

    lost = float(ndtr(-_agreement(picture, disc, step, finest)))
    bright = odds(bright_peaks(picture), TRUST_PEAKS) * odds(lost, TRUST_LOSS)
    return bright / (1 + bright)


def _agreement(first: Array, second: Array, step: tuple[float, float], finest: float) -> float:
    """By how many standard deviations two images agree in their waves, below a frequency and weighted by strength."""
    rows, columns = first.shape
    window = np.outer(np.hanning(rows + 2)[1:-1], np.hanning(columns + 2)[1:-1])
    waves = [np.fft.rfft2((image - image.mean()) * window) for image in (first, second)]
    q = np.hypot(np.fft.fftfreq(rows, step[0])[:, None], np.fft.rfftfreq(columns, step[1]))
    product = (waves[0] * waves[1].conj())[(q > 0) & (q <= finest)]
    # The real part of a number of random angle has half of its square.
    error = SPREAD * math.sqrt(float(np.sum(np.abs(product) ** 2)) / 2)
    return float(product.real.sum()) / error if error else 0.0
