"""Cumulative radial sums: seen once, they give every annulus by one subtraction."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from graph4d import Angle, Image, Over, Range, UsageError, node, per_pattern
from graph4d_nodes.image.detectors import aspect_of, origin_list, pixel_radius, rad_per_px, row_sum_zero
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.types import Origin, RadialSums
from graph4d_nodes.values import scan_coords

__all__ = ["annulus", "cumulative_radial_sums"]


@node("image.radial_sums")
def cumulative_radial_sums(
    scan: Scan4D, origin: Origin | None = None, *, width: Annotated[float, Range(0.1, 64)] = 1.0
) -> Over[Scan4D, RadialSums]:
    """Counts within every radius of the origin, at every position; ``image.annulus`` makes images of them.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx).
    origin : Origin, optional
        Centre at every position [px]; by default the middle of the recorded pattern.
    width : float
        Distance of radii [detector pixels along kx].

    Returns
    -------
    RadialSums
        (y, x, radius) in counts: of the pixels with centres at r < radius, for radius = 0, width, 2·width … up to the
        farthest corner. uint32 where that cannot overflow, else float64; exact for integers either way.
    """
    from graph4d_nodes.image import kernels

    origins, aspect = origin_list(scan, origin), aspect_of(scan.geometry)
    # One radius beyond the farthest pixel centre, whose distance must be below the last one.
    count = int(_farthest(scan.item_shape, origins, aspect) / width) + 2
    radii = np.arange(count) * width
    attrs: dict[str, Any] = {"units": "counts"}
    if (angle := rad_per_px(scan.geometry)) is not None:
        attrs["rad_per_px"] = angle

    def finish(sums: NDArray[Any]) -> RadialSums:
        import xarray as xr

        coords = {**scan_coords(scan.geometry, *scan.positions), "radius": ("radius", radii, {"units": "px"})}
        return xr.DataArray(sums, dims=("y", "x", "radius"), coords=coords, attrs=attrs, name="radial sums")

    return per_pattern(
        kernels.radial_sums, aspect, width, finish=finish, shape=(count,), dtype=_sum_dtype(scan), along=[origins]
    )


@node("image.annulus")
def annulus(
    sums: RadialSums,
    *,
    inner: Angle | None = None,
    outer: Angle | None = None,
    inner_px: Annotated[float, Range(0)] | None = None,
    outer_px: Annotated[float, Range(0)] | None = None,
) -> Image:
    """Image of the counts in an annulus, from cumulative radial sums.

    Both radii go to the nearest one for which the sums are known, and the result says in its attributes
    ``inner_px`` and ``outer_px`` which; there it equals the annulus of ``image.virtual`` exactly.

    Parameters
    ----------
    sums : RadialSums
        (y, x, radius).
    inner, outer : float, optional
        Radii as angles [rad]; 0 and all of the detector by default.
    inner_px, outer_px : float, optional
        The same in detector pixels along kx.

    Returns
    -------
    Image
        (y, x), float64, in counts.

    Raises
    ------
    UsageError
        A radius is an angle but the detector is not calibrated, or no counts can lie between the two.
    """
    radii = np.asarray(sums.coords["radius"].values, np.float64)
    angle = sums.attrs.get("rad_per_px")
    low = _nearest(radii, pixel_radius("inner", inner, inner_px, angle), 0)
    high = _nearest(radii, pixel_radius("outer", outer, outer_px, angle), len(radii) - 1)
    if low >= high:
        raise UsageError(
            f"no annulus from {radii[low]:g} to {radii[high]:g} px in radial sums {radii[1]:g} px apart, up to "
            f"{radii[-1]:g} px; move the radii apart, or give image.radial_sums a smaller `width`"
        )
    counts = sums.values[..., high].astype(np.float64) - sums.values[..., low]
    result = sums.isel(radius=0, drop=True).copy(data=counts).rename("annulus")
    result.attrs = {"units": "counts", "inner_px": float(radii[low]), "outer_px": float(radii[high])}
    return result


def _nearest(radii: NDArray[np.float64], radius: float | None, default: int) -> int:
    return default if radius is None else int(np.argmin(np.abs(radii - radius)))


def _farthest(shape: tuple[int, int], origins: NDArray[np.float64], aspect: float) -> float:
    """Largest distance [px] of a pixel centre from its origin."""
    y, x = (np.maximum(origins[:, axis], shape[axis] - 1 - origins[:, axis]) for axis in (0, 1))
    return float(np.hypot(aspect * y, x).max())


def _sum_dtype(scan: Scan4D) -> np.dtype[Any]:
    row_sum_zero(scan.dtype)
    pixels = scan.item_shape[0] * scan.item_shape[1]
    if scan.dtype.kind == "u" and pixels * int(np.iinfo(scan.dtype).max) < 2**32:
        return np.dtype(np.uint32)
    return np.dtype(np.float64)
