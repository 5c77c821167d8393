"""Recipe to graph: everything looked up and checked, all mistakes told at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from graph4d.errors import suggestion
from graph4d.parameters import Parameter
from graph4d.recipe.context import Context
from graph4d.recipe.expand import MAX_STEPS, Expansion, Outputs, TooLarge, default_argument, resolved
from graph4d.recipe.graph import Graph, Ref, View
from graph4d.recipe.level import Level, Source
from graph4d.recipe.problem import Problem, RecipeErrors, in_order
from graph4d.recipe.read import read_level
from graph4d.recipe.source import Document, parse, read_text
from graph4d.recipe.values import UNKNOWN, Argument, Setting, absolute, fit, python_argument, read_setting
from graph4d.registry import Registry, default_registry

__all__ = ["check", "load", "read_recipe", "read_setting"]


def load(
    recipe: str | Path | Document,
    *,
    registry: Registry | None = None,
    parameters: Mapping[str, object] | None = None,
    base: Path | None = None,
    allow_outside: bool = False,
    incomplete: bool = False,
) -> Graph:
    """The graph that a recipe describes.

    Parameters
    ----------
    recipe : str, Path or Document
        A file; the text itself, if it has more than one line; or a text that was parsed before.
    registry : Registry, optional
        Where nodes are looked up; by default all that are installed.
    parameters : mapping, optional
        Values of the recipe's parameters: as ``read_setting`` gives them, or Python values, whose numbers count in base
        units (Å, 1/Å, rad, eV, s). Paths are relative to the working directory.
    base : Path, optional
        Folder that the recipe's own paths are relative to; by default the one that the file is in, or the working
        directory for a text.
    allow_outside : bool
        Let paths written in the recipe lead out of that folder.
    incomplete : bool
        Let parameters without a default be missing: a graph to be looked at, not run.

    Returns
    -------
    Graph

    Raises
    ------
    RecipeErrors
        Everything that is wrong, with its place.
    """
    problems, graph = _resolve(recipe, registry, parameters or {}, base, allow_outside, to_run=not incomplete)
    if graph is None:
        raise RecipeErrors(problem for problem in problems if problem.is_error)
    return graph


def check(
    recipe: str | Path,
    *,
    registry: Registry | None = None,
    parameters: Mapping[str, object] | None = None,
    base: Path | None = None,
    allow_outside: bool = False,
) -> list[Problem]:
    """Everything that is wrong with a recipe, and notes; never raises.

    The parameters are those of :func:`load`; those that have no default need not be given.
    """
    return _resolve(recipe, registry, parameters or {}, base, allow_outside, to_run=False)[0]


def _resolve(
    recipe: str | Path | Document,
    registry: Registry | None,
    parameters: Mapping[str, object],
    base: Path | None,
    allow_outside: bool,
    to_run: bool,
) -> tuple[list[Problem], Graph | None]:
    document = recipe if isinstance(recipe, Document) else read_recipe(recipe)
    folder = base or (document.path.parent if document.path else Path())
    context = Context(registry or default_registry(), None if allow_outside else folder)
    if document.problems and document.data is None:
        return document.problems, None
    chain = (document.path.resolve(),) if document.path else ()
    level = read_level(document, folder, context, chain)
    arguments = _arguments(level, parameters, context, to_run)
    expansion = Expansion(context)
    known: Mapping[str, Outputs]
    try:
        known = expansion.expand(level, arguments, {})
    except TooLarge:
        message = f"the graph has more than {MAX_STEPS} steps"
        context.add("size", message, None, source=document.name)
        known = {}
    if to_run and level.model.inputs:
        place = document.key_place("inputs")
        context.add("inputs", "a recipe with `inputs` runs only as a part of another recipe", place)
    problems = in_order(context.problems, document.name)
    if any(problem.is_error for problem in problems):
        return problems, None
    return problems, _graph(level, expansion, known, arguments, tuple(problems))


def read_recipe(recipe: str | Path) -> Document:
    """A recipe's file, or its text if it has more than one line, parsed; its problems are noted in it."""
    if isinstance(recipe, str) and "\n" in recipe:
        return parse(recipe, "<recipe>")
    path, name = Path(recipe), str(recipe)
    text = read_text(path, name)
    if isinstance(text, str):
        return parse(text, name, path.absolute())
    return Document(name, "", path.absolute(), problems=[text])


def _arguments(level: Level, given: Mapping[str, object], context: Context, to_run: bool) -> dict[str, Argument]:
    """A value for every parameter of the recipe; unknown where there is none that fits."""
    known = level.parameters
    for name, value in given.items():
        if name not in known:
            written = value.text if isinstance(value, Setting) else f"{name}={value!r}"
            message = f"the recipe has no parameter `{name}` ({written}){suggestion(name, known)}"
            context.add("parameter", message, None, source=level.document.name)
    arguments: dict[str, Argument] = {}
    for name, parameter in known.items():
        place = level.document.key_place("params", name)
        argument = _given(given[name], parameter) if name in given else default_argument(parameter)
        if name in given and not context.fits(parameter, argument, place):
            argument = Argument(UNKNOWN)
        elif parameter.required and name not in given and to_run:
            message = f"parameter `{name}` has no default: {parameter.expected}"
            context.add("missing", message, place, f"give it with --set {name}=…")
        arguments[name] = replace(argument, parameter=name)
    return arguments


def _given(value: object, parameter: Parameter) -> Argument:
    """A value from outside; its paths are relative to the working directory."""
    if isinstance(value, Setting):
        return Argument(absolute(parameter, value.value, Path.cwd()), origin=value.text)
    return python_argument(parameter, absolute(parameter, value, Path.cwd()))


def _graph(
    level: Level,
    expansion: Expansion,
    known: Mapping[str, Outputs],
    arguments: Mapping[str, Argument],
    notes: tuple[Problem, ...],
) -> Graph:
    def refs(sources: Mapping[str, Source]) -> dict[str, Ref]:
        found = {name: resolved(source, known) for name, source in sources.items()}
        return {name: ref for name, ref in found.items() if ref is not None}

    document = level.document
    views = {
        name: View(
            tuple(refs({str(i): source for i, source in enumerate(sources)}).values()), level.model.views[name].controls
        )
        for name, sources in level.views.items()
    }
    values = {
        name: fit(level.parameters[name], argument)
        for name, argument in arguments.items()
        if argument.value is not UNKNOWN
    }
    identity = str(document.path.resolve()) if document.path else document.text
    return Graph(
        title=level.model.title or (document.path.stem if document.path else "recipe"),
        steps=expansion.steps,
        outputs=refs(level.outputs),
        views=views,
        parameters=values,
        declared=level.parameters,
        data=document.data,
        base=level.base,
        identity=hashlib.blake2b(identity.encode(errors="replace"), digest_size=20).hexdigest(),
        path=document.path,
        notes=notes,
    )
