"""Events to whoever listens: in order, one at a time, and by a thread that holds no lock of the session."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graph4d.run.events import Event

__all__ = ["Notifier"]

Listener = Callable[["Event"], None]

MANY_EVENTS = 5000
log = logging.getLogger(__name__)


class Notifier:
    """Keeps the last events, and delivers each to all listeners. Safe under threads."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=MANY_EVENTS)
        self._undelivered: deque[Event] = deque()
        self._listeners: list[Listener] = []
        self._noting = threading.Lock()
        self._delivering = threading.Lock()
        self._teller: int | None = None  # the thread that delivers

    @property
    def events(self) -> list[Event]:
        """The last few thousand, in order."""
        with self._noting:
            return list(self._events)

    def add(self, event: Event) -> None:
        """Note an event, to be delivered by the next :meth:`deliver`."""
        with self._noting:
            self._events.append(event)
            self._undelivered.append(event)

    def deliver(self) -> None:
        """Tell the listeners all that was noted, unless another thread is doing that: then it does this, too."""
        # Who finds the lock taken has noted its event before; who lets go of it looks once more after that.
        while self._undelivered and self._delivering.acquire(blocking=False):
            self._teller = threading.get_ident()
            try:
                while self._undelivered:
                    self._tell(self._undelivered.popleft())
            finally:
                self._teller = None
                self._delivering.release()

    def drain(self) -> None:
        """Return when the listeners have heard all that was noted so far; one of them cannot wait for itself."""
        self.deliver()
        if self._teller != threading.get_ident():
            with self._delivering:  # by another thread, which lets go when nothing is left
                pass

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; returns the way out."""
        with self._noting:
            self._listeners = [*self._listeners, listener]

        def leave() -> None:
            with self._noting:
                self._listeners = [other for other in self._listeners if other is not listener]

        return leave

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            try:
                listener(event)
            except (Exception, SystemExit):  # a broken picture must not end the session's work, nor hide: it is logged
                log.exception("a listener of a session failed on %r", event)
