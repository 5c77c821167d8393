"""Sweeps: the same nodes at several values of parameters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graph4d.recipe.references import check_parameter, find_source
from graph4d.recipe.stack import stacked_type
from graph4d.recipe.topology import reach, reversed_edges
from graph4d.recipe.values import UNKNOWN, Argument, fit

if TYPE_CHECKING:
    from graph4d.recipe.context import Context
    from graph4d.recipe.level import Level
    from graph4d.recipe.model import SweepEntry

__all__ = ["check_dependence", "check_sweep", "label"]

MAX_POINTS = 2000


def check_sweep(name: str, sweep: SweepEntry, level: Level, context: Context) -> None:
    """Look up what a sweep collects and work out its points; note what is wrong."""
    axes = [_checked_values(name, parameter, values, level, context) for parameter, values in sweep.over.items()]
    count = math.prod(map(len, axes))
    place = level.document.value_place("sweeps", name, "over")
    if not axes or not count:
        context.add("sweep", f"sweep `{name}` has no points", place)
    elif count > MAX_POINTS:
        context.add("size", f"sweep `{name}` has {count} points; at most {MAX_POINTS} are allowed", place)
    elif not any(value is UNKNOWN for axis in axes for value in axis):
        level.points[name] = [dict(zip(sweep.over, point, strict=True)) for point in itertools.product(*axes)]
    for i, text in enumerate(sweep.collect):
        _collect(name, text, i, level, context)


def _checked_values(name: str, parameter: str, values: list[Any], level: Level, context: Context) -> list[Any]:
    """The values along one axis, UNKNOWN where one does not fit."""
    at = ("sweeps", name, "over", parameter)
    if parameter not in level.parameters:
        check_parameter(parameter, level, context, level.document.key_place(*at))
        return [UNKNOWN] * len(values)
    declared = level.parameters[parameter]
    places = [level.document.value_place(*at, i) for i in range(len(values))]
    found = [context.literal(declared, v, level.base, place) for v, place in zip(values, places, strict=True)]
    seen: list[Any] = []
    for value, place in zip(found, places, strict=True):
        if value is not UNKNOWN:
            fitted = fit(declared, Argument(value))
            if fitted in seen:
                context.add("duplicate", f"{value} is here twice", place)
            seen.append(fitted)
    return found


def _collect(name: str, text: str, i: int, level: Level, context: Context) -> None:
    trail = ("sweeps", name, "collect", i)
    place = level.document.value_place(*trail)
    source = find_source(text, level, context, trail)
    if source is None:
        return
    member, collected = level.members[name], level.members[source.member]
    if collected.content is None or source.member in level.model.sweeps:
        context.add("sweep", f"a sweep collects outputs of nodes; `{source.member}` is {collected.what}", place)
        return
    given = level.type_of(source)
    if given is not None and given.container == "lazy":
        context.add("type", f"a sweep cannot stack {given}: it is never held whole", place)
        return
    clash = sorted(set(level.model.sweeps[name].over) & set(given.dims if given else ()))
    if clash:
        context.add("sweep", f"`{text}` has a dimension `{clash[0]}` already: give the parameter another name", place)
        return
    key = source.output if "." in text else source.member
    if key in member.collects:
        context.add("duplicate", f"`{key}` is collected twice", place)
        return
    member.collects[key] = source
    member.outputs[key] = None if given is None else stacked_type(given)


def check_dependence(name: str, level: Level, context: Context) -> None:
    """Everything a sweep collects must depend on what it varies; to be called when the members are wired."""
    member = level.members[name]
    if not level.model.sweeps[name].over.keys() <= level.parameters.keys():
        return
    followers = depending(level, set(level.model.sweeps[name].over))
    for i, text in enumerate(level.model.sweeps[name].collect):
        if text.partition(".")[0] in {s.member for s in member.collects.values()} - followers:
            over = ", ".join(f"`{parameter}`" for parameter in level.model.sweeps[name].over)
            place = level.document.value_place("sweeps", name, "collect", i)
            context.add("sweep", f"`{text}` does not depend on {over}", place)


def depending(level: Level, parameters: set[str]) -> set[str]:
    """Members whose result depends on parameters of the recipe."""
    users = [name for name, member in level.members.items() if parameters & set(member.references.values())]
    return reach(users, reversed_edges({name: member.needs for name, member in level.members.items()}))


def label(point: Mapping[str, Any]) -> str:
    """``[kernel=21]``: what is added to the name of a step."""
    return "[" + ",".join(f"{name}={value}" for name, value in point.items()) + "]"
