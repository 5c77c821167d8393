"""Values side by side, without a recipe."""

from typing import Any

import numpy as np
import xarray as xr
from bokeh.models import Div, PlainText, Plot

from graph4d import VectorField, show
from graph4d.types import type_of
from graph4d.view.figure import figure_for
from graph4d.widgets.bokeh_view import BokehView
from graph4d.widgets.show import side_by_side


def image(rows: int = 4) -> xr.DataArray:
    coords = {"y": ("y", np.arange(rows) * 2.0, {"units": "Å"}), "x": ("x", np.arange(5) * 2.0, {"units": "Å"})}
    return xr.DataArray(np.arange(rows * 5.0).reshape(rows, 5), coords, ("y", "x"), attrs={"units": "rad"})


def found(kind: type, **values: Any) -> list[Any]:
    return [model for model in side_by_side(values).references() if isinstance(model, kind)]


def test_each_value_has_its_picture_with_its_title() -> None:
    titles = " ".join(str(title.text) for title in found(PlainText, phase=image(), another=image()))
    assert "phase" in titles
    assert "another" in titles


def test_maps_are_linked_whatever_their_grid() -> None:
    assert sum("linked" in plot.tags for plot in found(Plot, one=image(), two=image(8))) == 2


def test_a_vector_field_is_drawn_in_colours_of_its_directions() -> None:
    field = xr.DataArray(np.ones((2, 4, 5)), dims=("component", "y", "x"), attrs={"units": "1/Å"})
    as_declared = figure_for(field, type_of(VectorField), "field")
    shown = [type(model).__name__ for model in side_by_side({"field": field}).references()]
    expected = [type(model).__name__ for model in as_declared.layout.references()]
    assert shown.count("ImageRGBA") == expected.count("ImageRGBA") > 0


def test_numbers_are_a_table() -> None:
    numbers = xr.Dataset({"rotation": ((), 23.0, {"units": "deg"})})
    assert any("rotation" in str(part.text) for part in found(Div, numbers=numbers))


def test_it_is_a_widget() -> None:
    assert isinstance(show({"phase": image()}), BokehView)
