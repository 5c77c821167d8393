"""Values as files that other programs open: whole or not at all."""

from __future__ import annotations

import json
import secrets
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graph4d.errors import UsageError

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = ["plain_attributes", "replacing", "write_netcdf"]


def write_netcdf(value: DataArray | Dataset, path: Path) -> None:
    """Write a value as netCDF-4, to be opened with ``xarray.open_dataarray`` or ``xarray.open_dataset``.

    Complex numbers become the compound type that netCDF's own libraries use for them.

    Parameters
    ----------
    value : DataArray or Dataset
        With dims, coordinates, names and attributes, which are kept as far as :func:`plain_attributes` says.
    path : Path
        Of the file; one that is there is replaced once the new one is complete.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    with replacing(path) as temporary:
        plain_attributes(value).to_netcdf(temporary, engine="h5netcdf")


def plain_attributes(value: DataArray | Dataset) -> Any:
    """The value with attributes that files can hold: None is left out, nested things become JSON text.

    Parameters
    ----------
    value : DataArray or Dataset
        Left as it is; the result shares its numbers.
    """
    result = value.copy(deep=False)
    result.attrs = _plain(value.attrs)
    for variable in (*result.coords.values(), *getattr(result, "data_vars", {}).values()):
        variable.attrs = _plain(variable.attrs)
    return result


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path``; what is written there takes the place of ``path`` when all went well.

    Raises
    ------
    UsageError
        ``path`` is a folder, or the system refuses to write.
    """
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a folder; give the name of a file")
    temporary = path.with_name(f".{secrets.token_hex(4)}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # gone, or never made
            temporary.unlink()


def _plain(attributes: Mapping[Any, Any]) -> dict[Hashable, Any]:
    return {name: _plain_value(value) for name, value in attributes.items() if value is not None}


def _plain_value(value: Any) -> Any:
    if isinstance(value, bool | np.bool_):
        return int(value)
    if isinstance(value, str | int | float | np.number | np.ndarray):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, str | int | float | np.number) for item in value):
        return list(value)
    return json.dumps(value, default=str, ensure_ascii=False)
