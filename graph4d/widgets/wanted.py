"""What a view asks for, checked: pictures, controls, and handles over pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graph4d.errors import UsageError, suggestion

if TYPE_CHECKING:
    from graph4d.recipe.graph import Graph, Ref, View
    from graph4d.session.session import Session

__all__ = ["Hold", "Wanted", "kind_of", "wanted"]

KEYS: Mapping[str, frozenset[str]] = {
    "slider": frozenset({"min", "max", "step", "log"}),
    "number": frozenset(),
    "choice": frozenset(),
    "switch": frozenset(),
    "ring": frozenset({"on", "outer", "center"}),
    "disc": frozenset({"on", "center"}),
    "rectangle": frozenset({"on"}),
    "point": frozenset({"on"}),
}
"""Kinds of controls, and what can be said of each."""
HOLDS = ("ring", "disc", "rectangle", "point")
"""Those that are dragged over a picture."""


@dataclass(frozen=True)
class Hold:
    """A control that is dragged over a picture."""

    name: str
    kind: str
    on: str
    """Title of the picture."""
    parameters: Mapping[str, str]
    """Further parameters that it moves: its ``outer`` radius, its ``center``."""


@dataclass(frozen=True)
class Wanted:
    """What is to be shown."""

    pictures: Mapping[str, str]
    """By title, what a session is to watch."""
    controls: Mapping[str, Mapping[str, Any]]
    """Options by the name of a parameter; whatever a handle moves has a control as well."""
    holds: tuple[Hold, ...]


def wanted(session: Session, view: str | None = None) -> Wanted:
    """What one view of a recipe asks for, or all of them; without views its outputs, and all its parameters.

    Raises
    ------
    UsageError
        There is no such view, or it asks for what cannot be.
    """
    graph = session.graph
    if view is not None and view not in graph.views:
        hint = suggestion(view, graph.views) or f"; there are {', '.join(graph.views) or 'none'}"
        raise UsageError(f"the recipe has no view `{view}`{hint}")
    if not graph.views:
        return Wanted({name: name for name in graph.outputs}, {name: {} for name in graph.declared}, ())
    return _merged(session, [graph.views[view]] if view is not None else graph.views.values())


def kind_of(name: str, options: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Kind and details of a control as a view has it; the kind is empty where the parameter is to decide.

    Raises
    ------
    UsageError
        There is no such kind, or nothing of that sort can be said of it.
    """
    if not options:
        return "", {}
    if len(options) > 1:
        raise UsageError(f"control `{name}`: choose one of {', '.join(options)}")
    ((kind, details),) = options.items()
    if kind not in KEYS:
        hint = suggestion(kind, KEYS) or f"; there are {', '.join(KEYS)}"
        raise UsageError(f"control `{name}`: there is no `{kind}`{hint}")
    if details is not None and not isinstance(details, Mapping):
        raise UsageError(f"control `{name}`: `{kind}` takes a mapping, such as {{}}; got {details!r}")
    for key in details or {}:
        if key not in KEYS[kind]:
            raise UsageError(f"control `{name}`: a {kind} has no `{key}`{suggestion(key, KEYS[kind])}")
    return kind, details or {}


def _merged(session: Session, views: Iterable[View]) -> Wanted:
    graph, views = session.graph, list(views)
    titles = {ref: _title(graph, ref) for view in views for ref in view.show}
    controls: dict[str, Mapping[str, Any]] = {}
    holds: list[Hold] = []
    for name, options in ((name, options) for view in views for name, options in view.controls.items()):
        kind, details = kind_of(name, options)
        if kind not in HOLDS:
            controls[name] = options
            continue
        holds.append(_hold(session, name, kind, details, titles))
        for moved in (name, *holds[-1].parameters.values()):
            controls.setdefault(moved, {})
    names = {title: title if title in graph.outputs else f"{ref.step}.{ref.output}" for ref, title in titles.items()}
    return Wanted(names, controls, tuple(holds))


def _title(graph: Graph, ref: Ref) -> str:
    """The name of an output where a value is one."""
    own = next((name for name, other in graph.outputs.items() if other == ref), str(ref))
    return own if graph.outputs.get(own, ref) == ref else f"{ref.step}.{ref.output}"


def _hold(session: Session, name: str, kind: str, details: Mapping[str, Any], titles: Mapping[Ref, str]) -> Hold:
    known = {**{str(ref): title for ref, title in titles.items()}, **{title: title for title in titles.values()}}
    on = details.get("on")
    if on not in known:
        expected = ", ".join(titles.values())
        raise UsageError(f"control `{name}`: `on` must name something that is shown: {expected}; got {on}")
    if kind == "ring" and "outer" not in details:
        raise UsageError(f"control `{name}`: a ring needs `outer`, the parameter that is its outer radius")
    parameters = {role: str(other) for role, other in details.items() if role != "on"}
    for other in parameters.values():
        if other not in session.parameters:
            raise UsageError(f"control `{name}`: no parameter `{other}`{suggestion(other, session.parameters)}")
    return Hold(name, kind, known[on], parameters)
