"""Controls made from parameters: what a session can be told, by hand."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from graph4d.errors import UsageError
from graph4d.parameters import Parameter
from graph4d.widgets.editors import Choice, Editor, Field, Fields, Slider, Switch
from graph4d.widgets.entry import Entry, problem_of
from graph4d.widgets.wanted import kind_of

if TYPE_CHECKING:
    from graph4d.recipe.graph import Graph
    from graph4d.session.session import Session

__all__ = ["Control", "Controls", "completed", "style"]

MISSING = object()


class Control:
    """One parameter of a session: its name, something to change it with, a way back, and what is wrong with an entry.

    Parameters
    ----------
    session : Session
    name : str
        Of a parameter of the session.
    options : mapping
        As a view has it: ``{"slider": {"min": 3, "max": 99}}``; empty to let the parameter decide.

    Attributes
    ----------
    widget : ipywidgets.VBox
    """

    def __init__(self, session: Session, name: str, options: Mapping[str, Any] | None = None) -> None:
        self.session, self.name = session, name
        self.parameter = completed(name, session.parameters[name], session.graph)
        self._lock = threading.RLock()
        self.editor = _editor(self.parameter, session.values.get(name), options or {}, self._set)
        label = ipywidgets.HTML(_label(name, self.parameter)).add_class("graph4d-label")
        unit = ipywidgets.HTML(escape(self.editor.unit)).add_class("graph4d-unit")
        self._back = ipywidgets.Button(description="↺", tooltip="back to the value at the start")
        self._back.on_click(lambda _: self.reset())
        self.problem = ""
        """What is wrong with the last entry; empty if nothing is."""
        self._problem = ipywidgets.HTML().add_class("graph4d-problem")
        row = ipywidgets.HBox([label, self.editor.widget.add_class("graph4d-editor"), unit, self._back])
        self.widget = ipywidgets.VBox([row.add_class("graph4d-row"), self._problem]).add_class("graph4d-control")
        self.refresh()

    def refresh(self) -> None:
        """Show the value that the session has now."""
        with self._lock:
            value = self.session.values.get(self.name)
            self.tell(None)
            self.editor.show(value)
            self._back.layout.visibility = "visible" if self.can_reset else "hidden"

    @property
    def can_reset(self) -> bool:
        """Whether the value is another than at the start."""
        initial, present = self.session.initial, self.session.values
        return self.name in initial and present.get(self.name) != initial[self.name]

    def reset(self) -> None:
        """Go back to the value at the start."""
        self._set(lambda: self.session.initial[self.name], False)
        self.refresh()

    def _set(self, read: Callable[[], Any], moving: bool) -> None:
        # The lock is free of the session's: whoever shows values holds none of it.
        with self._lock:
            try:
                value = read()
                before = self.session.values.get(self.name, MISSING)
                self.session.set({self.name: value}, moving=moving)
            except UsageError as error:
                self.tell(error)
                return
            self.tell(None)
        if before is not MISSING and before == value:
            self.refresh()  # "0.03 rad" for what is 30 mrad already

    def tell(self, error: UsageError | None) -> None:
        """Say what is wrong, or with None that nothing is."""
        self.problem = problem_of(error) if error else ""
        self._problem.value = escape(self.problem)
        self._problem.layout.display = None if error else "none"


class Controls:
    """Several controls under their headings.

    Parameters
    ----------
    session : Session
    wanted : mapping from str to mapping
        Names of parameters, and options of their controls.
    """

    def __init__(self, session: Session, wanted: Mapping[str, Mapping[str, Any]]) -> None:
        self.controls = {name: Control(session, name, options) for name, options in wanted.items()}
        groups: dict[str, list[Any]] = {"": []}
        for name, control in self.controls.items():
            groups.setdefault(control.parameter.group or name.rpartition(".")[0], []).append(control.widget)
        headings = {group: ipywidgets.HTML(escape(group)).add_class("graph4d-heading") for group in groups if group}
        children = [widget for group, own in groups.items() for widget in (headings.get(group), *own) if widget]
        self.widget = ipywidgets.VBox(children).add_class("graph4d-controls")

    def refresh(self, names: Iterable[str] | None = None) -> None:
        """Show the present values, of the named parameters or of all."""
        for name in self.controls if names is None else names:
            if name in self.controls:
                self.controls[name].refresh()


def completed(name: str, parameter: Parameter, graph: Graph) -> Parameter:
    """A recipe's parameter with what the nodes that it feeds say of the same value: bounds, steps, choices."""
    fed = [
        step.node.schema.parameters[own]
        for step in graph.steps.values()
        for own, source in step.sources.items()
        if source == name
    ]
    choices = next((p.choices for p in fed if p.choices), parameter.choices)
    kind = "choice" if choices and parameter.kind == "str" else parameter.kind
    alike = [p for p in fed if p.kind == kind and (p.unit and p.unit.name) == (parameter.unit and parameter.unit.name)]
    known = [parameter, *alike]
    return replace(
        parameter,
        kind=kind,
        choices=choices,
        low=max((p.low for p in known if p.low is not None), default=None),
        high=min((p.high for p in known if p.high is not None), default=None),
        odd=any(p.odd for p in known),
        log=any(p.log for p in known),
        step=next((p.step for p in known if p.step is not None), None),
        group=next((p.group for p in known if p.group), ""),
        help=next((p.help for p in (parameter, *fed) if p.help), ""),
    )


