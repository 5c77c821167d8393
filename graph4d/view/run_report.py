"""The report of a run. A figure is drawn once for each value and kept in the store, as any result is."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d.errors import UsageError
from graph4d.keys import hash_of
from graph4d.run.provenance import provenance
from graph4d.store import StoreError, encode_value
from graph4d.view.fingerprint import view_fingerprint
from graph4d.view.report import OutputItem, ParameterRow, Report, StepRow, write_report

if TYPE_CHECKING:
    from graph4d.parameters import Parameter
    from graph4d.recipe.graph import Ref
    from graph4d.run.result import Run

__all__ = ["report_run"]

#: About what drawing a figure takes [s]: what it is worth to a store that must evict something.
DRAWING = 0.1


def report_run(run: Run, path: Path) -> None:
    """Write the offline report of a run.

    Parameters
    ----------
    run : Run
        An output that failed has its error in place of a picture.
    path : Path
        Of the HTML file; its folder is made if it is missing.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    graph, document = run.graph, provenance(run)
    together = {name: len(steps) for steps in run.log.passes() for name in steps}
    report = Report(
        title=graph.title,
        recipe=graph.path.name if graph.path else "built in Python",
        started=document["started"],
        seconds=run.seconds,
        parameters=_rows(graph.declared, graph.parameters),
        steps=[_step(run, name, told, together.get(name, 1)) for name, told in document["steps"].items()],
        outputs=[_output(run, name, ref) for name, ref in run.wanted.items()],
        versions={"graph4d": document["graph4d"], **document["versions"]},
        source=graph.path.read_text(encoding="utf-8") if graph.path else "",
    )
    try:
        write_report(path, report)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}; choose another --report") from error


def _rows(declared: Mapping[str, Parameter], values: Mapping[str, Any]) -> list[ParameterRow]:
    return [
        ParameterRow(
            name,
            values[name],
            unit=parameter.unit.name if parameter.unit else None,
            shown=parameter.unit.shown if parameter.unit else None,
            help=parameter.help,
            given=parameter.required or values[name] != parameter.coerce(parameter.default),
        )
        for name, parameter in declared.items()
        if name in values
    ]


def _step(run: Run, name: str, told: Mapping[str, Any], together: int) -> StepRow:
    step = run.graph.steps[name]
    return StepRow(
        name,
        step.node.id,
        told["status"],
        reason=told.get("error") or told.get("reason", ""),
        seconds=told.get("seconds"),
        together=together,
        digest=next(iter(told["outputs"].values()), ""),
        inputs=list(dict.fromkeys(ref.step for ref in step.inputs.values())),
        parameters=_rows(step.node.schema.parameters, step.parameters),
    )


def _output(run: Run, name: str, ref: Ref) -> OutputItem:
    value_type = run.graph.type_of(ref)
    if ref.step in run.errors:
        return OutputItem(name, "", value_type, json.dumps({"error": str(run.errors[ref.step])}))
    digest = run.ledger.digest(ref) or ""
    key = hash_of(("graph4d-figure/1", digest, str(value_type), name, view_fingerprint()))
    figure = run.store.get(key)
    if not isinstance(figure, str):
        from graph4d.view.figure import figure_json

        figure = figure_json(run.value(name), value_type, name.replace("_", " "))
        with contextlib.suppress(StoreError):  # the run has said so already; the figure is drawn anew next time
            run.store.put(key, encode_value(figure), seconds=DRAWING)
    return OutputItem(name, digest, value_type, figure)
