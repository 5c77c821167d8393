"""The parameters that a recipe declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from graph4d.parameters import Parameter
from graph4d.recipe.context import Context
from graph4d.recipe.model import ParamEntry
from graph4d.recipe.source import Document
from graph4d.units import UNIT_HELP, Angle, Energy, Frequency, Length, Time, Unit, UnitsError, same_dimension, to_number

__all__ = ["declared_parameters"]

#: Numbers with a unit that have a name of their own as a type.
_QUANTITIES: dict[str, Unit] = {
    "angle": get_args(Angle)[1], "length": get_args(Length)[1], "frequency": get_args(Frequency)[1],
    "energy": get_args(Energy)[1], "time": get_args(Time)[1],
}  # fmt: skip


def declared_parameters(
    document: Document, entries: dict[str, ParamEntry], base: Path, context: Context
) -> dict[str, Parameter]:
    """Each ``params:`` entry as a parameter; what is wrong with one is noted, and left out of it."""
    return {name: _parameter(name, entry, document, base, context) for name, entry in entries.items()}


def _parameter(name: str, entry: ParamEntry, document: Document, base: Path, context: Context) -> Parameter:
    def note(key: str, kind: str, message: str) -> None:
        context.add(kind, f"parameter `{name}`: {message}", document.value_place("params", name, key))

    kind, unit = _kind(entry, note)
    if kind == "choice" and not entry.choices:
        note("type", "missing", "a choice needs `choices`")
        kind = "str"
    if any(isinstance(choice, dict | list) for choice in entry.choices or ()):
        note("choices", "type", "a choice is text, a number, true or false")
    facts: dict[str, Any] = {
        "name": name, "kind": kind, "unit": unit, "odd": entry.odd, "log": entry.log, "group": entry.group,
        "help": entry.help, "choices": tuple(c for c in entry.choices or () if not isinstance(c, dict | list)), "length": entry.length,
    }  # fmt: skip
    for key, fact in (("min", "low"), ("max", "high"), ("step", "step")):
        facts[fact] = _bound(key, getattr(entry, key), unit, note)
    if kind == "list":
        item, item_unit = _kind(ParamEntry(type=entry.items or "float", unit=entry.unit), note)
        bounds = {key: facts.pop(key) for key in ("low", "high", "step")}
        facts["items"] = (Parameter(name, item, unit=item_unit, **bounds),) * (entry.length or 1)
        facts["unit"] = None
    has_default = "default" in entry.model_fields_set
    facts["optional"] = entry.optional
    parameter = Parameter(**facts)
    if not has_default:
        return parameter
    place = document.value_place("params", name, "default")
    if entry.default is None and not entry.optional:
        context.add(
            "type", f"parameter `{name}`: null is no value of it", place, "leave `default` out, or say `optional: true`"
        )
        return parameter
    return replace(parameter, default=context.literal(parameter, entry.default, base, place))


def _kind(entry: ParamEntry, note: Callable[[str, str, str], None]) -> tuple[str, Unit | None]:
    """Kind and unit; a unit is kept with the base unit of its dimension."""
    if entry.type in _QUANTITIES:
        unit = _QUANTITIES[entry.type]
        return "float", Unit(unit.name, entry.unit) if entry.unit else unit
    if entry.unit is None or entry.type == "list":
        return entry.type, None
    if entry.type != "float":
        note("unit", "unit", f"a unit goes with a float, not with {entry.type}")
        return entry.type, None
    if not entry.unit.strip():
        note("unit", "unit", "leave `unit` out for a number without one")
        return "float", None
    try:
        base = next((base for base in UNIT_HELP if base == entry.unit or same_dimension(base, entry.unit)), entry.unit)
    except UnitsError:
        note("unit", "unit", f"{entry.unit!r} is not a unit")
        return "float", None
    return "float", Unit(base, entry.unit)


def _bound(key: str, value: Any, unit: Unit | None, note: Callable[[str, str, str], None]) -> float | None:
    if value is None:
        return None
    try:
        if unit is not None:
            return to_number(value, unit.name)
    except UnitsError as error:
        note(key, "unit", str(error))
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        note(key, "type", f"expected a number, got {value!r}")
        return None
    return value
