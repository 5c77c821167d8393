"""Velox EMD: images in HDF5 as (y, x, frame), with metadata as JSON in a column of bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from graph4d import UsageError
from graph4d_nodes.io.formats.hdf5_tree import listed
from graph4d_nodes.io.picture import Picture, picture_of
from graph4d_nodes.io.steps import Step

if TYPE_CHECKING:
    import h5py

__all__ = ["matches", "read_in"]

IMAGES = "Data/Image"


def matches(file: h5py.File) -> bool:
    """Whether an HDF5 file is of this kind and holds images."""
    return IMAGES in file and "Version" in file


def read_in(file: h5py.File) -> Picture:
    """The only image of a file; UsageError if there are several, or several frames of one."""
    images = [group["Data"] for group in file[IMAGES].values()]
    if len(images) != 1:
        raise UsageError(f"{file.filename}: set `dataset` to one of {listed(images)}")
    image = images[0]
    if image.ndim != 3 or image.shape[2] != 1:
        raise UsageError(f"{file.filename} holds a series of {image.shape[-1]} images; export the one you want")
    return picture_of(image[:, :, 0], _steps(image.parent))


def _steps(group: h5py.Group) -> list[Step]:
    """Size of a pixel along y and x, from the metadata of the first frame."""
    if "Metadata" not in group:
        return []
    text = group["Metadata"][:, 0].tobytes().partition(b"\0")[0]
    facts: dict[str, Any] = json.loads(text).get("BinaryResult", {})
    size = facts.get("PixelSize", {})
    return [
        (float(size.get(side, 0)), str(facts.get(unit, "")))
        for side, unit in (("height", "PixelUnitY"), ("width", "PixelUnitX"))
    ]
