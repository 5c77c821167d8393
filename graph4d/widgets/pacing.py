"""Doing often wanted things not too often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Paced"]


class Paced:
    """Calls a function at most once in a while, and once more after the last time it was asked to.

    Parameters
    ----------
    action : callable
        Never called by two threads at once.
    seconds : float
        Between two calls.
    """

    def __init__(self, action: Callable[[], None], seconds: float) -> None:
        self._action, self._seconds = action, seconds
        self._lock = threading.Lock()
        self._calling = threading.RLock()
        self._timer: threading.Timer | None = None
        self._last = -seconds
        self._stopped = False

    def __call__(self) -> None:
        """Ask for a call: it is made now, or as soon as enough time has passed."""
        with self._lock:
            if self._timer is not None or self._stopped:
                return
            wait = self._last + self._seconds - time.monotonic()
            if wait > 0:
                self._timer = threading.Timer(wait, self._call)
                self._timer.daemon = True
                self._timer.start()
                return
        self._call()

    def stop(self) -> None:
        """Make no more calls."""
        with self._lock:
            self._stopped = True
            if self._timer is not None:
                self._timer.cancel()

    def _call(self) -> None:
        with self._calling:
            with self._lock:
                self._timer, self._last = None, time.monotonic()
                if self._stopped:
                    return
            self._action()
