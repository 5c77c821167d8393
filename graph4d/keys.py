"""Keys: what a result depends on, encoded without ambiguity and hashed."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
from blake3 import blake3

__all__ = ["action_key", "encode", "hash_of", "output_key"]

_ONE_NAN = struct.pack(">d", math.nan)


def encode(value: Any) -> bytes:
    """Encode a value such that two values have the same bytes only if they are the same.

    Everything is a tag for the type, the length, and the content, so that neither ``1``, ``1.0``, ``True`` and ``"1"``
    nor ``["a", "b"]`` and ``["ab"]`` can be mistaken for each other. A list equals a tuple, ``-0.0`` equals ``0.0``,
    all NaNs are one, a numpy scalar equals the Python number it holds, and a mapping has no order.

    Parameters
    ----------
    value : None, bool, int, float, str, bytes, path, tuple, list, mapping with str keys, or numpy scalar
        Nested to any depth.

    Returns
    -------
    bytes
        Equal in every process and on every machine.

    Raises
    ------
    TypeError
        A value of another type, or a key that is not a str, is in it.
    """
    if isinstance(value, np.generic):
        return _encode_numpy_scalar(value)
    if value is None:
        return _tagged(b"N", b"")
    if isinstance(value, bool):
        return _tagged(b"?", b"1" if value else b"0")
    if isinstance(value, int):
        return _tagged(b"i", b"%d" % value)
    if isinstance(value, float):
        return _tagged(b"f", _ONE_NAN if math.isnan(value) else struct.pack(">d", value + 0.0))
    if isinstance(value, str):
        return _tagged(b"s", _text(value))
    if isinstance(value, bytes):
        return _tagged(b"b", value)
    if isinstance(value, PurePath):
        return _tagged(b"p", _text(os.fspath(value)))
    if isinstance(value, tuple | list):
        return _tagged(b"(", b"".join(map(encode, value)))
    if isinstance(value, Mapping):
        return _tagged(b"{", b"".join(_encode_item(key, value[key]) for key in _sorted_keys(value)))
    raise TypeError(f"cannot make a key of {value!r}: {type(value).__name__} is not a plain value")


def hash_of(value: Any) -> str:
    """The blake3 hash of ``encode(value)``, as 64 hexadecimal digits.

    Raises
    ------
    TypeError
        As :func:`encode`.
    """
    return blake3(encode(value)).hexdigest()


def action_key(
    node_id: str, version: int, fingerprint: str, parameters: Mapping[str, Any], inputs: Mapping[str, str]
) -> str:
    """The key of one call of a node: equal for two calls only if they must give the same result.

    Parameters
    ----------
    node_id, version, fingerprint
        Which code runs; see :func:`graph4d.fingerprint.fingerprint`.
    parameters : mapping
        Validated, in base units, defaults included.
    inputs : mapping from port to digest
        Files that the node reads take part under a name that no port can have.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    TypeError
        A parameter is not a plain value.
    """
    return hash_of(("graph4d-action/1", node_id, version, fingerprint, parameters, inputs))


def output_key(action: str, output: str) -> str:
    """The digest of a value that is too large, or too lazy, to be digested by its content.

    Parameters
    ----------
    action : str
        The key of the action that makes the value.
    output : str
        Which of its outputs.
    """
    return hash_of(("graph4d-output/1", action, output))


def _tagged(tag: bytes, content: bytes) -> bytes:
    return b"%b%d:%b" % (tag, len(content), content)


def _text(text: str) -> bytes:
    # File names that are not UTF-8 reach Python with surrogates in them.
    return text.encode("utf-8", "surrogatepass")


def _encode_item(key: str, value: Any) -> bytes:
    return _tagged(b"s", _text(key)) + encode(value)


def _sorted_keys(mapping: Mapping[Any, Any]) -> list[str]:
    for key in mapping:
        if not isinstance(key, str):
            raise TypeError(f"cannot make a key of a mapping whose key {key!r} is not a str")
    return sorted(mapping)


def _encode_numpy_scalar(value: np.generic) -> bytes:
    plain = value.item()
    if isinstance(plain, np.generic):  # an extended float has no Python counterpart
        raise TypeError(f"cannot make a key of {value!r}: {type(value).__name__} is not a plain value")
    return encode(plain)
