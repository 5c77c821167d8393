"""Values become one JSON document and plain arrays, and back: what is hashed, and what lies on the disk."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from graph4d.keys import encode, output_key
from graph4d.store.records import canonical

if TYPE_CHECKING:
    from xarray import DataArray, Dataset, Variable

__all__ = [
    "Encoded",
    "blocks",
    "content_hasher",
    "decode_value",
    "digest_of",
    "encode_value",
    "own_attributes",
    "read_only",
]

#: A larger value [bytes] is not digested by its content: hashing it may take longer than computing it.
LARGE = 64 << 20
#: Arrays are hashed and written in pieces of this size [bytes], for they may be larger than memory.
BLOCK = 8 << 20
#: Kinds of dtypes whose bytes say everything: bool, int, uint, float, complex, str, bytes, datetime, timedelta.
_PLAIN_KINDS = "biufcUSMm"
_EXTENDED_FLOATS = "gG"  # their bytes contain padding


@dataclass(frozen=True, eq=False)
class Encoded:
    """A value taken apart."""

    meta: bytes
    """Canonical JSON: names, dims, attributes, and the dtype and shape of each array."""
    arrays: tuple[NDArray[Any], ...]
    value: DataArray | Dataset | str
    """The value itself, for a store that keeps it as it is."""

    @cached_property
    def content(self) -> str:
        """Hash of the metadata and of the arrays' bytes in C order, whatever their strides; 64 hexadecimal digits."""
        hasher = content_hasher(self.meta)
        for array in self.arrays:
            for block in blocks(array):
                hasher.update(block)
        return hasher.hexdigest()

    @property
    def nbytes(self) -> int:
        """Size of all arrays and of the metadata [bytes]."""
        return len(self.meta) + sum(array.nbytes for array in self.arrays)


def content_hasher(meta: bytes) -> blake3:
    """The hash of a value, to be updated with the bytes of its arrays; the metadata give their number and lengths."""
    hasher = blake3(max_threads=blake3.AUTO)
    hasher.update(encode(meta))
    return hasher


def digest_of(encoded: Encoded, action: str, output: str) -> str:
    """What stands for a value in the keys of those that use it.

    Parameters
    ----------
    encoded : Encoded
        The value.
    action, output : str
        The key of the action that made it, and which of its outputs it is.

    Returns
    -------
    str
        The hash of its content, which lets a later node see that nothing changed; of a value above 64 MiB, the key of
        the output.
    """
    return encoded.content if encoded.nbytes <= LARGE else output_key(action, output)


def encode_value(value: Any) -> Encoded:
    """Take an xarray object, or a text, apart.

    Parameters
    ----------
    value : DataArray, Dataset or str
        With names that are str, attributes of plain values, numpy scalars and arrays, and numbers, truth values, dates
        or text as data. Text is stored with a fixed width.

    Returns
    -------
    Encoded
        Its arrays are the value's own, not copies.

    Raises
    ------
    TypeError
        The value, or something in it, cannot be stored; the message says where.
    """
    writer = _Writer()
    if isinstance(value, str):
        document: dict[str, Any] = {"kind": "text", "coords": []}
        writer.arrays.append(np.frombuffer(value.encode(), np.uint8))
        return _finished(document, writer, value)
    import xarray as xr

    if isinstance(value, xr.DataArray):
        document = {"kind": "array", "data": [writer.variable(value.name, value.variable)], "attrs": None}
    elif isinstance(value, xr.Dataset):
        data = [writer.variable(name, variable.variable) for name, variable in value.data_vars.items()]
        document = {"kind": "dataset", "data": data, "attrs": writer.plain(value.attrs, "attrs")}
    else:
        raise TypeError(
            f"cannot store a {type(value).__name__}: only xarray's DataArray and Dataset, and text, are stored"
        )
    document["coords"] = [writer.variable(name, coord.variable) for name, coord in value.coords.items()]
    return _finished(document, writer, value)


def _finished(document: dict[str, Any], writer: _Writer, value: Any) -> Encoded:
    document["arrays"] = [{"dtype": array.dtype.str, "shape": list(array.shape)} for array in writer.arrays]
    return Encoded(canonical(document), tuple(writer.arrays), value)


