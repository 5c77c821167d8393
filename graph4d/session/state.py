"""What a session shows of each value, and how current it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from graph4d.run.cancel import Cancelled
from graph4d.run.failure import RunError, StepError

if TYPE_CHECKING:
    from graph4d.errors import GraphError
    from graph4d.types import ValueType

__all__ = ["Shown", "State", "Status", "raise_for"]


class Status(StrEnum):
    """How current a watched value is."""

    FRESH = "fresh"
    """What is shown is the exact result for the present parameters."""
    STALE = "stale"
    """Parameters changed, and nothing is under way: it waits for :meth:`Session.apply`, or nobody watches it."""
    QUEUED = "queued"
    """It will be computed."""
    RUNNING = "running"
    """It is being computed; what is shown is older."""
    PREVIEW = "preview"
    """What is shown is made from a part of the data; the exact result follows."""
    FAILED = "failed"
    """It could not be computed; what is shown is the last that could."""
    CANCELLED = "cancelled"
    """Somebody stopped the computation; what is shown is older."""


@dataclass(frozen=True)
class Shown:
    """A value to be looked at.

    Parameters
    ----------
    value : DataArray, Dataset or lazy handle
    type : ValueType
        What it was declared to be.
    revision : int
        Of the parameters that it was made from.
    every : int
        1 for an exact result; n for a preview from every n-th position along each axis of the stack.
    seconds : float
        What it took, from the change to the result.
    reused : bool
        Nothing had to be computed.
    """

    value: Any
    type: ValueType
    revision: int
    every: int
    seconds: float
    reused: bool

    @property
    def note(self) -> str:
        """What a picture of it must say: empty if it is exact."""
        return f"preview, every {_ordinal(self.every)} position" if self.every > 1 else ""


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


@dataclass(frozen=True)
class State:
    """What a session knows of a watched value."""

    status: Status
    shown: Shown | None = None
    progress: float | None = None
    """From 0 to 1 while it runs, if that is known."""
    error: GraphError | None = None
    """Why it failed: its text names the node, its place and its inputs."""


def raise_for(states: Iterable[State]) -> None:
    """Raise what went wrong, if anything did.

    Raises
    ------
    UsageError
        Something could not be begun: a file is missing, for instance.
    RunError
        Steps failed.
    Cancelled
        Somebody stopped one of them.
    """
    states = list(states)
    errors = [state.error for state in states if state.status is Status.FAILED and state.error is not None]
    other = next((error for error in errors if not isinstance(error, StepError)), None)
    if other is not None:
        raise other
    if errors:
        raise RunError([error for error in dict.fromkeys(errors) if isinstance(error, StepError)])
    if any(state.status is Status.CANCELLED for state in states):
        raise Cancelled("cancelled before it was finished")
