"""HDF5 files from inside: opening, finding datasets, and their patterns without reading them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d import UsageError
from graph4d_nodes.io.formats.hdf5_frames import ChunkedFrames
from graph4d_nodes.io.formats.shapes import shape_text
from graph4d_nodes.io.mapped import MappedFrames
from graph4d_nodes.scan import Frames

if TYPE_CHECKING:
    import h5py

__all__ = ["datasets", "frames_of", "listed", "named", "open_file"]


@contextmanager
def open_file(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file for reading; UsageError if it is damaged."""
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        reason = "it is cut short; copy it again" if "truncated" in str(error) else str(error)
        raise UsageError(f"{path} cannot be opened as HDF5: {reason}") from None
    with file:
        yield file


def frames_of(dataset: h5py.Dataset) -> Frames:
    """The patterns of a dataset (…, ky, kx), mapped if they lie in one piece.

    Between scan and detector there may be axes of length 1 only.
    """
    path, offset = Path(dataset.file.filename), dataset.id.get_offset()
    if offset is not None and dataset.external is None:
        count = dataset.size // (dataset.shape[-2] * dataset.shape[-1])
        shape = (count, dataset.shape[-2], dataset.shape[-1])
        return MappedFrames(path, shape, dataset.dtype, offset=offset)
    return ChunkedFrames(dataset)


def named(file: h5py.File, name: str) -> h5py.Dataset:
    """The dataset of that name; UsageError names the others if there is none."""
    import h5py

    found = file.get(name)
    if isinstance(found, h5py.Dataset):
        return found
    there = [d for d in datasets(file) if d.ndim >= 2] or datasets(file)
    what = "is a group" if isinstance(found, h5py.Group) else "is not there"
    close = difflib.get_close_matches(name.strip("/"), [d.name.strip("/") for d in there], n=1)
    hint = f"; did you mean `{close[0]}`?" if close else ";"
    raise UsageError(f"{file.filename}: dataset `{name}` {what}{hint} the file holds {listed(there)}")


def datasets(file: h5py.File) -> list[h5py.Dataset]:
    """All datasets of a file."""
    import h5py

    found: list[h5py.Dataset] = []

    def collect(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found.append(item)

    file.visititems(collect)
    return found


def listed(there: list[h5py.Dataset]) -> str:
    """``data (64 × 64 × 96 × 96), truth (64 × 64)``, the largest first and ten at most."""
    largest = sorted(there, key=lambda d: -int(d.size or 0))
    texts = [f"{d.name.strip('/')} ({shape_text(d.shape or ())})" for d in largest[:10]]
    return ", ".join(texts) + (f" and {len(there) - 10} more" if len(there) > 10 else "")
