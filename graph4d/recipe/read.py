"""Recipe files read, sub-recipes and all, and their members looked up."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import graph4d.types
from graph4d.declaration import Port
from graph4d.errors import GraphError, suggestion
from graph4d.recipe.context import Context
from graph4d.recipe.declared import declared_parameters
from graph4d.recipe.level import Level, Member
from graph4d.recipe.model import NodeEntry, RecipeModel
from graph4d.recipe.shape import shaped
from graph4d.recipe.source import Document, parse, read_text
from graph4d.recipe.versions import MigrationError, migrated, split_pin
from graph4d.recipe.wiring import wire
from graph4d.registry import UnknownNode
from graph4d.types import ValueType, type_of

__all__ = ["read_level"]

MAX_DEPTH = 8


def read_level(document: Document, base: Path, context: Context, chain: tuple[Path, ...] = ()) -> Level:
    """A recipe file with its members looked up and wired, and so those it includes; what is wrong is noted.

    Parameters
    ----------
    document : Document
    base : Path
        Folder that its paths are relative to.
    context : Context
        Collects the problems.
    chain : tuple of Path
        The recipes that include this one, outermost first, and itself.
    """
    model, problems = shaped(document)
    context.problems += document.problems + problems
    model = _without_clashes(model, document, context)
    level = Level(document, model, base)
    level.parameters = declared_parameters(document, model.params, base, context)
    for name, entry in model.nodes.items():
        member = _node_member(name, entry, level, context, chain)
        if member is not None:
            level.members[name] = member
    types = _known_types(level)
    for name, wanted in model.inputs.items():
        if wanted not in types:
            place = document.value_place("inputs", name)
            context.add("type", f"there is no type `{wanted}`", place, suggestion(wanted, types))
        level.members[name] = Member(name, "an input", None, {"out": types.get(wanted)})
    for name, sweep in model.sweeps.items():
        level.members[name] = Member(name, "a sweep", sweep)
    wire(level, context)
    return level


def _without_clashes(model: RecipeModel, document: Document, context: Context) -> RecipeModel:
    """Nodes, inputs and sweeps share their names: the first of the same name stays."""
    taken, kept = dict.fromkeys(model.nodes, "nodes"), {}
    for section in ("inputs", "sweeps"):
        entries = getattr(model, section)
        for name in entries:
            if name in taken:
                message = f"`{name}` is the name of one of the {taken[name]} already"
                context.add("duplicate", message, document.key_place(section, name))
        kept[section] = {name: entry for name, entry in entries.items() if name not in taken}
        taken |= dict.fromkeys(kept[section], section)
    return model.model_copy(update=kept)


def _node_member(name: str, entry: NodeEntry, level: Level, context: Context, chain: tuple[Path, ...]) -> Member | None:
    place = level.document.key_place("nodes", name)
    if (entry.use is None) == (entry.recipe is None):
        if level.document.section("nodes")[name].keys().isdisjoint({"use", "recipe"}) or entry.use is not None:
            context.add("missing", f"`{name}` needs either `use`, a node, or `recipe`, a file", place)
        return None
    if entry.recipe is not None:
        return _recipe_member(name, entry, entry.recipe, level, context, chain)
    assert entry.use is not None
    return _plain_member(name, entry, entry.use, level, context)


def _plain_member(name: str, entry: NodeEntry, use: str, level: Level, context: Context) -> Member | None:
    place = level.document.value_place("nodes", name, "use")
    try:
        node_id, version = split_pin(use)
        node = context.registry.get(node_id)
        schema = node.schema
    except UnknownNode:
        hint = suggestion(node_id, context.registry.ids()) or "`graph4d nodes` lists those that are installed"
        context.add("node", f"there is no node `{node_id}`", place, hint)
        return None
    except (GraphError, TypeError, ValueError) as error:  # a plugin that is broken, a version that is no number
        context.add("node", str(error), place)
        return None
    written = entry.values
    if version is not None and version != node.version:
        try:
            written = migrated(node, version, written)
        except MigrationError as error:
            context.add("version", str(error), place)
            return None
        message = f"{node_id}@{version} is retired; its parameters were brought to @{node.version}"
        context.add("note", message, place, "`graph4d migrate` rewrites the recipe")
    outputs: dict[str, ValueType | None] = {key: output.type for key, output in schema.outputs.items()}
    return Member(name, node_id, node, outputs, schema.ports, schema.parameters, written)


def _recipe_member(
    name: str, entry: NodeEntry, relative: str, level: Level, context: Context, chain: tuple[Path, ...]
) -> Member | None:
    place = level.document.value_place("nodes", name, "recipe")
    path = (level.base / relative).absolute()
    if not context.check_fence(path, f"recipe of `{name}`", place):
        return None
    real = path.resolve()
    if real in chain:
        names = " → ".join(p.name for p in (*chain[chain.index(real) :], real))
        context.add("cycle", f"a recipe cannot contain itself: {names}", place)
        return None
    if len(chain) >= MAX_DEPTH:
        context.add("size", f"recipes are nested deeper than {MAX_DEPTH} levels", place)
        return None
    if real not in context.levels:
        shown = str(Path(level.document.name).parent / relative) if level.document.path else relative
        text = read_text(path, shown)
        if not isinstance(text, str):
            context.add(
                text.kind, text.message, text.place or place, f"looked for {path.name}" if not text.place else ""
            )
            return None
        context.levels[real] = read_level(parse(text, shown, path), path.parent, context, (*chain, real))
    child = context.levels[real]
    ports = {key: Port(key, child.members[key].outputs["out"] or _ANY, False) for key in child.model.inputs}
    outputs = {key: child.type_of(source) for key, source in child.outputs.items()}
    return Member(name, f"the recipe {path.name}", child, outputs, ports, child.parameters, entry.values)


_ANY = ValueType("Value")


@cache
def _engine_types() -> dict[str, ValueType]:
    found = (type_of(getattr(graph4d.types, name)) for name in graph4d.types.__all__)
    return {value_type.name: value_type for value_type in found if value_type is not None}


def _known_types(level: Level) -> dict[str, ValueType]:
    """The engine's types, and those that the nodes of this recipe speak of."""
    types = dict(_engine_types())
    for member in level.members.values():
        for value_type in (*(port.type for port in member.ports.values()), *member.outputs.values()):
            if value_type is not None:
                types.setdefault(value_type.name, value_type)
    return types
