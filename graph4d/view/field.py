"""Vector fields: hue is the direction, brightness the magnitude, with arrows on top and a colour wheel beside."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, Range1d, Spacer
from bokeh.plotting import figure
from numpy.typing import NDArray

from graph4d.view.base import Dimmable, titled
from graph4d.view.frame import FRAME, MapFrame, place, plain, save_with, set_text
from graph4d.view.palettes import hue_colours
from graph4d.view.pixels import block_means, full_range, map_of, sample
from graph4d.view.quantity import quantity, shown_unit

if TYPE_CHECKING:
    from bokeh.models import UIElement
    from xarray import DataArray

    from graph4d.view.pixels import Map

__all__ = ["VectorFieldFigure", "arrows", "colours"]

ARROWS = 14
"""At most so many arrows along a side."""
HUES = 720
"""Directions that have a colour of their own."""
PAPER = {"background-color": "white"}
"""What a file that is saved has behind both parts."""
WHEEL = 84
"""Diameter of the colour wheel [px]."""
WHEEL_FRAME = 88
"""Width of what holds it and the number above it [px]."""


class VectorFieldFigure(Dimmable):
    """A map of two numbers a pixel, y and x.

    Parameters
    ----------
    value : DataArray (component, rows, columns)
        Components y (down) and x (right).
    title : str
    """

    def __init__(self, value: DataArray, title: str) -> None:
        self.title = title
        self.frame = MapFrame(title)
        self.source = ColumnDataSource(
            {"image": [], "magnitude": [], "angle": [], "x": [], "y": [], "dw": [], "dh": []}
        )
        self.glyph = self.frame.figure.image_rgba("image", source=self.source)
        self.arrows = ColumnDataSource({"xs": [], "ys": []})
        self.frame.figure.multi_line("xs", "ys", source=self.arrows, color="white", alpha=0.8, line_width=1.2)
        self.wheel = _wheel()
        self.layout: UIElement = row(self.frame.figure, column(Spacer(height=FRAME // 3), self.wheel), styles=PAPER)
        save_with(self.frame.figure, self.layout)
        self.update(value)

    def update(self, value: DataArray, note: str = "") -> None:
        """Show another field in the same place."""
        shown = map_of(value)
        unit = str(value.attrs.get("units", ""))
        y, x = shown.values.astype(np.float32)
        magnitude, angle = np.hypot(y, x), np.arctan2(y, x)
        full = _full_scale(magnitude)
        factor, shown_in = shown_unit(full, unit)
        self.source.data = {
            "image": [_packed(colours(angle, magnitude / full))],
            "magnitude": [magnitude * np.float32(factor)],
            "angle": [np.rad2deg(angle)],
            **place(shown.rows, shown.columns),
        }
        xs, ys = arrows(shown)
        self.arrows.data = {"xs": xs, "ys": ys}
        set_text(self.frame.figure.title, titled(self.title, shown.note, note))
        self.frame.fit(shown.rows, shown.columns)
        entries = {"magnitude": ("magnitude", shown_in), "direction": ("angle", "° clockwise from right")}
        self.frame.tell([self.glyph], entries, shown.columns.unit)
        set_text(self.wheel.title, f"at the edge\n{quantity(full, unit, digits=3)}")


def colours(angle: NDArray[Any], strength: NDArray[Any]) -> NDArray[np.uint8]:
    """RGBA pixels (rows, columns, 4) of a field: hue by angle [rad], black at strength 0, full colour from 1 on.

    Pixels without a value are transparent.
    """
    table = _table()
    with np.errstate(invalid="ignore"):  # what NaN are cast to is replaced below
        hue = (angle * np.float32(HUES / (2 * np.pi)) + np.float32(HUES + 0.5)).astype(np.int32) % HUES
        level = np.clip(strength * np.float32(255) + np.float32(0.5), 0, 255).astype(np.int32)
    valid = np.isfinite(angle) & np.isfinite(strength)
    return np.where(valid, table.take(np.where(valid, hue * 256 + level, 0)), 0).astype("<u4")[..., None].view(np.uint8)


@cache
def _table() -> NDArray[np.uint32]:
    """Packed colours of all hues, each from black to full: an entry for every one of 256 levels of every hue."""
    full = hue_colours(np.linspace(0, 2 * np.pi, HUES, endpoint=False))
    rgb = np.rint(full[:, None, :] * np.arange(256)[:, None]).astype(np.uint8)
    opaque = np.full((*rgb.shape[:2], 1), 255, np.uint8)
    return np.concatenate([rgb, opaque], axis=-1).view("<u4").ravel()


def arrows(shown: Map) -> tuple[list[list[float]], list[list[float]]]:
    """Polylines of one arrow for each block of pixels: its mean, about its middle, the longest as long as a block.

    Parameters
    ----------
    shown : Map of values (2, rows, columns)

    Returns
    -------
    (list, list)
        x and y of the points of every arrow, in the units of the axes: tail, tip, barb, tip, barb.
    """
    height, width = shown.values.shape[-2:]
    block = max(1, -(-max(height, width) // ARROWS))
    count_y, count_x = max(1, height // block), max(1, width // block)
    whole = shown.values[:, : count_y * block, : count_x * block].astype(np.float64)
    means = block_means(whole, block)
    y, x = means / _full_scale(np.hypot(*means))
    # Screen pixels are square, data units need not be: lengths are shares of a block along each axis.
    step_y = shown.rows.extent / height * min(block, height)
    step_x = shown.columns.extent / width * min(block, width)
    middle_y = shown.rows.start + step_y * (np.arange(count_y) + 0.5)
    middle_x = shown.columns.start + step_x * (np.arange(count_x) + 0.5)
    cell = min(abs(step_y), abs(step_x))
    rows, columns = np.nonzero(np.hypot(y, x) > 0.08)
    vector = x[rows, columns] + 1j * y[rows, columns]
    vector *= 0.9 * cell / np.maximum(1.0, np.abs(vector))
    tip = middle_x[columns] + 1j * middle_y[rows] + vector / 2
    one, other = (tip + 0.32 * vector * np.exp(1j * angle) for angle in (np.deg2rad(150), np.deg2rad(210)))
    points = np.stack([tip - vector, tip, one, tip, other], axis=-1)
    return points.real.tolist(), points.imag.tolist()


def _full_scale(magnitude: NDArray[Any]) -> float:
    """What is drawn at full strength: all but the largest hundredth stays below it."""
    some = sample(magnitude)
    return float(np.percentile(some, 99) or full_range(magnitude)[1]) if some.size else 1.0


def _packed(rgba: NDArray[np.uint8]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(rgba).view("<u4")[..., 0]


def _wheel() -> figure:
    """The legend: a disc whose colour at a place is that of the vector from its middle to there."""
    x = np.linspace(-1, 1, 2 * WHEEL)
    radius, angle = np.hypot(x[:, None], x), np.arctan2(x[:, None], np.broadcast_to(x, (len(x), len(x))))
    picture = colours(np.where(radius <= 1, angle, np.nan), radius)
    wheel = figure(
        frame_width=WHEEL_FRAME,
        frame_height=WHEEL,
        x_range=Range1d(-WHEEL_FRAME / WHEEL, WHEEL_FRAME / WHEEL),
        y_range=Range1d(1, -1),
        toolbar_location=None,
        min_border=0,
        outline_line_color=None,
    )
    wheel.image_rgba([_packed(picture)], x=-1, y=-1, dw=2, dh=2)
    wheel.axis.visible = False
    wheel.grid.visible = False
    wheel.background_fill_alpha = 0
    wheel.title.update(
        text=plain(""), text_font_size="11px", text_font_style="normal", text_color="#52606d", align="center"
    )
    return wheel
