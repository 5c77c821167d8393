"""Dendrograms: which clusters merge, and at what distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from bokeh.models import ColumnDataSource

from graph4d.view.base import Dimmable, titled
from graph4d.view.frame import FRAME, new_figure, plain, set_text, short_numbers
from graph4d.view.quantity import unit_text

if TYPE_CHECKING:
    from bokeh.models import UIElement
    from xarray import Dataset

__all__ = ["DendrogramFigure", "branches"]


class DendrogramFigure(Dimmable):
    """A tree of merges.

    Parameters
    ----------
    value : Dataset (merge)
        ``left`` and ``right`` are what merges, ``height`` the distance at which it does. Of n leaves, numbers below n
        are leaves and n + i is what merge i made, as in ``scipy.cluster.hierarchy``.
    title : str
    """

    def __init__(self, value: Dataset, title: str) -> None:
        self.title = title
        self.source = ColumnDataSource({"xs": [], "ys": []})
        self.figure = new_figure(title, frame_width=FRAME + 40, frame_height=220)
        self.figure.multi_line("xs", "ys", source=self.source, line_color="#2f6db5", line_width=1.4)
        self.figure.xaxis.visible = False
        self.figure.grid.grid_line_color = None
        self.figure.yaxis.formatter = short_numbers()
        self.figure.yaxis.axis_label_text_font_style = "normal"
        self.figure.yaxis.axis_line_color = "#9aa5b1"
        self.figure.yaxis.minor_tick_line_color = None
        self.layout: UIElement = self.figure
        self.update(value)

    def update(self, value: Dataset, note: str = "") -> None:
        """Show another tree in the same place."""
        set_text(self.figure.title, titled(self.title, note))
        left, right = (value[side].values.astype(int).tolist() for side in ("left", "right"))
        xs, ys = branches(left, right, value["height"].values.astype(float).tolist())
        self.source.data = {"xs": xs, "ys": ys}
        unit = unit_text(str(value["height"].attrs.get("units", "")))
        self.figure.yaxis.axis_label = plain(f"distance [{unit}]" if unit else "distance")


def branches(left: list[int], right: list[int], height: list[float]) -> tuple[list[list[float]], list[list[float]]]:
    """Corners, x and y, of every merge's bracket; leaves stand side by side at 0, no two branches cross."""
    leaves = len(height) + 1
    order: list[int] = []
    waiting = [2 * leaves - 2]
    while waiting:
        cluster = waiting.pop()
        if cluster < leaves:
            order.append(cluster)
        else:
            waiting += [right[cluster - leaves], left[cluster - leaves]]
    x = np.zeros(2 * leaves - 1)
    y = np.concatenate([np.zeros(leaves), height])
    x[order] = np.arange(leaves)
    xs, ys = [], []
    for merge, (one, other, top) in enumerate(zip(left, right, height, strict=True)):
        x[leaves + merge] = (x[one] + x[other]) / 2
        xs.append([float(x[one]), float(x[one]), float(x[other]), float(x[other])])
        ys.append([float(y[one]), top, top, float(y[other])])
    return xs, ys
