"""Numba kernels that take in patterns as they arrive; imported inside the functions that use them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["scatter"]

Array = NDArray[np.float64]


@njit(nogil=True, cache=True)
def scatter(phase: Array, along_y: Array, along_x: Array, start: int, y: Array, x: Array) -> None:
    """Add to ``phase`` the windows of vectors (y, x) at positions ``start``, ``start`` + 1, … counted row by row.

    ``along_y`` and ``along_x`` are the components of the kernel; what a window has beyond the border is left out, and a
    vector that is not finite adds nothing.
    """
    rows, columns = phase.shape
    reach = along_y.shape[0] // 2
    for k in range(len(y)):
        if not (np.isfinite(y[k]) and np.isfinite(x[k])):
            continue
        row, column = divmod(start + k, columns)
        left, right = max(column - reach, 0), min(column + reach + 1, columns)
        window = slice(left - column + reach, right - column + reach)
        for i in range(max(row - reach, 0), min(row + reach + 1, rows)):
            line = phase[i, left:right]
            from_y, from_x = along_y[i - row + reach, window], along_x[i - row + reach, window]
            for j in range(len(line)):
                line[j] += from_y[j] * y[k] + from_x[j] * x[k]
