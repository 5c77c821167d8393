"""Marks in the annotation of a parameter, as in ``Annotated[int, Odd, Range(3, 401)]``, and what they say together."""

from __future__ import annotations

import types
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from graph4d.units import Unit

__all__ = ["Group", "InputPath", "Log", "Odd", "OutputPath", "Range", "Step", "read_annotation"]

_KINDS: dict[Any, str] = {bool: "bool", int: "int", float: "float", str: "str", Path: "path"}


@dataclass(frozen=True)
class Range:
    """Bounds of a number, both included; None leaves a side open."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Step:
    """How far a control moves at a time."""

    size: float


class _Mark:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


Odd = _Mark("Odd")
"""The integer is odd."""
Log = _Mark("Log")
"""A control for the number moves on a logarithmic scale."""
_READS, _WRITES = _Mark("Reads"), _Mark("Writes")


@dataclass(frozen=True)
class Group:
    """Heading under which a control appears."""

    name: str


InputPath = Annotated[Path, _READS]
"""A file whose content the result depends on."""
OutputPath = Annotated[Path, _WRITES]
"""A file or folder that the node writes."""


def read_annotation(name: str, annotation: Any) -> dict[str, Any]:
    """What an annotation says of the parameter ``name``: kind, unit, bounds and so on; of a list, what its items are.

    Raises
    ------
    TypeError
        It is not a type that a recipe can express.
    """
    facts: dict[str, Any] = {}
    _read(name, annotation, facts)
    return facts


def _read(name: str, annotation: Any, facts: dict[str, Any]) -> None:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        _read(name, arguments[0], facts)
        for mark in arguments[1:]:
            _read_mark(mark, facts)
    elif origin in (Union, types.UnionType):
        inner = [a for a in arguments if a is not type(None)]
        if len(inner) != 1 or len(inner) == len(arguments):
            raise TypeError(f"parameter `{name}`: only `X | None` is understood, not {annotation}")
        facts["optional"] = True
        _read(name, inner[0], facts)
    elif origin is Literal:
        facts.update(kind="choice", choices=arguments)
    elif origin in (tuple, list):
        _read_items(origin, arguments, facts)
    elif annotation in _KINDS:
        facts["kind"] = _KINDS[annotation]
    else:
        raise TypeError(f"parameter `{name}`: {annotation!r} is not a type that a recipe can express")


def _read_items(origin: Any, arguments: tuple[Any, ...], facts: dict[str, Any]) -> None:
    inner = tuple(a for a in arguments if a is not ...)
    facts.update(kind="list", items=inner)
    if origin is tuple and len(inner) == len(arguments):
        facts["length"] = len(inner)


def _read_mark(mark: Any, facts: dict[str, Any]) -> None:
    if isinstance(mark, Unit):
        facts["unit"] = mark
    elif isinstance(mark, Range):
        facts.update(low=mark.low, high=mark.high)
    elif isinstance(mark, Step):
        facts["step"] = mark.size
    elif isinstance(mark, Group):
        facts["group"] = mark.name
    else:
        flag = {id(Odd): "odd", id(Log): "log", id(_READS): "reads", id(_WRITES): "writes"}.get(id(mark))
        if flag is not None:
            facts[flag] = True
