"""A run of scan positions as rectangles, for arrays that are cut along rows and columns."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["rectangles"]


def rectangles(start: int, stop: int, columns: int) -> Iterator[tuple[slice, slice]]:
    """Positions ``start … stop``, counted row by row, as part of a row, whole rows, and part of a row.

    Parameters
    ----------
    start, stop : int
        Numbers of the first position and of the one after the last.
    columns : int
        Of the scan.

    Yields
    ------
    (slice, slice)
        Rows and columns, in the order of the positions.
    """
    while start < stop:
        row, column = divmod(start, columns)
        whole = (stop - start) // columns if column == 0 else 0
        if whole:
            yield slice(row, row + whole), slice(0, columns)
            start += whole * columns
        else:
            count = min(columns - column, stop - start)
            yield slice(row, row + 1), slice(column, column + count)
            start += count
