"""Profiles, spectra and whatever else is a line of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool

from graph4d.view.base import Dimmable, titled
from graph4d.view.frame import FRAME, new_figure, plain, set_text, short_numbers
from graph4d.view.pixels import to_send
from graph4d.view.quantity import shown_unit, unit_text

if TYPE_CHECKING:
    from bokeh.models import UIElement
    from xarray import DataArray

__all__ = ["LineFigure", "labelled", "places"]

BLUE = "#2f6db5"
FEW = 40
"""Fewer points than this are marked one by one."""


class LineFigure(Dimmable):
    """Values along one dimension; a missing value is a gap.

    Parameters
    ----------
    value : DataArray of one dimension
    title : str
    """

    def __init__(self, value: DataArray, title: str) -> None:
        self.title = title
        self.source = ColumnDataSource({"x": [], "y": []})
        self.figure = new_figure(title, frame_width=FRAME + 40, frame_height=220)
        self.figure.line("x", "y", source=self.source, line_color=BLUE, line_width=1.6)
        self.points = self.figure.scatter("x", "y", source=self.source, color=BLUE, size=5)
        self.figure.axis.formatter = short_numbers()
        self.figure.axis.axis_label_text_font_style = "normal"
        self.figure.axis.axis_line_color = "#9aa5b1"
        self.figure.axis.minor_tick_line_color = None
        self.figure.grid.grid_line_color = "#e8ecf1"
        self.hover = HoverTool(mode="vline")
        self.figure.add_tools(self.hover)
        self.layout: UIElement = self.figure
        self.update(value)

    def update(self, value: DataArray, note: str = "") -> None:
        """Show another line in the same place."""
        set_text(self.figure.title, titled(self.title, note))
        dim = str(value.dims[0])
        x, unit = places(value, dim)
        self.source.data = {"x": x, "y": to_send(value.values)}
        self.points.visible = value.size < FEW
        units = unit_text(str(value.attrs.get("units", "")))
        name = str(value.name or "value")
        self.figure.xaxis.axis_label = plain(labelled(dim, unit))
        self.figure.yaxis.axis_label = plain(labelled(name, units))
        self.hover.update(
            renderers=[self.figure.renderers[0]],
            tooltips=[(dim, f"@x{{%.4g}} {unit}"), (name, f"@y{{%.4g}} {units}")],
            formatters={"@x": "printf", "@y": "printf"},
        )


def places(value: DataArray, dim: str) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], str]:
    """Coordinates along a dimension in the unit in which they read best, and that unit; without any, numbers from 0."""
    coordinate = value.coords.get(dim)
    if coordinate is None or coordinate.dtype.kind not in "iuf":
        return np.arange(value.sizes[dim], dtype=np.float64), ""
    found = np.asarray(coordinate.values, np.float64)
    factor, unit = shown_unit(float(np.abs(found).max(initial=0)), str(coordinate.attrs.get("units", "")))
    return found * factor, unit


def labelled(dim: str, unit: str) -> str:
    """A name with its unit, if it has one."""
    return f"{dim} [{unit}]" if unit else dim
