"""What is watched in a session, and the state of each value. Not safe under threads by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from graph4d.session.events import Published, StatusChanged
from graph4d.session.state import Shown, State, Status

if TYPE_CHECKING:
    from graph4d.errors import GraphError
    from graph4d.run.events import Event

__all__ = ["HALTED", "Board"]

HALTED = frozenset({Status.FAILED, Status.CANCELLED, Status.STALE})
SETTLED = HALTED | {Status.FRESH}


class Board:
    """Watched values by name.

    Parameters
    ----------
    tell : callable
        Hears of every change.
    """

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._watchers: Counter[str] = Counter()
        self._states: dict[str, State] = {}
        self._touched: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        """What is watched."""
        return list(self._states)

    def watch(self, name: str, revision: int) -> None:
        """Begin to watch a value, or once more."""
        self._watchers[name] += 1
        if name not in self._states:
            self._states[name] = State(Status.STALE)
            self._touched[name] = revision
            self.set_status([name], Status.QUEUED)

    def unwatch(self, name: str) -> None:
        """Take back a :meth:`watch`; the last one forgets the value."""
        self._watchers[name] -= 1
        if self._watchers[name] <= 0:
            self._watchers.pop(name)
            self._states.pop(name, None)
            self._touched.pop(name, None)

    def clear(self) -> None:
        """Forget everything."""
        self._watchers.clear()
        self._states.clear()
        self._touched.clear()

    def state(self, name: str) -> State:
        """State of a value; stale if nobody watches it."""
        return self._states.get(name, State(Status.STALE))

    def pending(self) -> list[str]:
        """What is watched and not settled."""
        return [name for name, state in self._states.items() if state.status not in SETTLED]

    def waiting(self) -> list[str]:
        """What is watched and stale."""
        return [name for name, state in self._states.items() if state.status is Status.STALE]

    def touch(self, names: Iterable[str], revision: int) -> None:
        """These values are affected by a new revision."""
        for name in names:
            if name in self._states:
                self._touched[name] = revision
                self._states[name] = replace(self._states[name], error=None)
                self.set_status([name], Status.QUEUED)

    def is_current(self, name: str, revision: int) -> bool:
        """Whether a result for that revision is one for the present."""
        return name in self._touched and self._touched[name] <= revision

    def set_status(self, names: Iterable[str], status: Status) -> None:
        """Note a change of status, and tell."""
        for name in names:
            state = self._states.get(name)
            if state is not None and state.status is not status:
                self._states[name] = replace(state, status=status, progress=None)
                self._tell(StatusChanged(name, status))

    def set_progress(self, names: Iterable[str], revision: int, fraction: float) -> None:
        """Note how far those of these values are that run for the present."""
        for name in names:
            state = self._states.get(name)
            running = state is not None and state.status in (Status.RUNNING, Status.PREVIEW)
            if state is not None and running and self.is_current(name, revision):
                self._states[name] = replace(state, progress=fraction)

    def fail(self, name: str, revision: int, error: GraphError) -> None:
        """Note that a value could not be computed, if that still matters; what is shown stays."""
        if self.is_current(name, revision):
            self._states[name] = replace(self._states[name], error=error)
            self.set_status([name], Status.FAILED)

    def publish(self, name: str, shown: Shown) -> None:
        """Show a value, unless something newer or better is shown."""
        state = self._states.get(name)
        if state is None:
            return
        if self._rank(name, shown) > self._rank(name, state.shown):
            self._states[name] = replace(state, shown=shown)
            self._tell(Published(name, shown.revision, shown.every, shown.reused))
        if not self.is_current(name, shown.revision):
            return
        if shown.every == 1:
            self._states[name] = replace(self._states[name], error=None)
            self.set_status([name], Status.FRESH)
        elif state.status not in SETTLED:  # a preview changes nothing for what is fresh or was cancelled meanwhile
            self.set_status([name], Status.PREVIEW)

    def _rank(self, name: str, shown: Shown | None) -> tuple[int, int]:
        """What is better to look at is larger. Revisions that did not affect a value are all the same to it."""
        return (0, 0) if shown is None else (min(shown.revision, self._touched[name]), -shown.every)
