"""What a file format gives: patterns in the order in which they were recorded, and what the file says about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graph4d_nodes.geometry import Geometry
from graph4d_nodes.scan import Frames

__all__ = ["Recording"]


@dataclass(frozen=True)
class Recording:
    """An opened file of diffraction patterns, none of which has been read.

    Parameters
    ----------
    frames : Frames
        The patterns.
    positions : (int, int), optional
        Scan rows and columns; None where the file does not say.
    geometry : Geometry
        Calibrations found in the file.
    metadata : mapping
        Further facts worth showing: text and numbers.
    """

    frames: Frames
    positions: tuple[int, int] | None = None
    geometry: Geometry = field(default_factory=Geometry)
    metadata: Mapping[str, Any] = field(default_factory=dict)
