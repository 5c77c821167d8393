"""Size of the bright disc in a pattern."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.image.detectors import aspect_of
from graph4d_nodes.scan import Scan4D

__all__ = ["disc_radius", "estimated_disc"]

ENOUGH = 50
"""Electrons that a Gaussian must gather for its height to be more signal than noise."""
SAMPLES = 32
"""Patterns from which the disc of a scan is estimated."""


def disc_radius(pattern: NDArray[np.float64], aspect: float = 1.0, *, counted: bool = False) -> float:
    """Radius of the bright-field disc, from the area above a threshold where that hardly depends on the threshold.

    Parameters
    ----------
    pattern : ndarray
        (ky, kx), counts.
    aspect : float
        Height of a pixel over its width.
    counted : bool
        Whether the numbers are electrons: then it is known how much noise there is to be smoothed.

    Returns
    -------
    float
        In pixels along kx, at least 1.

    Notes
    -----
    r(t) = √(area above t / π) is taken at 100 thresholds t from 0.01 to 0.99 of the maximum and averaged over its
    plateau: where it falls no faster than twice its median rate.
    """
    from scipy.ndimage import gaussian_filter, median_filter

    # Noise would set the maximum, and so would single hot pixels.
    smooth = median_filter(gaussian_filter(pattern, _blur(pattern)) if counted else pattern, 3)
    thresholds = np.linspace(0.01, 0.99, 100) * smooth.max()
    areas = aspect * np.array([np.count_nonzero(smooth > threshold) for threshold in thresholds])
    radii = np.sqrt(areas / np.pi)
    rates = np.abs(np.gradient(radii))
    plateau = rates <= 2 * np.median(rates)
    return max(1.0, float(radii[plateau].mean()))


def estimated_disc(scan: Scan4D) -> float:
    """Radius [px along kx] of the bright-field disc, from a few patterns, evenly spread over the scan."""
    count = scan.positions[0] * scan.positions[1]
    total = np.zeros(scan.item_shape)
    for i in np.unique(np.linspace(0, count - 1, SAMPLES).astype(int)):
        total += scan.read(int(i), int(i) + 1)[0]
    return disc_radius(total, aspect_of(scan.geometry), counted=scan.dtype.kind in "iu")


def _blur(pattern: NDArray[np.float64]) -> float:
    """Standard deviation [px] of the Gaussian under which ``ENOUGH`` electrons fall within the disc."""
    # Of Poisson counts with mean m the square has the mean m² + m, so this is m, weighted towards bright pixels.
    density = float(np.square(pattern).sum() / max(pattern.sum(), 1.0)) - 1
    widest = min(pattern.shape) / 16
    return float(min(widest, np.sqrt(ENOUGH / (4 * np.pi * density)))) if density > 0 else float(widest)
