"""Maps of one place move together: zoom one and all are zoomed, point at one and a cross is in all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bokeh.models import CrosshairTool, Span

from graph4d.view.frame import MapFrame, same_place

if TYPE_CHECKING:
    from bokeh.plotting import figure

__all__ = ["link"]


def link(figures: Iterable[Any]) -> None:
    """Link the zoom and the cursor of maps on one grid.

    Those are meant to show the same place for good. A figure is linked before it is displayed; later it can still be
    joined by others, in a call with it and them.

    Parameters
    ----------
    figures : iterable of Figure
        Maps that show the same part of the same plane are linked, with grids as fine as they like; other figures are
        left alone.
    """
    groups: list[list[MapFrame]] = []
    for frame in (figure.frame for figure in figures if isinstance(getattr(figure, "frame", None), MapFrame)):
        group = next((group for group in groups if _one_place(group[0], frame)), None)
        if group is None:
            groups.append([frame])
        else:
            group.append(frame)
    for group in groups:
        if len(group) > 1:
            _link(group)


def _one_place(one: MapFrame, other: MapFrame) -> bool:
    if one.axes is None or other.axes is None:
        return False
    pairs = list(zip(one.axes, other.axes, strict=True))
    return all(same_place(a, b) for a, b in pairs) or all(same_place(b, a) for a, b in pairs)


def _link(frames: list[MapFrame]) -> None:
    first = frames[0].figure
    cross = _cross(first) or _new_cross()
    for frame in frames:
        if _cross(frame.figure) is None:
            frame.figure.update(x_range=first.x_range, y_range=first.y_range)
            frame.bar.range = first.x_range
            frame.figure.add_tools(CrosshairTool(overlay=cross, visible=False))


def _cross(plot: figure) -> list[Span] | None:
    """What shows the cursor of linked maps, if this is one."""
    return next((list(tool.overlay) for tool in plot.tools if isinstance(tool, CrosshairTool)), None)


def _new_cross() -> list[Span]:
    # Where the cursor is concerns nobody but the browser.
    style: dict[str, Any] = {"line_color": "#e8590c", "line_alpha": 0.7, "line_width": 1, "syncable": False}
    return [Span(dimension=dimension, **style) for dimension in ("width", "height")]
