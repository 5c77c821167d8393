"""What flows where in one recipe file, and whether it may."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graph4d.errors import suggestion
from graph4d.recipe.context import Context
from graph4d.recipe.level import Level, Member, Source
from graph4d.recipe.references import check_parameter, closest, find_source
from graph4d.recipe.sweep import check_dependence, check_sweep
from graph4d.recipe.topology import cycles, in_order, reach, reversed_edges
from graph4d.types import ValueType

__all__ = ["wire"]

MAX_OUTPUTS = 1000


def wire(level: Level, context: Context) -> None:
    """Connect the members of a recipe file, and note everything that does not fit."""
    for name, sweep in level.model.sweeps.items():
        check_sweep(name, sweep, level, context)
    for name in level.model.nodes:
        if name in level.members:
            _check_values(level.members[name], level, context)
            _check_inputs(level.members[name], level, context)
    for name in level.model.sweeps:
        check_dependence(name, level, context)
    _check_cycles(level, context)
    _find_outputs(level, context)
    _find_views(level, context)
    _check_unused(level, context)


def _check_values(member: Member, level: Level, context: Context) -> None:
    """Sort ``with:`` into literals and references to parameters."""
    at = ("nodes", member.name, "with")
    for key, value in member.written.items():
        place = level.document.key_place(*at, key)
        if key in member.ports:
            context.add("port", f"`{key}` is a port of {member.what}, not a parameter", place, "move it to `in:`")
        elif key not in member.parameters:
            context.add("unknown", f"{member.what} has no parameter `{key}`", place, _similar(key, member.parameters))
        elif isinstance(value, str) and value.startswith("$"):
            if check_parameter(value[1:], level, context, level.document.value_place(*at, key)):
                member.references[key] = value[1:]
        else:
            place = level.document.value_place(*at, key)
            fitted = context.literal(member.parameters[key], value, level.base, place)
            member.literals[key] = fitted
    for key, parameter in member.parameters.items():
        if parameter.required and key not in _written(member, level):
            place = level.document.key_place("nodes", member.name)
            context.add("missing", f"{member.what} needs parameter `{key}`: {parameter.expected}", place)


def _similar(key: str, known: Iterable[str]) -> str:
    names = ", ".join(known)
    return suggestion(key, known) or (f"it has {names}" if names else "it has none")


def _written(member: Member, level: Level) -> set[str | None]:
    """Keys that a node has in ``in:`` or ``with:``, or that were probably meant by those: not missing as well."""
    keys = {*level.model.nodes[member.name].inputs, *member.written}
    known = {*member.ports, *member.parameters}
    return keys | {closest(key, known) for key in keys - known}


def _check_inputs(member: Member, level: Level, context: Context) -> None:
    written = level.model.nodes[member.name].inputs
    for key, value in written.items():
        trail = ("nodes", member.name, "in", key)
        place = level.document.key_place(*trail)
        if key in member.parameters:
            context.add("port", f"`{key}` is a parameter of {member.what}, not a port", place, "move it to `with:`")
        elif key not in member.ports:
            context.add("port", f"{member.what} has no port `{key}`", place, _similar(key, member.ports))
        elif not isinstance(value, str) or value.startswith("$"):
            message = f"port `{key}` of {member.what} takes a reference, `node` or `node.output`"
            context.add("reference", message, level.document.value_place(*trail), "values belong under `with:`")
        else:
            source = find_source(value, level, context, trail)
            if source is not None:
                member.inputs[key] = source
                _check_type(member, key, source, level, context)
    for key, port in member.ports.items():
        if not port.optional and key not in _written(member, level):
            place = level.document.key_place("nodes", member.name)
            context.add("missing", f"port `{key}` of {member.what} needs {_article(port.type)}", place)


def _article(value_type: ValueType) -> str:
    return f"{'an' if value_type.name[0] in 'AEIO' else 'a'} {value_type}"


def _check_type(member: Member, key: str, source: Source, level: Level, context: Context) -> None:
    wanted, given = member.ports[key].type, level.type_of(source)
    if given is None or wanted.accepts(given):
        return
    other = _fitting(member, key, level)
    hint = f"{given}; did you mean `{other}`?" if other else str(given)
    place = level.document.value_place("nodes", member.name, "in", key)
    context.add("type", f"port `{key}` of {member.what} wants {wanted}", place, hint)


def _fitting(member: Member, key: str, level: Level) -> str | None:
    """What else the port could take: best what has its name, else the nearest thing written before the node."""
    followers = reach([member.name], reversed_edges(_written_needs(level)))
    names = list(level.members)
    fits = [
        (name, name if len(other.outputs) == 1 else f"{name}.{output}")
        for name, other in level.members.items()
        for output, given in other.outputs.items()
        if name not in followers and given is not None and member.ports[key].type.accepts(given)
    ]
    here = names.index(member.name)
    fits.sort(key=lambda fit: (fit[0] != key, names.index(fit[0]) > here, abs(names.index(fit[0]) - here)))
    return fits[0][1] if fits else None


def _written_needs(level: Level) -> dict[str, list[str]]:
    """Members that each member refers to, by the text alone."""
    needs: dict[str, list[str]] = {name: [] for name in level.members}
    for name, entry in level.model.nodes.items():
        references = [value.partition(".")[0] for value in entry.inputs.values() if isinstance(value, str)]
        needs[name] = [other for other in references if other in level.members]
    return needs


def _check_cycles(level: Level, context: Context) -> None:
    needs = {name: member.needs for name, member in level.members.items()}
    found = cycles(needs)
    for cycle in found:
        first = min(cycle, key=list(level.members).index)
        start = cycle.index(first)
        path = [*cycle[start:-1], *cycle[:start], first]
        section = "sweeps" if first in level.model.sweeps else "nodes"
        message = f"`{first}` depends on itself: {' → '.join(path)}"
        context.add("cycle", message, level.document.key_place(section, first))
    level.order = list(level.members) if found else in_order(needs)


def _find_outputs(level: Level, context: Context) -> None:
    for name, text in level.model.outputs.items():
        source = find_source(text, level, context, ("outputs", name))
        if source is not None:
            level.outputs[name] = source
    if not level.model.outputs:
        _find_unused_outputs(level, context)


def _find_unused_outputs(level: Level, context: Context) -> None:
    """What nothing else uses is the result of a recipe that does not say what its results are."""
    used = {name for member in level.members.values() for name in member.needs}
    last = [m for name, m in level.members.items() if name not in used and m.content is not None]
    count = sum(len(member.outputs) for member in last)
    if count > MAX_OUTPUTS:  # they multiply from one sub-recipe to the next
        message = f"{count} values are used by nothing: name those that are results under `outputs:`"
        context.add("size", message, level.document.key_place("nodes"))
        return
    for member in last:
        for output in member.outputs:
            name = member.name if len(member.outputs) == 1 else f"{member.name}.{output}"
            level.outputs[name] = Source(member.name, output)


def _find_views(level: Level, context: Context) -> None:
    for name, view in level.model.views.items():
        at = ("views", name)
        shown = [find_source(text, level, context, (*at, "show", i)) for i, text in enumerate(view.show)]
        level.views[name] = tuple(source for source in shown if source is not None)
        for control in view.controls:
            check_parameter(control, level, context, level.document.key_place(*at, "controls", control))


def _check_unused(level: Level, context: Context) -> None:
    # By the text: what is used in an entry that could not be understood is used all the same.
    used = {value for entry in level.document.section("nodes").values() for value in _with(entry)}
    swept = {name for sweep in level.model.sweeps.values() for name in sweep.over}
    for name in level.parameters:
        if f"${name}" not in used and name not in swept:
            context.add("unused", f"parameter `{name}` is not used", level.document.key_place("params", name))


def _with(entry: Any) -> list[str]:
    values = entry.get("with") if isinstance(entry, dict) else None
    return [value for value in values.values() if isinstance(value, str)] if isinstance(values, dict) else []
