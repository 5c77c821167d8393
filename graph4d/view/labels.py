"""Labels: a colour for each class, with a legend that says how much of the map it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from bokeh.models import ColumnDataSource, Legend, LegendItem, LinearColorMapper

from graph4d.view.base import Dimmable, titled
from graph4d.view.frame import MapFrame, place, set_text
from graph4d.view.palettes import UNASSIGNED, categorical
from graph4d.view.pixels import map_of
from graph4d.view.quantity import significant

if TYPE_CHECKING:
    from bokeh.models import UIElement
    from xarray import DataArray

__all__ = ["LabelsFigure"]

NAMED = 16
"""Classes named in the legend; the others are counted."""


class LabelsFigure(Dimmable):
    """A map of classes.

    Parameters
    ----------
    value : DataArray (rows, columns) of integers
        -1 is unassigned.
    title : str
    """

    def __init__(self, value: DataArray, title: str) -> None:
        self.title = title
        self.frame = MapFrame(title)
        self.source = ColumnDataSource({"image": [], "label": [], "x": [], "y": [], "dw": [], "dh": []})
        self.mapper = LinearColorMapper(palette=[UNASSIGNED])
        self.glyph = self.frame.figure.image("image", source=self.source, color_mapper=self.mapper)
        self.classes = ColumnDataSource({"name": [], "color": [], "nowhere": []})
        keys = self.frame.figure.scatter(
            "nowhere", "nowhere", source=self.classes, color="color", marker="square", size=11
        )
        item = LegendItem(label={"field": "name"}, renderers=[keys])
        legend = Legend(
            items=[item], label_text_font_size="11px", label_standoff=2, glyph_width=14, margin=0, padding=4
        )
        legend.border_line_color = None
        self.frame.figure.add_layout(legend, "right")
        self.layout: UIElement = self.frame.figure
        self.update(value)

    def update(self, value: DataArray, note: str = "") -> None:
        """Show other labels in the same place."""
        shown = map_of(value, average=False)
        found, index, counts = np.unique(shown.values, return_inverse=True, return_counts=True)
        assigned = found[found >= 0]
        palette = [UNASSIGNED] * (len(found) - len(assigned)) + categorical(len(assigned))
        self.source.data = {
            "image": [index.reshape(shown.values.shape).astype(np.float32)],
            "label": [shown.values.astype(np.int32)],
            **place(shown.rows, shown.columns),
        }
        self.mapper.update(palette=palette, low=-0.5, high=len(found) - 0.5)
        names = [_name(int(label), count / index.size) for label, count in zip(found, counts, strict=True)]
        self.classes.data = _legend(names, palette)
        set_text(self.frame.figure.title, titled(self.title, shown.note, note))
        self.frame.fit(shown.rows, shown.columns)
        self.frame.tell([self.glyph], {"class": ("label", "")}, shown.columns.unit)


def _name(label: int, share: float) -> str:
    return f"{'unassigned' if label < 0 else label} · {significant(100 * share, 2)} %"


def _legend(names: list[str], palette: list[str]) -> dict[str, list[object]]:
    left_out = len(names) - NAMED
    if left_out > 0:
        names, palette = [*names[:NAMED], f"and {left_out} more"], [*palette[:NAMED], "white"]
    return {"name": [*names], "color": [*palette], "nowhere": [np.nan] * len(names)}
