"""Where detectors lie: radii from angles, origins for every pattern, and masks as spans of columns.

A pixel belongs to a detector by its centre, inner ≤ r < outer, so that detectors that touch share no pixel and miss
none. Where detector pixels are not square, r is measured in pixels along kx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.scan import Scan4D

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = [
    "aspect_of",
    "check_ring",
    "edge_radius",
    "mask_spans",
    "mean_origin",
    "origin_list",
    "pixel_radius",
    "probe_radius",
    "rad_per_px",
    "row_sum_zero",
]


def row_sum_zero(dtype: np.dtype[Any]) -> Any:
    """A zero of the narrowest type in which a row or column of 65 536 pixels of ``dtype`` can be summed exactly."""
    if dtype.kind == "f":
        return np.float64(0)
    if dtype.kind not in "ui":
        raise UsageError(f"patterns of {dtype} cannot be summed; expected integers or real numbers")
    bits = 32 if dtype.itemsize <= 2 else 64
    return np.dtype(f"{dtype.kind}{bits // 8}").type(0)


def aspect_of(geometry: Geometry) -> float:
    """Height of a detector pixel over its width; 1 where nothing is known."""
    step = geometry.detector_step
    return 1.0 if step is None else step[0] / step[1]


def origin_list(scan: Scan4D, origin: DataArray | None) -> NDArray[np.float64]:
    """Origins (row, column) [px] as (number of patterns, 2); the middle of the detector where none is given."""
    count = scan.positions[0] * scan.positions[1]
    if origin is None:
        middle = [(pixels - 1) / 2 for pixels in scan.item_shape]
        return np.tile(np.array(middle), (count, 1))
    if origin.shape[1:] != scan.positions:
        raise UsageError(
            f"the origin is known at {origin.shape[1]} × {origin.shape[2]} positions, but {scan.title} has "
            f"{scan.positions[0]} × {scan.positions[1]}; find it on the same scan"
        )
    detector = tuple(origin.attrs.get("detector", scan.item_shape))
    if detector != scan.item_shape:
        raise UsageError(
            f"the origin is a place on patterns of {detector[0]} × {detector[1]} px, but those of {scan.title} have "
            f"{scan.item_shape[0]} × {scan.item_shape[1]}; find it after cropping and binning"
        )
    values = np.asarray(origin.values, np.float64)
    if not np.isfinite(values).all():
        raise UsageError("the origin is not finite at every position; use a fit over the scan in calibrate.origin")
    return np.ascontiguousarray(values.reshape(2, count).T)


def mean_origin(
    scan: Scan4D, origin: DataArray | None, rectangle: tuple[int, int, int, int] | None = None
) -> tuple[float, float]:
    """Mean origin (row, column) [px] of all patterns, or of those in a rectangle of scan positions.

    Parameters
    ----------
    scan : Scan4D
    origin : DataArray, optional
        The middle of the detector where none is given.
    rectangle : (int, int, int, int), optional
        First scan row, last row + 1, first column, last column + 1.
    """
    top, bottom, left, right = rectangle or (0, scan.positions[0], 0, scan.positions[1])
    here = origin_list(scan, origin).reshape(*scan.positions, 2)[top:bottom, left:right]
    y, x = here.reshape(-1, 2).mean(axis=0)
    return float(y), float(x)


def pixel_radius(name: str, angle: float | None, pixels: float | None, rad_per_px: float | None) -> float | None:
    """A radius in pixels from the parameter ``name`` [rad] or ``name_px``; None if neither is given.

    Raises
    ------
    UsageError
        Both are given, or an angle although that of a pixel is not known.
    """
    if angle is None:
        return pixels
    if pixels is not None:
        raise UsageError(f"`{name}` and `{name}_px` are both given; keep one of them")
    if rad_per_px is None:
        raise UsageError(
            f"`{name}` is an angle, but the detector is not calibrated: give `energy` and `detector_step` to io.open, "
            f"or `{name}_px` in place of `{name}`"
        )
    return angle / rad_per_px


def probe_radius(geometry: Geometry) -> float | None:
    """Radius of the unscattered beam's disc [px along kx]; None where geometry does not say."""
    if geometry.semiangle is None or geometry.detector_angle is None:
        return None
    return geometry.semiangle / geometry.detector_angle[1]


def rad_per_px(geometry: Geometry) -> float | None:
    """Angle of a detector pixel along kx [rad]; None where geometry does not say."""
    return None if geometry.detector_angle is None else geometry.detector_angle[1]


def edge_radius(scan: Scan4D, centres: NDArray[np.float64]) -> float:
    """Radius [px] of the largest circle about the mean centre that lies on the detector."""
    (rows, columns), (y, x) = scan.item_shape, centres.mean(axis=0)
    aspect = aspect_of(scan.geometry)
    return float(max(0.0, min(aspect * (y + 0.5), aspect * (rows - 0.5 - y), x + 0.5, columns - 0.5 - x)))


def check_ring(scan: Scan4D, centres: NDArray[np.float64], inner: float, outer: float, name: str) -> None:
    """Raise unless some of the ring inner ≤ r < outer lies on the detector."""
    (rows, columns), (y, x) = scan.item_shape, centres.mean(axis=0)
    aspect = aspect_of(scan.geometry)
    corner = float(np.hypot(aspect * max(y, rows - 1 - y), max(x, columns - 1 - x)))
    if inner > corner:
        raise UsageError(
            f"{name} begins at {inner:.1f} px from its centre, outside of the patterns of {rows} × {columns} px, whose "
            f"farthest corner is at {corner:.1f} px; give a smaller inner radius"
        )
    if inner >= outer:
        raise UsageError(
            f"{name} is empty: it begins at {inner:.1f} px and ends at {outer:.1f} px from its centre (the largest "
            f"circle on the patterns has {edge_radius(scan, centres):.1f} px); give other radii"
        )
    nearest = float(np.hypot(aspect * max(-y, y - rows + 1, 0.0), max(-x, x - columns + 1, 0.0)))
    if nearest >= outer:
        raise UsageError(
            f"{name} lies outside of the patterns of {rows} × {columns} px: its centre is at row {y:.1f}, column "
            f"{x:.1f}, its radius is {outer:.1f} px; move it"
        )


def mask_spans(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The covered pixels of a mask (ky, kx) as rows (row, first column, last column + 1)."""
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(np.int8)
    turns = np.diff(padded, axis=1)
    rows, starts = np.nonzero(turns == 1)
    stops = np.nonzero(turns == -1)[1]
    return np.stack([rows, starts, stops], axis=1).astype(np.int64)
