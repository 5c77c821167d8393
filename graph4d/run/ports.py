"""Values at a node's boundary: checked against the port's type and brought to its unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graph4d.types import ValueTypeError
from graph4d.units import convert

if TYPE_CHECKING:
    from graph4d.declaration import Node

__all__ = ["checked_inputs", "checked_outputs"]


def checked_inputs(node: Node[Any, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs by port name, in the units the ports ask for.

    Raises
    ------
    ValueTypeError
        A value is not of its port's type, or an input that is needed is missing.
    """
    values: dict[str, Any] = {}
    for name, port in node.schema.ports.items():
        value = inputs.get(name)
        if value is None:
            if not port.optional:
                raise ValueTypeError(f"{node.id}: port `{name}` needs a value of type {port.type}")
            continue
        try:
            port.type.check(value)
        except ValueTypeError as error:
            raise ValueTypeError(f"{node.id}: port `{name}`: {error}") from None
        values[name] = _in_unit(value, port.type.unit)
    return values


def checked_outputs(node: Node[Any, Any], result: Any) -> dict[str, Any]:
    """What a node returned, by output name.

    Raises
    ------
    ValueTypeError
        It is not what the node's signature promises.
    """
    outputs = node.schema.outputs
    values = {"out": result} if list(outputs) == ["out"] else dict(zip(outputs, result, strict=True))
    for name, value in values.items():
        try:
            outputs[name].type.check(value)
        except ValueTypeError as error:
            raise ValueTypeError(f"{node.id}: output `{name}`: {error}") from None
    return values


def _in_unit(value: Any, unit: str | None) -> Any:
    if unit is None or not hasattr(value, "attrs"):
        return value
    given = str(value.attrs["units"])
    if given == unit:
        return value
    converted = value * convert(given, unit)
    converted.attrs = {**value.attrs, "units": unit}
    return converted
