"""Handles: points, discs, rings and rectangles that are dragged over a map, and Python is told where they went."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bokeh.models import ColumnDataSource, CustomJS, GlyphRenderer

if TYPE_CHECKING:
    from bokeh.plotting import figure

    from graph4d.view.frame import MapFrame

__all__ = ["Handle"]

Shape = dict[str, float]

NUMBERS: Mapping[str, tuple[str, ...]] = {
    "point": ("x", "y"),
    "disc": ("x", "y", "outer"),
    "annulus": ("x", "y", "inner", "outer"),
    "rectangle": ("left", "right", "top", "bottom"),
}
CASING = "#10161d"
"""Under every line: with it a thin light line is seen on white as well."""
HELD = 1.0
"""So long after its last word the hand is believed to hold a shape [s]: a page that was closed never lets go."""


class Handle:
    """A shape over a map that the hand moves and resizes.

    Everything that happens while it is dragged is done by the browser. Python hears of it some thirty times a second,
    and always of the last place. A drag that begins elsewhere is left to the tools of the figure; a click puts a point
    where it was, and the arrow keys move a shape by a pixel, with shift by five.

    Parameters
    ----------
    frame : MapFrame
        Of the figure it lies over.
    kind : {"point", "disc", "annulus", "rectangle"}
    color : str
        Of its lines.
    fixed_centre : bool
        A disc or ring that is only resized.

    Attributes
    ----------
    source : ColumnDataSource
        One row: the numbers of the shape, and whether it is being moved.
    """

    def __init__(self, frame: MapFrame, kind: str, color: str = "white", fixed_centre: bool = False) -> None:
        if kind not in NUMBERS:
            raise ValueError(f"handle of kind {kind!r}: expected one of {', '.join(NUMBERS)}")
        self.kind = kind
        self._callbacks: list[Callable[[Shape, bool], None]] = []
        self._told: tuple[Shape, bool] | None = None
        self._heard = -math.inf
        numbers = [*NUMBERS[kind], "pixel_x", "pixel_y"]
        self.source = ColumnDataSource({**{name: [0.0] for name in numbers}, "moving": [False]})
        self.source.on_change("data", self._on_data)
        self._renderers = _draw(frame.figure, kind, self.source, color, fixed_centre)
        arguments = {
            "plot": frame.figure,
            "outline": self._renderers[-1],
            "shape": self.source,
            "picture": _picture(frame.figure),
            "kind": kind,
            "fixed": fixed_centre,
        }
        frame.figure.js_on_event("mouseenter", CustomJS(args=arguments, code=_code()))

    @property
    def shape(self) -> Shape:
        """Where it is, in the units of the axes.

        A point has ``x`` and ``y``, a disc also ``outer``, a ring ``inner`` and ``outer``; a rectangle has ``left``,
        ``right``, ``top`` and ``bottom``.
        """
        return {name: float(self.source.data[name][0]) for name in NUMBERS[self.kind]}

    def place(self, **shape: float) -> None:
        """Put it somewhere; numbers that are not given stay as they are. What the hand holds stays in the hand."""
        unknown = set(shape) - set(NUMBERS[self.kind])
        if unknown:
            raise ValueError(f"a {self.kind} has no {', '.join(sorted(unknown))}")
        wanted = {**self.shape, **{name: float(value) for name, value in shape.items()}}
        if wanted == self.shape or (self._moving and time.monotonic() - self._heard < HELD):
            return
        self._write({**wanted, "moving": False})

    def set_pixel(self, height: float, width: float) -> None:
        """Say how far an arrow key moves it, in the units of the axes; otherwise it is a pixel of the picture below."""
        self._write({"pixel_y": float(height), "pixel_x": float(width)})

    def on_move(self, callback: Callable[[Shape, bool], None]) -> None:
        """Call ``callback(shape, moving)`` whenever the hand moves it; ``moving`` is false when it lets go."""
        self._callbacks.append(callback)

    def show(self, on: bool) -> None:
        """Let it be seen and moved, or not."""
        for renderer in self._renderers:
            renderer.visible = on

    @property
    def _moving(self) -> bool:
        return bool(self.source.data["moving"][0])

    def _write(self, numbers: Mapping[str, float]) -> None:
        data = {**self.source.data, **{name: [value] for name, value in numbers.items()}}
        self._told = {name: float(data[name][0]) for name in NUMBERS[self.kind]}, bool(data["moving"][0])
        self.source.data = data

    def _on_data(self, _attr: str, _old: Any, _new: Any) -> None:
        event = self.shape, self._moving
        if event == self._told:  # it was placed from here, or the browser says the same twice
            return
        self._told, self._heard = event, time.monotonic()
        for callback in self._callbacks:
            callback(*event)


def _draw(plot: figure, kind: str, source: ColumnDataSource, color: str, fixed_centre: bool) -> list[GlyphRenderer]:
    """Renderers of a shape: everything twice, the casing below; the last is the outline that is taken hold of."""
    common: dict[str, Any] = {"source": source}
    casing = {**common, "line_color": CASING, "line_alpha": 0.8, "line_width": 3.4, "fill_color": None}
    line = {**common, "line_color": color, "line_width": 1.5, "fill_color": color, "fill_alpha": 0.08}
    drawn = []
    if kind in ("disc", "annulus") and not fixed_centre:
        for size, style in ((11, casing), (9, line)):
            drawn.append(plot.scatter("x", "y", marker="cross", size=size, **style))
    for style in (casing, line):
        if kind == "rectangle":
            drawn.append(plot.quad("left", "right", "top", "bottom", **style))
        elif kind == "annulus":
            drawn.append(plot.annulus("x", "y", "inner", "outer", **style))
        elif kind == "disc":
            drawn.append(plot.circle("x", "y", "outer", **style))
        else:
            drawn.append(plot.scatter("x", "y", marker="circle_dot", size=15, **style))
    return drawn


def _picture(plot: figure) -> ColumnDataSource | None:
    """The source of the image that a figure shows, which says where it lies."""
    return next((r.data_source for r in plot.renderers if "dw" in r.data_source.data), None)


@cache
def _code() -> str:
    return Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
