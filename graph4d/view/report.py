"""The report of a run: one HTML file with every output drawn, the graph, and what happened.

It is put together from text alone, so that a run in which nothing is new writes it in no time: figures come as the JSON
that :func:`graph4d.view.figure.figure_json` made when their values were new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path

from graph4d.types import ValueType
from graph4d.view.graph_drawing import Box, graph_svg
from graph4d.view.page import figure_place, page, table
from graph4d.view.quantity import quantity

__all__ = ["OutputItem", "ParameterRow", "Report", "StepRow", "report_html", "write_report"]

LARGEST_GRAPH = 150
"""Steps beyond which a drawing tells nothing any more."""


@dataclass(frozen=True)
class ParameterRow:
    """A parameter and its value.

    Parameters
    ----------
    name : str
    value : object
        In ``unit`` if it is a number.
    help : str
        What it means.
    unit, shown : str, optional
        The unit of the number, and the one its declaration shows it in.
    given : bool
        It was set for this run.
    """

    name: str
    value: object
    help: str = ""
    unit: str | None = None
    shown: str | None = None
    given: bool = False

    @property
    def text(self) -> str:
        """The value as people write it."""
        return quantity(self.value, self.unit, shown=self.shown, digits=6)


@dataclass(frozen=True)
class StepRow:
    """A step and what became of it.

    Parameters
    ----------
    name, node : str
        Of the step, and the id of its node.
    status : str
        ``computed``, ``reused``, ``not needed``, ``skipped``, ``cancelled`` or ``failed``.
    reason : str
        Why; of a failed step, the error.
    seconds : float, optional
        It took when it was computed.
    together : int
        So many steps were computed in one pass over the data, and share that time.
    digest : str
        Of its first output; empty if there is none.
    inputs : sequence of str
        Names of the steps it takes from.
    parameters : sequence of ParameterRow
    """

    name: str
    node: str
    status: str
    reason: str = ""
    seconds: float | None = None
    together: int = 1
    digest: str = ""
    inputs: Sequence[str] = ()
    parameters: Sequence[ParameterRow] = ()


@dataclass(frozen=True)
class OutputItem:
    """An output of the recipe and its figure, the JSON text of :func:`graph4d.view.figure.figure_json`."""

    name: str
    digest: str
    type: ValueType
    figure: str


@dataclass(frozen=True)
class Report:
    """All that a report tells.

    Parameters
    ----------
    title : str
        Of the recipe.
    recipe : str
        Its file's name.
    started : str
        Date and time in ISO 8601.
    seconds : float
        Of the whole run.
    parameters, outputs
        Of the recipe.
    steps : sequence of StepRow
        In the order of the graph: a step after those it takes from.
    versions : mapping from package to version
    source : str
        Text of the recipe, if it is to be shown.
    """

    title: str
    recipe: str
    started: str
    seconds: float
    parameters: Sequence[ParameterRow] = ()
    steps: Sequence[StepRow] = ()
    outputs: Sequence[OutputItem] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    source: str = ""


def write_report(path: str | Path, report: Report) -> None:
    """Write the report as one HTML file that needs no network; its folder is made.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report_html(report), encoding="utf-8")


def report_html(report: Report) -> str:
    """The report as HTML text."""
    places = [figure_place(f"figure-{number}", item.figure) for number, item in enumerate(report.outputs)]
    components = dict.fromkeys(name for _, needed in places for name in needed)
    cards = [_card(item, html) for item, (html, _) in zip(report.outputs, places, strict=True)]
    sections = [
        _header(report),
        _section("Outputs", f'<div class="cards">{"".join(cards)}</div>') if cards else "",
        _section("Graph", f'<div class="panel scroll">{_graph(report.steps)}</div>') if report.steps else "",
        _section("Parameters", _panel(_parameters(report.parameters))) if report.parameters else "",
        _section("What ran", _panel(_steps(report.steps))) if report.steps else "",
        _folded("Recipe", f"<pre>{escape(report.source)}</pre>") if report.source else "",
        _folded("Provenance", _provenance(report)),
    ]
    return page(report.title, "\n".join(filter(None, sections)), components)


def _header(report: Report) -> str:
    counts = Counter(step.status for step in report.steps)
    facts = [
        report.recipe,
        f"{datetime.fromisoformat(report.started):%Y-%m-%d %H:%M %Z}".strip(),
        f"graph4d {report.versions['graph4d']}" if "graph4d" in report.versions else "",
        f"{quantity(report.seconds, 's', digits=3)} in all",
        ", ".join(f"{count} {status}" for status, count in counts.items()),
    ]
    spans = "".join(f"<span>{escape(fact)}</span>" for fact in facts if fact)
    return f'<header><h1>{escape(report.title)}</h1><p class="facts">{spans}</p></header>'


def _section(title: str, html: str) -> str:
    return f"<section><h2>{escape(title)}</h2>\n{html}</section>"


def _folded(title: str, html: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{_panel(html)}</details>"


def _panel(html: str) -> str:
    return f'<div class="panel">{html}</div>'


def _card(item: OutputItem, figure: str) -> str:
    kind, digest = escape(str(item.type)), escape(item.digest[:12])
    foot = f"<footer><span>{escape(item.name)}: {kind}</span><code>{digest}</code></footer>"
    # A table may have many columns; so may numbers that a sweep has made one.
    wide = " wide" if item.type.name in ("Table", "SweptMetrics") else ""
    return f'<article class="card{wide}">{figure}{foot}</article>\n'


def _graph(steps: Sequence[StepRow]) -> str:
    if len(steps) > LARGEST_GRAPH:
        return f"<p>{len(steps)} steps are too many for a drawing; the table below has them all.</p>"
    return graph_svg([_box(step) for step in steps])


def _box(step: StepRow) -> Box:
    parameters = [f"{row.name}: {row.text}" for row in step.parameters]
    lines = [f"{step.name}: {step.node}", f"{step.status}. {step.reason}", _time(step), *parameters]
    return Box(step.name, step.node, step.status, _seconds(step), "\n".join(filter(None, lines)), step.inputs)


def _seconds(step: StepRow) -> str:
    return "" if step.seconds is None else quantity(step.seconds, "s", digits=3)


def _time(step: StepRow) -> str:
    return _seconds(step) + (f", {step.together} in one pass" if step.together > 1 else "")


def _parameters(rows: Sequence[ParameterRow]) -> str:
    headings = ("parameter", "value", "", "meaning")
    cells = [(escape(row.name), escape(row.text), "set" if row.given else "default", escape(row.help)) for row in rows]
    return table(headings, cells, "parameters")


def _steps(steps: Sequence[StepRow]) -> str:
    return table(
        ("step", "node", "", "why", "time", "parameters"),
        [
            (
                escape(step.name),
                f"<code>{escape(step.node)}</code>",
                f'<span class="status {escape(step.status)}">{escape(step.status)}</span>',
                escape(step.reason),
                _time(step),
                _listed(step.parameters),
            )
            for step in steps
        ],
        "steps",
    )


def _listed(rows: Sequence[ParameterRow]) -> str:
    if not rows:
        return ""
    lines = "<br>".join(f"{escape(row.name)}: {escape(row.text)}" for row in rows)
    return f"<details><summary>{len(rows)}</summary>{lines}</details>"


def _provenance(report: Report) -> str:
    outputs = [
        (escape(item.name), escape(str(item.type)), f"<code>{escape(item.digest)}</code>") for item in report.outputs
    ]
    versions = [(escape(name), escape(version)) for name, version in report.versions.items()]
    return table(("output", "type", "digest"), outputs) + table(("package", "version"), versions)
