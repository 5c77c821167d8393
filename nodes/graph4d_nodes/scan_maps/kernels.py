"""Compiled loops of the scan maps; imported where they are used, for compiling costs time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["add_groups", "bin_patterns"]


@njit(nogil=True, cache=True)
def bin_patterns(block: NDArray[Any], out: NDArray[Any], factor: int) -> None:
    """Fill ``out`` (n, ky, kx) with sums over squares of ``factor`` × ``factor`` pixels of ``block``."""
    n, rows, columns = out.shape
    wide = out.dtype.type
    # Rows are added first: that loop vectorises, and leaves little for the one that cannot.
    sums = np.empty(columns * factor, out.dtype)
    for i in range(n):
        for y in range(rows):
            sums[:] = 0
            for dy in range(factor):
                row = block[i, y * factor + dy]
                for x in range(len(sums)):
                    sums[x] = wide(sums[x] + wide(row[x]))
            for x in range(columns):
                total = sums[x * factor]
                for dx in range(1, factor):
                    total = wide(total + sums[x * factor + dx])
                out[i, y, x] = total


@njit(nogil=True, cache=True)
def add_groups(block: NDArray[Any], out: NDArray[Any], factor: int) -> None:
    """Add each ``factor`` patterns of ``block`` that follow each other to one of ``out`` (n, ky, kx)."""
    for i in range(block.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                out[i // factor, y, x] += block[i, y, x]
