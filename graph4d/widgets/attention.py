"""Whether anybody looks: what nobody does need not be computed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graph4d.widgets.bokeh_view import BokehView

__all__ = ["Attention"]

GRACE = 2.0
"""A cell that is run again takes a view off the page and displays it anew; work goes on for so long [s]."""


class Attention:
    """Work rests from soon after the last display of a view is gone until there is one again.

    Parameters
    ----------
    view : BokehView
        Before its first display work goes on, for somebody may be about to display it.
    rest, go_on : callable
        Called by turns, from whatever thread.
    """

    def __init__(self, view: BokehView, rest: Callable[[], None], go_on: Callable[[], object]) -> None:
        self._rest, self._go_on = rest, go_on
        self._lock = threading.RLock()
        self._resting = False
        self._farewell: threading.Timer | None = None
        view.on_shown(self._shown)

    def go_on(self) -> None:
        """Work, as if somebody looked."""
        with self._lock:
            self.stop()
            if self._resting:
                self._resting = False
                self._go_on()

    def stop(self) -> None:
        """Do not begin to rest any more, unless another display goes."""
        with self._lock:
            if self._farewell is not None:
                self._farewell.cancel()
                self._farewell = None

    def _shown(self, shown: bool) -> None:
        if shown:
            self.go_on()
            return
        with self._lock:
            self.stop()
            self._farewell = threading.Timer(GRACE, self._leave)
            self._farewell.daemon = True
            self._farewell.start()

    def _leave(self) -> None:
        with self._lock:
            # Somebody may have come back while this thread waited for the lock.
            if self._farewell is threading.current_thread() and not self._resting:
                self._resting = True
                self._rest()
