"""Recipes to files: a whole one, or new values of parameters into one that is there."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d.errors import UsageError, suggestion
from graph4d.recipe.context import Context
from graph4d.recipe.declared import declared_parameters
from graph4d.recipe.problem import RecipeErrors
from graph4d.recipe.read import read_level
from graph4d.recipe.rewrite import rewritten
from graph4d.recipe.shape import shaped
from graph4d.recipe.source import parse, read_text
from graph4d.recipe.write import recipe_text, written
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
    for name in values:
        if name not in declared:
            raise UsageError(f"{path} has no parameter `{name}`{suggestion(name, declared)}")
    replace_text(target, rewritten(document, values, declared))


def replace_text(path: Path, text: str) -> None:
    """Write a file so that whoever reads it sees the old text or the new, and nothing in between."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_bytes(text.encode())
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
