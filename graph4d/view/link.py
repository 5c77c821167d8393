"""Maps of one place move together: zoom one and all are zoomed, point at one and a cross is in the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graph4d.view.frame import MapFrame
from graph4d.view.script import script

__all__ = ["link"]

LINKED = "linked"
"""Tag of the plots that look for each other."""


def link(figures: Iterable[Any]) -> None:
    """Link the zoom and the cursor of maps that are displayed together.

    Scripts look for maps of the same place whenever one is zoomed or pointed at: one that gets other axes, as by
    a crop, goes its own way until the others have them too.

    Parameters
    ----------
    figures : iterable of Figure
        Maps are linked, with grids as fine as they like; other figures are left alone, and so are those linked already.
    """
    for figure in figures:
        frame = getattr(figure, "frame", None)
        if isinstance(frame, MapFrame) and LINKED not in frame.figure.tags:
            plot = frame.figure
            plot.tags = [*plot.tags, LINKED]
            follow = script("link", "linked")
            plot.js_on_event("mousemove", follow)
            plot.js_on_event("mouseleave", follow)
            for span in (plot.x_range, plot.y_range):
                span.js_on_change("start", follow)
                span.js_on_change("end", follow)
