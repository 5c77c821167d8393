"""Progress of a run on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from graph4d.run.events import (
    Event,
    PassFinished,
    PassProgress,
    PassStarted,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
)

__all__ = ["progress_bars"]


@contextmanager
def progress_bars() -> Iterator[Callable[[Event], None]]:
    """A listener that shows a bar for each pass and a spinner's worth of text for each running step."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def listen(event: Event) -> None:
            if isinstance(event, PassStarted):
                tasks[_title(event.steps)] = progress.add_task(_title(event.steps), total=1.0)
            elif isinstance(event, PassProgress):
                progress.update(tasks[_title(event.steps)], completed=event.fraction)
            elif isinstance(event, PassFinished):
                progress.remove_task(tasks.pop(_title(event.steps)))
            elif isinstance(event, StepStarted):
                tasks[event.step] = progress.add_task(event.step, total=None)
            elif isinstance(event, StepProgress):
                progress.update(tasks[event.step], total=1.0, completed=event.fraction)
            elif isinstance(event, StepFinished | StepFailed) and event.step in tasks:
                progress.remove_task(tasks.pop(event.step))

        yield listen


def _title(steps: tuple[str, ...]) -> str:
    return "one pass: " + ", ".join(steps)
