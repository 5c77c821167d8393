"""A scan in pieces that fit into memory, in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from graph4d.run.cancel import report_progress
from graph4d_nodes.scan import Scan4D

__all__ = ["blocks", "columns_at_a_time"]

BLOCK_BYTES = 8 << 20


def columns_at_a_time(scan: Scan4D) -> int:
    """Neighbouring positions of a scan row whose patterns fit into a block."""
    height, width = scan.item_shape
    return min(scan.positions[1], max(1, BLOCK_BYTES // (height * width * scan.dtype.itemsize)))


def blocks(scan: Scan4D) -> Iterator[tuple[int, int, NDArray[Any]]]:
    """Scan row, first column, and the patterns (n, ky, kx) from there on; never across two rows.

    Reports progress, and stops where the run is cancelled.
    """
    rows, columns = scan.positions
    size = columns_at_a_time(scan)
    for row in range(rows):
        for column in range(0, columns, size):
            start = row * columns + column
            report_progress(start / (rows * columns))
            yield row, column, scan.read(start, start + min(size, columns - column))