def decode_value(meta: bytes, arrays: Sequence[NDArray[Any]]) -> DataArray | Dataset | str:
    """Put a value together again.

    Parameters
    ----------
    meta : bytes
        As :func:`encode_value` made it.
    arrays : sequence of ndarray
        In the same order; they are used as they are, memory-mapped ones too.
    """
    document = json.loads(meta)
    if document["kind"] == "text":
        return arrays[0].tobytes().decode()
    import xarray as xr

    def variable(item: Mapping[str, Any]) -> Variable:
        return xr.Variable(item["dims"], arrays[item["array"]], _restored(item["attrs"], arrays))

    coords = {item["name"]: variable(item) for item in document["coords"]}
    if document["kind"] == "array":
        (item,) = document["data"]
        return xr.DataArray(variable(item), coords=coords, name=item["name"])
    data = {item["name"]: variable(item) for item in document["data"]}
    return xr.Dataset(data, coords=coords, attrs=_restored(document["attrs"], arrays))


def own_attributes(value: DataArray | Dataset | str) -> DataArray | Dataset | str:
    """The value with attributes of its own: to change them changes nobody else's. The numbers are shared."""
    return value if isinstance(value, str) else value.copy(deep=False)


def read_only(value: Any) -> None:
    """Forbid to write into the arrays of an xarray object, which from now on is shared."""
    if isinstance(value, str):
        return
    import xarray as xr

    variables = [value.variable] if isinstance(value, xr.DataArray) else [v.variable for v in value.data_vars.values()]
    for variable in [*variables, *(coord.variable for coord in value.coords.values())]:
        if isinstance(variable.data, np.ndarray):
            variable.data.flags.writeable = False


def blocks(array: NDArray[Any]) -> Iterator[memoryview]:
    """The bytes of an array in C order, some MiB at a time, without a copy where its layout allows."""
    if array.nbytes > BLOCK and not array.flags.c_contiguous:
        for part in array:
            yield from blocks(part)
    elif array.nbytes:
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        for start in range(0, len(data), BLOCK):
            yield data[start : start + BLOCK]


class _Writer:
    """Collects arrays while metadata are written that refer to them by number."""

    def __init__(self) -> None:
        self.arrays: list[NDArray[Any]] = []

    def variable(self, name: object, variable: Variable) -> dict[str, Any]:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"cannot store a variable named {name!r}: names are str")
        where = f"`{name}`" if name else "the data"
        return {
            "name": name,
            "dims": [str(dim) for dim in variable.dims],
            "array": self.array(variable.values, where),
            "attrs": self.plain(variable.attrs, f"attrs of {where}"),
        }

    def array(self, array: NDArray[Any], where: str) -> int:
        self.arrays.append(_storable(array, where))
        return len(self.arrays) - 1

    def plain(self, value: Any, where: str) -> Any:
        """JSON from which :func:`_restored` makes the same value; all that JSON has no word for is ``{"@kind": …}``."""
        if isinstance(value, np.ndarray | np.generic):
            kind = "@array" if isinstance(value, np.ndarray) else "@scalar"
            return {kind: self.array(np.asarray(value), where)}
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return value if np.isfinite(value) else {"@float": str(value)}
        if isinstance(value, complex):
            return {"@complex": str(value)}
        if isinstance(value, list):
            return [self.plain(item, where) for item in value]
        if isinstance(value, tuple):
            return {"@tuple": [self.plain(item, where) for item in value]}
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return {"@dict": {key: self.plain(value[key], where) for key in sorted(value)}}  # numbers arrays, too
        raise TypeError(f"cannot store {where}: {value!r} is a {type(value).__name__}, not a plain value")


def _restored(plain: Any, arrays: Sequence[NDArray[Any]]) -> Any:
    if isinstance(plain, list):
        return [_restored(item, arrays) for item in plain]
    if not isinstance(plain, dict):
        return plain
    ((kind, content),) = plain.items()
    if kind == "@array":
        return arrays[content]
    if kind == "@scalar":
        return arrays[content][()]
    if kind == "@float":
        return float(content)
    if kind == "@complex":
        return complex(content)
    if kind == "@tuple":
        return tuple(_restored(item, arrays) for item in content)
    return {key: _restored(item, arrays) for key, item in content.items()}


def _storable(array: NDArray[Any], where: str) -> NDArray[Any]:
    """The array itself, or its text with a fixed width."""
    if array.dtype.kind in _PLAIN_KINDS and array.dtype.char not in _EXTENDED_FLOATS:
        return array
    texts = list(array.flat)
    if array.dtype.kind not in "OT" or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"cannot store {where}: its dtype {array.dtype} is neither of numbers nor of text")
    if any(text.endswith("\0") for text in texts):
        raise TypeError(f"cannot store {where}: a text in it ends with a NUL character")
    return array.astype(np.str_)
