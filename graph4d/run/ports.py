"""Values at a node's boundary: checked against the port's type and brought to its unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graph4d.types import ValueTypeError
from graph4d.units import convert

if TYPE_CHECKING:
    from graph4d.declaration import Node

__all__ = ["checked_inputs", "checked_outputs", "conversions"]


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


def conversions(node: Node[Any, Any], inputs: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Units before and after, by port, of the inputs that :func:`checked_inputs` brings to another unit."""
    found: dict[str, tuple[str, str]] = {}
    for name, port in node.schema.ports.items():
        given = _other_unit(inputs.get(name), port.type.unit)
        if given is not None and port.type.unit is not None:
            found[name] = given, port.type.unit
    return found


def checked_outputs(node: Node[Any, Any], result: Any) -> dict[str, Any]:
    """What a node returned, by output name.

    Raises
    ------
    ValueTypeError
        It is not what the node's signature promises.
    """
    outputs = node.schema.outputs
    values = {"out": result} if list(outputs) == ["out"] else _by_name(node, result)
    for name, value in values.items():
        try:
            outputs[name].type.check(value)
        except ValueTypeError as error:
            raise ValueTypeError(f"{node.id}: output `{name}`: {error}") from None
    return values


def _by_name(node: Node[Any, Any], result: Any) -> dict[str, Any]:
    names = list(node.schema.outputs)
    if not isinstance(result, tuple) or len(result) != len(names):
        found = f"{len(result)} values" if isinstance(result, tuple) else f"one {type(result).__name__}"
        raise ValueTypeError(f"{node.id}: expected the outputs {', '.join(names)}, got {found}")
    return dict(zip(names, result, strict=True))


def _other_unit(value: Any, unit: str | None) -> str | None:
    """The unit of an array, if it is not the one that is wanted."""
    given = getattr(value, "attrs", {}).get("units")
    return None if unit is None or given is None or str(given) == unit else str(given)


def _in_unit(value: Any, unit: str | None) -> Any:
    given = _other_unit(value, unit)
    if given is None or unit is None:
        return value
    converted = value * convert(given, unit)
    converted.attrs = {**value.attrs, "units": unit}
    return converted
