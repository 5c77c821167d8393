"""HDF5: any dataset, and the kinds of files that need more than its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from graph4d import UsageError
from graph4d_nodes.io.formats import arina, velox
from graph4d_nodes.io.formats.hdf5_calibrations import geometry_of, steps_of, text_of
from graph4d_nodes.io.formats.hdf5_tree import datasets, frames_of, listed, named, open_file
from graph4d_nodes.io.formats.shapes import check_is_patterns, check_is_picture
from graph4d_nodes.io.picture import Picture, picture_of
from graph4d_nodes.io.recording import Recording

if TYPE_CHECKING:
    import h5py

__all__ = ["choices", "open_picture", "open_recording"]

#: The patterns in a file of the fpd library for Medipix3, (y, x, colour, ky, kx); other 4-D datasets go with them.
FPD_PATTERNS = "fpd_expt/fpd_data/data"


def open_recording(path: Path, dataset: str | None = None) -> Recording:
    """Open a dataset (y, x, ky, kx), or (y, x, 1, ky, kx), or a stack of patterns (n, ky, kx).

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
        if dataset is None and arina.matches(file):
            return arina.open_in(file)
        found = named(file, dataset) if dataset is not None else only_scan(file)
        one_colour = found.ndim == 5 and found.shape[2] == 1
        shape = (*found.shape[:2], *found.shape[3:]) if one_colour else found.shape
        check_is_patterns(f"{path}:{found.name}", shape, found.dtype)
        if found.ndim == 3:
            return Recording(frames_of(found))
        return Recording(frames_of(found), (found.shape[0], found.shape[1]), geometry_of(found))


def choices(path: Path) -> dict[str, tuple[int, ...]]:
    """Datasets that can be a scan, 4-D or, if there are none, 3-D, and their shapes; none where there is no choice."""
    with open_file(path) as file:
        if FPD_PATTERNS in file or arina.matches(file):
            return {}
        return {dataset.name.strip("/"): dataset.shape for dataset in scans_in(file)}


def open_picture(path: Path, dataset: str | None = None) -> Picture:
    """Read a dataset (y, x); by default the only 2-D one, or the only image of a Velox file.

    Raises
    ------
    UsageError
        The file is damaged, the dataset is not there or no image, or there are several to choose from.
    """
    with open_file(path) as file:
        if dataset is None and velox.matches(file):
            return velox.read_in(file)
        found = named(file, dataset) if dataset is not None else only_image(file)
        check_is_picture(f"{path}:{found.name}", found.shape, found.dtype)
        return picture_of(found[()], steps_of(found), text_of(found.attrs.get("units", "")) or None)


def only_image(file: h5py.File) -> h5py.Dataset:
    """The only dataset that can be an image; UsageError if there is none or a choice."""
    there = [d for d in datasets(file) if d.dtype.kind in "uif"]
    images = [d for d in there if d.ndim == 2]
    if len(images) == 1:
        return images[0]
    if images:
        raise UsageError(f"{file.filename}: set `dataset` to one of {listed(images)}")
    scans = [d for d in there if d.ndim in (3, 4)]
    if scans:
        raise UsageError(f"{file.filename} holds no image but {listed(scans)}; open it with io.open")
    raise UsageError(f"{file.filename} holds no dataset that can be an image (2-D)")


def only_scan(file: h5py.File) -> h5py.Dataset:
    """The only dataset that can be a scan; UsageError if there is none or a choice."""
    if FPD_PATTERNS in file:
        return file[FPD_PATTERNS]
    candidates = scans_in(file)
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise UsageError(f"{file.filename}: set `dataset` to one of {listed(candidates)}")
    images = [d for d in datasets(file) if d.ndim == 2 and d.dtype.kind in "uif"]
    if images:
        raise UsageError(f"{file.filename} holds no scan but images, {listed(images)}; open it with io.image")
    raise UsageError(f"{file.filename} holds no dataset that can be a scan (4-D) or a stack of patterns (3-D)")


def scans_in(file: h5py.File) -> list[h5py.Dataset]:
    """All 4-D datasets of numbers; if there are none, all 3-D ones."""
    numbers = [d for d in datasets(file) if d.dtype.kind in "uif"]
    return [d for d in numbers if d.ndim == 4] or [d for d in numbers if d.ndim == 3]
