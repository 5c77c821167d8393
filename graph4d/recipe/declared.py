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
from graph4d.recipe.values import UNKNOWN
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


Note = Callable[[str, str, str], None]
"""Notes, under a key of an entry, a kind of problem and a message."""


def _parameter(name: str, entry: ParamEntry, document: Document, base: Path, context: Context) -> Parameter:
    def note(key: str, kind: str, message: str) -> None:
        context.add(kind, f"parameter `{name}`: {message}", document.value_place("params", name, key))

    kind, unit = _kind(entry, note)
    choices = tuple(choice for choice in entry.choices or () if not isinstance(choice, dict | list))
    if len(choices) < len(entry.choices or ()):
        note("choices", "type", "a choice is text, a number, true or false")
    if kind == "choice" and not choices:
        note("type", "missing", "a choice needs `choices`")
        kind = "str"
    parameter = Parameter(
        name,
        kind,
        unit=unit,
        low=_bound("min", entry.min, unit, note),
        high=_bound("max", entry.max, unit, note),
        odd=entry.odd,
        log=entry.log,
        step=_bound("step", entry.step, unit, note),
        group=entry.group,
        help=entry.help,
        choices=choices,
        optional=entry.optional,
    )
    if entry.type == "list":
        items = (replace(parameter, optional=False),) * (entry.length or 1)
        parameter = Parameter(
            name, "list", group=entry.group, help=entry.help, optional=entry.optional, items=items, length=entry.length
        )
    if "default" not in entry.model_fields_set:
        return parameter
    place = document.value_place("params", name, "default")
    if entry.default is None and not entry.optional:
        message = f"parameter `{name}`: null is no value of it"
        context.add("type", message, place, "leave `default` out, or say `optional: true`")
        return replace(parameter, default=UNKNOWN)
    return replace(parameter, default=context.literal(parameter, entry.default, base, place))


def _kind(entry: ParamEntry, note: Note) -> tuple[str, Unit | None]:
    """Kind and unit of a number, or of the items of a list; a unit comes with the base unit of its dimension."""
    kind = (entry.items or "float") if entry.type == "list" else entry.type
    quantity = _QUANTITIES.get(kind)
    if entry.unit is None:
        return ("float", quantity) if quantity else (kind, None)
    if quantity is None and kind != "float":
        note("unit", "unit", f"a unit goes with a float, not with {kind}")
        return kind, None
    bases = [quantity.name] if quantity else [*UNIT_HELP, entry.unit]
    try:
        base = next((base for base in bases if base == entry.unit or same_dimension(base, entry.unit)), None)
    except UnitsError:
        base = None
    if base is None or not entry.unit.strip():
        note("unit", "unit", f"{entry.unit!r} is not a unit" + (f" of {kind}" if quantity else ""))
        return "float", quantity
    return "float", Unit(base, entry.unit)


def _bound(key: str, value: Any, unit: Unit | None, note: Note) -> float | None:
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
