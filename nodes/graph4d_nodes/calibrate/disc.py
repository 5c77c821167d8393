"""Place and size of the bright disc in a pattern."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph4d import Metrics, Pattern, UsageError, node
from graph4d_nodes.calibrate.detector_axes import axes_of
from graph4d_nodes.calibrate.edge import disc_edge, follow
from graph4d_nodes.image.detectors import aspect_of
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.values import metrics

__all__ = ["disc_radius", "disc_start", "estimated_disc", "find_disc"]

ENOUGH = 50
"""Electrons that a Gaussian must gather for its height to be more signal than noise."""
SAMPLES = 32
"""Patterns from which the disc of a scan is estimated."""


@node("calibrate.disc")
def find_disc(pattern: Pattern) -> Metrics:
    """Centre, radius and sharpness of the bright disc, from its edge in all directions.

    Parameters
    ----------
    pattern : Pattern
        (ky, kx), best of vacuum, or the mean of a scan of a thin sample. Descan blurs the edge of a mean. Directions in
        which there is no edge, as behind a beam stop, take no part.

    Returns
    -------
    Metrics
        ``row``, ``column`` [px] of its centre; ``radius`` [px along kx] of the circle with its area; ``edge`` [px], the
        distance from three quarters of its height to one; ``seen`` [1], the part of all directions with an edge. If the
        detector is calibrated ``radius_k`` [1/Å], and with the energy ``semiangle`` [mrad].

    Raises
    ------
    UsageError
        The pattern has no disc, or pixels that are no finite numbers.
    """
    axes = axes_of(pattern)
    centre, radius = disc_start(axes.values, axes.aspect)
    try:
        ellipse, edge = follow(axes.values, centre, (0.5 * radius, 1.5 * radius), axes.aspect, disc_edge)
    except ValueError as error:
        raise UsageError(
            f"the pattern has no bright disc: {error} about row {centre[0]:.1f}, column {centre[1]:.1f}, for a radius "
            f"of {radius:.1f} px; give the mean of more patterns, or one of vacuum"
        ) from error
    measured = {
        "row": (ellipse.row, "px"),
        "column": (ellipse.column, "px"),
        "radius": (ellipse.radius, "px"),
        "edge": (float(np.nanmedian(edge.width)), "px"),
        "seen": (float(np.mean(np.isfinite(edge.radius))), "1"),
    }
    if axes.step is not None:
        measured["radius_k"] = (ellipse.radius * axes.step[1], "1/Å")
        if axes.wavelength is not None:
            measured["semiangle"] = (ellipse.radius * axes.step[1] * axes.wavelength * 1e3, "mrad")
    return metrics(measured)


def disc_start(pattern: NDArray[np.float64], aspect: float) -> tuple[tuple[float, float], float]:
    """A first centre (row, column) [px] and radius [px along kx] of the bright disc."""
    from scipy.ndimage import gaussian_filter

    radius = disc_radius(pattern, aspect)
    blurred = gaussian_filter(pattern, (radius / aspect / 2, radius / 2))
    row, column = np.unravel_index(np.argmax(blurred), blurred.shape)
    return (float(row), float(column)), radius


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
