"""Compiled loops of the scan maps; imported where they are used, for compiling costs time."""

from __future__ import annotations

from typing import Any

from numba import njit
from numpy.typing import NDArray

__all__ = ["add_groups", "bin_patterns"]


@njit(nogil=True, cache=True)
def bin_patterns(block: NDArray[Any], out: NDArray[Any], factor: int) -> None:
    """Fill ``out`` (n, ky, kx) with sums over squares of ``factor`` × ``factor`` pixels of ``block``."""
    for i in range(out.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                out[i, y, x] = 0
                for dy in range(factor):
                    for dx in range(factor):
                        out[i, y, x] += block[i, y * factor + dy, x * factor + dx]


@njit(nogil=True, cache=True)
def add_groups(block: NDArray[Any], out: NDArray[Any], factor: int) -> None:
    """Add each ``factor`` patterns of ``block`` that follow each other to one of ``out`` (n, ky, kx)."""
    for i in range(block.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                out[i // factor, y, x] += block[i, y, x]
