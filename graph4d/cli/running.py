"""``graph4d run``: compute what is missing, write outputs, provenance and report."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graph4d.cli.options import RecipeArgument, SetOption, open_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graph4d.run.events import Event
    from graph4d.run.result import Run

__all__ = ["run"]

POINT = re.compile(r"\[[^]]*\]")
"""What the name of a step has in it for the values of a sweep."""


def run(
    recipe: RecipeArgument,
    settings: SetOption = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="OUTPUT", help="Compute just this. Repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the outputs into this folder.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.html", help="Write an offline report.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Threads; all cores by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the provenance as JSON.")] = False,
) -> None:
    """Run a recipe: compute what is missing, reuse the rest."""
    from graph4d.run.execute import execute
    from graph4d.run.outputs import write_outputs
    from graph4d.run.provenance import provenance
    from graph4d.store import default_store

    graph = open_graph(recipe, settings)
    wanted = {name: graph.find(name) for name in only} if only else None
    store = default_store()
    with _progress() as listener:
        done = execute(graph, store, wanted=wanted, workers=workers, listener=listener)
    if out is not None:
        write_outputs(done, out)
    if report is not None:
        from graph4d.view.run_report import report_run

        report_run(done, report)
    if as_json:
        print(json.dumps(provenance(done), indent=1, ensure_ascii=False))
    else:
        print(_summary(done, out, report))
    done.raise_for_errors()


def _summary(done: Run, out: Path | None, report: Path | None) -> str:
    from graph4d.run.provenance import notes

    computed = done.log.computed()
    lines = [f"{done.graph.title}: {_counted(len(computed))} computed in {done.seconds:.2f} s"]
    if computed:
        lines[0] += f" ({_listed(computed)})"
    reused = done.log.reused()
    if reused:
        lines.append(f"reused: {_listed(reused)}")
    lines += [f"note: {note}" for note in notes(done)]
    lines += [f"{what} in {where}" for what, where in (("outputs", out), ("report", report)) if where is not None]
    return "\n".join(lines)


def _listed(steps: Sequence[str]) -> str:
    """Names of steps; the points of a sweep are told as one, with their number."""
    counts = Counter(POINT.sub("", step) for step in steps)
    return ", ".join(name if count == 1 else f"{name} ×{count}" for name, count in counts.items())


def _counted(count: int) -> str:
    return "nothing" if count == 0 else f"{count} step{'s' if count > 1 else ''}"


def _progress() -> AbstractContextManager[Callable[[Event], None] | None]:
    """A listener that draws progress on a terminal; none in a pipe."""
    if not sys.stderr.isatty():
        return nullcontext(None)
    from graph4d.cli.progress import progress_bars

    return progress_bars()