def _editor(
    parameter: Parameter, value: Any, options: Mapping[str, Any], edited: Callable[[Callable[[], Any], bool], None]
) -> Editor:
    kind, details = kind_of(parameter.name, options)
    missing = "not set" if parameter.optional else "to be given"
    if parameter.kind == "list":
        return Fields(parameter, value, edited, missing)
    if parameter.kind == "choice" or (parameter.kind == "bool" and parameter.optional):
        return Choice(parameter, edited)
    if parameter.kind == "bool":
        return Switch(edited)
    size = next((n for n in (value, parameter.high, parameter.low) if n), None)
    entry = Entry.of(parameter, size)
    bounded = None not in (parameter.low, parameter.high) and not parameter.optional
    numeric = parameter.kind in ("int", "float")
    if numeric and (kind == "slider" or (bounded and kind != "number")):
        return Slider(entry, edited, *_extent(entry, value, details), log=bool(details.get("log", parameter.log)))
    return Field(entry, edited, missing)


def _extent(entry: Entry, value: Any, details: Mapping[str, Any]) -> tuple[float, float, float]:
    """Ends and step of a slider: as asked for, as the parameter is bounded, or about the present value."""
    parameter = entry.parameter

    def asked(key: str) -> float | None:
        unbounded = replace(entry, parameter=replace(parameter, low=None, high=None, odd=False, kind="float"))
        return None if key not in details else float(unbounded.read(str(details[key])))

    about = abs(value) if isinstance(value, int | float) and value else 1.0 / entry.factor
    low, high, step = asked("min"), asked("max"), asked("step")
    low = low if low is not None else parameter.low
    high = high if high is not None else parameter.high
    if low is None:
        low = -4 * about if isinstance(value, int | float) and value < 0 else 0.0
    if high is None:
        high = max(4 * about, low + about)
    if step is None:
        step = parameter.step
    if parameter.kind == "int":
        step = max(1, round(step or 1)) if not parameter.odd else 2 * max(1, round((step or 2) / 2))
        low = low + 1 if parameter.odd and low % 2 == 0 else low
    return low, high, step or _round_step((high - low) / 200)


def _round_step(size: float) -> float:
    """The next smaller of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(size)) if size > 0 else 1.0
    return max(m for m in (1, 2, 5) if m * power <= size * (1 + 1e-9)) * power if size > 0 else 1.0


def _label(name: str, parameter: Parameter) -> str:
    words = name.rpartition(".")[2].replace("_", " ")
    facts = [parameter.help, f"`{name}`: {parameter.expected}" if parameter.kind != "bool" else f"`{name}`"]
    return f'<span title="{escape(chr(10).join(filter(None, facts)))}">{escape(words)}</span>'


@cache
def _css() -> str:
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def style() -> Any:
    """A widget that gives all others here their looks; to be displayed with them."""
    return ipywidgets.HTML(f"<style>{_css()}</style>", layout={"display": "none"})
