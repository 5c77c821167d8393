"""A recipe's text, the values that can be set in it, and the graph that it makes of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d.errors import UsageError, suggestion
from graph4d.recipe.graph import Graph
from graph4d.recipe.load import load, read_recipe
from graph4d.recipe.problem import RecipeErrors
from graph4d.recipe.rewrite import rewritten
from graph4d.recipe.save import replace_text, save_data
from graph4d.recipe.shape import shaped
from graph4d.recipe.source import Document, parse, read_text
from graph4d.recipe.values import Argument, Setting, absolute, fit, python_argument
from graph4d.recipe.write import recipe_text, written

if TYPE_CHECKING:
    from graph4d.parameters import Parameter
    from graph4d.recipe.graph import Step
    from graph4d.registry import Registry

__all__ = ["Settings", "same"]


class Settings:
    """What can be set in a recipe: its own parameters by name, and as ``step.parameter`` those that it leaves free.

    Parameters
    ----------
    recipe : Graph, str or Path
        A graph, a file, or the text itself, if it has more than one line.
    given : mapping
        Values to begin with.
    registry : Registry, optional
        Where nodes are looked up.

    Raises
    ------
    RecipeErrors
        Everything that is wrong with the recipe.
    """

    def __init__(
        self, recipe: Graph | str | Path, given: Mapping[str, object], registry: Registry | None = None
    ) -> None:
        self._registry = registry
        if isinstance(recipe, Graph):
            given = {**recipe.parameters, **given}
            self._base = recipe.base
            self._document = _document_of(recipe)
        else:
            self._document = read_recipe(recipe)
            self._base = self._document.path.parent if self._document.path else Path()
        graph = self._loaded({name: value for name, value in given.items() if "." not in name})
        self.parameters: dict[str, Parameter] = dict(graph.declared)
        for step in graph.steps.values():
            if step.name in graph.data["nodes"]:
                free = (p for name, p in step.node.schema.parameters.items() if name not in step.sources)
                self.parameters |= {f"{step.name}.{p.name}": p for p in free if not p.writes}
        self.given = {name: self.fitted(name, value) for name, value in given.items()}
        if isinstance(recipe, Graph):  # of another session, perhaps, in which steps have values of their own
            own = {n: v for n, v in self.values(recipe).items() if "." in n and not same(v, self.values(graph)[n])}
            self.given = own | self.given
        self._written = self.values(self._loaded({}, incomplete=True))
        self._saving = threading.Lock()

    def fitted(self, name: str, value: object) -> Any:
        """A value as the parameter called ``name`` takes it, in base units.

        Raises
        ------
        UsageError
            There is no such parameter, or the value does not fit it.
        """
        if name not in self.parameters:
            hint = suggestion(name, self.parameters) or f"; there are {', '.join(self.parameters)}"
            raise UsageError(f"there is no parameter `{name}`{hint}")
        parameter = self.parameters[name]
        plain = value.value if isinstance(value, Setting) else value
        exact = fit(parameter, python_argument(parameter, absolute(parameter, plain, Path.cwd())))
        # A recipe says numbers with units to 15 digits: the session has the value that its recipe will have.
        return fit(parameter, Argument(written(parameter, exact)))

    def graph(self, given: Mapping[str, Any]) -> Graph:
        """The graph for these values, as :meth:`fitted` gives them; all others are as the recipe has them.

        Raises
        ------
        RecipeErrors
            A node does not take a value that the recipe's own parameter does.
        """
        graph = self._loaded({name: value for name, value in given.items() if "." not in name})
        new: dict[str, dict[str, Any]] = {}
        for name, value in given.items():
            step, _, parameter = name.rpartition(".")
            if step:
                new.setdefault(step, {})[parameter] = value
        return replace(graph, steps={name: _with(step, new) for name, step in graph.steps.items()})

    def values(self, graph: Graph) -> dict[str, Any]:
        """The present value of everything that can be set and has one."""
        values = dict(graph.parameters)
        for name in self.parameters:
            step, _, parameter = name.rpartition(".")
            if step:
                values[name] = graph.steps[step].parameters[parameter]
        return values

    def changed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the values that the recipe's text does not have."""
        known = self._written
        return {name: value for name, value in values.items() if name not in known or not same(known[name], value)}

    def text(self, given: Mapping[str, Any]) -> str:
        """The recipe with these values in it, its comments kept."""
        return rewritten(self._document, self._from_here(given), self.parameters)

    def save(self, given: Mapping[str, Any], path: Path | None) -> Path:
        """Write these values into the recipe's file as it is now, or all of the recipe into another file.

        Raises
        ------
        UsageError
            The recipe is not a file and none is named, or it cannot be read or written.
        """
        with self._saving:
            return self._saved(given, path)

    def _saved(self, given: Mapping[str, Any], path: Path | None) -> Path:
        own = self._document.path
        if path is None and own is None:
            raise UsageError("the recipe is not a file; say where to save it")
        if own is not None and (path is None or path.resolve() == own.resolve()):
            text = read_text(own, str(own))
            if not isinstance(text, str):
                raise RecipeErrors([text])
            document = parse(text, str(own), own)
            _, problems = shaped(document)
            if document.problems + problems:
                raise RecipeErrors(document.problems + problems)
            replace_text(own, rewritten(document, self._from_here(given), self.parameters))
            self._written |= given
            return own
        assert path is not None
        text = self.text(given)
        if path.absolute().parent != self._base.absolute():
            return save_data(parse(text, str(path)).data, self._base, path, registry=self._registry)
        replace_text(path, text)
        return path

    def _loaded(self, parameters: Mapping[str, object], incomplete: bool = False) -> Graph:
        return load(
            self._document, registry=self._registry, parameters=parameters, base=self._base, incomplete=incomplete
        )

    def _from_here(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values with paths inside the recipe's folder relative to it, so that the folder can be moved."""
        base = self._base.absolute()
        inside = {n: v for n, v in values.items() if isinstance(v, Path) and v.is_relative_to(base)}
        return {**values, **{name: path.relative_to(base) for name, path in inside.items()}}


def same(first: Any, second: Any) -> bool:
    """Whether two values of a parameter are one: 1 and 1.0 are two."""
    return type(first) is type(second) and first == second


def _with(step: Step, new: Mapping[str, Mapping[str, Any]]) -> Step:
    """The step with new values of its parameters; the points of a sweep, ``step[kernel=21]``, follow their step."""
    values = new.get(step.name.partition("[")[0])
    if values is None:
        return step
    return replace(step, parameters={**step.parameters, **values}, given=step.given | values.keys())


def _document_of(graph: Graph) -> Document:
    """The recipe that a graph was made of: the file, if it still says the same."""
    if graph.path is not None:
        document = read_recipe(graph.path)
        if document.data == graph.data:
            return document
    return parse(recipe_text(graph.data), "<recipe>")
