"""Zarr version 3, a folder of chunks that opens with ``xarray.open_zarr``."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d import UsageError
from graph4d.export import plain_attributes
from graph4d_nodes.io.writers.blocks import blocks, columns_at_a_time
from graph4d_nodes.scan import Scan4D

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = ["write_zarr"]


def write_zarr(value: DataArray | Dataset | Scan4D, path: Path) -> None:
    """Write a value as a Zarr store; a scan block by block.

    Parameters
    ----------
    value : DataArray, Dataset or Scan4D
        A scan becomes the variable ``data`` (y, x, ky, kx) with its coordinates.
    path : Path
        Of the folder; a Zarr store that is there is replaced once the new one is complete.

    Raises
    ------
    UsageError
        The folder cannot be written, or is there and no Zarr store.
    """
    with _replacing_store(path) as temporary:
        if isinstance(value, Scan4D):
            _write_scan(value, temporary)
        else:
            _with_long_text(plain_attributes(value)).to_zarr(temporary, mode="w", zarr_format=3, consolidated=False)


def _write_scan(scan: Scan4D, folder: Path) -> None:
    import xarray as xr
    import zarr

    known = {"energy": scan.geometry.energy, "semiangle": scan.geometry.semiangle}
    attributes: dict[str, Any] = {
        "units": "counts",
        **{name: number for name, number in known.items() if number is not None},
    }
    axes = xr.Dataset(coords=scan.coords)
    axes.to_zarr(folder, mode="w", zarr_format=3, consolidated=False)
    data: Any = zarr.open_group(folder, mode="r+").create_array(
        "data",
        shape=scan.shape,
        dtype=scan.dtype,
        chunks=(1, columns_at_a_time(scan), *scan.item_shape),
        dimension_names=scan.dims,
        attributes=attributes,
    )
    for row, column, block in blocks(scan):
        data[row, column : column + len(block)] = block


def _with_long_text(value: Any) -> Any:
    """Text of any length in place of text of a fixed one, which version 3 does not specify."""
    if hasattr(value, "data_vars"):
        return value.map(_with_long_text)
    return value.astype(object) if value.dtype.kind == "U" else value


@contextmanager
def _replacing_store(path: Path) -> Iterator[Path]:
    if path.exists() and not (path / "zarr.json").is_file():
        raise UsageError(f"cannot write {path}: it exists and is no Zarr store; choose another name")
    temporary, old = (path.with_name(f".{secrets.token_hex(4)}-{path.name}") for _ in range(2))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if path.exists():
            path.replace(old)
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        for folder in (temporary, old):
            shutil.rmtree(folder, ignore_errors=True)
