"""The edge of a disc, or the crest of a ring, in every direction, and the ellipse through it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Edge", "Ellipse", "disc_edge", "fit_ellipse", "follow", "ring_crest"]

DIRECTIONS = 180
FINER = 4
"""Samples per pixel along a ray."""
ROUNDS = 3
"""Times the rays start anew from the centre that they gave."""
REWEIGHTED = 10
"""Rounds of the robust fit."""
BISQUARE = 4.685
"""Residual, in standard deviations, beyond which a point is ignored."""
FAINT = 0.25
"""Of the median height in all directions: an edge or crest that is lower is none, but a shadow."""

SCATTERED = 0.15
"""Deviation from the ellipse, as a part of its radius, above which points belong to none."""

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Edge:
    """Where an edge crosses the rays from a centre.

    Parameters
    ----------
    radius : ndarray
        Along each ray [px along kx], NaN where there is no edge.
    width : ndarray
        From a quarter to three quarters of its height [px]; of a crest the full width at half its height.
    """

    radius: Real
    width: Real


@dataclass(frozen=True)
class Ellipse:
    """Of a disc or ring, in pixels along kx.

    Parameters
    ----------
    row, column : float
        Its centre [px].
    matrix : ndarray
        2 × 2, symmetric: takes (x, y) from the centre to a circle of the same area.
    radius : float
        Of that circle.
    """

    row: float
    column: float
    matrix: Real
    radius: float

    @property
    def ratio(self) -> float:
        """The longer axis over the shorter one."""
        short, long = np.linalg.eigvalsh(self.matrix)
        return float(long / short)

    @property
    def azimuth(self) -> float:
        """Of the longer axis, from x towards y [rad], −π/2 … π/2."""
        # What is longest shrinks most: the first eigenvector.
        x, y = np.linalg.eigh(self.matrix)[1][:, 0]
        return math.remainder(math.atan2(y, x), math.pi)


def follow(
    pattern: Real,
    centre: tuple[float, float],
    span: tuple[float, float],
    aspect: float,
    find: Callable[[Real, Real], Edge],
) -> tuple[Ellipse, Edge]:
    """The ellipse of an edge, found along rays from its own centre.

    Parameters
    ----------
    pattern : ndarray
        (rows, columns), finite.
    centre : (float, float)
        Row and column from which to start [px].
    span : (float, float)
        Where rays begin and end [px along kx].
    aspect : float
        Height of a pixel over its width.
    find : callable
        :func:`disc_edge` or :func:`ring_crest`, called with the distances and the profiles (directions, distances).

    Raises
    ------
    ValueError
        The edge is seen in fewer than a quarter of all directions, or is no ellipse.
    """
    from scipy.ndimage import map_coordinates

    azimuth = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
    down, right = np.sin(azimuth), np.cos(azimuth)
    distance = np.arange(span[0], span[1], 1 / FINER)
    row, column = centre
    for _ in range(ROUNDS):
        places = [row + np.outer(down, distance) / aspect, column + np.outer(right, distance)]
        profiles = map_coordinates(pattern, places, order=1, cval=np.nan)
        edge = find(distance, profiles)
        seen = np.isfinite(edge.radius)
        if np.count_nonzero(seen) < DIRECTIONS / 4:
            raise ValueError(f"an edge is seen in {np.count_nonzero(seen)} of {DIRECTIONS} directions")
        x, y = (edge.radius * right)[seen], (edge.radius * down)[seen]
        (x0, y0), matrix, radius = fit_ellipse(x, y)
        row, column = row + y0 / aspect, column + x0
    return Ellipse(row, column, matrix, radius), edge


def disc_edge(distance: Real, profiles: Real) -> Edge:
    """Where each profile falls most, half-way between the levels before and after.

    Levels are taken near the fall, for the inside of a disc is not flat where Bragg discs overlap it.
    """
    reach = max(2, len(distance) // 4)
    sums = np.cumsum(np.pad(profiles, ((0, 0), (1, 0))), axis=1)
    means = (sums[:, reach:] - sums[:, :-reach]) / reach
    falls = means[:, :-reach] - means[:, reach:]
    falls[~np.isfinite(falls)] = -np.inf
    start = np.argmax(falls, axis=1)[:, None]
    # Levels from the outer halves of both windows: the inner ones are part of a blurred edge.
    far = np.arange((reach + 1) // 2)
    inside = np.median(np.take_along_axis(profiles, start + far, axis=1), axis=1)
    outside = np.median(np.take_along_axis(profiles, start + 2 * reach - 1 - far, axis=1), axis=1)
    height = inside - outside
    window = start + np.arange(2 * reach)
    near, where = np.take_along_axis(profiles, window, axis=1), distance[window]
    quarters = [_fall(where, near, outside + part * height) for part in (0.75, 0.5, 0.25)]
    # A beam stop shades whole directions.
    good = np.isfinite(height) & (height > FAINT * np.nanmedian(height))
    return Edge(np.where(good, quarters[1], np.nan), np.where(good, quarters[2] - quarters[0], np.nan))


def ring_crest(distance: Real, profiles: Real) -> Edge:
    """The crest of each profile above the line between its ends: the centroid of its upper half."""
    eighth = max(1, len(distance) // 8)
    first, last = np.nanmedian(profiles[:, :eighth], axis=1), np.nanmedian(profiles[:, -eighth:], axis=1)
    along = (distance - distance[0]) / (distance[-1] - distance[0])
    excess = profiles - first[:, None] - np.outer(last - first, along)
    excess = np.where(np.isfinite(excess), excess, 0.0)
    height = excess.max(axis=1)
    upper = np.clip(excess - height[:, None] / 2, 0.0, None)
    weight = upper.sum(axis=1)
    radius = np.divide(upper @ distance, weight, out=np.full(len(weight), np.nan), where=weight > 0)
    radius = np.where(height > FAINT * np.median(height), radius, np.nan)
    return Edge(radius, np.count_nonzero(upper, axis=1) * (distance[1] - distance[0]))


def fit_ellipse(x: Real, y: Real) -> tuple[Real, Real, float]:
    """The ellipse through points, of which some may belong to something else.

    Parameters
    ----------
    x, y : ndarray
        Of the points.

    Returns
    -------
    centre : ndarray
        (x, y).
    matrix : ndarray
        2 × 2, symmetric, of determinant 1: takes (x, y) from the centre to a circle.
    radius : float
        Of that circle, which has the area of the ellipse.

    Raises
    ------
    ValueError
        The points lie on no ellipse.

    Notes
    -----
    Least squares of a·x² + b·x·y + c·y² + d·x + e·y = 1, reweighted by Tukey's bisquare of the distances.
    """
    weights = np.ones(len(x))
    scale = float(np.median(np.hypot(x, y)))
    u, v = x / scale, y / scale
    terms = np.stack([u * u, u * v, v * v, u, v], axis=1)
    for _ in range(REWEIGHTED):
        root = np.sqrt(weights)
        a, b, c, d, e = np.linalg.lstsq(terms * root[:, None], root)[0]
        quadratic = np.array([[a, b / 2], [b / 2, c]])
        centre = -np.linalg.solve(quadratic, [d / 2, e / 2])
        # (p − centre)ᵀ·Q·(p − centre) = 1 with Q the square of the matrix over the radius.
        scaled = quadratic / (1 + centre @ quadratic @ centre)
        values, vectors = np.linalg.eigh(scaled)
        if values[0] <= 0:
            raise ValueError("the points lie on no ellipse")
        root_matrix = (vectors * np.sqrt(values)) @ vectors.T
        radius = float(np.prod(values) ** -0.25)
        residual = np.hypot(*(root_matrix @ np.stack([u - centre[0], v - centre[1]]))) - 1
        deviation = 1.48 * np.median(np.abs(residual))
        if deviation < 1e-9:
            break
        if deviation > SCATTERED:
            raise ValueError("the points lie on no ellipse")
        weights = np.square(1 - np.minimum(np.abs(residual) / (BISQUARE * deviation), 1) ** 2)
    return centre * scale, root_matrix * radius, radius * scale


def _fall(distance: Real, profiles: Real, level: Real) -> Real:
    """Where each profile falls through its level for the first time; its own distances, NaN where it does not."""
    falls = (profiles[:, :-1] >= level[:, None]) & (profiles[:, 1:] < level[:, None])
    first = np.argmax(falls, axis=1)
    rows = np.arange(len(profiles))
    before, after = profiles[rows, first], profiles[rows, first + 1]
    step = before - after
    part = np.divide(before - level, step, out=np.zeros_like(step), where=step > 0)
    places = distance[rows, first] + part * (distance[rows, first + 1] - distance[rows, first])
    return np.where(falls.any(axis=1), places, np.nan)
