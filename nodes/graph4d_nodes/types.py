"""Types of values and parameters of 4D-STEM that are not general enough for the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from graph4d.marks import Range
from graph4d.types import ValueType
from graph4d.units import Energy, Frequency, Length, Unit

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = [
    "Aberrations",
    "BeamEnergy",
    "BrightField",
    "Curve",
    "DetectorStep",
    "Orientation",
    "Origin",
    "RadialSums",
    "Rotation",
    "Sampling",
    "Structure",
]

_METRICS = ValueType("Metrics", (), "dataset")


Origin = Annotated["DataArray", ValueType("Origin", ("component", "y", "x"), unit="px")]
"""Where the unscattered beam falls on the detector, as (row, column) in detector pixels, at every scan position."""
RadialSums = Annotated["DataArray", ValueType("RadialSums", ("y", "x", "radius"))]
"""Counts within each radius of the origin, at every scan position; ``radius`` is the coordinate of the edges."""
BrightField = Annotated["DataArray", ValueType("BrightField", ("y", "x", "pixel"))]
"""Counts of the detector's pixels inside the bright-field disc, at every scan position; see ``image.bright_field``."""
Curve = Annotated["DataArray", ValueType("Curve", ("frequency",))]
"""A number for each spatial frequency, of all directions together."""
Orientation = Annotated["Dataset", ValueType("Orientation", (), "dataset", parent=_METRICS)]
"""How the detector lies under the scan: a matrix ``xx, xy, yx, yy``, what it means, and how sure that is."""
Aberrations = Annotated["Dataset", ValueType("Aberrations", (), "dataset", parent=_METRICS)]
"""Coefficients of the lens, ``c10`` [Å], ``phi12`` [rad] and so on; see :mod:`graph4d_nodes.optics.aberrations`."""
Structure = Annotated["Dataset", ValueType("Structure", ("atom",), "dataset")]
"""Atoms in a box: ``number`` (Z) and ``x, y, z`` [Å] along ``atom``; attribute ``box``: (x, y, z) [Å]."""
Rotation = Annotated[float, Unit("rad", "deg")]
"""An angle in the plane, shown in degrees; positive is clockwise on screen."""
BeamEnergy = Annotated[Energy, Range(1e3)]
"""Kinetic energy of the beam's electrons."""
Sampling = Annotated[Length, Range(1e-3)]
"""Distance of scan positions or pixels: one of zero would make every angle and gradient infinite."""
DetectorStep = Annotated[Frequency, Range(1e-7)]
"""Size of a detector pixel, without 2π."""
