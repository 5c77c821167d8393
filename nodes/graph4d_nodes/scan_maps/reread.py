"""A scan as the recording of another one: for maps that rearrange positions and so begin a pass of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.scan import Scan4D

__all__ = ["Reread"]


@dataclass(frozen=True, eq=False)
class Reread:
    """The patterns of ``scan`` in the order of its positions; see :class:`graph4d_nodes.scan.Frames`."""

    scan: Scan4D

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of patterns, rows and columns of a pattern."""
        rows, columns = self.scan.positions
        return (rows * columns, *self.scan.item_shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the patterns."""
        return self.scan.dtype

    @property
    def alignment(self) -> int:
        """Patterns that are stored together."""
        return self.scan.alignment

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Patterns ``start … stop``."""
        return self.scan.read(start, stop)
