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

MOVED = {
    ("pattern", "position"): ("position", "row and column of the pattern"),
    ("pattern", "rectangle"): ("region", "of scan positions, for the mean pattern"),
    ("ring", "inner"): ("inner", "radius of the detector"),
    ("ring", "inner_px"): ("inner", "radius of the detector, in its pixels"),
    ("ring", "outer"): ("outer", "radius of the detector"),
    ("ring", "outer_px"): ("outer", "radius of the detector, in its pixels"),
    ("detector", "inner"): ("inner", "radius of the detector"),
    ("detector", "inner_px"): ("inner", "radius of the detector, in its pixels"),
    ("detector", "outer"): ("outer", "radius of the detector"),
    ("detector", "outer_px"): ("outer", "radius of the detector, in its pixels"),
    ("detector", "offset"): ("offset", "of the detector from the beam, rows and columns of its pixels"),
    ("detector", "rectangle"): ("area", "of the detector: first row, last row + 1, first column, last column + 1"),
    ("ricom", "kernel"): ("kernel", "window of riCOM: odd, in scan positions"),
}
"""What the hand moves: for a parameter of a step the name that it has in a copied recipe, and its help."""


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

    Position, detector and kernel become its parameters, with the controls for ``graph4d view``.

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
    nodes = {name: _entry(step) for name, step in graph.steps.items() if name in needed}
    params: dict[str, Any] = {"scan": {"type": "path", "default": scan.name, "help": "the scan, beside this recipe"}}
    for step in nodes.keys() & {"pattern", "mean"} if "origin" in nodes else ():
        # A ring of a dashboard lies about zero. Here patterns do not wait for the origin, which takes all of the scan.
        nodes[step]["in"]["origin"] = "origin"
    for (step, parameter), (name, text) in MOVED.items():
        given = nodes.get(step, {}).get("with", {})
        if parameter in given:
            params[name] = {**_kind(graph.steps[step], parameter), "default": given[parameter], "help": text}
            given[parameter] = f"${name}"
    view = {"show": list(seen.values()), "controls": _controls(params, seen)}
    data: dict[str, Any] = {
        "graph4d": 1,
        "title": f"What is in {scan.name}?",
        "params": params,
        "nodes": nodes,
        "views": {"main": view},
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


def _kind(step: Step, name: str) -> dict[str, Any]:
    """How a recipe declares a parameter of the kind that a step has."""
    parameter = step.node.schema.parameters[name]
    if parameter.kind == "list":
        return {"type": "list", "items": parameter.items[0].kind, "length": parameter.length}
    return {"type": "angle" if parameter.unit else parameter.kind}


def _controls(params: Mapping[str, Any], seen: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Controls for those parameters that there are: handles over the pattern and the image, a slider."""
    on_pattern, on_image = {"on": seen.get("pattern", "")}, {"on": seen.get("image", "")}
    centre = {"center": "offset"} if "offset" in params else {}
    if "inner" in params:
        detector = {"inner": {"ring": {**on_pattern, "outer": "outer", **centre}}}
    else:
        detector = {"outer": {"disc": {**on_pattern, **centre}}}
    handles: dict[str, dict[str, Any]] = {
        "position": {"point": on_image},
        "region": {"rectangle": on_image},
        "area": {"rectangle": on_pattern},
        **detector,
        "kernel": {"slider": {"step": 2}},
    }
    return {name: control for name, control in handles.items() if name in params}
