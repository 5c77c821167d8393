"""What happens in a run, as typed events: for progress bars, for provenance, and for tests that assert what ran."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = [
    "Event",
    "EventLog",
    "NotStored",
    "PassFinished",
    "PassProgress",
    "PassStarted",
    "StepCancelled",
    "StepFailed",
    "StepFinished",
    "StepProgress",
    "StepReused",
    "StepSkipped",
    "StepStarted",
    "UnitConverted",
]


@dataclass(frozen=True)
class Event:
    """Something happened."""


@dataclass(frozen=True)
class StepStarted(Event):
    """A step is being computed."""

    step: str
    reason: str


@dataclass(frozen=True)
class StepProgress(Event):
    """How much of a step that runs long is done, from 0 to 1, as its node says."""

    step: str
    fraction: float


@dataclass(frozen=True)
class UnitConverted(Event):
    """An input of a step was brought to the unit of its port."""

    step: str
    port: str
    given: str
    unit: str


@dataclass(frozen=True)
class StepFinished(Event):
    """A step was computed."""

    step: str
    seconds: float
    outputs: tuple[tuple[str, str], ...]
    """Pairs of output name and digest."""


@dataclass(frozen=True)
class StepReused(Event):
    """A step's result was taken from the store."""

    step: str
    outputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class StepFailed(Event):
    """A step raised an error."""

    step: str
    error: str


@dataclass(frozen=True)
class StepCancelled(Event):
    """A step was given up because nobody wants its result any more; the others go on."""

    step: str


@dataclass(frozen=True)
class StepSkipped(Event):
    """A step could not run because one before it failed or was given up."""

    step: str
    failed: str


@dataclass(frozen=True)
class PassStarted(Event):
    """All these steps are computed in one reading of a stack."""

    steps: tuple[str, ...]


@dataclass(frozen=True)
class PassProgress(Event):
    """How much of a pass is done, from 0 to 1."""

    steps: tuple[str, ...]
    fraction: float


@dataclass(frozen=True)
class PassFinished(Event):
    """A pass is over."""

    steps: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class NotStored(Event):
    """A result is right but could not be kept for the next time."""

    step: str
    why: str


class EventLog:
    """Events in the order in which they happened. Safe to append to and to read from any thread."""

    def __init__(self, listener: Callable[[Event], None] | None = None) -> None:
        self._events: list[Event] = []
        self._listener = listener
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Append an event and tell the listener."""
        with self._lock:
            self._events.append(event)
        if self._listener is not None:
            self._listener(event)

    def __iter__(self) -> Iterator[Event]:
        with self._lock:
            return iter(list(self._events))

    def computed(self) -> list[str]:
        """Names of the steps that were computed, in order of completion."""
        return [e.step for e in self if isinstance(e, StepFinished)]

    def reused(self) -> list[str]:
        """Names of the steps that were taken from the store."""
        return [e.step for e in self if isinstance(e, StepReused)]

    def passes(self) -> list[tuple[str, ...]]:
        """Steps of each pass, in order."""
        return [e.steps for e in self if isinstance(e, PassStarted)]
