"""One figure definition for every value type: for a notebook, a served page, and the report alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from graph4d.types import ValueType

if TYPE_CHECKING:
    from bokeh.models import UIElement

__all__ = ["Figure", "figure_for", "figure_json", "layout_json"]


class Figure(Protocol):
    """A picture of a value, kept in Bokeh models whose data sources are changed in place."""

    @property
    def layout(self) -> UIElement:
        """To be shown."""

    def update(self, value: Any, note: str = "") -> None:
        """Show another value of the same type; ``note``, such as ``preview, every 4th position``, joins the title."""

    def dim(self, on: bool) -> None:
        """Show that what is seen is older than the parameters, or that it is not."""


def figure_for(value: Any, value_type: ValueType, title: str) -> Figure:
    """The figure of a value.

    Parameters
    ----------
    value : DataArray, Dataset or lazy handle
    value_type : ValueType
        What it was declared to be. Types that are not known here are drawn by the dimensions of the value.
    title : str
        Plain text above the picture.

    Raises
    ------
    ValueError, KeyError
        The value lacks what its figure shows.
    """
    return _definition(value, value_type)(value, title)


def figure_json(value: Any, value_type: ValueType, title: str) -> str:
    """The figure as JSON text: what a report embeds, and what a store keeps so as not to draw it again.

    The object has ``components``, the parts of BokehJS that are needed beyond its core, and ``item``, as
    ``Bokeh.embed.embed_item`` takes it; or ``error``, one line.
    """
    try:
        return layout_json(figure_for(value, value_type, title).layout)
    except (
        Exception
    ) as error:  # whatever goes wrong with one picture, the results and the other pictures are to be seen
        return json.dumps({"error": f"This could not be drawn. {type(error).__name__}: {error}"})


def layout_json(layout: UIElement) -> str:
    """A layout as :func:`figure_json` has it, as it is now; it may belong to a document, which keeps it."""
    from bokeh import __version__
    from bokeh.embed.util import OutputDocumentFor, standalone_docs_json_and_render_items

    with OutputDocumentFor([layout]):
        # Bokeh warns of callbacks in Python that a page cannot call; what these do, scripts in the page do as well.
        documents, _ = standalone_docs_json_and_render_items([layout], suppress_callback_warning=True)
    (document,) = documents.values()
    item = {"target_id": None, "root_id": layout.id, "doc": document, "version": __version__}
    return json.dumps({"components": _components(layout), "item": item}, separators=(",", ":"))


def _definition(value: Any, value_type: ValueType) -> Callable[[Any, str], Figure]:
    from graph4d.view.table import TextFigure

    dims = tuple(map(str, getattr(value, "dims", ())))
    names = _names(value_type)
    if "Dendrogram" in names:
        from graph4d.view.dendrogram import DendrogramFigure

        return DendrogramFigure
    if "Labels" in names and len(dims) == 2:
        from graph4d.view.labels import LabelsFigure

        return LabelsFigure
    if "VectorField" in names and len(dims) == 3:
        from graph4d.view.field import VectorFieldFigure

        return VectorFieldFigure
    if hasattr(value, "data_vars"):
        return _of_dataset(value)
    return _of_array(dims) if hasattr(value, "coords") else TextFigure


def _names(value_type: ValueType) -> list[str]:
    """Of a type and all it is a kind of."""
    return [value_type.name] + (_names(value_type.parent) if value_type.parent else [])


def _of_dataset(value: Any) -> Callable[[Any, str], Figure]:
    from graph4d.view.table import NumbersFigure, TableFigure, TextFigure

    if not value.sizes:
        return NumbersFigure
    return TableFigure if len(value.sizes) == 1 else TextFigure


def _of_array(dims: tuple[str, ...]) -> Callable[[Any, str], Figure]:
    from graph4d.view.image import ImageFigure
    from graph4d.view.line import LineFigure
    from graph4d.view.lines import LinesFigure
    from graph4d.view.stack import StackFigure, plane_of
    from graph4d.view.table import NumbersFigure, TextFigure

    if not dims:
        return NumbersFigure
    if len(dims) == 1:
        return LineFigure
    if plane_of(dims) is None:
        return LinesFigure if len(dims) == 2 else TextFigure
    return ImageFigure if len(dims) == 2 else StackFigure


def _components(layout: UIElement) -> list[str]:
    """Names of the parts of BokehJS that define the models of a layout, beyond its core."""
    modules = {type(model).__module__ for model in layout.references()}
    tables = any(name.startswith("bokeh.models.widgets.tables") for name in modules)
    widgets = tables or any(name.startswith("bokeh.models.widgets") for name in modules)
    return ["bokeh-widgets"] * widgets + ["bokeh-tables"] * tables
