"""Room for a result of a pass: in memory, or in a file if it is large."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Sequence
from math import prod
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from graph4d.errors import UsageError

__all__ = ["HELD_BYTES", "room_for"]

#: Larger results lie in a file that is mapped: the system writes out what there is no memory for.
HELD_BYTES = 512 << 20


def room_for(shape: Sequence[int], dtype: np.dtype[Any], held_bytes: int | None = None) -> NDArray[Any]:
    """An array of zeros, none of which takes memory before it is written to.

    Parameters
    ----------
    shape, dtype
        Of the array.
    held_bytes : int, optional
        What may be held in memory; :data:`HELD_BYTES` by default. A larger array is that of a file without a name in
        the system's folder for temporary ones, which ends with the array.

    Raises
    ------
    UsageError
        There is no room for the file.
    """
    nbytes = prod(shape) * dtype.itemsize
    if nbytes <= (HELD_BYTES if held_bytes is None else held_bytes):
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile(prefix="graph4d-") as file:
        try:
            _reserve(file, nbytes)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            raise UsageError(
                f"a result of {nbytes / 1e9:.1f} GB has no room in {tempfile.gettempdir()}; "
                "set TMPDIR to a folder that has, or ask for less"
            ) from error
        return np.memmap(file, dtype, "r+", shape=tuple(shape))


def _reserve(file: BinaryIO, nbytes: int) -> None:
    """Take the room now: writing to a mapped file with holes ends the process when the disk is full."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, nbytes)
        return
    zeros = bytes(1 << 20)
    for start in range(0, nbytes, len(zeros)):
        file.write(zeros[: nbytes - start])
    file.flush()
