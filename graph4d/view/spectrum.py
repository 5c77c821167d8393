"""The Fourier transform of a picture, behind a button in its toolbar and computed by a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from bokeh.models import ColumnDataSource, CustomAction, CustomJSHover, LogColorMapper

from graph4d.view.frame import MapFrame, place, set_text
from graph4d.view.icons import icon
from graph4d.view.palettes import PALETTES
from graph4d.view.pixels import Axis
from graph4d.view.script import script

if TYPE_CHECKING:
    from bokeh.models import Column, Tool

    from graph4d.view.pixels import Map

__all__ = ["Spectrum", "reciprocal_axis"]

LARGEST = 512
"""Pixels along a side that are transformed, from the middle of the picture."""
EMPTY = np.ones((1, 1), np.float32)
RECIPROCAL = {"Å": (10.0, "nm⁻¹")}
"""Lengths whose inverse is not what spatial frequencies are given in."""


class Spectrum:
    """Takes the place of a picture and follows it.

    What is drawn is the modulus of the discrete Fourier transform on a logarithmic scale, after the mean was taken off
    and a Hann window put on. None of it is known to Python.

    Parameters
    ----------
    picture : MapFrame
    layout : Column
        That holds the picture.
    source : ColumnDataSource
        Its column ``image`` is transformed.
    closed : Tool
        The button of the panel that is closed when the spectrum is shown.
    """

    def __init__(self, picture: MapFrame, layout: Column, source: ColumnDataSource, closed: Tool) -> None:
        self.frame = MapFrame("")
        self.source = ColumnDataSource({"image": [EMPTY], "x": [0], "y": [0], "dw": [1], "dh": [1]})
        mapper = LogColorMapper(palette=PALETTES["grey"]())
        drawn = self.frame.figure.image("image", source=self.source, color_mapper=mapper)
        self._length = CustomJSHover()
        self.frame.hover.update(
            renderers=[drawn],
            tooltips=[("frequency", "$x{custom}"), ("period", "$y{custom}"), ("modulus", "@image{%.3g}")],
            formatters={"$x": CustomJSHover(), "$y": self._length, "@image": "printf"},
        )
        buttons = [CustomAction(icon=icon("spectrum"), description=text) for text in ("Fourier transform", "Picture")]
        toggle = script(
            "numbers",
            "fourier",
            "spectrum",
            source=source,
            shown=self.source,
            mapper=mapper,
            layout=layout,
            picture=picture.figure,
            plane=self.frame.figure,
            buttons=buttons,
            closed=closed,
        )
        for button, frame in zip(buttons, (picture, self.frame), strict=True):
            button.callback = toggle
            frame.figure.add_tools(button)
        source.js_on_change("data", toggle)

    def fit(self, shown: Map, title: str) -> None:
        """Shape the frame for the transform of such a picture, whose title has its notes."""
        rows, columns = reciprocal_axis(shown.rows), reciprocal_axis(shown.columns)
        set_text(self.frame.figure.title, f"FFT of {title}")
        if (rows, columns) == self.frame.axes:
            return
        self.frame.fit(rows, columns)
        self.source.data = {"image": [EMPTY], **place(rows, columns)}
        frequency, length = columns.unit, shown.columns.unit
        factor = RECIPROCAL.get(length, (1.0, ""))[0]
        size = "const size = Math.hypot(special_vars.x, special_vars.y)\n"
        formatters = self.frame.hover.formatters
        formatters["$x"].code = f"{size}return `${{size.toPrecision(4)}} {frequency}`"
        formatters["$y"].code = f"{size}return size > 0 ? `${{({factor} / size).toPrecision(4)}} {length}` : '∞'"


def padded(count: int) -> int:
    """The power of two that so many pixels are transformed as, with zeros beside them if they are fewer."""
    return 1 << (min(count, LARGEST) - 1).bit_length()


def reciprocal_axis(axis: Axis) -> Axis:
    """The axis of the transform along an axis of a picture; frequency 0 is the middle of pixel ``count // 2``."""
    factor, unit = RECIPROCAL.get(axis.unit, (1.0, f"{axis.unit}⁻¹"))
    count = padded(axis.count)
    step = factor / (count * axis.step)
    start = -(count // 2 + 0.5) * step
    return Axis(start, start + count * step, unit, count)
