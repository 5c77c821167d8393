"""Types of values and parameters of 4D-STEM that are not general enough for the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from graph4d.marks import Range
from graph4d.types import ValueType
from graph4d.units import Energy, Frequency, Length, Unit

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["BeamEnergy", "DetectorStep", "Origin", "RadialSums", "Rotation", "Sampling"]

Origin = Annotated["DataArray", ValueType("Origin", ("component", "y", "x"), unit="px")]
"""Where the unscattered beam falls on the detector, as (row, column) in detector pixels, at every scan position."""
RadialSums = Annotated["DataArray", ValueType("RadialSums", ("y", "x", "radius"))]
"""Counts within each radius of the origin, at every scan position; ``radius`` is the coordinate of the edges."""
Rotation = Annotated[float, Unit("rad", "deg")]
"""An angle in the plane, shown in degrees; positive is clockwise on screen."""
BeamEnergy = Annotated[Energy, Range(1e3)]
"""Kinetic energy of the beam's electrons."""
Sampling = Annotated[Length, Range(1e-3)]
"""Distance of scan positions or pixels: one of zero would make every angle and gradient infinite."""
DetectorStep = Annotated[Frequency, Range(1e-7)]
"""Size of a detector pixel, without 2π."""
