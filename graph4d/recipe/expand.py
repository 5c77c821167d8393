"""Recipe files to flat steps: sub-recipes are inlined, sweeps multiplied, parameters given their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graph4d.declaration import Node
from graph4d.parameters import Parameter
from graph4d.recipe.context import Context
from graph4d.recipe.graph import Ref, Step
from graph4d.recipe.level import Level, Member, Source
from graph4d.recipe.model import SweepEntry
from graph4d.recipe.stack import StackNode
from graph4d.recipe.sweep import depending, label
from graph4d.recipe.topology import reach
from graph4d.recipe.values import UNKNOWN, Argument, fit

__all__ = ["Expansion", "Outputs", "TooLarge", "default_argument", "resolved"]

MAX_STEPS = 10_000

Outputs = Mapping[str, Ref | None]
"""Where each output of a member comes from; None for what is not known because of another problem."""


class TooLarge(Exception):
    """The graph has more steps than are allowed."""


@dataclass(frozen=True)
class _Scope:
    """A recipe file in one of its uses, perhaps at one point of a sweep."""

    level: Level
    arguments: Mapping[str, Argument]
    prefix: str
    suffix: str = ""
    known: dict[str, Outputs] = field(default_factory=dict)
    """Outputs of the members that have been expanded."""

    def name(self, member: Member) -> str:
        return f"{self.prefix}{member.name}{self.suffix}"

    def argument(self, member: Member, key: str) -> Argument:
        """What a member's parameter is set to."""
        if key in member.references:
            return self.arguments[member.references[key]]
        origin = str(self.level.document.value_place("nodes", member.name, "with", key))
        return Argument(member.literals.get(key, UNKNOWN), origin=f"given in {origin}")


@dataclass
class Expansion:
    """The steps of a graph while they are made."""

    context: Context
    steps: dict[str, Step] = field(default_factory=dict)

    def expand(
        self, level: Level, arguments: Mapping[str, Argument], inputs: Outputs, prefix: str = ""
    ) -> dict[str, Outputs]:
        """Add the steps of a recipe file.

        Parameters
        ----------
        level : Level
        arguments : mapping
            A value for each of its parameters.
        inputs : mapping
            What flows into each of its inputs.
        prefix : str
            For the names of the steps.

        Returns
        -------
        dict
            The outputs of all its members.

        Raises
        ------
        TooLarge
            There are too many steps.
        """
        scope = _Scope(level, arguments, prefix, known={name: {"out": inputs.get(name)} for name in level.model.inputs})
        for name in level.order:
            if name not in scope.known:
                scope.known[name] = self._member(level.members[name], scope)
        return scope.known

    def _member(self, member: Member, scope: _Scope) -> Outputs:
        if isinstance(member.content, SweepEntry):
            return self._sweep(member, member.content, scope)
        inputs = {port: resolved(source, scope.known) for port, source in member.inputs.items()}
        given = [key for key in member.written if key in member.parameters]
        arguments = {key: self._checked(key, scope.argument(member, key), member, scope.level) for key in given}
        if isinstance(member.content, Level):
            child = member.content
            defaults = {key: default_argument(parameter) for key, parameter in child.parameters.items()}
            known = self.expand(child, defaults | arguments, inputs, f"{scope.name(member)}/")
            return {key: resolved(source, known) for key, source in child.outputs.items()}
        assert isinstance(member.content, Node)
        place = scope.level.document.key_place("nodes", member.name)
        step = Step(
            scope.name(member),
            member.content,
            {key: _value(parameter, arguments.get(key)) for key, parameter in member.parameters.items()},
            {port: ref for port, ref in inputs.items() if ref is not None},
            frozenset(arguments),
            {key: argument.parameter for key, argument in arguments.items() if argument.parameter is not None},
            place,
        )
        return self._add(step)

    def _checked(self, key: str, argument: Argument, member: Member, level: Level) -> Argument:
        """The argument, or an unknown one after noting why the member's parameter cannot take it."""
        if argument.value is UNKNOWN or key not in member.references:
            return argument
        place = level.document.value_place("nodes", member.name, "with", key)
        parameter = member.parameters[key]
        if parameter.kind == "path" and isinstance(argument.value, str):
            message = f"parameter `{key}` is a path, but `{member.references[key]}` is text"
            self.context.add("type", message, place, "declare it as `type: path`")
        elif self.context.fits(parameter, argument, place):
            return argument
        return replace(argument, value=UNKNOWN)

    def _sweep(self, member: Member, sweep: SweepEntry, scope: _Scope) -> Outputs:
        level = scope.level
        types = {key: kind for key, source in member.collects.items() if (kind := level.type_of(source)) is not None}
        points = level.points.get(member.name, [])
        needed = reach(member.needs, {name: other.needs for name, other in level.members.items()})
        affected = needed & depending(level, set(sweep.over))
        inputs: dict[str, Ref] = {}
        for i, point in enumerate(points):
            here = _at_point(scope, member, point)
            for name in level.order:
                if name in affected:
                    here.known[name] = self._member(level.members[name], here)
            refs = {f"{key}_{i}": resolved(source, here.known) for key, source in member.collects.items()}
            inputs |= {port: ref for port, ref in refs.items() if ref is not None}
        if not points or len(inputs) < len(types) * len(points):
            return {}
        parameters = _axes(level, member.name, sweep)
        node = StackNode(types, tuple(map(len, parameters["values"])))
        in_order = {port: inputs[port] for port in node.schema.ports}
        place = level.document.key_place("sweeps", member.name)
        return self._add(Step(scope.name(member), node, parameters, in_order, frozenset(parameters), {}, place))

    def _add(self, step: Step) -> Outputs:
        if len(self.steps) >= MAX_STEPS:
            raise TooLarge
        self.steps[step.name] = step
        return {output: Ref(step.name, output) for output in step.node.schema.outputs}


def default_argument(parameter: Parameter) -> Argument:
    """What a parameter of a recipe is if nobody gives it."""
    if parameter.required:
        return Argument(UNKNOWN)
    return Argument(parameter.default, origin=f"the default of `{parameter.name}`")


def resolved(source: Source, known: Mapping[str, Outputs]) -> Ref | None:
    """The step's output that a member's output is, if it could be worked out."""
    return known.get(source.member, {}).get(source.output)


def _value(parameter: Parameter, argument: Argument | None) -> Any:
    if argument is None:
        return UNKNOWN if parameter.required else parameter.coerce(parameter.default)
    return UNKNOWN if argument.value is UNKNOWN else fit(parameter, argument)


def _at_point(scope: _Scope, sweep: Member, point: Mapping[str, Any]) -> _Scope:
    text = label(point)
    origin = f"point {text} of sweep `{sweep.name}`"
    swept = {name: Argument(value, origin=origin) for name, value in point.items()}
    arguments = {**scope.arguments, **swept}
    return replace(scope, arguments=arguments, suffix=scope.suffix + text, known=dict(scope.known))


def _axes(level: Level, name: str, sweep: SweepEntry) -> dict[str, tuple[Any, ...]]:
    """Parameters of the stacking node: for each new dimension its name, unit and coordinates, in base units."""
    points = level.points[name]
    declared = [level.parameters[parameter] for parameter in sweep.over]
    values = [list(dict.fromkeys(fit(p, Argument(point[p.name])) for point in points)) for p in declared]
    return {
        "dims": tuple(sweep.over),
        "units": tuple(p.unit.name if p.unit else "1" for p in declared),
        "values": tuple(map(tuple, values)),
    }
