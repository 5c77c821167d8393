"""Values and whole scans as files of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from graph4d import OutputPath, Table, UsageError, Value, node
from graph4d.export import replacing, write_netcdf
from graph4d.files import file_digest
from graph4d_nodes.scan import Scan4D

__all__ = ["save", "write_value"]

Format = Literal["netcdf", "zarr", "hspy", "tiff", "npy"]

FORMATS: dict[str, Format] = {
    ".nc": "netcdf",
    ".zarr": "zarr",
    ".hspy": "hspy",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".npy": "npy",
}
#: What each format can hold.
HOLDS: dict[Format, tuple[str, ...]] = {
    "netcdf": ("array", "table"),
    "zarr": ("array", "table", "scan"),
    "hspy": ("array", "scan"),
    "tiff": ("array",),
    "npy": ("array", "scan"),
}


@node("io.save", effects="writes")
def save(
    value: Value, *, path: OutputPath, file_format: Literal["auto", "netcdf", "zarr", "hspy", "tiff", "npy"] = "auto"
) -> Table:
    """Write a value to a file that other programs open: netCDF, Zarr, HyperSpy's HDF5, TIFF or NPY.

    A file that is there is replaced, once the new one is complete. A scan is written block by block; of its
    calibrations all formats drop the rotation and NPY drops all, so give them to io.open again. io.open and io.image
    read all formats but Zarr.

    Parameters
    ----------
    value : Value
        An array, a table or metrics (netCDF and Zarr only), or a scan (Zarr, HyperSpy and NPY).
    path : Path
        Of the file, or of a Zarr store's folder. Missing folders are made.
    file_format : {"auto", "netcdf", "zarr", "hspy", "tiff", "npy"}
        "auto" follows the ending of ``path``: .nc, .zarr, .hspy, .tif or .tiff, .npy.

    Returns
    -------
    Table
        One row with ``path``, ``format``, size in ``bytes`` and a ``digest`` of the content.

    Raises
    ------
    UsageError
        The ending is unknown, the format cannot hold the value, or the file cannot be written.
    """
    import xarray as xr

    written = write_value(value, path, file_format)
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    row = {
        "path": (str(path), "1"),
        "format": (written, "1"),
        "bytes": (sum(file.stat().st_size for file in files), "byte"),
        "digest": (file_digest(path, full=True), "1"),
    }
    return xr.Dataset({name: ("row", np.array([entry]), {"units": unit}) for name, (entry, unit) in row.items()})


def write_value(value: Any, path: Path, file_format: str = "auto") -> Format:
    """Write a value and say in which format; see :func:`save`.

    Parameters
    ----------
    value : DataArray, Dataset or Scan4D
        What is to be written.
    path : Path
        Of the file.
    file_format : str
        One of the names in ``HOLDS``, or "auto".

    Raises
    ------
    UsageError
        See :func:`save`.
    """
    kind = "scan" if isinstance(value, Scan4D) else "table" if hasattr(value, "data_vars") else "array"
    chosen = _format(path) if file_format == "auto" else cast("Format", file_format)
    if kind not in HOLDS[chosen]:
        able = ", ".join(name for name, kinds in HOLDS.items() if kind in kinds)
        raise UsageError(f"{chosen} cannot hold a {kind}, which {path} is to be; save it as {able}")
    if chosen == "netcdf":
        write_netcdf(value, path)
    elif chosen == "zarr":
        from graph4d_nodes.io.writers.zarr import write_zarr

        write_zarr(value, path)
    else:
        with replacing(path) as temporary:
            _write_file(value, temporary, chosen)
    return chosen


def _write_file(value: Any, path: Path, chosen: Format) -> None:
    if chosen == "hspy":
        from graph4d_nodes.io.writers.hspy import write_hspy

        write_hspy(value, path)
    elif chosen == "tiff":
        from graph4d_nodes.io.writers.tiff import write_tiff

        write_tiff(value, path)
    else:
        from graph4d_nodes.io.writers.npy import write_npy

        write_npy(value, path)


def _format(path: Path) -> Format:
    known = FORMATS.get(path.suffix.lower())
    if known is None:
        raise UsageError(f"the ending of {path} says no format; expected one of {', '.join(FORMATS)}, or `file_format`")
    return known
