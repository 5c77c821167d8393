"""Images and patterns: one number a pixel, with a colour bar and its unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bokeh.layouts import column
from bokeh.models import ColumnDataSource, Title

from graph4d.view.base import Dimmable, titled
from graph4d.view.contrast import Contrast, style_of
from graph4d.view.frame import MapFrame, place, plain, set_text
from graph4d.view.pixels import map_of, to_send
from graph4d.view.quantity import unit_text
from graph4d.view.spectrum import Spectrum

if TYPE_CHECKING:
    from bokeh.models import ColorMapper, UIElement
    from xarray import DataArray

    from graph4d.view.pixels import Map

__all__ = ["ImageFigure"]

REAL = ("y", "x")
"""Dimensions of pictures that are also looked at by their spatial frequencies."""


class ImageFigure(Dimmable):
    """A map of one number a pixel.

    Parameters
    ----------
    value : DataArray (rows, columns)
    title : str
    one_of_many : bool
        A script changes the picture.
    """

    def __init__(self, value: DataArray, title: str, *, one_of_many: bool = False) -> None:
        self.title = title
        self.frame = MapFrame(title)
        self.source = ColumnDataSource({"image": [], "x": [], "y": [], "dw": [], "dh": []})
        frame = column(self.frame.figure)
        self.layout: UIElement = frame
        self.contrast = Contrast(self.frame.figure, frame, self.source, style_of(value), one_of_many)
        self.spectrum: Spectrum | None = None
        if tuple(value.dims[-2:]) == REAL:
            self.spectrum = Spectrum(self.frame, frame, self.source, self.contrast.button)
        # The bar's own title would be squeezed in at its foot.
        self.unit = Title(
            text=plain(""), align="center", text_font_size="11px", text_font_style="normal", text_color="#444444"
        )
        self.frame.figure.add_layout(self.unit, "right")
        self.update(value)

    @property
    def mapper(self) -> ColorMapper:
        """The colour mapper in use."""
        return self.contrast.mapper

    def update(self, value: DataArray, note: str = "") -> None:
        """Show another value in the same place."""
        shown = map_of(value)
        self.show(shown, str(value.attrs.get("units", "")), note)

    def show(self, shown: Map, unit: str, *notes: str) -> None:
        """Show a prepared map of values in ``unit``."""
        self.frame.fit(shown.rows, shown.columns)
        title = titled(self.title, shown.note, *notes)
        if self.spectrum is not None:
            self.spectrum.fit(shown, title)
        self.source.data = {"image": [to_send(shown.values)], **place(shown.rows, shown.columns)}
        self.contrast.show(shown.values)
        set_text(self.unit, unit_text(unit))
        set_text(self.frame.figure.title, title)
        self.frame.tell(self.contrast.renderers, {"value": ("image", unit_text(unit))}, shown.columns.unit)
