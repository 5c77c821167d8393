"""The flat graph that a recipe resolves to, and that plans and runs are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from graph4d.declaration import Node
from graph4d.errors import UsageError, suggestion
from graph4d.parameters import Parameter
from graph4d.recipe.problem import Place, Problem
from graph4d.recipe.topology import reach, reversed_edges
from graph4d.types import ValueType

__all__ = ["Graph", "Ref", "Step", "View"]


@dataclass(frozen=True)
class Ref:
    """One output of a step."""

    step: str
    output: str

    def __str__(self) -> str:
        return self.step if self.output == "out" else f"{self.step}.{self.output}"


@dataclass(frozen=True, eq=False)
class Step:
    """A node in its place in a graph.

    Parameters
    ----------
    name : str
        Unique in the graph: ``ricom``, ``clean/denoise`` for a node of a sub-recipe, ``ricom[kernel=21]`` for a point
        of a sweep.
    node : Node
    parameters : mapping
        All parameters of the node, validated and in base units.
    inputs : mapping from port to Ref
        Optional ports that nothing flows into are left out.
    given : frozenset of str
        Names of the parameters that the recipe sets; the others have the node's default.
    sources : mapping from parameter to recipe parameter
        Which of them are set by a parameter of the outermost recipe.
    place : Place, optional
        Of the step's name in the recipe.
    """

    name: str
    node: Node[..., Any]
    parameters: Mapping[str, Any]
    inputs: Mapping[str, Ref]
    given: frozenset[str] = frozenset()
    sources: Mapping[str, str] = field(default_factory=dict)
    place: Place | None = None

    @property
    def where(self) -> str:
        """The place as the beginning of a message, ``recipe.yml:13:3: ``; empty for a step that is not in a file."""
        return f"{self.place}: " if self.place else ""


@dataclass(frozen=True)
class View:
    """What a figure shows, and which parameters can be moved beside it."""

    show: tuple[Ref, ...]
    controls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Graph:
    """A recipe with everything looked up, checked and inlined. Immutable.

    Parameters
    ----------
    title : str
    steps : mapping from name to Step
        Each after those it needs.
    outputs : mapping from name to Ref
    views : mapping from name to View
    parameters : mapping
        Values of the recipe's own parameters, in base units.
    declared : mapping from name to Parameter
        The recipe's own parameters.
    data : mapping
        The recipe itself, as it was written.
    base : Path
        Folder that the recipe's relative paths are relative to.
    identity : str
        The same from run to run, whatever the parameters: a digest of the recipe's path, or of its text if it is not a
        file.
    path : Path, optional
        Of the recipe.
    notes : tuple of Problem
        Worth knowing, though nothing is wrong.
    """

    title: str
    steps: Mapping[str, Step]
    outputs: Mapping[str, Ref]
    views: Mapping[str, View] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    declared: Mapping[str, Parameter] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    base: Path = Path()
    identity: str = ""
    path: Path | None = None
    notes: tuple[Problem, ...] = ()

    def order(self) -> list[str]:
        """Names of all steps, each after those it needs."""
        return list(self.steps)

    def ancestors(self, names: Iterable[str]) -> set[str]:
        """The named steps and all that they need, directly or not."""
        return reach(names, self._needs)

    def descendants(self, names: Iterable[str]) -> set[str]:
        """The named steps and all that need them, directly or not."""
        return reach(names, self._serves)

    def successors(self, name: str) -> list[str]:
        """The steps that take an output of this one."""
        return self._serves[name]

    def type_of(self, ref: Ref) -> ValueType:
        """The type of an output."""
        return self.steps[ref.step].node.schema.outputs[ref.output].type

    def find(self, name: str) -> Ref:
        """The value called ``name``: an output of the recipe, or ``step`` or ``step.output``.

        Raises
        ------
        UsageError
            There is none, or the step has several outputs.
        """
        if name in self.outputs:
            return self.outputs[name]
        step, _, output = (name, "", "") if name in self.steps else name.rpartition(".")
        if step not in self.steps:
            known = list(dict.fromkeys([*self.outputs, *self.steps]))
            hint = suggestion(name, known) or f"; there are {', '.join(known)}"
            raise UsageError(f"the recipe has no output or step `{name}`{hint}")
        outputs = list(self.steps[step].node.schema.outputs)
        if not output and len(outputs) == 1:
            return Ref(step, outputs[0])
        if output not in outputs:
            choices = ", ".join(f"`{step}.{known}`" for known in outputs)
            raise UsageError(f"`{name}` is not one output of a step; choose from {choices}")
        return Ref(step, output)

    def to_networkx(self) -> Any:
        """The graph for other programs: to draw it, or to ask it what networkx can answer.

        Returns
        -------
        networkx.MultiDiGraph
            A node for each step, with the id of its ``node`` and its ``parameters``; an edge for each port that is fed,
            from the step it is fed by, with ``output`` and ``port``.
        """
        import networkx

        result = networkx.MultiDiGraph(title=self.title)
        for step in self.steps.values():
            result.add_node(step.name, node=step.node.id, parameters=dict(step.parameters))
        for step in self.steps.values():
            for port, ref in step.inputs.items():
                result.add_edge(ref.step, step.name, output=ref.output, port=port)
        return result

    @cached_property
    def _needs(self) -> dict[str, list[str]]:
        return {name: [ref.step for ref in step.inputs.values()] for name, step in self.steps.items()}

    @cached_property
    def _serves(self) -> dict[str, list[str]]:
        return {name: list(dict.fromkeys(others)) for name, others in reversed_edges(self._needs).items()}
