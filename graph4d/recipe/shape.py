"""Data into the model, telling all that does not fit in our own words."""

from __future__ import annotations

import copy
from typing import Any

from pydantic import BaseModel, ValidationError

from graph4d.errors import suggestion
from graph4d.recipe.model import NodeEntry, ParamEntry, RecipeModel, SweepEntry, ViewEntry
from graph4d.recipe.problem import Problem
from graph4d.recipe.source import Document, Trail

__all__ = ["shaped"]

_ENTRIES: dict[Any, type[BaseModel]] = {
    "params": ParamEntry, "nodes": NodeEntry, "sweeps": SweepEntry, "views": ViewEntry,
}  # fmt: skip
_EXPECTED = {
    "string_type": "text", "dict_type": "a mapping", "model_type": "a mapping", "list_type": "a list",
    "bool_type": "true or false", "int_type": "an integer",
}  # fmt: skip


def shaped(document: Document) -> tuple[RecipeModel, list[Problem]]:
    """The recipe as far as it has the right shape, and what has not.

    What does not fit is left out, and the rest is looked at again, so that one misspelt key does not hide the other
    mistakes.
    """
    problems: list[Problem] = []
    refused = [problem.place for problem in document.problems]
    if not isinstance(document.data, dict):
        got = "nothing" if document.data is None else _shown(document.data)
        message = f"a recipe is a mapping that begins with `graph4d: 1`, got {got}"
        return _EMPTY, [Problem("shape", message, document.value_place(), source=document.name)]
    data = copy.deepcopy(document.data)
    while True:
        try:
            return RecipeModel.model_validate(data), problems
        except ValidationError as error:
            errors = error.errors(include_url=False, include_context=True)
            # What is missing from the second round on was there, and has been left out.
            found = [_problem(document, e) for e in errors if e["type"] != "missing" or not problems]
            problems += [problem for problem in found if problem.place not in refused]
            for e in errors:
                _leave_out(data, e)


_EMPTY = RecipeModel(graph4d=1, nodes={})


def _leave_out(data: dict[str, Any], error: Any) -> None:
    trail = _trail(error)
    if trail == ("graph4d",):
        data["graph4d"] = 1
    elif trail == ("nodes",):
        data["nodes"] = {}
    else:
        # An entry without a key that it needs cannot be used; a list with a wrong item is no list to go on with.
        whole = trail[:-1] if error["type"] == "missing" or isinstance(trail[-1], int) else trail
        _delete(data, whole)


def _delete(data: Any, trail: Trail) -> None:
    for key in trail[:-1]:
        data = data.get(key, {})
    data.pop(trail[-1], None)


def _trail(error: Any) -> Trail:
    # Pydantic marks a key that does not fit with a last "[key]".
    return tuple(part for part in error["loc"] if part != "[key]")


def _problem(document: Document, error: Any) -> Problem:
    trail, kind = _trail(error), error["type"]
    key, parent = trail[-1], trail[:-1]
    if kind == "extra_forbidden":
        message = f"unknown key `{key}`{_of(parent)}"
        return Problem("key", message, document.key_place(*trail), _similar(str(key), parent))
    if kind == "missing":
        place = document.key_place(*parent) if parent else document.value_place()
        message = f"the key `{key}` is missing{_of(parent)}"
        return Problem("missing", message, place, "write `graph4d: 1`" if trail == ("graph4d",) else "", document.name)
    if kind == "string_pattern_mismatch":
        message = f"`{key}` is not a name: letters, digits, `_` and `-`, a letter first"
        return Problem("name", message, document.key_place(*trail))
    if trail == ("graph4d",):
        message = f"this program reads version 1 of the recipe format, got {_shown(error['input'])}"
        return Problem("version", message, document.value_place(*trail))
    expected = _EXPECTED.get(kind)
    if kind == "literal_error":
        hint = suggestion(
            str(error["input"]), error["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        )
        message = f"`{key}` must be one of {error['ctx']['expected'].replace(chr(39), '')}"
        return Problem("type", message, document.value_place(*trail), f"got {_shown(error['input'])}{hint}")
    message = f"`{_name(trail)}` must be {expected}" if expected else f"`{_name(trail)}`: {error['msg'].lower()}"
    return Problem("type", message, document.value_place(*trail), f"got {_shown(error['input'])}")


def _of(parent: Trail) -> str:
    return f" in `{_name(parent)}`" if parent else ""


def _name(trail: Trail) -> str:
    return ".".join(map(str, trail))


def _similar(key: str, parent: Trail) -> str:
    model = RecipeModel if not parent else _ENTRIES.get(parent[0], RecipeModel)
    known = [info.alias or name for name, info in model.model_fields.items()]
    return suggestion(key, known).removeprefix("; ") or f"known keys: {', '.join(known)}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return str(value).lower() if isinstance(value, bool) else repr(value)
