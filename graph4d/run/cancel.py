"""Cancellation and progress for work that runs long, reachable from inside a node without an argument for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from graph4d.errors import GraphError

__all__ = ["Cancelled", "Token", "current_token", "report_progress"]


class Cancelled(GraphError):
    """The work was given up because nobody wants its result any more."""


@dataclass
class Token:
    """Says whether to stop, and hears how far the work is. Shared by the threads of one piece of work."""

    on_progress: Callable[[float], None] | None = None
    dropped: Callable[[], bool] = bool
    """Whether nobody wants this piece of work any more, though others go on."""
    _stopped: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Ask the work to stop at its next check."""
        self._stopped.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked."""
        return self._stopped.is_set() or self.dropped()

    def check(self) -> None:
        """Raise :class:`Cancelled` if somebody asked to stop."""
        if self.cancelled:
            raise Cancelled("cancelled")

    def progress(self, fraction: float) -> None:
        """Say how much is done, from 0 to 1."""
        if self.on_progress is not None:
            self.on_progress(fraction)

    def child(self, on_progress: Callable[[float], None], dropped: Callable[[], bool] = bool) -> Token:
        """A token that is cancelled with this one or when it is dropped, and hears of its own progress."""
        return Token(on_progress, dropped, self._stopped)


current_token: ContextVar[Token | None] = ContextVar("graph4d_token", default=None)


def report_progress(fraction: float) -> None:
    """For iterative nodes: say how much is done, and stop here if the run was cancelled.

    Parameters
    ----------
    fraction : float
        From 0 to 1.

    Raises
    ------
    Cancelled
        The run was cancelled; let it pass.
    """
    token = current_token.get()
    if token is not None:
        token.check()
        token.progress(fraction)
