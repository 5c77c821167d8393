"""Value types of 4D-STEM that are not general enough for the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from graph4d.types import ValueType
from graph4d.units import Unit

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["Origin", "RadialSums", "Rotation"]

Origin = Annotated["DataArray", ValueType("Origin", ("component", "y", "x"), unit="px")]
"""Where the unscattered beam falls on the detector, as (row, column) in detector pixels, at every scan position."""
RadialSums = Annotated["DataArray", ValueType("RadialSums", ("y", "x", "radius"))]
"""Counts within each radius of the origin, at every scan position; ``radius`` is the coordinate of the edges."""
Rotation = Annotated[float, Unit("rad", "deg")]
"""An angle in the plane, shown in degrees; positive is clockwise on screen."""
