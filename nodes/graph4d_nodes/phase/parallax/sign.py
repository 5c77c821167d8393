"""Whether a picture shows matter bright: its peaks, and what the bright-field disc lost there, tell."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["bright_matter"]

Array = NDArray[np.float64]

TRUST_LOSS = 0.99
"""Largest probability from lost electrons: diffraction back into the disc may deceive it."""
TRUST_PEAKS = 0.95
"""Largest probability from bright peaks: holes in a film deceive them."""
SPREAD = 35 / 18
"""√ of the number of waves that share the noise of one, under a Hann window in both directions."""
BLOCKS = 4
"""Parts of the picture along each axis for the error of its skewness."""


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
    from scipy.special import ndtr, stdtr

    peaks = float(stdtr(BLOCKS**2 - 1, _skewness(picture)))
    lost = float(ndtr(-_agreement(picture, disc, step, finest)))
    odds = _odds(peaks, TRUST_PEAKS) * _odds(lost, TRUST_LOSS)
    return odds / (1 + odds)


def _odds(probability: float, trust: float) -> float:
    bounded = min(max(probability, 1 - trust), trust)
    return bounded / (1 - bounded)


def _skewness(picture: Array) -> float:
    """Skewness in units of its error, which is that from leaving out one block of the picture after the other."""
    rows, columns = picture.shape
    row, column = np.arange(rows) * BLOCKS // rows, np.arange(columns) * BLOCKS // columns
    block = (row[:, None] * BLOCKS + column).ravel()
    centred = (picture - picture.mean()).ravel()
    squares, cubes = (np.bincount(block, centred**power, BLOCKS**2) for power in (2, 3))
    scale = np.append(squares.sum() - squares, squares.sum())
    if not np.all(scale > 0):
        return 0.0
    values = np.append(cubes.sum() - cubes, cubes.sum()) / scale**1.5
    parts = values[:-1]
    error = math.sqrt((len(parts) - 1) * float(np.mean((parts - parts.mean()) ** 2)))
    return float(values[-1]) / error if error else 0.0


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
