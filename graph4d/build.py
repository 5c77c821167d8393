"""Recipes built in Python: the same thing as a file, without writing YAML by hand."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d.declaration import Node
from graph4d.recipe.load import load
from graph4d.recipe.save import save_data
from graph4d.recipe.write import recipe_text
from graph4d.registry import Registry, default_registry

if TYPE_CHECKING:
    from graph4d.recipe.graph import Graph

__all__ = ["Flow", "Param", "Recipe"]

_ABSENT: Any = object()


@dataclass(frozen=True)
class Param:
    """A parameter of a recipe under construction."""

    name: str


@dataclass(frozen=True)
class Flow:
    """What flows from a node under construction; ``flow["output"]`` for one of several outputs."""

    reference: str

    def __getitem__(self, output: str) -> Flow:
        """One output of a node that has several."""
        return Flow(f"{self.reference}.{output}")


class Recipe:
    """A recipe under construction.

    Nothing is looked up or checked before :meth:`graph`. Relative paths start at the working directory.

    Parameters
    ----------
    title : str
        The question that it answers.
    registry : Registry, optional
        Where nodes are looked up; by default all that are installed. Node objects that are added become known to it.
    """

    def __init__(self, title: str, *, registry: Registry | None = None) -> None:
        self.registry = registry or default_registry()
        self._data: dict[str, Any] = {"graph4d": 1, "title": title}
        for section in ("params", "inputs", "nodes", "sweeps", "views", "outputs"):
            self._data[section] = {}

    @property
    def data(self) -> dict[str, Any]:
        """A copy of the recipe as plain data, as a YAML reader would give it."""
        return copy.deepcopy({key: value for key, value in self._data.items() if value or key == "nodes"})

    def param(self, name: str, kind: str, default: Any = _ABSENT, **facts: Any) -> Param:
        """Declare a parameter.

        Parameters
        ----------
        name : str
        kind : str
            ``int``, ``float``, ``bool``, ``str``, ``path``, ``choice``, ``list``, ``angle``, ``length``, ``frequency``,
            ``energy`` or ``time``.
        default : optional
            With a unit where there is one: ``"30 mrad"``. Without a default, a value must be given.
        **facts
            ``unit``, ``help``, ``min``, ``max``, ``step``, ``choices``, ``optional``, … as in a recipe file.
        """
        given = {} if default is _ABSENT else {"default": default}
        self._data["params"][name] = {"type": kind, **given, **facts}
        return Param(name)

    def input(self, name: str, value_type: str) -> Flow:
        """Declare what flows in when the recipe is used as a node."""
        self._data["inputs"][name] = value_type
        return Flow(name)

    def add(self, name: str, node: Node[..., Any] | str, /, **given: Any) -> Flow:
        """Add a node.

        Parameters
        ----------
        name : str
        node : Node or str
            The node, or its id.
        **given
            Flows for its ports; values and :class:`Param` for its parameters.
        """
        if isinstance(node, Node):
            self.registry.register(node)
            node = node.id
        return self._entry(name, {"use": node}, given)

    def include(self, name: str, path: str | Path, /, **given: Any) -> Flow:
        """Add another recipe file as a node; its inputs are ports, its params parameters."""
        return self._entry(name, {"recipe": Path(path).as_posix()}, given)

    def sweep(self, name: str, over: Mapping[Param, Sequence[Any]], collect: Sequence[Flow]) -> Flow:
        """Stack outputs for several values of parameters."""
        values = {param.name: list(items) for param, items in over.items()}
        self._data["sweeps"][name] = {"over": values, "collect": [flow.reference for flow in collect]}
        return Flow(name)

    def output(self, **outputs: Flow) -> None:
        """Name results."""
        self._data["outputs"] |= {name: flow.reference for name, flow in outputs.items()}

    def view(self, name: str, show: Sequence[Flow], controls: Mapping[Param, Mapping[str, Any]] | None = None) -> None:
        """Describe a figure and the controls beside it."""
        moved = {param.name: dict(options) for param, options in (controls or {}).items()}
        self._data["views"][name] = {"show": [flow.reference for flow in show], "controls": moved}

    def graph(self, **parameters: Any) -> Graph:
        """The graph, for values of the parameters.

        Raises
        ------
        RecipeErrors
            Everything that is wrong; places are those in the text of :meth:`save`.
        """
        text = recipe_text(self.data)
        return load(text, registry=self.registry, parameters=parameters, allow_outside=True)

    def save(self, path: str | Path) -> Path:
        """Write the recipe to a file."""
        return save_data(self.data, Path(), path, registry=self.registry)

    def _entry(self, name: str, entry: dict[str, Any], given: Mapping[str, Any]) -> Flow:
        inputs = {key: value.reference for key, value in given.items() if isinstance(value, Flow)}
        values = {key: _literal(value) for key, value in given.items() if not isinstance(value, Flow)}
        entry |= {"in": inputs} if inputs else {}
        entry |= {"with": values} if values else {}
        self._data["nodes"][name] = entry
        return Flow(name)


def _literal(value: Any) -> Any:
    if isinstance(value, Param):
        return f"${value.name}"
    return value.as_posix() if isinstance(value, Path) else value
