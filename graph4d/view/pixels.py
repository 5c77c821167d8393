"""What of a map goes to the screen: its axes, at most so many pixels, and the limits of its contrast."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graph4d.view.quantity import shown_unit

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["Axis", "Map", "block_means", "full_range", "map_of", "percentile_limits", "sample", "to_send"]

SAMPLE = 1 << 16
"""Percentiles are taken of about as many values."""
MAX_SIDE = 1024
"""More pixels than this along a side are binned before they are sent."""


@dataclass(frozen=True)
class Axis:
    """One axis of a map, in the unit it is shown in.

    Parameters
    ----------
    start, stop : float
        Outer edges of the first and the last pixel.
    unit : str
        As it is printed; ``px`` for an axis without calibration.
    count : int
        Pixels.
    """

    start: float
    stop: float
    unit: str
    count: int

    @property
    def extent(self) -> float:
        """Length."""
        return self.stop - self.start

    @property
    def step(self) -> float:
        """Size of a pixel, without sign."""
        return abs(self.extent) / self.count


@dataclass(frozen=True)
class Map:
    """What of a map is shown.

    Parameters
    ----------
    values : ndarray (…, rows, columns)
        After binning.
    rows, columns : Axis
        In one unit if the coordinates are of one kind.
    binning : int
        How many pixels went into one along each axis.
    """

    values: NDArray[Any]
    rows: Axis
    columns: Axis
    binning: int

    @property
    def note(self) -> str:
        """What a title must say of it: empty if every pixel is sent."""
        return f"binned {self.binning}×" if self.binning > 1 else ""


def map_of(value: DataArray, *, side: int = MAX_SIDE, average: bool = True) -> Map:
    """The map to be shown of a value (…, rows, columns).

    Parameters
    ----------
    value : DataArray
        A dimension without coordinates counts in pixels.
    side : int
        No side becomes longer; what is longer is binned, and pixels that do not fill a last block are left out.
    average : bool
        Blocks become their mean; otherwise their first pixel, as befits labels.
    """
    factor = max(1, -(-max(value.shape[-2:]) // side))
    if factor > 1:
        y, x = value.dims[-2:]
        value = value.isel({dim: slice(0, max(1, value.sizes[dim] // factor) * factor) for dim in (y, x)})
    rows, columns = _axes(value, factor)
    values = _real(np.asarray(value.values))
    if factor > 1:
        values = block_means(values, factor) if average else values[..., ::factor, ::factor]
    return Map(values, rows, columns, factor)


def _axes(value: DataArray, factor: int) -> tuple[Axis, Axis]:
    dims = [str(dim) for dim in value.dims[-2:]]
    edges = [_edges(value, dim) for dim in dims]
    longest = max(abs(stop - start) for start, stop, _ in edges)
    rows, columns = (
        Axis(start * size, stop * size, text, max(1, value.sizes[dim] // factor))
        for dim, (start, stop, unit) in zip(dims, edges, strict=True)
        for size, text in [shown_unit(longest, unit)]
    )
    return rows, columns


def _edges(value: DataArray, dim: str) -> tuple[float, float, str]:
    count = value.sizes[dim]
    if dim not in value.coords:
        return -0.5, count - 0.5, "px"
    coordinate = value.coords[dim]
    places = np.asarray(coordinate.values, np.float64)
    step = float(places[-1] - places[0]) / (count - 1) if count > 1 else 1.0
    return float(places[0]) - step / 2, float(places[-1]) + step / 2, str(coordinate.attrs.get("units", "px"))


def block_means(values: NDArray[Any], factor: int) -> NDArray[np.floating[Any]]:
    """Means over square blocks of the last two axes; NaN do not count, and a block of nothing else is NaN.

    Parameters
    ----------
    values : ndarray (…, rows, columns)
        Sides are multiples of ``factor``, or shorter than it.
    factor : int
        Side of a block.
    """
    rows, columns = values.shape[-2:]
    height, width = min(factor, rows), min(factor, columns)
    blocks = values.reshape(*values.shape[:-2], rows // height, height, columns // width, width)
    if values.dtype.kind != "f":
        return np.asarray(blocks.mean(axis=(-3, -1)))
    valid = ~np.isnan(blocks)
    total = np.where(valid, blocks, 0).sum(axis=(-3, -1), dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / valid.sum(axis=(-3, -1)))


def to_send(values: NDArray[Any]) -> NDArray[Any]:
    """The values as they travel to the browser: uint8 where they are that, else float32."""
    return np.ascontiguousarray(values, dtype=np.uint8 if values.dtype == np.uint8 else np.float32)


def _real(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers that have an order: the modulus of complex ones, 0 and 1 for false and true."""
    if values.dtype.kind == "c":
        return np.asarray(np.abs(values))
    return values.astype(np.uint8) if values.dtype.kind == "b" else values


def percentile_limits(values: NDArray[Any], low: float = 1.0, high: float = 99.0) -> tuple[float, float]:
    """Percentiles of the finite values, kept apart so that a constant map has a colour too."""
    some = sample(values)
    if some.size == 0:
        return 0.0, 1.0
    bottom, top = (float(limit) for limit in np.percentile(some, (low, high)))
    return (bottom, top) if top > bottom else full_range(values)


def full_range(values: NDArray[Any]) -> tuple[float, float]:
    """Least and greatest finite value, kept apart so that a constant map has a colour too."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    bottom, top = float(finite.min()), float(finite.max())
    return (bottom, top) if top > bottom else (bottom, bottom + (abs(bottom) or 1.0))


def sample(values: NDArray[Any]) -> NDArray[Any]:
    """The finite ones among the values, or among every n-th of very many: contrast need not know them all.

    Parameters
    ----------
    values : ndarray (…, columns)
    """
    step = max(1, values.size // SAMPLE)
    while math.gcd(step, values.shape[-1]) > 1 and step > 1:  # else it would see the same columns in every row
        step += 1
    some = values.reshape(-1)[::step]
    return np.asarray(some[np.isfinite(some)])
