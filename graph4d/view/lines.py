"""Several lines of numbers in one frame: a curve for each value of a parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, Legend, LegendItem

from graph4d.view.base import Dimmable, titled
from graph4d.view.frame import FRAME, new_figure, plain, set_text, short_numbers
from graph4d.view.line import labelled, places
from graph4d.view.palettes import categorical
from graph4d.view.pixels import to_send
from graph4d.view.quantity import quantity, unit_text

if TYPE_CHECKING:
    from bokeh.models import UIElement
    from xarray import DataArray

__all__ = ["LinesFigure"]

LINES = 10
"""At most so many are drawn, evenly spread."""


class LinesFigure(Dimmable):
    """Values along the last dimension, a line for each place along the first.

    Parameters
    ----------
    value : DataArray of two dimensions
    title : str
    """

    def __init__(self, value: DataArray, title: str) -> None:
        self.title = title
        self.source = ColumnDataSource({"x": [], "y": [], "label": [], "color": []})
        self.figure = new_figure(title, frame_width=FRAME + 40, frame_height=220)
        drawn = self.figure.multi_line("x", "y", source=self.source, line_color="color", line_width=1.6)
        legend = Legend(items=[LegendItem(label={"field": "label"}, renderers=[drawn])], orientation="horizontal")
        legend.update(label_text_font_size="11px", label_standoff=3, glyph_width=14, margin=0, padding=4, ncols=4)
        legend.border_line_color = None
        self.figure.add_layout(legend, "below")
        self.figure.axis.formatter = short_numbers()
        self.figure.axis.axis_label_text_font_style = "normal"
        self.figure.axis.axis_line_color = "#9aa5b1"
        self.figure.axis.minor_tick_line_color = None
        self.figure.grid.grid_line_color = "#e8ecf1"
        self.legend = legend
        self.hover = HoverTool(renderers=[drawn])
        self.figure.add_tools(self.hover)
        self.layout: UIElement = self.figure
        self.update(value)

    def update(self, value: DataArray, note: str = "") -> None:
        """Show other lines in the same place."""
        first, along = map(str, value.dims)
        count = value.sizes[first]
        chosen = np.unique(np.linspace(0, count - 1, min(count, LINES)).round().astype(int))
        cut = f"{len(chosen)} of {count} lines" if count > LINES else ""
        set_text(self.figure.title, titled(self.title, cut, note))
        x, unit = places(value, along)
        self.source.data = {
            "x": [x for _ in chosen],
            "y": [to_send(value.values[i]) for i in chosen],
            "label": [_label(value, first, int(i)) for i in chosen],
            "color": categorical(len(chosen)),
        }
        units = unit_text(str(value.attrs.get("units", "")))
        name = str(value.name or "value")
        self.legend.title = first
        self.figure.xaxis.axis_label = plain(labelled(along, unit))
        self.figure.yaxis.axis_label = plain(labelled(name, units))
        self.hover.tooltips = [(first, "@label"), (along, f"$x{{0.[0000]}} {unit}"), (name, f"$y{{0.[0000]}} {units}")]


def _label(value: DataArray, dim: str, place: int) -> str:
    if dim not in value.coords:
        return f"{place + 1} of {value.sizes[dim]}"
    coordinate = value.coords[dim][place]
    return quantity(coordinate.item(), coordinate.attrs.get("units"))
