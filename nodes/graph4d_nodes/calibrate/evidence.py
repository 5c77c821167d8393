"""What tells matter bright from matter dark, as probabilities: the parts that all such judgements share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.calibrate.longitudinal import jackknife

__all__ = ["SPREAD", "bright_peaks", "odds"]

SPREAD = 35 / 18
"""√ of the number of waves that share the noise of one, under a Hann window in both directions."""
BLOCKS = 4
"""Parts of a picture along each axis for the error of its skewness."""


def odds(probability: float, trust: float) -> float:
    """Odds of a probability that is believed up to ``trust`` only: those of independent cues are multiplied."""
    bounded = min(max(probability, 1 - trust), trust)
    return bounded / (1 - bounded)


def bright_peaks(picture: NDArray[np.float64]) -> float:
    """Probability that the small peaks of a picture (rows, columns) are bright and not dark, from its skewness."""
    from scipy.special import stdtr

    rows, columns = picture.shape
    row, column = np.arange(rows) * BLOCKS // rows, np.arange(columns) * BLOCKS // columns
    block = (row[:, None] * BLOCKS + column).ravel()
    centred = (picture - picture.mean()).ravel()
    squares, cubes = (np.bincount(block, centred**power, BLOCKS**2) for power in (2, 3))
    scale = np.append(squares.sum() - squares, squares.sum())
    third = np.append(cubes.sum() - cubes, cubes.sum())
    skewness = np.divide(third, scale**1.5, out=np.zeros_like(third), where=scale > 0)
    error = jackknife(skewness[:-1])
    # Deviations with an error from n parts follow Student's distribution.
    return float(stdtr(BLOCKS**2 - 1, skewness[-1] / error)) if error else 0.5
