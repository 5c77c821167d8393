"""A part of the items of a stack, evenly spread, for previews: one of each block of n positions along every axis."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Items", "gather", "sampled", "spread"]

Items = slice | NDArray[np.intp]
"""Numbers of items: a stretch, or one by one."""


def sampled(positions: Sequence[int], every: int) -> NDArray[np.intp]:
    """Numbers of the items in the middle of their blocks of ``every`` positions along each axis, in C order."""
    grid = np.arange(prod(positions), dtype=np.intp).reshape(tuple(positions))
    return grid[np.ix_(*(_middles(size, every) for size in positions))].ravel()


def spread(values: NDArray[Any], positions: Sequence[int], every: int) -> NDArray[Any]:
    """Give all positions of a block the value of its middle.

    Parameters
    ----------
    values : ndarray (number of items, …)
        Known for the items that :func:`sampled` names.
    positions : sequence of int
    every : int

    Returns
    -------
    ndarray
        Of the same shape.
    """
    grid = values.reshape(*positions, *values.shape[1:])
    for axis, size in enumerate(positions):
        nearest = _middles(size, every)[np.arange(size) // every]
        grid = np.take(grid, nearest, axis)
    return grid.reshape(values.shape)


def gather(read: Any, items: NDArray[np.intp], alignment: int) -> NDArray[Any]:
    """Read items that do not follow each other, as one block.

    Items that are stored together are read together, and nothing else is read.
    """
    if alignment == 1:
        return np.concatenate([read(int(item), int(item) + 1) for item in items])
    blocks = []
    chunks = items // alignment
    for chunk in np.unique(chunks):
        wanted = items[chunks == chunk]
        block = read(int(wanted[0]), int(wanted[-1]) + 1)
        blocks.append(block[wanted - wanted[0]])
    return np.concatenate(blocks)


def _middles(size: int, every: int) -> NDArray[np.intp]:
    starts = np.arange(0, size, every, dtype=np.intp)
    return np.minimum(starts + every // 2, size - 1)
