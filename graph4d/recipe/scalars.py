"""Plain scalars of YAML 1.2, by its core schema: what ``21``, ``1e-3``, ``true`` and ``30 mrad`` are."""

from __future__ import annotations

import math
import re

__all__ = ["Scalar", "plain"]

Scalar = str | int | float | bool | None

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_NAN = {".nan", ".NaN", ".NAN"}
#: An integer of more digits is not a parameter of anything; Python refuses to read it from 4300 on.
DIGITS = 300


def plain(text: str) -> Scalar:
    """The value of an unquoted scalar.

    Parameters
    ----------
    text : str
        As written, without quotes.

    Returns
    -------
    str, int, float, bool or None
        By the tag resolution of the core schema (YAML 1.2.2, section 10.3.2): ``yes``, ``on`` and ``012`` are not what
        YAML 1.1 takes them for.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text) and len(text) <= DIGITS:
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(text)
    if infinite := _INFINITE.fullmatch(text):
        return -math.inf if infinite[1] == "-" else math.inf
    return math.nan if text in _NAN else text
