"""Stacks: one image at a time, chosen with a slider that works without Python."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, CustomJS, CustomJSTickFormatter, Slider

from graph4d.view.base import Dimmable
from graph4d.view.frame import FRAME
from graph4d.view.image import ImageFigure
from graph4d.view.pixels import MAX_SIDE, map_of, to_send
from graph4d.view.quantity import quantity

if TYPE_CHECKING:
    from bokeh.models import UIElement
    from xarray import DataArray

__all__ = ["StackFigure", "plane_of"]

SLICES = 64
"""At most so many are sent."""
PIXELS = 2 << 20
"""In all slices together; beyond it they are binned."""
PLANES = (("y", "x"), ("ky", "kx"))


class StackFigure(Dimmable):
    """Images along further dimensions.

    Parameters
    ----------
    value : DataArray
        With the dimensions y and x, or ky and kx, wherever they stand.
    title : str
    """

    def __init__(self, value: DataArray, title: str) -> None:
        self.title = title
        slices, _, labels, _ = _slices(value)
        self.slices = ColumnDataSource({"image": [], "label": []})
        words = CustomJSTickFormatter(args={"slices": self.slices}, code="return slices.data.label[tick] ?? ''")
        self.slider = Slider(start=0, end=1, value=len(labels) // 2, step=1, format=words, width=FRAME)
        self.image = ImageFigure(slices[0], title, one_of_many=True)
        self.frame = self.image.frame
        code = "shown.data = {...shown.data, image: [slices.data.image[cb_obj.value]]}"
        models = {"slices": self.slices, "shown": self.image.source}
        self.slider.js_on_change("value", CustomJS(args=models, code=code))
        self.layout: UIElement = column(self.image.layout, self.slider)
        self.update(value)

    def update(self, value: DataArray, note: str = "") -> None:
        """Show another stack in the same place; the slider stays where it is if it can."""
        slices, leading, labels, total = _slices(value)
        count = len(labels)
        shown = map_of(slices, side=min(MAX_SIDE, int(np.sqrt(PIXELS / count))))
        self.slices.data = {"image": [to_send(image) for image in shown.values], "label": labels}
        current = min(int(self.slider.value), count - 1)
        self.slider.update(end=max(1, count - 1), value=current, title=", ".join(leading), visible=count > 1)
        cut = f"{count} of {total} slices" if count < total else ""
        unit = str(value.attrs.get("units", ""))
        self.image.show(replace(shown, values=shown.values[current]), unit, cut, note)


def plane_of(dims: tuple[str, ...]) -> tuple[str, str] | None:
    """The two dimensions among ``dims`` that make an image, if there are."""
    return next((plane for plane in PLANES if set(plane) <= set(dims)), None)


def _slices(value: DataArray) -> tuple[DataArray, list[str], list[str], int]:
    """Slices to send as (slice, rows, columns), the further dimensions, each one's place there, how many there are."""
    import xarray as xr

    plane = plane_of(tuple(map(str, value.dims)))
    if plane is None:
        raise ValueError(f"an array of dimensions {value.dims} holds no images: expected y and x, or ky and kx")
    leading = [str(dim) for dim in value.dims if dim not in plane]
    total = int(np.prod([value.sizes[dim] for dim in leading]))
    if total == 0:
        raise ValueError(f"a stack of shape {value.shape} holds no images")
    chosen = np.unique(np.linspace(0, total - 1, min(total, SLICES)).round().astype(int))
    places = np.unravel_index(chosen, [value.sizes[dim] for dim in leading])
    index = {dim: xr.DataArray(place, dims="slice") for dim, place in zip(leading, places, strict=True)}
    slices = value.isel(index).transpose("slice", *plane)
    labels = [_label(value, dict(zip(leading, map(int, place), strict=True))) for place in zip(*places, strict=True)]
    return slices, leading, labels, total


def _label(value: DataArray, place: dict[str, int]) -> str:
    return ", ".join(_coordinate(value, dim, number) for dim, number in place.items())


def _coordinate(value: DataArray, dim: str, number: int) -> str:
    if dim not in value.coords:
        return f"{number + 1} of {value.sizes[dim]}"
    coordinate = value.coords[dim][number]
    return quantity(coordinate.item(), coordinate.attrs.get("units"))
