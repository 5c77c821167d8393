"""What the names in a recipe refer to: ``node.output`` and ``$parameter``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from graph4d.errors import suggestion
from graph4d.recipe.context import Context
from graph4d.recipe.level import Level, Source
from graph4d.recipe.problem import Place

__all__ = ["check_parameter", "closest", "find_source"]


def find_source(text: Any, level: Level, context: Context, trail: tuple[str | int, ...]) -> Source | None:
    """The output that ``member`` or ``member.output`` names, or None after noting why there is none."""
    place = level.document.value_place(*trail)
    if not isinstance(text, str):
        context.add("reference", f"expected a reference (`node` or `node.output`), got {text!r}", place)
        return None
    name, dot, output = text.partition(".")
    if name not in level.members:
        if name not in level.broken:
            context.add("reference", f"nothing is called `{name}` here", place, suggestion(name, level.members))
        return None
    outputs = level.members[name].outputs
    if dot and output not in outputs:
        hint = suggestion(output, outputs) or (f"it has {_listed(outputs)}" if outputs else "")
        context.add("output", f"`{name}` ({level.members[name].what}) has no output `{output}`", place, hint)
        return None
    if not dot and len(outputs) != 1:
        choices = _listed(f"{name}.{known}" for known in outputs)
        if outputs:
            context.add("output", f"`{name}` has {len(outputs)} outputs", place, f"choose from {choices}")
        return None
    return Source(name, output or next(iter(outputs)))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def check_parameter(name: str, level: Level, context: Context, place: Place | None) -> bool:
    """Whether the recipe has a parameter of that name; notes it if not."""
    if name in level.parameters:
        return True
    if name not in level.document.section("params"):
        hint = suggestion(name, level.parameters) or "`$name` stands alone and names one of `params:`"
        context.add("parameter", f"the recipe has no parameter `{name}`", place, hint)
    return False


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return found[0] if found else None
