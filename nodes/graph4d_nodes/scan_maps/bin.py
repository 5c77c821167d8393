"""Binning: sums of neighbouring detector pixels, and of neighbouring scan positions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from graph4d import Range, UsageError, node
from graph4d_nodes.scan import Scan4D

__all__ = ["BinnedPositions", "bin_scan", "dtype_of_sum"]


@node("scan.bin")
def bin_scan(
    scan: Scan4D, *, detector: Annotated[int, Range(1, 64)] = 1, positions: Annotated[int, Range(1, 64)] = 1
) -> Scan4D:
    """Sums of squares of detector pixels and of scan positions, made when they are read.

    No count is lost but those of rows and columns that do not fill a square, at the bottom and at the right.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx).
    detector : int
        Detector pixels along each side of a square.
    positions : int
        Scan positions along each side of a square.

    Returns
    -------
    Scan4D
        Of the smallest integer type that holds every sum, or of the same float type; both steps grow with the factors.

    Raises
    ------
    UsageError
        A factor is larger than the scan or the detector.
    """
    for name, factor, sizes in (("positions", positions, scan.positions), ("detector", detector, scan.item_shape)):
        if factor > min(sizes):
            raise UsageError(
                f"`{name}` = {factor} is more than there is: {sizes[0]} × {sizes[1]}; choose a smaller factor"
            )
    dtype = dtype_of_sum(scan.dtype, (positions * detector) ** 2)
    if positions > 1:
        scan = _bin_positions(scan, positions)
    return _bin_detector(scan, detector, dtype) if detector > 1 else scan


def dtype_of_sum(dtype: np.dtype[Any], count: int) -> np.dtype[Any]:
    """The smallest integer type of the same kind that holds the sum of ``count`` numbers; floats stay what they are."""
    if dtype.kind not in "iu":
        return dtype
    largest = int(np.iinfo(dtype).max) * count
    fitting = (np.dtype(f"{dtype.kind}{size}") for size in (1, 2, 4))
    return next((wide for wide in fitting if np.iinfo(wide).max >= largest), np.dtype(f"{dtype.kind}8"))


def _bin_detector(scan: Scan4D, factor: int, dtype: np.dtype[Any]) -> Scan4D:
    shape = scan.item_shape[0] // factor, scan.item_shape[1] // factor

    def sums(block: NDArray[Any], start: int) -> NDArray[Any]:
        from graph4d_nodes.scan_maps.kernels import bin_patterns

        del start  # all patterns are binned alike
        out = np.empty((len(block), *shape), dtype)
        bin_patterns(block, out, factor)
        return out

    step = scan.geometry.detector_step
    geometry = scan.geometry.updated(detector_step=step and (step[0] * factor, step[1] * factor))
    return scan.map_blocks(sums, item_shape=shape, dtype=dtype, geometry=geometry)


def _bin_positions(scan: Scan4D, factor: int) -> Scan4D:
    step = scan.geometry.scan_step
    geometry = scan.geometry.updated(scan_step=step and (step[0] * factor, step[1] * factor))
    frames = BinnedPositions(scan, factor)
    return Scan4D.from_frames(frames, frames.positions, geometry=geometry, title=scan.title, metadata=scan.metadata)


@dataclass(frozen=True, eq=False)
class BinnedPositions:
    """Sums of the patterns of ``factor`` × ``factor`` positions of ``scan``; see :class:`graph4d_nodes.scan.Frames`."""

    scan: Scan4D
    factor: int

    @cached_property
    def positions(self) -> tuple[int, int]:
        """Rows and columns that are left."""
        return self.scan.positions[0] // self.factor, self.scan.positions[1] // self.factor

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of patterns, rows and columns of a pattern."""
        return (self.positions[0] * self.positions[1], *self.scan.item_shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the sums."""
        return dtype_of_sum(self.scan.dtype, self.factor**2)

    @property
    def alignment(self) -> int:
        """Sums whose patterns are stored together."""
        return max(1, self.scan.alignment // self.factor)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Sums ``start … stop``."""
        from graph4d_nodes.scan_maps.kernels import add_groups

        out = np.zeros((stop - start, *self.scan.item_shape), self.dtype)
        at = start
        while at < stop:
            row, column = divmod(at, self.positions[1])
            count = min(self.positions[1] - column, stop - at)
            for line in range(row * self.factor, (row + 1) * self.factor):
                first = line * self.scan.positions[1] + column * self.factor
                block = self.scan.read(first, first + count * self.factor)
                add_groups(block, out[at - start : at - start + count], self.factor)
            at += count
        return out
