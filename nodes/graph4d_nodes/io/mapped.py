"""Patterns that lie uncompressed and evenly spaced in a file, read through a memory map."""

from __future__ import annotations

import mmap
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["MappedFrames"]

#: A file up to this size stays mapped once it has been read: mapping its pages again would double the time of a pass.
KEPT_BYTES = 4 << 30
#: Mapped pages of a larger one that may count as this process's memory before they are given back to the file cache.
RESIDENT_BYTES = 256 << 20


class MappedFrames:
    """A stack of patterns in a file.

    The file must not be shortened while it is open: the system then ends the process.
    Blocks are views of the map where the file holds them packed, aligned and in native byte order, copies otherwise.

    Parameters
    ----------
    path : Path
        The file; that it is long enough is the caller's to check, who can say what is wrong with it.
    shape : (int, int, int)
        Number of patterns, rows and columns.
    dtype : dtype-like
        As stored, with its byte order.
    offset : int
        Where the first pattern begins [bytes].
    stride : int, optional
        From one pattern to the next [bytes]; by default they follow each other without a gap.
    """

    alignment = 1

    def __init__(
        self, path: Path, shape: tuple[int, int, int], dtype: DTypeLike, *, offset: int = 0, stride: int | None = None
    ) -> None:
        stored = np.dtype(dtype)
        self.shape = shape
        self.dtype: np.dtype[Any] = stored.newbyteorder("=")
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        strides = (stride or prod(shape[1:]) * stored.itemsize, shape[2] * stored.itemsize, stored.itemsize)
        self._stored: NDArray[Any] = np.ndarray(shape, stored, buffer=self._map, offset=offset, strides=strides)
        self._handed_out = 0

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Patterns ``start … stop``, C-contiguous and in native byte order."""
        block = self._stored[start:stop]
        self._give_back(block.nbytes)
        return np.require(block, self.dtype, ["C", "A"])

    def _give_back(self, about_to_read: int) -> None:
        # Pages of a map count as resident memory until the system needs them: a scan larger than memory would seem to
        # fill it. Dropping them from the map leaves them in the file cache, and blocks still in use fault them in
        # again, so this is safe at any moment and from any thread (a lost update of the counter only delays it).
        self._handed_out += about_to_read
        if self._handed_out > RESIDENT_BYTES and len(self._map) > KEPT_BYTES:
            self._handed_out = about_to_read
            self._map.madvise(mmap.MADV_DONTNEED)
