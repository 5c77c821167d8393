"""Data to the YAML of recipes: sections as blocks, each entry on a line of its own."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graph4d.parameters import Parameter
from graph4d.recipe.scalars import plain

__all__ = ["flow", "recipe_text", "written"]

#: Text that needs no quotes, unless it reads as a number or the like.
_BARE = re.compile(r"[\w./$][\w ./@+-]*(?<! )")
_SECTIONS = ("params", "inputs", "nodes", "sweeps", "views", "outputs")


def flow(value: Any) -> str:
    """A value on one line.

    Raises
    ------
    TypeError
        It is nothing that a recipe can hold.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return (
            repr(value) if math.isfinite(value) else ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
        )
    if isinstance(value, Path):
        return flow(value.as_posix())
    if isinstance(value, str):
        bare = _BARE.fullmatch(value) and plain(value) == value
        return value if bare else _quoted(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    raise TypeError(f"a recipe cannot hold {value!r}, a {type(value).__name__}")


def _quoted(text: str) -> str:
    """In double quotes, in which YAML knows the escapes of JSON, and one for any character."""
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in json.dumps(text, ensure_ascii=False))


def recipe_text(data: Mapping[str, Any]) -> str:
    """A whole recipe."""
    lines = ["# yaml-language-server: $schema=./graph4d-recipe-1.json"]
    for key, value in data.items():
        if key in _SECTIONS and value:
            lines.append(f"{key}:")
            lines += [f"  {flow(name)}: {flow(entry)}" for name, entry in value.items()]
        elif key not in _SECTIONS or key == "nodes":
            lines.append(f"{key}: {flow(value)}")
    return "\n".join(lines) + "\n"


def written(parameter: Parameter, value: Any) -> Any:
    """A value in base units as it stands in a recipe: numbers get their unit, in the one that people write."""
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, list | tuple):
        items = parameter.items if parameter.length is not None else parameter.items * len(value)
        return [written(item, v) for item, v in zip(items, value, strict=True)]
    if parameter.unit is None or value is None:
        return value
    shown = parameter.display(value)
    return shown if parameter.coerce(shown) == value else f"{value!r} {parameter.unit.name}"
