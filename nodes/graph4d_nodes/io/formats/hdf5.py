"""Any dataset of an HDF5 file: mapped where it lies in one piece, read through h5py's chunk cache otherwise."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d import UsageError
from graph4d_nodes.io.formats.hdf5_frames import ChunkedFrames
from graph4d_nodes.io.formats.shapes import check_is_patterns, shape_text
from graph4d_nodes.io.mapped import MappedFrames
from graph4d_nodes.io.recording import Recording
from graph4d_nodes.scan import Frames

if TYPE_CHECKING:
    import h5py

__all__ = ["frames_of", "open_file", "open_recording"]


def open_recording(path: Path, dataset: str | None = None) -> Recording:
    """Open a dataset (y, x, ky, kx), or a stack of patterns (n, ky, kx).

    Parameters
    ----------
    path : Path
        Of the file.
    dataset : str, optional
        Name of the dataset; by default the only 4-D one, or the only 3-D one if there is none in 4-D.

    Raises
    ------
    UsageError
        The file is damaged, the dataset is not there or cannot be a scan, or there are several to choose from.
    """
    with open_file(path) as file:
        found = named(file, dataset) if dataset is not None else only_scan(file)
        check_is_patterns(f"{path}:{found.name}", found.shape, found.dtype)
        positions = (found.shape[0], found.shape[1]) if found.ndim == 4 else None
        return Recording(frames_of(path, found), positions)


@contextmanager
def open_file(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file for reading; UsageError if it is damaged."""
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        reason = "it is cut short" if "truncated" in str(error) else str(error)
        raise UsageError(f"{path} is not a whole HDF5 file: {reason}; copy it again") from None
    with file:
        yield file


def frames_of(path: Path, dataset: h5py.Dataset) -> Frames:
    """The patterns of a dataset (…, ky, kx); axes between scan and detector, of length 1, are passed over."""
    offset = dataset.id.get_offset()
    if offset is not None and dataset.external is None:
        count = dataset.size // (dataset.shape[-2] * dataset.shape[-1])
        shape = (count, dataset.shape[-2], dataset.shape[-1])
        return MappedFrames(Path(dataset.file.filename), shape, dataset.dtype, offset=offset)
    return ChunkedFrames(path, dataset)


def named(file: h5py.File, name: str) -> h5py.Dataset:
    """The dataset of that name; UsageError names the others if there is none."""
    import h5py

    found = file.get(name)
    if isinstance(found, h5py.Dataset):
        return found
    there = datasets(file)
    what = "is a group" if isinstance(found, h5py.Group) else "is not there"
    close = difflib.get_close_matches(name.strip("/"), [d.name.strip("/") for d in there], n=1)
    hint = f"; did you mean `{close[0]}`?" if close else ";"
    raise UsageError(f"{file.filename}: dataset `{name}` {what}{hint} the file holds {listed(there)}")


def only_scan(file: h5py.File) -> h5py.Dataset:
    """The only dataset that can be a scan; UsageError if there is none or a choice."""
    there = datasets(file)
    for dimensions in (4, 3):
        candidates = [d for d in there if d.ndim == dimensions and d.dtype.kind in "uif"]
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise UsageError(f"{file.filename}: set `dataset` to one of {listed(candidates)}")
    images = [d for d in there if d.ndim == 2 and d.dtype.kind in "uif"]
    if images:
        raise UsageError(f"{file.filename} holds no scan but images, {listed(images)}; open it with io.image")
    raise UsageError(f"{file.filename} holds no dataset that can be a scan (4-D) or a stack of patterns (3-D)")


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
