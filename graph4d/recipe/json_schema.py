"""The JSON Schema of recipes, with the nodes that are installed: what editors complete and check by."""

from __future__ import annotations

from typing import Any

from graph4d.declaration import Node
from graph4d.errors import GraphError
from graph4d.parameters import Parameter
from graph4d.recipe.model import RecipeModel
from graph4d.registry import Registry, default_registry

__all__ = ["recipe_schema"]

_REFERENCE = {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)?$"}
_PARAMETER = {"type": "string", "pattern": r"^\$[A-Za-z_][A-Za-z0-9_-]*$"}


def recipe_schema(registry: Registry | None = None) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a recipe file.

    Parameters
    ----------
    registry : Registry, optional
        By default all nodes that are installed. Each of them is imported; one that cannot be is left out.

    Returns
    -------
    dict
        To be written as JSON.
    """
    schema = RecipeModel.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    nodes = _nodes(registry or default_registry())
    # The general entry says which keys there are; which of them go together is said node by node.
    schema["$defs"]["NodeEntry"] |= {
        "oneOf": [
            {"required": ["recipe"], "properties": {"use": False}},
            *(_entry(node) for node in nodes),
        ]
    }
    return schema


def _nodes(registry: Registry) -> list[Node[..., Any]]:
    found = []
    for node_id in registry.ids():
        try:
            found.append(registry.get(node_id))
        except GraphError:
            continue
    return found


def _entry(node: Node[..., Any]) -> dict[str, Any]:
    """What an entry of this node looks like."""
    ports, parameters = node.schema.ports, node.schema.parameters
    inputs = {
        "type": "object",
        "properties": {
            name: {**_REFERENCE, "description": f"{port.type}. {port.help}".strip()} for name, port in ports.items()
        },
        "required": [name for name, port in ports.items() if not port.optional],
        "additionalProperties": False,
    }
    values = {
        "type": "object",
        "properties": {name: _value(parameter) for name, parameter in parameters.items()},
        "required": [name for name, parameter in parameters.items() if parameter.required],
        "additionalProperties": False,
    }
    needed = [key for key, part in (("in", inputs), ("with", values)) if part["required"]]
    # A retired version has parameters of its own.
    pinned = {"type": "string", "pattern": rf"^{node.id.replace('.', '[.]')}@[0-9]+$"}
    return {
        "required": ["use", *needed],
        "properties": {
            "use": {"anyOf": [{"const": node.id, "description": node.summary}, pinned]},
            "in": inputs,
            "with": values,
            "recipe": False,
        },
    }


def _value(parameter: Parameter) -> dict[str, Any]:
    description = parameter.help or parameter.expected
    if not parameter.required and parameter.default is not None:
        description += f" (default {parameter.display(parameter.coerce(parameter.default))})"
    kinds = [_PARAMETER, _literal(parameter), *([{"type": "null"}] if parameter.optional else [])]
    return {"anyOf": kinds, "description": description}


def _literal(parameter: Parameter) -> dict[str, Any]:
    if parameter.unit is not None:
        return {"anyOf": [{"type": "string"}, {"const": 0}]}
    if parameter.kind == "choice":
        return {"enum": list(parameter.choices)}
    if parameter.kind == "list":
        size = {} if parameter.length is None else {"minItems": parameter.length, "maxItems": parameter.length}
        items = {"items": _literal(parameter.items[0])} if parameter.items else {}
        return {"type": "array", **items, **size}
    kinds = {"bool": "boolean", "int": "integer", "float": "number", "str": "string", "path": "string"}
    bounds = {"minimum": parameter.low, "maximum": parameter.high}
    return {"type": kinds[parameter.kind], **{key: bound for key, bound in bounds.items() if bound is not None}}
