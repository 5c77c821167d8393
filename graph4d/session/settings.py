"""A recipe's text, the values that can be set in it, and the graph that it makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d.errors import UsageError, suggestion
from graph4d.recipe.graph import Graph
from graph4d.recipe.load import load, read_recipe
from graph4d.recipe.rewrite import rewritten
from graph4d.recipe.save import replace_text, save_data
from graph4d.recipe.source import Document, parse, read_text
from graph4d.recipe.values import Setting, absolute, fit, python_argument
from graph4d.recipe.write import recipe_text

if TYPE_CHECKING:
    from graph4d.parameters import Parameter
    from graph4d.registry import Registry

__all__ = ["Settings"]


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
        self.given = {name: value for name, value in given.items() if "." not in name}
        self._graph = self._loaded(self.given)
        self.parameters: dict[str, Parameter] = dict(self._graph.declared)
        for step in self._graph.steps.values():
            if step.name in self._graph.data["nodes"]:
                free = (p for name, p in step.node.schema.parameters.items() if name not in step.sources)
                self.parameters |= {f"{step.name}.{p.name}": p for p in free if not p.writes}
        self.given |= {name: self.fitted(name, value) for name, value in given.items() if "." in name}

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
        return fit(parameter, python_argument(parameter, absolute(parameter, plain, Path.cwd())))

    def graph(self, given: Mapping[str, Any]) -> Graph:
        """The graph for these values, as :meth:`fitted` gives them; all others are as the recipe has them.

        Raises
        ------
        RecipeErrors
            A node does not take a value that the recipe's own parameter does.
        """
        graph = self._loaded({name: value for name, value in given.items() if "." not in name})
        steps = dict(graph.steps)
        for name, value in given.items():
            step, _, parameter = name.rpartition(".")
            if step:
                old = steps[step]
                steps[step] = replace(
                    old, parameters={**old.parameters, parameter: value}, given=old.given | {parameter}
                )
        return replace(graph, steps=steps)

    def values(self, graph: Graph) -> dict[str, Any]:
        """The present value of everything that can be set and has one."""
        values = dict(graph.parameters)
        for name in self.parameters:
            step, _, parameter = name.rpartition(".")
            if step:
                values[name] = graph.steps[step].parameters[parameter]
        return values

    def text(self, given: Mapping[str, Any]) -> str:
        """The recipe with these values in it, its comments kept."""
        return rewritten(self._document, given, self.parameters)

    def save(self, given: Mapping[str, Any], path: Path | None) -> Path:
        """Write these values into the recipe's file as it is now, or all of the recipe into another file.

        Raises
        ------
        UsageError
            The recipe is not a file and none is named, or it cannot be read or written.
        """
        own = self._document.path
        if path is None and own is None:
            raise UsageError("the recipe is not a file; say where to save it")
        if own is not None and (path is None or path.absolute() == own):
            text = read_text(own, str(own))
            if not isinstance(text, str):
                raise UsageError(str(text))
            replace_text(own, rewritten(parse(text, str(own), own), given, self.parameters))
            return own
        assert path is not None
        text = self.text(given)
        if path.absolute().parent != self._base.absolute():
            return save_data(parse(text, str(path)).data, self._base, path, registry=self._registry)
        replace_text(path, text)
        return path

    def _loaded(self, parameters: Mapping[str, object]) -> Graph:
        return load(self._document, registry=self._registry, parameters=parameters, base=self._base)


def _document_of(graph: Graph) -> Document:
    """The recipe that a graph was made of: the file, if it still says the same."""
    if graph.path is not None:
        document = read_recipe(graph.path)
        if document.data == graph.data:
            return document
    return parse(recipe_text(graph.data), "<recipe>")
