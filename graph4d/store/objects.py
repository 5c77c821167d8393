"""One stored value on the disk: a folder with ``meta.json`` and an ``.npy`` file for each array. Never changed."""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from graph4d.store.codec import BLOCK, Encoded, blocks, content_hasher, decode_value
from graph4d.store.records import canonical, seal, unseal

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = ["Packed", "is_intact", "load_object", "object_entry", "pack", "sync_folder", "write_object"]

#: An array smaller than this [bytes] is read, a larger one is mapped.
MAPPED_FROM = 1 << 20


@dataclass(frozen=True)
class Packed:
    """The files of an object, before they are written."""

    meta: bytes
    headers: tuple[bytes, ...]
    arrays: tuple[NDArray[Any], ...]

    @property
    def nbytes(self) -> int:
        """Size of all files [bytes]."""
        return len(self.meta) + sum(map(len, self.headers)) + sum(array.nbytes for array in self.arrays)


def pack(digest: str, encoded: Encoded, seconds: float) -> Packed:
    """Make the files of an object.

    Parameters
    ----------
    digest : str
        The object's name.
    encoded : Encoded
        Its value.
    seconds : float
        What it took to compute.
    """
    headers = tuple(_npy_header(array) for array in encoded.arrays)
    document = {
        "digest": digest,
        "content": encoded.content,
        "headers": [blake3(header).hexdigest() for header in headers],
        "seconds": float(seconds),
        "value": json.loads(encoded.meta),
    }
    return Packed(seal(document), headers, encoded.arrays)


def write_object(folder: Path, packed: Packed, durable: bool) -> None:
    """Write the files into an empty folder.

    Parameters
    ----------
    folder : Path
        An empty folder.
    packed : Packed
        The files.
    durable : bool
        Force them to the disk.

    Raises
    ------
    OSError
        The disk is full, or may not be written.
    """
    for number, (header, array) in enumerate(zip(packed.headers, packed.arrays, strict=True)):
        _write(folder / f"{number}.npy", chain([header], blocks(array)), durable)
    _write(folder / "meta.json", [packed.meta], durable)
    if durable:
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_intact(folder: Path, digest: str) -> bool:
    """Whether every bit of an object is as it was written; needs neither xarray nor as much memory as its arrays.

    Parameters
    ----------
    folder : Path
        The object's folder.
    digest : str
        The name under which it is stored.

    Raises
    ------
    OSError
        A file of it is missing or cannot be read.
    """
    document = unseal((folder / "meta.json").read_bytes())
    if document is None or document["digest"] != digest:
        return False
    hasher = content_hasher(canonical(document["value"]))
    specs = document["value"]["arrays"]
    for number, (spec, header) in enumerate(zip(specs, document["headers"], strict=True)):
        nbytes = np.dtype(spec["dtype"]).itemsize * math.prod(spec["shape"])
        if not _hash_array(folder / f"{number}.npy", nbytes, header, hasher):
            return False
    return bool(hasher.hexdigest() == document["content"])


def load_object(folder: Path) -> DataArray | Dataset | str:
    """The value of an object; its arrays are read-only, and large ones are mapped.

    Raises
    ------
    OSError, ValueError
        The object is not there any more, or damaged.
    """
    document = unseal((folder / "meta.json").read_bytes())
    if document is None:
        raise ValueError(f"{folder / 'meta.json'} is damaged")
    value = document["value"]
    arrays = [_load_array(folder / f"{number}.npy") for number in range(len(value["arrays"]))]
    return decode_value(canonical(value), arrays)


def object_entry(folder: Path) -> tuple[int, float]:
    """Size of an object's files [bytes], and what it took to compute [s]; 0 s if its metadata are damaged.

    Raises
    ------
    OSError
        The object is not there any more.
    """
    document = unseal((folder / "meta.json").read_bytes())
    nbytes = sum(file.stat().st_size for file in folder.iterdir())
    return nbytes, 0.0 if document is None else float(document["seconds"])


def _npy_header(array: NDArray[Any]) -> bytes:
    fields = {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False, "shape": array.shape}
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, fields)
    return header.getvalue()


def _write(path: Path, pieces: Iterable[bytes | memoryview], durable: bool) -> None:
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def _hash_array(path: Path, nbytes: int, header_hash: str, hasher: blake3) -> bool:
    with path.open("rb") as file:
        header_bytes = os.fstat(file.fileno()).st_size - nbytes
        if header_bytes <= 0 or blake3(file.read(header_bytes)).hexdigest() != header_hash:
            return False
        while piece := file.read(BLOCK):
            hasher.update(piece)
    return True


def _load_array(path: Path) -> NDArray[Any]:
    mapped = path.stat().st_size >= MAPPED_FROM
    array: NDArray[Any] = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    array.flags.writeable = False
    return array
