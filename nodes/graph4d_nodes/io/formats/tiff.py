"""TIFF: a single grey image; its sampling is read where ImageJ, Fiji or io.save wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graph4d import UsageError
from graph4d_nodes.io.formats.shapes import check_is_picture
from graph4d_nodes.io.picture import Picture, picture_of
from graph4d_nodes.io.steps import Step

if TYPE_CHECKING:
    import tifffile

__all__ = ["open_picture"]


def open_picture(path: Path, dataset: str | None = None) -> Picture:
    """Read the image; UsageError if the file is damaged or holds colours or several images."""
    import tifffile

    if dataset is not None:
        raise UsageError(f"{path} is a TIFF file, which has no datasets; leave `dataset` out")
    try:
        with tifffile.TiffFile(path) as file:
            values = np.asarray(file.asarray())
            described = next(iter(file.shaped_metadata or ()), {})
            steps = _described_steps(described) or _steps(file)
    except (tifffile.TiffFileError, ValueError, OSError) as error:
        raise UsageError(f"{path} is not a whole TIFF file: {error}") from None
    check_is_picture(str(path), values.shape, values.dtype)
    return picture_of(values, steps, described.get("units"))


def _described_steps(described: dict[str, Any]) -> list[Step]:
    unit = str(described.get("sampling_units", ""))
    return [(float(step), unit) for step in described.get("sampling", ())]


def _steps(file: tifffile.TiffFile) -> list[Step]:
    # The resolution of other writers is that of a printed page.
    unit = str((file.imagej_metadata or {}).get("unit", "")).replace("\\u00B5", "µ")
    tags = file.pages.first.tags
    found = []
    for name in ("YResolution", "XResolution"):
        pixels, per = tags[name].value if name in tags else (0, 1)
        found.append((per / pixels if pixels else 0.0, unit))
    return found
