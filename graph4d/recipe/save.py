"""Recipes to files: a whole one, or new values of parameters into one that is there."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d.errors import UsageError, suggestion
from graph4d.parameters import Parameter, ParameterErrors
from graph4d.recipe.context import Context
from graph4d.recipe.declared import declared_parameters
from graph4d.recipe.problem import RecipeErrors
from graph4d.recipe.read import read_level
from graph4d.recipe.shape import shaped
from graph4d.recipe.source import Document, parse, read_text
from graph4d.recipe.values import Argument, Setting, fit, python_argument
from graph4d.recipe.write import flow, recipe_text, written
from graph4d.registry import Registry, default_registry

if TYPE_CHECKING:
    from graph4d.recipe.graph import Graph

__all__ = ["replace_text", "save", "save_data", "write_values"]


def save(graph: Graph, path: str | Path, *, registry: Registry | None = None) -> Path:
    """Write the recipe of a graph; the values that its parameters have become their defaults.

    Parameters
    ----------
    graph : Graph
    path : str or Path
        The file. Relative paths in the recipe are written anew, relative to its folder.
    registry : Registry, optional
        Where nodes are looked up; by default all that are installed.

    Returns
    -------
    Path
        Of a recipe that gives the same graph when it is loaded.
    """
    data = copy.deepcopy(dict(graph.data))
    for name, value in graph.parameters.items():
        parameter = graph.declared[name]
        if parameter.required or value != parameter.coerce(parameter.default):
            data["params"][name]["default"] = written(parameter, value)
    return save_data(data, graph.base, path, registry=registry)


def save_data(data: dict[str, Any], base: Path, path: str | Path, *, registry: Registry | None = None) -> Path:
    """Write a recipe's data, whose relative paths start at ``base``, to a file in whatever folder."""
    target = Path(path)
    if target.absolute().parent != base.absolute():
        _move_paths(data, base.absolute(), target.absolute().parent, registry or default_registry())
    replace_text(target, recipe_text(data))
    return target


def _move_paths(data: dict[str, Any], old: Path, new: Path, registry: Registry) -> None:
    level = read_level(parse(recipe_text(data), "<recipe>"), old, Context(registry, None))

    def moved(path: Any) -> Any:
        return Path(os.path.relpath(old / path, new)).as_posix() if path is not None else None

    for name, parameter in level.parameters.items():
        if parameter.kind == "path" and "default" in data["params"][name]:
            data["params"][name]["default"] = moved(data["params"][name]["default"])
    for name, entry in data["nodes"].items():
        if "recipe" in entry:
            entry["recipe"] = moved(entry["recipe"])
        parameters = level.members[name].parameters if name in level.members else {}
        for key, value in entry.get("with", {}).items():
            if key in parameters and parameters[key].kind == "path" and not str(value).startswith("$"):
                entry["with"][key] = moved(value)


def write_values(path: str | Path, values: Mapping[str, object]) -> None:
    """Put new default values of parameters into a recipe file, leaving all else as it is, comments included.

    Parameters
    ----------
    path : str or Path
    values : mapping
        By parameter: Python values, whose numbers count in base units, or text with a unit.

    Raises
    ------
    UsageError
        The recipe cannot be read or written, has no such parameter, or the value does not fit it.
    """
    target = Path(path)
    text = read_text(target, str(path))
    if not isinstance(text, str):
        raise RecipeErrors([text])
    document = parse(text, str(path), target.absolute())
    model, problems = shaped(document)
    context = Context(default_registry(), fence=None, problems=document.problems + problems)
    declared = declared_parameters(document, model.params, target.parent, context)
    if any(problem.is_error for problem in context.problems):
        raise RecipeErrors(context.problems)
    wanted = copy.deepcopy(document.data)
    edits = []
    for name, value in values.items():
        if name not in declared:
            raise UsageError(f"{path} has no parameter `{name}`{suggestion(name, declared)}")
        new = _as_written(declared[name], value)
        wanted["params"][name]["default"] = new
        edits.append(_edit(document, name, flow(new)))
    result = _edited(document, edits)
    if parse(result, document.name).data != wanted:
        raise UsageError(f"{path} is not changed: write the defaults of {', '.join(values)} on one line each first")
    replace_text(target, result)


def replace_text(path: Path, text: str) -> None:
    """Write a file so that whoever reads it sees the old text or the new, and nothing in between."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_bytes(text.encode())
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _as_written(parameter: Parameter, value: object) -> Any:
    argument = Argument(value.value) if isinstance(value, Setting) else python_argument(parameter, value)
    try:
        return written(parameter, fit(parameter, argument))
    except ParameterErrors as error:
        raise UsageError(error.problems[0].message) from error


def _edit(document: Document, name: str, text: str) -> tuple[int, int, str]:
    """Begin and end of the stretch of text to replace, and by what."""
    at = ("params", name)
    if (*at, "default") in document.values:
        place = document.values[(*at, "default")]
        start = document.offset(place)
        return start, start + place.width, text
    kind, key = document.values[(*at, "type")], document.keys[(*at, "type")]
    end = document.offset(kind) + kind.width
    in_braces = document.text[document.offset(document.values[at])] == "{"
    return end, end, f", default: {text}" if in_braces else f"\n{' ' * (key.column - 1)}default: {text}"


def _edited(document: Document, edits: list[tuple[int, int, str]]) -> str:
    result = document.text
    for start, end, text in sorted(edits, reverse=True):
        result = result[:start] + text + result[end:]
    return result
