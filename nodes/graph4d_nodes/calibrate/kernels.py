"""Numba kernels of calibrations over blocks of patterns (n, ky, kx)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["brightest_window", "resampled"]

Array = NDArray[Any]


@njit(nogil=True, cache=True)
def brightest_window(block: Array, out: Array, cell: int, height: int, width: int, zero: Any) -> None:
    """Centre (row, column) of the window with most counts in every pattern, to within half a cell: ``out[k, :2]``.

    The window has height × width cells of cell × cell pixels; ``zero`` is one of the type in which a cell is summed.
    """
    n, rows, columns = block.shape
    down, across = -(-rows // cell), -(-columns // cell)
    height, width = min(height, down), min(width, across)
    wide = type(zero)
    sums = np.empty(columns, type(zero))
    # table[i, j] is the sum of all cells above i and left of j.
    table = np.zeros((down + 1, across + 1), np.float64)
    for k in range(n):
        for i in range(down):
            sums[:] = zero
            for y in range(i * cell, min((i + 1) * cell, rows)):
                row = block[k, y]
                for x in range(columns):
                    sums[x] = wide(sums[x] + wide(row[x]))
            so_far = 0.0
            for j in range(across):
                for x in range(j * cell, min((j + 1) * cell, columns)):
                    so_far += float(sums[x])
                table[i + 1, j + 1] = table[i, j + 1] + so_far
        best, top, left = -np.inf, 0, 0
        for i in range(down - height + 1):
            for j in range(across - width + 1):
                counts = table[i + height, j + width] - table[i, j + width] - table[i + height, j] + table[i, j]
                if counts > best:
                    best, top, left = counts, i, j
        out[k, 0] = (top + height / 2) * cell - 0.5
        out[k, 1] = (left + width / 2) * cell - 0.5


@njit(nogil=True, cache=True)
def resampled(block: Array, corners: Array, weights: Array, out: Array) -> None:
    """Each pattern at other places of its own, interpolated linearly.

    ``corners`` has the flat index of the pixel above and to the left of each place, and ``weights`` those of this
    pixel, the one to its right, and the two below them.
    """
    n, height, width = block.shape
    for k in range(n):
        pixels, drawn = block[k].reshape(height * width), out[k].reshape(height * width)
        for p in range(height * width):
            i, w = corners[p], weights[p]
            drawn[p] = w[0] * pixels[i] + w[1] * pixels[i + 1] + w[2] * pixels[i + width] + w[3] * pixels[i + width + 1]
