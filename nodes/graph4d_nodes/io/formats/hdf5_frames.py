"""Patterns of a chunked, usually compressed HDF5 dataset."""

from __future__ import annotations

import threading
from importlib import import_module
from math import ceil, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.io.blocks import rectangles

if TYPE_CHECKING:
    import h5py

__all__ = ["ChunkedFrames"]

#: Bound on unpacked chunks that are kept because the next read will want the rest of them. A scan that fits is unpacked
#: once for as long as it is open: unpacking takes twenty times as long as summing.
CACHE_BYTES = 256 << 20
#: HDF5 finds chunks in its cache by a hash table; a prime well above their number keeps them apart.
CACHE_SLOTS = 100_003


class ChunkedFrames:
    """A stack of patterns in a dataset of shape (y, x, …, ky, kx) or (n, ky, kx).

    h5py lets one thread at a time into the library; more readers are safe, but no faster.

    Parameters
    ----------
    dataset : h5py.Dataset
        Tells where, shape, type and chunks, and is not kept: the first read opens the file again, with a cache that
        fits.
    """

    def __init__(self, dataset: h5py.Dataset) -> None:
        self._path, self._name = Path(dataset.file.filename), str(dataset.name)
        self._lead: tuple[int, ...] = dataset.shape[: 2 if dataset.ndim > 3 else 1]
        self._middle = (0,) * (dataset.ndim - len(self._lead) - 2)
        self.shape = (prod(self._lead), int(dataset.shape[-2]), int(dataset.shape[-1]))
        self.dtype: np.dtype[Any] = dataset.dtype.newbyteorder("=")
        self.alignment = _patterns_stored_together(self._lead, (dataset.chunks or (1, 1))[: len(self._lead)])
        self._cache_bytes = _bytes_to_keep(dataset)
        if _needs_plugin(dataset):
            import_module("hdf5plugin")  # adds its filters to the HDF5 library when it is imported
        self._lock = threading.Lock()
        self._opened: h5py.Dataset | None = None

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Patterns ``start … stop`` in native byte order; OSError if the file is damaged there."""
        try:
            return self._read(self._dataset(), start, stop)
        except OSError as error:
            where = f"{self._path}: patterns {start} to {stop - 1} of {self._name}"
            raise OSError(f"{where} cannot be read: {error}") from error

    def _read(self, dataset: h5py.Dataset, start: int, stop: int) -> NDArray[Any]:
        block = np.empty((stop - start, *self.shape[1:]), self.dtype)
        if len(self._lead) == 1:
            dataset.read_direct(block, np.s_[start:stop])
            return block
        done = 0
        for rows, columns in rectangles(start, stop, self._lead[1]):
            size = (rows.stop - rows.start, columns.stop - columns.start)
            part = block[done : done + prod(size)].reshape(*size, *self.shape[1:])
            dataset.read_direct(part, (rows, columns, *self._middle))
            done += prod(size)
        return block

    def _dataset(self) -> h5py.Dataset:
        with self._lock:
            if self._opened is None:
                import h5py

                file = h5py.File(self._path, "r", rdcc_nbytes=self._cache_bytes, rdcc_nslots=CACHE_SLOTS, rdcc_w0=1.0)
                self._opened = file[self._name]
            return self._opened


def _needs_plugin(dataset: h5py.Dataset) -> bool:
    """Whether it is packed by a filter that HDF5 itself does not know; numbers below 256 are its own."""
    created = dataset.id.get_create_plist()
    return any(created.get_filter(i)[0] >= 256 for i in range(created.get_nfilters()))


def _bytes_to_keep(dataset: h5py.Dataset) -> int:
    """Of unpacked chunks: all, or twice what a flat read passes before it is through with the first of them."""
    chunks: tuple[int, ...] = dataset.chunks or (1,) * dataset.ndim
    counts = [ceil(length / chunk) for length, chunk in zip(dataset.shape, chunks, strict=True)]
    row: int = prod(counts[1:]) * prod(chunks) * int(dataset.dtype.itemsize)
    return counts[0] * row if counts[0] * row <= CACHE_BYTES else min(CACHE_BYTES, 2 * row)


def _patterns_stored_together(lead: tuple[int, ...], chunk: tuple[int, ...]) -> int:
    """Patterns from one place where a flat read can begin, without splitting a chunk, to the next."""
    if len(lead) == 1:
        return int(chunk[0])
    rows, columns = chunk
    if rows == 1 and lead[1] % columns == 0:
        return int(columns)
    return int(rows) * lead[1]
