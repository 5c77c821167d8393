"""Patterns that continue in another file."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.scan import Frames

__all__ = ["JoinedFrames"]


class JoinedFrames:
    """Several stacks of patterns of equal shape and dtype, one after another."""

    def __init__(self, parts: Sequence[Frames]) -> None:
        self._parts = parts
        self._ends = list(accumulate(part.shape[0] for part in parts))
        self.shape = (self._ends[-1], *parts[0].shape[1:])
        self.dtype = parts[0].dtype
        self.alignment = max(part.alignment for part in parts)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Patterns ``start … stop``, counted through all parts."""
        blocks = []
        for part, end in zip(self._parts, self._ends, strict=True):
            first = end - part.shape[0]
            if start < end and stop > first:
                blocks.append(part.read(max(start, first) - first, min(stop, end) - first))
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
