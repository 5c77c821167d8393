"""``calibrate.ellipse``: how far the projector lenses make ellipses of circles."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np

from graph4d import Metrics, Pattern, Range, UsageError, node
from graph4d_nodes.calibrate.detector_axes import Axes, axes_of
from graph4d_nodes.calibrate.disc import disc_start
from graph4d_nodes.calibrate.edge import Edge, Ellipse, disc_edge, follow, ring_crest
from graph4d_nodes.values import metrics

__all__ = ["find_ellipse"]


@node("calibrate.ellipse")
def find_ellipse(
    pattern: Pattern,
    *,
    feature: Literal["disc", "ring"] = "disc",
    inner_px: Annotated[float, Range(0)] | None = None,
    outer_px: Annotated[float, Range(1)] | None = None,
) -> Metrics:
    """The ellipse that the bright disc, or a diffraction ring, makes on the detector.

    Parameters
    ----------
    pattern : Pattern
        (ky, kx), usually the mean of a scan. Directions in which nothing is seen take no part, nor does what lies far
        off the ellipse.
    feature : {"disc", "ring"}
        The edge of the bright disc; or the crest of a ring of an amorphous or polycrystalline sample.
    inner_px, outer_px : float, optional
        Radii from the centre of the bright disc [px along kx] between which the ring lies, alone.

    Returns
    -------
    Metrics
        ``ratio`` of the longer axis to the shorter [1]; ``azimuth`` of the longer one on the detector, clockwise on
        screen from kx [deg]; ``row``, ``column`` [px] of the centre; ``radius`` [px along kx] of the circle with the
        same area; ``seen`` [1], the part of all directions that took part; and the matrix ``xx, xy, yx, yy`` [1] that
        takes a vector (x, y) from the centre to where it would lie without distortion: see calibrate.round.

    Raises
    ------
    UsageError
        The limits of the ring are missing or enclose nothing, or neither edge nor crest is seen.
    """
    axes = axes_of(pattern)
    try:
        ellipse, edge = _disc(axes) if feature == "disc" else _ring(axes, inner_px, outer_px)
    except ValueError as error:
        remedy = "give the mean of more patterns" + (", or other limits" if feature == "ring" else "")
        raise UsageError(f"no {feature} is found in the pattern: {error}; {remedy}") from error
    (xx, xy), (yx, yy) = ellipse.matrix
    return metrics(
        {
            "ratio": (ellipse.ratio, "1"),
            "azimuth": (math.degrees(ellipse.azimuth), "deg"),
            "row": (ellipse.row, "px"),
            "column": (ellipse.column, "px"),
            "radius": (ellipse.radius, "px"),
            "seen": (float(np.mean(np.isfinite(edge.radius))), "1"),
            **{name: (number, "1") for name, number in (("xx", xx), ("xy", xy), ("yx", yx), ("yy", yy))},
        }
    )


def _disc(axes: Axes) -> tuple[Ellipse, Edge]:
    centre, radius = disc_start(axes.values, axes.aspect)
    return follow(axes.values, centre, (0.5 * radius, 1.5 * radius), axes.aspect, disc_edge)


def _ring(axes: Axes, inner: float | None, outer: float | None) -> tuple[Ellipse, Edge]:
    if inner is None or outer is None:
        raise UsageError("a ring is looked for between two radii; give `inner_px` and `outer_px`")
    if outer < inner + 2:
        raise UsageError(f"there is no room for a ring between {inner:g} px and {outer:g} px; give other radii")
    centre, _ = disc_start(axes.values, axes.aspect)
    return follow(axes.values, centre, (inner, outer), axes.aspect, ring_crest)
