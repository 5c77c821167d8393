"""NumPy's own format: one array a file, always mapped."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from graph4d import UsageError
from graph4d_nodes.io.formats.shapes import check_is_patterns, check_is_picture
from graph4d_nodes.io.mapped import MappedFrames
from graph4d_nodes.io.picture import Picture, picture_of
from graph4d_nodes.io.recording import Recording

__all__ = ["open_picture", "open_recording"]


def open_recording(path: Path, dataset: str | None = None) -> Recording:
    """Open an array (y, x, ky, kx) or a stack of patterns (n, ky, kx).

    Raises
    ------
    UsageError
        The array has another shape, is not of real numbers, is in Fortran order, or the file is cut short.
    """
    array = _mapped(path, dataset)
    check_is_patterns(str(path), array.shape, array.dtype)
    if not array.flags.c_contiguous:
        raise UsageError(f"{path} is in Fortran order; save it again with np.save(path, np.ascontiguousarray(array))")
    shape = (int(np.prod(array.shape[:-2])), array.shape[-2], array.shape[-1])
    frames = MappedFrames(path, shape, array.dtype, offset=array.offset)
    return Recording(frames, (array.shape[0], array.shape[1]) if array.ndim == 4 else None)


def open_picture(path: Path, dataset: str | None = None) -> Picture:
    """Read an array (y, x); UsageError if it is not one."""
    array = _mapped(path, dataset)
    check_is_picture(str(path), array.shape, array.dtype)
    return picture_of(np.array(array))


def _mapped(path: Path, dataset: str | None) -> np.memmap[tuple[int, ...], np.dtype[np.generic]]:
    if dataset is not None:
        raise UsageError(f"{path} is a .npy file, which holds one array without a name; leave `dataset` out")
    try:
        loaded: np.memmap[tuple[int, ...], np.dtype[np.generic]] = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise UsageError(f"{path} is not a whole .npy file of numbers: {error}") from None
    return loaded
