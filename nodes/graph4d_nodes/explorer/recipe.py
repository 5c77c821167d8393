"""The recipe behind the explorer, and the one that reproduces what is seen."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d import Recipe
from graph4d.recipe.write import recipe_text, written

if TYPE_CHECKING:
    from graph4d import Graph
    from graph4d.recipe.graph import Step

__all__ = ["explorer_graph", "seen_recipe"]


def explorer_graph(path: Path) -> Graph:
    """All that the explorer can show of a file; what it does show is a part of it."""
    recipe = Recipe("What is in this scan?")
    load = recipe.add("load", "io.open", path=recipe.param("scan", "path", help="of a scan"))
    recipe.add("mean", "image.mean_pattern", scan=load)
    origin = recipe.add("origin", "calibrate.origin", scan=load)
    sums = recipe.add("sums", "image.radial_sums", scan=load, origin=origin)
    recipe.add("ring", "image.annulus", sums=sums)
    recipe.add("detector", "image.virtual", scan=load, origin=origin)
    recipe.add("pattern", "image.pattern", scan=load)
    com = recipe.add("com", "image.com", scan=load, origin=origin, zero="mean")
    recipe.add("ricom", "phase.ricom", com=com, kernel=41)
    return recipe.graph(scan=path.absolute())


def seen_recipe(graph: Graph, seen: Mapping[str, str]) -> str:
    """A recipe of those steps alone that lead to what is seen, with their present values.

    Parameters
    ----------
    graph : Graph
        Of the explorer, for the present values.
    seen : mapping from output to step
        What is on the screen, and what to call it.

    Returns
    -------
    str
        YAML, to be saved beside the scan; its first line says how to run it from elsewhere.
    """
    needed = graph.ancestors(seen.values())
    scan = Path(graph.steps["load"].parameters["path"])
    data: dict[str, Any] = {
        "graph4d": 1,
        "title": f"What is in {scan.name}?",
        "params": {"scan": {"type": "path", "default": scan.name, "help": "the scan, beside this recipe"}},
        "nodes": {name: _entry(step) for name, step in graph.steps.items() if name in needed},
        "views": {"main": {"show": list(seen.values())}},
        "outputs": dict(seen),
    }
    command = f"graph4d run RECIPE --set {shlex.quote(f'scan={scan}')} --report report.html"
    return f"# {command}\n{recipe_text(data)}"


def _entry(step: Step) -> dict[str, Any]:
    entry: dict[str, Any] = {"use": step.node.id}
    if step.inputs:
        entry["in"] = {port: str(ref) for port, ref in step.inputs.items()}
    given = {}
    for name, parameter in step.node.schema.parameters.items():
        value = step.parameters[name]
        if name in step.sources:
            given[name] = f"${step.sources[name]}"
        elif value is not None and (name in step.given or value != parameter.default):
            given[name] = written(parameter, value)
    return {**entry, "with": given} if given else entry
