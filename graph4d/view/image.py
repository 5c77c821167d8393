"""Images and patterns: a palette that fits the values, contrast by percentiles, a colour bar with the unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import ColorBar, ColumnDataSource, LinearColorMapper, LogColorMapper, Title
from numpy.typing import NDArray

from graph4d.view import palettes
from graph4d.view.frame import CLEAR, MapFrame, place, plain, short_numbers
from graph4d.view.pixels import map_of, percentile_limits, to_send
from graph4d.view.quantity import unit_text

if TYPE_CHECKING:
    from bokeh.models import UIElement
    from xarray import DataArray

    from graph4d.view.pixels import Map

__all__ = ["ImageFigure", "Style", "style_of"]

Limits = tuple[float, float]

RECIPROCAL = ("ky", "kx")
DYNAMIC_RANGE = 1e6
"""Of a logarithmic scale at most: noise-free patterns have tails that nobody could measure."""


@dataclass(frozen=True)
class Style:
    """How numbers become colours."""

    palette: Callable[[], list[str]]
    limits: Callable[[NDArray[Any]], Limits]
    """The contrast that fits an array."""
    log: bool = False


def style_of(value: DataArray) -> Style:
    """Grey for a map, logarithmic for a pattern, zero in the middle if signed, a closed circle of hues if periodic.

    Parameters
    ----------
    value : DataArray
        ``attrs["signed"]`` true says that zero is the middle; ``attrs["period"]``, a number in the unit of the values,
        that they come round.
    """
    period = value.attrs.get("period")
    if period is not None:
        return Style(palettes.cyclic, lambda values: _one_period(values, float(period)))
    if value.attrs.get("signed"):
        return Style(palettes.diverging, _symmetric)
    if value.dims[-2:] == RECIPROCAL:
        return Style(palettes.sequential, _logarithmic, log=True)
    return Style(palettes.grey, percentile_limits)


class ImageFigure:
    """A map of one number a pixel.

    Parameters
    ----------
    value : DataArray (rows, columns)
    title : str
    """

    def __init__(self, value: DataArray, title: str) -> None:
        self.title = title
        self.style = style_of(value)
        self.frame = MapFrame(title)
        self.source = ColumnDataSource({"image": [], "x": [], "y": [], "dw": [], "dh": []})
        mapper = LogColorMapper if self.style.log else LinearColorMapper
        self.mapper = mapper(palette=self.style.palette(), nan_color=CLEAR)
        self.glyph = self.frame.figure.image("image", source=self.source, color_mapper=self.mapper)
        self.bar = ColorBar(color_mapper=self.mapper, width=12)
        if not self.style.log:
            self.bar.formatter = short_numbers()
        self.frame.figure.add_layout(self.bar, "right")
        # The bar's own title would be squeezed in at its foot.
        self.unit = Title(align="center", text_font_size="11px", text_font_style="normal", text_color="#444444")
        self.frame.figure.add_layout(self.unit, "right")
        self.update(value)

    @property
    def layout(self) -> UIElement:
        """To be shown."""
        return self.frame.figure

    def update(self, value: DataArray) -> None:
        """Show another value in the same place."""
        shown = map_of(value)
        self.show(shown, str(value.attrs.get("units", "")), shown.titled(self.title))

    def show(self, shown: Map, unit: str, title: str) -> None:
        """Show a prepared map of values in ``unit``."""
        low, high = self.style.limits(shown.values)
        self.source.data = {"image": [to_send(shown.values)], **place(shown)}
        self.mapper.update(low=low, high=high)
        self.unit.text = plain(unit_text(unit))
        self.frame.figure.title.text = plain(title)
        self.frame.fit(shown.rows, shown.columns)
        self.frame.tell(self.glyph, {"value": ("image", unit_text(unit))}, shown.columns.unit)


def _symmetric(values: NDArray[Any]) -> Limits:
    reach = max(map(abs, percentile_limits(values)))
    return -reach, reach


def _one_period(values: NDArray[Any], period: float) -> Limits:
    return (-period / 2, period / 2) if (values < 0).any() else (0.0, period)


def _logarithmic(values: NDArray[Any]) -> Limits:
    positive = values[np.isfinite(values) & (values > 0)]
    if positive.size == 0:
        return 0.1, 1.0
    high = float(positive.max())
    low = max(float(np.percentile(positive, 1)), high / DYNAMIC_RANGE)
    return (low, high) if low < high else (high / 10, high)
