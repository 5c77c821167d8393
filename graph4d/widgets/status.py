"""The line that says how current everything is, with the buttons that act on all of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from graph4d.run.events import Event, StepFinished, StepReused
from graph4d.session.events import Changed
from graph4d.session.state import State, Status
from graph4d.view.quantity import quantity

if TYPE_CHECKING:
    from graph4d.session.session import Session

__all__ = ["StatusLine", "Tally"]

COLOURS = {
    "good": "var(--jp-success-color1, #2e7d32)",
    "busy": "var(--jp-brand-color1, #1976d2)",
    "waiting": "var(--jp-warn-color1, #ef6c00)",
    "bad": "var(--jp-error-color1, #c62828)",
}


@dataclass
class Tally:
    """What was computed and what was there already, since values last changed."""

    computed: set[str] = field(default_factory=set)
    reused: set[str] = field(default_factory=set)

    def hear(self, event: Event) -> None:
        """Count an event of a session."""
        if isinstance(event, Changed):
            self.computed, self.reused = set(), set()
        elif isinstance(event, StepFinished):
            self.computed.add(event.step)
        elif isinstance(event, StepReused):
            self.reused.add(event.step)

    @property
    def words(self) -> str:
        """Both in a few words."""
        reused = self.reused - self.computed
        counts = {"computed": len(self.computed), "reused": len(reused)}
        return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def summary(states: Mapping[str, State], words: str) -> tuple[str, str]:
    """A colour by name and what to say of all states together; ``words`` is for when all is well."""

    def named(*wanted: Status) -> str:
        return ", ".join(name for name, state in states.items() if state.status in wanted)

    if failed := named(Status.FAILED):
        return "bad", f"failed: {failed}"
    if busy := named(Status.RUNNING, Status.QUEUED):
        return "busy", f"computing {busy}"
    if named(Status.PREVIEW):
        notes = {state.shown.note for state in states.values() if state.shown is not None} - {""}
        return "busy", f"{', '.join(sorted(notes))}; the exact result follows"
    if waiting := named(Status.STALE):
        return "waiting", f"{waiting}: press Apply to compute"
    if cancelled := named(Status.CANCELLED):
        return "waiting", f"cancelled: {cancelled}"
    newest = max((s.shown.revision for s in states.values() if s.shown), default=0)
    took = max((s.shown.seconds for s in states.values() if s.shown and s.shown.revision == newest), default=0.0)
    return "good", " · ".join(filter(None, ("up to date", quantity(took, "s", digits=2), words)))


class StatusLine:
    """How a session stands, with Cancel, Apply and Reset.

    Attributes
    ----------
    widget : ipywidgets.HBox
    """

    def __init__(self, session: Session, more: Iterable[object] = ()) -> None:
        self.session = session
        self.text = ""
        """What it says."""
        self._text = ipywidgets.HTML().add_class("graph4d-status")
        self._bar = ipywidgets.FloatProgress(min=0, max=1, layout={"width": "120px", "visibility": "hidden"})
        self.cancel = ipywidgets.Button(description="Cancel", tooltip="stop what is being computed", disabled=True)
        self.apply = ipywidgets.Button(
            description="Apply", tooltip="compute what takes long for these values", button_style="primary"
        )
        self.reset = ipywidgets.Button(description="Reset", tooltip="all values as they were at the start")
        self.cancel.on_click(lambda _: session.cancel())
        self.apply.on_click(lambda _: session.apply())
        self.reset.on_click(lambda _: session.reset())
        buttons = ipywidgets.HBox([self.cancel, self.apply, self.reset, *more]).add_class("graph4d-buttons")
        self.widget = ipywidgets.HBox([self._text, self._bar, buttons]).add_class("graph4d-status-line")

    def show(self, states: Mapping[str, State], tally: Tally) -> None:
        """Say how current these are."""
        colour, words = summary(states, tally.words)
        self.text = words
        self._text.value = f'<span style="color: {COLOURS[colour]}">●</span> {escape(words)}'
        fractions = [state.progress for state in states.values() if state.progress is not None]
        self._bar.layout.visibility = "visible" if fractions else "hidden"
        self._bar.value = sum(fractions) / len(fractions) if fractions else 0.0
        busy = (Status.RUNNING, Status.QUEUED, Status.PREVIEW)
        self.cancel.disabled = not any(state.status in busy for state in states.values())
        again = any(state.status in (Status.CANCELLED, Status.FAILED) for state in states.values())
        self.apply.description = "Apply" if self.session.needs_apply else "Try again"
        self.apply.layout.display = None if again or self.session.needs_apply else "none"
