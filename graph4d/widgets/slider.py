"""A slider that tells moving from resting, and never takes what it is shown for a wish of the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from graph4d.widgets.script import script

__all__ = ["RangeSlider"]


class RangeSlider(anywidget.AnyWidget):
    """A slider. That of ipywidgets does not say when it is let go, and answers whatever it is shown.

    Parameters
    ----------
    low, high, step : float
    label : str
        What it is called, for those who do not see what stands beside it.

    Attributes
    ----------
    position : float
        What it shows; beyond its ends it becomes longer.
    """

    _esm = script(__file__)
    min = traitlets.Float().tag(sync=True)
    max = traitlets.Float().tag(sync=True)
    step = traitlets.Float().tag(sync=True)
    position = traitlets.Float().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    hand: traitlets.List[Any] = traitlets.List().tag(sync=True)
    """Where the hand has put it, whether it holds it still, and a number that no two events share."""

    def __init__(self, low: float, high: float, step: float, label: str) -> None:
        super().__init__(min=low, max=high, step=step, position=low, label=label)

    def show(self, position: float) -> None:
        """Put it somewhere."""
        with self.hold_sync():
            self.min, self.max = min(self.min, position), max(self.max, position)
            self.position = position

    def on_move(self, callback: Callable[[float, bool], None]) -> None:
        """Call ``callback(position, moving)`` when the hand moves it; ``moving`` is false when it lets go."""

        def moved(change: Any) -> None:
            position, moving, _ = change["new"]
            callback(float(position), bool(moving))

        self.observe(moved, "hand")
