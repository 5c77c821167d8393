"""``calibrate.origin``: where the unscattered beam falls on the detector, at every scan position."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from graph4d import Angle, Over, Range, UsageError, node, per_pattern
from graph4d_nodes.calibrate.disc import estimated_disc
from graph4d_nodes.calibrate.surface import fit_surface
from graph4d_nodes.image.detectors import aspect_of, pixel_radius, probe_radius, rad_per_px, row_sum_zero
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.types import Origin
from graph4d_nodes.values import vector_field

__all__ = ["find_origin"]

REACH = 1.2
"""Radius, in radii of the disc, within which the centre of mass is taken."""
ROUNDS = 3
"""Times the circle for the centre of mass follows the centre that it gave."""


@node("calibrate.origin")
def find_origin(
    scan: Scan4D,
    *,
    fit: Literal["plane", "constant", "parabola", "none"] = "plane",
    radius: Angle | None = None,
    radius_px: Annotated[float, Range(0.5)] | None = None,
) -> Over[Scan4D, Origin]:
    """Origin of every pattern, from the bright disc, smoothed over the scan.

    In every pattern the square window of the disc's area with most counts is found; the centre of mass within 1.2 disc
    radii of it is the origin of that pattern. As the sample moves these centres and descan moves them smoothly, a
    surface is fitted over the scan, robustly: few positions with a strong deflection do not bend it.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx).
    fit : {"plane", "constant", "parabola", "none"}
        What is fitted over the scan; "none" keeps the origin of every pattern.
    radius : float, optional
        Of the bright disc [rad]; by default the convergence semi-angle, and if that or the calibration of the detector
        is not known, the radius is estimated from a few patterns.
    radius_px : float, optional
        The same in detector pixels along kx.

    Returns
    -------
    Origin
        (component, y, x): row and column [px]; the attribute ``detector`` has the rows and columns of the patterns in
        which these are, so that they are not taken for places on a cropped or binned detector.

    Raises
    ------
    UsageError
        There are no counts in any pattern, or the radius is an angle but the detector is not calibrated.
    """
    from graph4d_nodes.calibrate.kernels import brightest_window
    from graph4d_nodes.image.kernels import moments

    zero, aspect = row_sum_zero(scan.dtype), aspect_of(scan.geometry)
    disc = pixel_radius("radius", radius, radius_px, rad_per_px(scan.geometry)) or probe_radius(scan.geometry)
    if disc is None:
        disc = estimated_disc(scan)
    cell = max(1, int(disc / 4))
    side = disc * np.sqrt(np.pi) / cell
    window = max(1, round(side / aspect)), max(1, round(side))

    def locate(block: NDArray[Any], out: NDArray[np.float64]) -> None:
        brightest_window(block, out, cell, *window, zero)
        sums = np.empty((len(block), 3))
        for _ in range(ROUNDS):
            moments(block, sums, out, REACH * disc, aspect, zero)
            lit = (sums[:, 0] > 0) & np.isfinite(sums[:, 0])
            out[lit] = sums[lit, 1:] / sums[lit, :1]
        out[~lit] = np.nan

    def finish(centres: NDArray[np.float64]) -> Origin:
        origin = vector_field(_smooth(centres, fit), scan.geometry, "px", "origin")
        return origin.assign_attrs(detector=list(scan.item_shape))

    return per_pattern(locate, finish=finish, shape=(2,))


def _smooth(centres: NDArray[np.float64], fit: str) -> NDArray[np.float64]:
    """Origins (2, y, x) from those of single patterns (y, x, 2), NaN where there were no counts."""
    known = np.isfinite(centres[..., 0])
    if not known.any():
        raise UsageError(
            "no pattern has any counts, or all have pixels that are no finite numbers, so the origin cannot be found; "
            "check the file and its dataset, or repair it with scan.hot_pixels"
        )
    if fit == "none":
        filled = np.where(known[..., None], centres, centres[known].mean(axis=0))
        return np.moveaxis(filled, -1, 0)
    return fit_surface(centres, known, {"constant": 0, "plane": 1, "parabola": 2}[fit])
