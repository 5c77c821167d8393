"""Size of the bright disc in a pattern."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["disc_radius"]


def disc_radius(pattern: NDArray[np.float64], aspect: float = 1.0) -> float:
    """Radius of the bright-field disc, from the area above a threshold where that hardly depends on the threshold.

    Parameters
    ----------
    pattern : ndarray
        (ky, kx), counts.
    aspect : float
        Height of a pixel over its width.

    Returns
    -------
    float
        In pixels along kx, at least 1.

    Notes
    -----
    r(t) = √(area above t / π) is taken at 100 thresholds t from 0.01 to 0.99 of the maximum and averaged over its
    plateau: where it falls no faster than twice its median rate.
    """
    from scipy.ndimage import median_filter

    # Single hot pixels would set the maximum.
    smooth = median_filter(pattern, 3)
    thresholds = np.linspace(0.01, 0.99, 100) * smooth.max()
    areas = aspect * np.array([np.count_nonzero(smooth > threshold) for threshold in thresholds])
    radii = np.sqrt(areas / np.pi)
    rates = np.abs(np.gradient(radii))
    plateau = rates <= 2 * np.median(rates)
    return max(1.0, float(radii[plateau].mean()))
