"""Values of parameters as text in a field, and back: in a unit that reads well, and with any unit that is typed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from graph4d.errors import UsageError
from graph4d.parameters import Parameter, ParameterErrors
from graph4d.units import convert
from graph4d.view.quantity import shown_unit, unit_text

__all__ = ["Entry", "placed", "problem_of"]

PLACE = re.compile(r"(.*?error\[\w+\]): ")
DIGITS = 6
"""Significant ones of a number in a field; the value itself is not rounded."""


@dataclass(frozen=True)
class Entry:
    """How one parameter is written in a field.

    Parameters
    ----------
    parameter : Parameter
        Not a list.
    factor : float
        What base units are multiplied by.
    unit : str
        What they are in then, as it is printed; empty for a bare number.
    """

    parameter: Parameter
    factor: float = 1.0
    unit: str = ""

    @classmethod
    def of(cls, parameter: Parameter, value: Any = None) -> Entry:
        """In the unit that the declaration wants or, if it wants none, in the one in which ``value`` reads best."""
        unit = parameter.unit
        if unit is None:
            return cls(parameter)
        if unit.shown != unit.name:
            return cls(parameter, convert(unit.name, unit.shown), "°" if unit.shown == "deg" else unit_text(unit.shown))
        size = value if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
        return cls(parameter, *shown_unit(size, unit.name))

    def text(self, value: Any) -> str:
        """A value as it stands in the field; nothing for None."""
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value)
        return str(value) if isinstance(value, int) else f"{value * self.factor:.{DIGITS}g}"

    def read(self, text: str) -> Any:
        """The value that is meant: a bare number counts in the field's unit, an empty field is None.

        Raises
        ------
        UsageError
            The text does not fit the parameter.
        """
        text = text.strip()
        if not text and self.parameter.kind != "str":
            return self.parameter.coerce(None)
        if self.parameter.kind not in ("int", "float"):
            return self.parameter.coerce(text or (None if self.parameter.optional else text))
        text = text.replace("−", "-")
        number = _number(text)
        if number is None:
            return self.parameter.coerce(text.replace("°", " deg") if self.parameter.unit else text)
        return self.parameter.coerce(self.base(number) if self.parameter.unit else number)

    def base(self, number: float) -> float:
        """A number in the field's unit, in base units."""
        # 30 mrad must be the very number 0.03 is: the last bits of a conversion are rounded away.
        return float(f"{number / self.factor:.15g}")


def problem_of(error: UsageError) -> str:
    """What is wrong, for a message beside the field: without the name of the parameter that is seen there anyway."""
    if isinstance(error, ParameterErrors):
        return "; ".join(p.message.removeprefix(f"parameter `{p.parameter}`: ") for p in error.problems)
    return placed(str(error).strip().partition("\n")[0])[1]


def placed(line: str) -> tuple[str, str]:
    """The first line of an error: the place and code that it begins with, if it does, and what it says."""
    found = PLACE.match(line)
    return (found[1], line[found.end() :]) if found else ("", line)


def _number(text: str) -> float | int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if math.isfinite(number) and number % 1 == 0 and not set(text.lower()) & {"e", "."} else number
