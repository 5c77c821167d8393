"""Axes of values as files describe them: a name, a step, an offset and a unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graph4d_nodes.scan import Scan4D

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["Axis", "axes_of"]


@dataclass(frozen=True)
class Axis:
    """One axis of an array, evenly spaced."""

    name: str
    size: int
    step: float
    offset: float
    unit: str


def axes_of(value: DataArray | Scan4D) -> list[Axis]:
    """The axes of a value, slowest first; one without numbers along it counts its pixels."""
    import xarray as xr

    coords: Mapping[Any, Any] = xr.Dataset(coords=value.coords).coords if isinstance(value, Scan4D) else value.coords
    axes = []
    for dim, size in zip(value.dims, value.shape, strict=True):
        places, unit = np.arange(size), "px"
        if dim in coords and coords[dim].dtype.kind in "iuf":
            places, unit = coords[dim].values, str(coords[dim].attrs.get("units", "1"))
        step = float(places[-1] - places[0]) / (size - 1) if size > 1 else 1.0
        step = float(f"{step:.12g}")  # 0.1 again, not what differences of its multiples leave of it
        axes.append(Axis(str(dim), size, step, float(places[0]) if size else 0.0, unit))
    return axes
