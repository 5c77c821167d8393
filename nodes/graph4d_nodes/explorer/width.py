"""How wide the page is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from graph4d.widgets.script import script

__all__ = ["Width"]


class Width(anywidget.AnyWidget):
    """A line of no height that knows how wide it is.

    Parameters
    ----------
    on_change : callable
        Called with the new width [px], also when it is displayed first.
    """

    _esm = script(__file__)
    width = traitlets.Int(0).tag(sync=True)

    def __init__(self, on_change: Callable[[int], None]) -> None:
        super().__init__(layout={"width": "100%", "height": "0px"})
        self._on_change = on_change
        self.observe(self._changed, "width")

    def _changed(self, change: Any) -> None:
        self._on_change(change.new)
