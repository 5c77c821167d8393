"""``io.image``: an image from a file of any format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from graph4d import Image, InputPath, node
from graph4d_nodes.io.companions import files_with
from graph4d_nodes.io.formats.discover import open_picture
from graph4d_nodes.types import Sampling

__all__ = ["open_image"]


def _files(parameters: Mapping[str, Any]) -> Iterable[Path]:
    return files_with(parameters["path"])


@node("io.image", effects="reads", reads=_files)
def open_image(*, path: InputPath, dataset: str | None = None, sampling: Sampling | None = None) -> Image:
    """Read an image.

    Parameters
    ----------
    path : Path
        File of the image.
    dataset : str, optional
        Which one of several in the file; by default the only image there is.
    sampling : float, optional
        Size of a pixel [Å], where the file does not say or is wrong.

    Returns
    -------
    Image
        (y, x) in the file's own dtype, (0, 0) top-left. Where the file does not say their unit, integers are counts and
        real numbers in units of 1. Coordinates begin at 0; they are in Å, in 1/Å if the file says that it is a
        diffraction pattern, or in px if it says nothing.

    Raises
    ------
    UsageError
        The file is missing, damaged, of an unknown format or not an image.
    """
    import xarray as xr

    picture = open_picture(path, dataset)
    if sampling is not None:
        picture = replace(picture, steps=(sampling, sampling), unit="Å")
    unit = {"units": picture.unit if picture.steps else "px"}
    coords = {
        dim: (dim, np.arange(size) * step, unit)
        for dim, size, step in zip(("y", "x"), picture.values.shape, picture.steps or (1.0, 1.0), strict=True)
    }
    units = picture.value_unit or ("counts" if picture.values.dtype.kind in "ui" else "1")
    return xr.DataArray(picture.values, dims=("y", "x"), coords=coords, attrs={"units": units}, name=path.stem)
