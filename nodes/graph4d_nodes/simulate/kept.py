"""Patterns that are computed when they are first read, and kept: few of them in memory, many in a temporary file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["KeptFrames"]

#: Up to so many bytes of patterns stay in memory.
HELD_BYTES = 256 << 20


class KeptFrames:
    """A stack of patterns behind a function that makes them; see :class:`graph4d_nodes.scan.Frames`.

    Parameters
    ----------
    make : callable
        ``make(start, stop)`` computes these patterns, (stop − start, rows, columns). Called from several threads.
    shape : (int, int, int)
        Number of patterns, rows and columns.
    dtype : dtype-like
        Of the patterns.
    together : int
        Patterns that are always made together, whatever is asked for, so that none depends on how it was read.
    held_bytes : int
        Of more patterns than this a file in the system's folder for temporary ones is made, which ends with the scan.
    """

    def __init__(
        self,
        make: Callable[[int, int], NDArray[Any]],
        shape: tuple[int, int, int],
        dtype: DTypeLike,
        *,
        together: int = 1,
        held_bytes: int = HELD_BYTES,
    ) -> None:
        self.shape = shape
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self._make = make
        self.alignment = together
        self._made = np.zeros(-(-shape[0] // together), dtype=bool)
        self._size = prod(shape[1:]) * self.dtype.itemsize
        large = shape[0] * self._size > held_bytes
        self._file = _nameless_file() if large else None
        self._held = None if large else np.empty(shape, self.dtype)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Patterns ``start … stop``."""
        groups = range(start // self.alignment, -(-stop // self.alignment))
        missing = [group for group in groups if not self._made[group]]
        if len(missing) > 1:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(self._fill, missing))
        elif missing:
            self._fill(missing[0])
        if self._file is None:
            assert self._held is not None
            return self._held[start:stop]
        block = np.empty((stop - start, *self.shape[1:]), self.dtype)
        _read_all(self._file.fileno(), block.data.cast("B"), start * self._size)
        return block

    def _fill(self, group: int) -> None:
        # Two readers may make the same patterns at once: they are the same ones.
        first, last = group * self.alignment, min((group + 1) * self.alignment, self.shape[0])
        self._write(first, np.ascontiguousarray(self._make(first, last), self.dtype))
        self._made[group] = True

    def _write(self, first: int, patterns: NDArray[Any]) -> None:
        if self._file is None:
            assert self._held is not None
            self._held[first : first + len(patterns)] = patterns
            return
        rest, offset = patterns.data.cast("B"), first * self._size
        while rest:
            count = os.pwrite(self._file.fileno(), rest, offset)
            rest, offset = rest[count:], offset + count


def _nameless_file() -> BinaryIO:
    """A file that nobody else sees, and that is gone when it is closed."""
    descriptor, name = tempfile.mkstemp(prefix="graph4d-")
    Path(name).unlink()
    return os.fdopen(descriptor, "r+b")


def _read_all(descriptor: int, buffer: memoryview, offset: int) -> None:
    # Not through a memory map: its pages would count as this process's memory.
    while buffer:
        count = os.preadv(descriptor, [buffer], offset)
        buffer, offset = buffer[count:], offset + count
