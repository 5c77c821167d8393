"""``image.pattern``: the diffraction pattern at a scan position, or the mean over a rectangle of positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph4d import Pattern, UsageError, node, report_progress
from graph4d_nodes.image.detectors import mean_origin, row_sum_zero
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.types import Origin
from graph4d_nodes.values import pattern

__all__ = ["pattern_at"]

Position = tuple[int, int]
Rectangle = tuple[int, int, int, int]

BLOCK_BYTES = 16 << 20
"""Read at a time, so that a rectangle may be larger than the memory."""


@node("image.pattern")
def pattern_at(
    scan: Scan4D,
    origin: Origin | None = None,
    *,
    position: Position | None = None,
    rectangle: Rectangle | None = None,
) -> Pattern:
    """The pattern at one scan position, or the mean of those in a rectangle; no others are read.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx).
    origin : Origin, optional
        Where the axes are zero, over a rectangle its mean there; the middle of the detector by default. Patterns are
        not shifted.
    position : (int, int), optional
        Scan row and column.
    rectangle : (int, int, int, int), optional
        First scan row, last row + 1, first column, last column + 1, in place of a position.

    Returns
    -------
    Pattern
        (ky, kx) in counts: at a position in the scan's own dtype; over a rectangle float64, of the exact sum where
        patterns are integers.

    Raises
    ------
    UsageError
        Neither or both are given, or they do not lie in the scan.
    """
    rows, columns = scan.positions
    if position is None and rectangle is not None:
        top, bottom, left, right = rectangle
        if not (0 <= top < bottom <= rows and 0 <= left < right <= columns):
            raise UsageError(f"rectangle {list(rectangle)} does not lie in a scan of {rows} × {columns} positions")
        middle = mean_origin(scan, origin, rectangle)
        return pattern(_mean(scan, rectangle), scan.geometry, "counts", "mean pattern", middle)
    if position is None or rectangle is not None:
        raise UsageError(
            "give either `position: [row, column]` or `rectangle: [first row, last row + 1, first column, "
            "last column + 1]`, in scan positions"
        )
    row, column = position
    if not (0 <= row < rows and 0 <= column < columns):
        raise UsageError(f"position {list(position)} does not lie in a scan of {rows} × {columns} positions")
    middle = mean_origin(scan, origin, (row, row + 1, column, column + 1))
    return pattern(scan.pattern(row, column), scan.geometry, "counts", "pattern", middle)


def _mean(scan: Scan4D, rectangle: Rectangle) -> NDArray[np.float64]:
    from graph4d_nodes.image.kernels import add_patterns

    top, bottom, left, right = rectangle
    columns = scan.positions[1]
    total = np.zeros(scan.item_shape, f"{row_sum_zero(scan.dtype).dtype.kind}8")
    # One pattern is added after the other, so that the size of blocks does not show in the sum of floats.
    size = max(1, BLOCK_BYTES // max(1, total.size * scan.dtype.itemsize))
    for row in range(top, bottom):
        for start in range(left, right, size):
            stop = min(start + size, right)
            add_patterns(total, np.ascontiguousarray(scan.read(row * columns + start, row * columns + stop)))
        report_progress((row + 1 - top) / (bottom - top))
    return total / ((bottom - top) * (right - left))
