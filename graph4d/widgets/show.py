"""``show``: values side by side in a notebook, without a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graph4d.types import ValueType
from graph4d.view.figure import figure_for
from graph4d.view.link import link
from graph4d.widgets.bokeh_view import BokehView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bokeh.models import UIElement

__all__ = ["show", "side_by_side"]


def show(values: Mapping[str, Any]) -> BokehView:
    """Draw values side by side; maps of the same place are zoomed together.

    Parameters
    ----------
    values : mapping from title to DataArray or Dataset
        Drawn by their dimensions, as a report would.

    Returns
    -------
    BokehView
        A widget, displayed when it is the last line of a notebook's cell.

    Raises
    ------
    ValueError, KeyError
        A value lacks what its figure shows.
    """
    return BokehView(side_by_side(values))


def side_by_side(values: Mapping[str, Any]) -> UIElement:
    """What :func:`show` displays."""
    from bokeh.layouts import row

    figures = [figure_for(value, _drawn_as(value), title) for title, value in values.items()]
    link(figures)
    return row(*(figure.layout for figure in figures), styles={"flex-wrap": "wrap"})


def _drawn_as(value: Any) -> ValueType:
    """The type that tells a vector field from a stack of images."""
    vectors = tuple(getattr(value, "dims", ()))[:1] == ("component",)
    return ValueType("VectorField" if vectors else "Value")
