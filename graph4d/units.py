"""Units at the boundary: text such as ``30 mrad`` becomes a number in the unit a parameter declares."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from pint import Quantity, UnitRegistry

__all__ = [
    "Angle",
    "Energy",
    "Frequency",
    "Length",
    "Time",
    "Unit",
    "UnitsError",
    "convert",
    "same_dimension",
    "to_number",
]

#: Å and Å⁻¹ with no 2π, eV, rad and s inside; anything convertible is accepted at the boundary.
UNIT_HELP = {
    "Å": "a length such as 0.4 nm or 31.25 Å",
    "1/Å": "a spatial frequency such as 0.02 1/Å or 0.17 1/nm",
    "eV": "an energy such as 300 keV",
    "rad": "an angle such as 21.4 mrad or 15 deg",
    "s": "a time such as 10 us",
}


#: The units that recipes are full of, by dimension, in that dimension's inner unit. They need no pint, whose import
#: takes longer than planning a whole recipe; a test holds them against it.
COMMON: dict[str, dict[str, float]] = {
    "length": {"Å": 1.0, "angstrom": 1.0, "pm": 1e-2, "nm": 10.0, "um": 1e4, "µm": 1e4, "mm": 1e7, "m": 1e10},
    "frequency": {"1/Å": 1.0, "1/angstrom": 1.0, "1/pm": 100.0, "1/nm": 0.1},
    "energy": {"eV": 1.0, "keV": 1e3, "MeV": 1e6},
    "angle": {"rad": 1.0, "mrad": 1e-3, "urad": 1e-6, "µrad": 1e-6, "deg": math.pi / 180, "degree": math.pi / 180},
    "time": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9},
    "pixel": {"px": 1.0},
}
_DIMENSION = {name: dimension for dimension, units in COMMON.items() for name in units}
_NUMBER = r"([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|nan))"
_NUMBER_AND_UNIT = re.compile(_NUMBER + r"\s*(\S+)")
# Pint evaluates what it reads, and some powers for ever: only a product of units gets that far.
_FACTOR = r"(?:1|[^\W\d]\w*|[°%])(?:(?:\^|\*\*)-?\d\d?|⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})?"
_PRODUCT = re.compile(rf"(?=.{{1,60}}$){_FACTOR}(?:(?:\s*[*/·]\s*|\s+){_FACTOR})*")
_QUANTITY = re.compile(rf"{_NUMBER}\s*((?:{_PRODUCT.pattern})?)")


class UnitsError(ValueError):
    """A unit is unknown, missing, or of the wrong dimension."""


class Unit:
    """The unit of a parameter or of the values of a type: ``Annotated[float, Unit("rad")]``.

    Parameters
    ----------
    name : str
        The unit in which the node receives the number.
    shown : str, optional
        The unit in which people write and read it; ``name`` if not given.
    """

    __slots__ = ("name", "shown")

    def __init__(self, name: str, shown: str | None = None) -> None:
        self.name = name
        self.shown = shown or name

    def __repr__(self) -> str:
        return f"Unit({self.name!r})" if self.shown == self.name else f"Unit({self.name!r}, {self.shown!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unit) and (self.name, self.shown) == (other.name, other.shown)

    def __hash__(self) -> int:
        return hash((self.name, self.shown))


Angle = Annotated[float, Unit("rad", "mrad")]
Length = Annotated[float, Unit("Å")]
Frequency = Annotated[float, Unit("1/Å")]
Energy = Annotated[float, Unit("eV", "keV")]
Time = Annotated[float, Unit("s")]


@cache
def _registry() -> UnitRegistry[Any]:
    import pint

    # The folder holds pint's parsed definitions: without it every process spends 0.15 s on them.
    registry: UnitRegistry[Any] = pint.UnitRegistry(cache_folder=":auto:")
    return registry


@cache
def _parse(text: str) -> Quantity[Any]:
    parts = _QUANTITY.fullmatch(text)
    if parts is None:
        raise UnitsError(f"{text!r} is not a number with a unit")
    try:
        return _registry().Quantity(float(parts[1]), parts[2])
    except Exception as error:  # pint raises a dozen kinds, tokenizer errors among them
        raise UnitsError(f"{text!r} is not a number with a unit") from error


def to_number(value: object, unit: str) -> float:
    """A number in ``unit`` from a number-with-unit text.

    Parameters
    ----------
    value : str or 0
        For example ``"30 mrad"``. A bare number has no unit and is refused, except 0, which is the same in every unit.
    unit : str
        The unit of the result.

    Returns
    -------
    float

    Raises
    ------
    UnitsError
        The text cannot be read, has no unit, or its unit has another dimension.
    """
    wanted = UNIT_HELP.get(unit, f"a quantity in {unit}")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnitsError(f"{value!r} is not a quantity; expected {wanted}")
    if not isinstance(value, str):
        if value == 0:
            return 0.0
        raise UnitsError(f"{value!r} has no unit; expected {wanted}")
    simple = _NUMBER_AND_UNIT.fullmatch(value.strip())
    if simple and _share_dimension(simple[2], unit):
        return _finite(float(simple[1]) * _common_factor(simple[2], unit), value, wanted)
    quantity = _parse(value.strip())
    if quantity.unitless and quantity.magnitude != 0:
        raise UnitsError(f"{value!r} has no unit; expected {wanted}")
    if quantity.unitless:
        return 0.0
    target = _registry().Unit(unit)
    if quantity.dimensionality != target.dimensionality or _is_angle(quantity.units) != _is_angle(target):
        raise UnitsError(f"{value!r} is {_kind(quantity.units)}; expected {wanted}")
    return _finite(float(quantity.to(target).magnitude), value, wanted)


def _finite(number: float, value: str, wanted: str) -> float:
    if not math.isfinite(number):
        raise UnitsError(f"{value!r} is not a finite number; expected {wanted}")
    return _rounded(number)


def convert(unit: str, target: str) -> float:
    """The factor that turns numbers in ``unit`` into numbers in ``target``.

    Raises
    ------
    UnitsError
        The units have different dimensions, or one is unknown.
    """
    if unit == target:
        return 1.0
    if _share_dimension(unit, target):
        return _rounded(_common_factor(unit, target))
    if not same_dimension(unit, target):
        raise UnitsError(f"{unit!r} cannot be converted to {target!r}")
    if _registry().Quantity(0.0, unit).to(target).magnitude != 0:
        raise UnitsError(f"{unit!r} cannot be converted to {target!r} by a factor: their zeros differ")
    return _rounded(float(_registry().Quantity(1.0, unit).to(target).magnitude))


def same_dimension(one: str, other: str) -> bool:
    """Whether two units measure the same kind of thing (angles count as a dimension of their own).

    Raises
    ------
    UnitsError
        One of them is not a unit.
    """
    if one == other:
        return True
    if one in _DIMENSION and other in _DIMENSION:
        return _DIMENSION[one] == _DIMENSION[other]
    if not (_PRODUCT.fullmatch(one) and _PRODUCT.fullmatch(other)):
        raise UnitsError(f"{one!r} or {other!r} is not a unit")
    try:
        a, b = _registry().Unit(one), _registry().Unit(other)
    except Exception as error:  # pint raises a dozen kinds, tokenizer errors among them
        raise UnitsError(f"{one!r} or {other!r} is not a unit") from error
    return bool(a.dimensionality == b.dimensionality) and _is_angle(a) == _is_angle(b)


def _share_dimension(one: str, other: str) -> bool:
    return one in _DIMENSION and _DIMENSION[one] == _DIMENSION.get(other)


def _common_factor(unit: str, target: str) -> float:
    units = COMMON[_DIMENSION[unit]]
    return units[unit] / units[target]


def _rounded(number: float) -> float:
    # 30 mrad must be the very number 0.03 is: the last bits of a conversion are rounded away.
    return float(f"{number:.15g}")


def _is_angle(unit: Any) -> bool:
    # To pint an angle is dimensionless; to a microscopist 30 mrad is not the number 0.03.
    return any(name.endswith(("radian", "degree", "arcminute", "arcsecond", "turn")) for name in unit._units)


def _kind(unit: Any) -> str:
    if _is_angle(unit):
        return "an angle"
    kinds = {
        "[length]": "a length",
        "1 / [length]": "a spatial frequency",
        "[time]": "a time",
        "[mass] * [length] ** 2 / [time] ** 2": "an energy",
        "[mass] * [length] ** 2 / [time] ** 3 / [current]": "a voltage",
    }
    text = str(unit.dimensionality)
    return kinds.get(text, f"a quantity of dimension {text}")
