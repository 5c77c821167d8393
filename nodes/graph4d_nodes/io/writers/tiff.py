"""TIFF: images that any program shows, with the size of their pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graph4d import UsageError
from graph4d_nodes.io.writers.axes import axes_of

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["write_tiff"]

#: Of 1 cm in Å; and the largest numerator of TIFF's resolution.
CENTIMETRE, LARGEST = 1e8, 2**32 - 1


def write_tiff(value: DataArray, path: Path) -> None:
    """Write an image or a stack of images.

    Parameters
    ----------
    value : DataArray
        Two or more axes, of which the last two are shown. float64 becomes float32, as most viewers know no other.
    path : Path
        A file that does not exist.

    Raises
    ------
    UsageError
        The value is complex or has fewer than two axes.
    """
    import tifffile

    if value.ndim < 2 or value.dtype.kind not in "biuf":
        dims = ", ".join(map(str, value.dims))
        raise UsageError(f"TIFF holds real images, not ({dims}) of {value.dtype}; save as netcdf, zarr or hspy")
    narrowed = {"f": np.float32, "b": np.uint8}.get(value.dtype.kind, value.dtype)
    y, x = axes_of(value)[-2:]
    described: dict[str, Any] = {
        "units": str(value.attrs.get("units", "1")),
        "sampling": [y.step, x.step],
        "sampling_units": x.unit,
    }
    options: dict[str, Any] = {}
    if x.unit == "Å" and CENTIMETRE / min(x.step, y.step) < LARGEST:
        options = {"resolution": (CENTIMETRE / x.step, CENTIMETRE / y.step), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(path, value.values.astype(narrowed), photometric="minisblack", metadata=described, **options)
