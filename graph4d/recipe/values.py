"""Values of parameters: declared by a recipe, given from outside, and fitted to what a node wants."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph4d.errors import UsageError
from graph4d.parameters import Parameter, ParameterErrors, Problem
from graph4d.recipe.scalars import plain
from graph4d.units import Unit, UnitsError, to_number

__all__ = ["UNKNOWN", "Argument", "Setting", "absolute", "fit", "paths_in", "python_argument", "read_setting"]


class _Unknown:
    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Any = _Unknown()
"""A value that will be given when the recipe is run; whatever depends on it is not checked."""


@dataclass(frozen=True)
class Setting:
    """A value as it was written on the command line."""

    value: Any
    text: str


@dataclass(frozen=True)
class Argument:
    """A value on its way into a parameter.

    Parameters
    ----------
    value : Any
        As written; paths made absolute.
    unit : Unit, optional
        The unit a number is in, if it may come without: those given in Python count in base units.
    origin : str
        Where it comes from, for messages; empty for a literal, which is where the message points.
    parameter : str, optional
        The parameter of the outermost recipe whose value it is.
    """

    value: Any
    unit: Unit | None = None
    origin: str = ""
    parameter: str | None = None


def read_setting(text: str) -> tuple[str, Setting]:
    """Name and value of ``NAME=VALUE`` from a command line.

    Parameters
    ----------
    text : str
        The value is a scalar of YAML (``21``, ``300 keV``, ``null``) or a list in brackets (``[64, 64]``).

    Returns
    -------
    str, Setting
        For ``load(…, parameters=…)``.

    Raises
    ------
    UsageError
        There is no name, or the list cannot be read.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--set {text}: expected NAME=VALUE, such as kernel=21")
    if not value.lstrip().startswith("["):
        quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
        return name.strip(), Setting(value[1:-1] if quoted else plain(value.strip()), f"--set {text}")
    from graph4d.recipe.source import parse

    document = parse(value, "--set")
    if document.problems:
        raise UsageError(f"--set {text}: {document.problems[0].message}")
    return name.strip(), Setting(document.data, f"--set {text}")


def fit(parameter: Parameter, argument: Argument) -> Any:
    """The value as ``parameter`` wants it: checked, and in base units.

    Raises
    ------
    ParameterErrors
        Type, unit or bounds do not fit; a number without a unit, other than 0, where one is needed.
    """
    return parameter.coerce(_with_units(parameter, argument.value, argument.unit))


def _with_units(parameter: Parameter, value: Any, unit: Unit | None) -> Any:
    if parameter.kind == "list" and isinstance(value, list | tuple):
        return [_with_units(item, v, unit) for item, v in _items(parameter, value)]
    if parameter.unit is None or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if unit is None:
        try:
            return to_number(value, parameter.unit.name)
        except UnitsError as error:
            message = f"parameter `{parameter.name}`: {error}"
            raise ParameterErrors(parameter.name, [Problem(parameter.name, message, "unit")]) from error
    return value if unit.name == parameter.unit.name else f"{value} {unit.name}"


def _items(parameter: Parameter, values: Sequence[Any]) -> Iterator[tuple[Parameter, Any]]:
    """Each item of a list with what it should be; a wrong number of them is for :meth:`Parameter.coerce` to tell."""
    exact = parameter.length == len(values)
    return zip(parameter.items if exact else parameter.items[:1] * len(values), values, strict=True)


def python_argument(parameter: Parameter, value: object) -> Argument:
    """A value from a program, whose numbers count in the parameter's base unit."""
    units = [item.unit for item in (parameter, *parameter.items) if item.unit is not None]
    return Argument(value, units[0] if units else None, f"{parameter.name}={value!r}")


def absolute(parameter: Parameter, value: Any, base: Path) -> Any:
    """The value with every path in it made absolute: relative ones start at ``base``."""
    if parameter.kind == "path" and isinstance(value, str | Path) and str(value):
        return _straight((base / value).absolute())
    if parameter.kind == "list" and isinstance(value, list | tuple):
        return [absolute(item, v, base) for item, v in _items(parameter, value)]
    return value


def _straight(path: Path) -> Path:
    """The path without ``..``, so that one file has one name; as it is where a link makes ``..`` lead elsewhere."""
    short = Path(os.path.normpath(path)) if ".." in path.parts else path
    try:
        return short if short.resolve() == path.resolve() else path
    except (ValueError, OSError, RuntimeError):  # no path at all, which is told where it is checked
        return path


def paths_in(value: Any) -> list[Path]:
    """The paths that :func:`absolute` has made in a value."""
    if isinstance(value, Path):
        return [value]
    return [path for item in value for path in paths_in(item)] if isinstance(value, list | tuple) else []
