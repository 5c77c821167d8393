"""Parameters of nodes and recipes: type, unit, bounds and help, checked and brought to base units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graph4d.errors import UsageError, suggestion
from graph4d.marks import read_annotation
from graph4d.units import Unit, UnitsError, convert, to_number

__all__ = ["Parameter", "ParameterErrors", "validate"]


class _Required:
    def __repr__(self) -> str:
        return "required"


REQUIRED: Any = _Required()


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one parameter."""

    parameter: str
    message: str
    kind: str
    """``unknown``, ``missing``, ``type``, ``unit`` or ``bounds``."""


class ParameterErrors(UsageError):
    """Everything that is wrong with a set of parameters."""

    def __init__(self, owner: str, problems: list[Problem]) -> None:
        self.owner, self.problems = owner, problems
        super().__init__(f"{owner}: " + "; ".join(p.message for p in problems))


@dataclass(frozen=True)
class Parameter:
    """One parameter of a node or a recipe."""

    name: str
    kind: str
    """``bool``, ``int``, ``float``, ``str``, ``choice``, ``path`` or ``list``."""
    default: Any = REQUIRED
    unit: Unit | None = None
    low: float | None = None
    high: float | None = None
    odd: bool = False
    log: bool = False
    step: float | None = None
    group: str = ""
    help: str = ""
    choices: tuple[Any, ...] = ()
    optional: bool = False
    """None is a value: what it means is the node's to say."""
    reads: bool = False
    writes: bool = False
    items: tuple[Parameter, ...] = field(default=())
    """For a list: one entry for each place, or a single one for a list of any length."""
    length: int | None = None

    @classmethod
    def from_annotation(cls, name: str, annotation: Any, default: Any, text: str = "") -> Parameter:
        """Read ``Annotated[int, Odd, Range(3, 401)] = 41`` and its like.

        Raises
        ------
        TypeError
            The annotation is not one a recipe can express.
        """
        import inspect

        facts = read_annotation(name, annotation)
        facts["items"] = tuple(cls.from_annotation(name, item, REQUIRED) for item in facts.get("items", ()))
        given = REQUIRED if default is inspect.Parameter.empty else default
        return cls(name=name, help=text, default=given, **facts)

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is REQUIRED

    def coerce(self, value: Any) -> Any:
        """The value in the parameter's own type and base unit.

        Raises
        ------
        ParameterErrors
            Type, unit or bounds do not fit.
        """
        if value is None:
            if self.optional:
                return None
            raise self._error("type", f"expected {self.expected}, got nothing")
        if isinstance(value, np.generic | np.ndarray):  # from whoever calls a node as a function
            value = value.tolist()
        result = _COERCE[self.kind](self, value)
        self._check_bounds(result, value)
        return result

    @property
    def expected(self) -> str:
        """What a value looks like, in words."""
        words = {"bool": "true or false", "int": "an integer", "float": "a number", "str": "text", "path": "a path"}
        if self.kind == "choice":
            text = "one of " + ", ".join(map(str, self.choices))
        elif self.kind == "list":
            text = f"a list of {self.length}" if self.length else "a list"
        elif self.unit is not None:
            text = f"a number with a unit, such as {_example(self.unit)}"
        else:
            text = ("an odd integer" if self.odd else words[self.kind]) + self._bounds_text()
        return text

    def display(self, value: Any) -> str:
        """A value as people write it: ``300 keV`` for 300000.0 of a parameter in eV."""
        if value is None:
            return "none"
        if self.kind == "list":
            items = self.items if self.length is not None else self.items * len(value)
            return "[" + ", ".join(item.display(v) for item, v in zip(items, value, strict=True)) + "]"
        if self.unit is not None:
            return f"{value * convert(self.unit.name, self.unit.shown):.12g} {self.unit.shown}"
        return f"{value:.12g}" if self.kind == "float" else str(value).lower() if self.kind == "bool" else str(value)

    def _bounds_text(self) -> str:
        low, high = (None if bound is None else self._bound_text(bound) for bound in (self.low, self.high))
        if low is not None and high is not None:
            return f" from {low} to {high}"
        if low is not None:
            return f" of at least {low}"
        return f" of at most {high}" if high is not None else ""

    def _bound_text(self, bound: float) -> str:
        return f"{bound:g}" if self.unit is None else self.display(bound)

    def _check_bounds(self, number: Any, given: Any) -> None:
        if self.kind not in ("int", "float"):
            return
        if self.odd and number % 2 == 0:
            raise self._error("bounds", f"{given} is even; expected an odd integer such as {number + 1}")
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if not low <= number <= high:
            raise self._error("bounds", f"{given} is out of bounds; expected a number{self._bounds_text()}")

    def _error(self, kind: str, message: str) -> ParameterErrors:
        return ParameterErrors(self.name, [Problem(self.name, f"parameter `{self.name}`: {message}", kind)])


def validate(owner: str, parameters: Mapping[str, Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter of ``owner`` in base units: given or default, in the order of the declaration.

    Raises
    ------
    ParameterErrors
        All unknown, missing and unfitting ones together.
    """
    problems: list[Problem] = []
    for name in given:
        if name not in parameters:
            hint = suggestion(name, parameters)
            problems.append(Problem(name, f"{owner} has no parameter `{name}`{hint}", "unknown"))
    values: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if name not in given and parameter.required:
            problems.append(Problem(name, f"{owner} needs parameter `{name}`: {parameter.expected}", "missing"))
            continue
        try:
            values[name] = parameter.coerce(given.get(name, parameter.default))
        except ParameterErrors as error:
            problems.extend(error.problems)
    if problems:
        raise ParameterErrors(owner, problems)
    return values


def _example(unit: Unit) -> str:
    if unit.shown == "deg":
        return "30 deg"
    return {"rad": "30 mrad", "Å": "0.4 nm", "eV": "300 keV", "1/Å": "0.02 1/Å", "s": "10 us"}.get(
        unit.name, f"1 {unit.shown}"
    )


def _bool(p: Parameter, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise p._error("type", f"expected true or false, got {value!r}")


def _int(p: Parameter, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
        raise p._error("type", f"expected {p.expected}, got {value!r}")
    return int(value)


def _float(p: Parameter, value: Any) -> float:
    if p.unit is not None and isinstance(value, str):
        try:
            return to_number(value, p.unit.name)
        except UnitsError as error:
            raise p._error("unit", str(error)) from error
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise p._error("type", f"expected {p.expected}, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise p._error("bounds", f"{value} is not a finite number")
    return number + 0.0  # -0.0 and 0.0 are one value


def _str(p: Parameter, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise p._error("type", f"expected text, got {value!r}; put it in quotes if it is meant as text")


def _choice(p: Parameter, value: Any) -> Any:
    for choice in p.choices:
        if type(choice) is type(value) and choice == value:
            return choice
    raise p._error("type", f"expected {p.expected}, got {value!r}{suggestion(str(value), map(str, p.choices))}")


def _path(p: Parameter, value: Any) -> Path:
    if isinstance(value, str | Path) and str(value):
        return Path(value)
    raise p._error("type", f"expected a path, got {value!r}")


def _list(p: Parameter, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise p._error("type", f"expected {p.expected}, got {value!r}")
    if p.length is not None and len(value) != p.length:
        raise p._error("type", f"expected {p.expected}, got {len(value)} items")
    items = p.items if p.length is not None else p.items * len(value)
    return tuple(item.coerce(v) for item, v in zip(items, value, strict=True))


_COERCE: dict[str, Any] = {
    "bool": _bool, "int": _int, "float": _float, "str": _str, "choice": _choice, "path": _path, "list": _list,
}  # fmt: skip
