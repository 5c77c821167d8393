"""Numbers in words: scalars and metrics as a list, tables with sortable columns, and anything else in a line or two."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, DataTable, Div, HTMLTemplateFormatter, TableColumn

from graph4d.view.base import Dimmable, titled
from graph4d.view.frame import FRAME
from graph4d.view.quantity import quantity, unit_text

if TYPE_CHECKING:
    from bokeh.models import UIElement
    from xarray import DataArray, Dataset

__all__ = ["NumbersFigure", "TableFigure", "TextFigure"]

ROWS = 5000
"""At most so many rows of a table are sent."""
WIDTH = FRAME + 90
"""Of a table on the screen [px]; one whose columns need more takes what room there is, and is scrolled sideways."""
CELL = 6.6, 20.0
"""Width of a character, and beside the text [px]."""
MEASURED = 100
"""Rows whose text says how wide a column is."""
STYLE = """
:host { font: 13px Helvetica, Arial, sans-serif; color: #1f2933; }
h3 { font-size: 13px; margin: 0 0 6px; }
table { border-collapse: collapse; }
td { padding: 4px 24px 4px 0; border-top: 1px solid #e8ecf1; vertical-align: top; }
td.number { text-align: right; padding-right: 0; font-variant-numeric: tabular-nums; white-space: nowrap; }
p { margin: 0 0 4px; overflow-wrap: anywhere; }
"""


class NumbersFigure(Dimmable):
    """Single numbers, one a line: name, and value with its unit to four digits.

    Parameters
    ----------
    value : DataArray or Dataset
        Without dimensions.
    title : str
    """

    def __init__(self, value: DataArray | Dataset, title: str) -> None:
        self.title = title
        self.layout: Div = _div()
        self.update(value)

    def update(self, value: DataArray | Dataset, note: str = "") -> None:
        """Show other numbers in the same place."""
        if hasattr(value, "data_vars"):
            numbers = {str(name): item for name, item in value.data_vars.items()}
        else:
            numbers = {str(value.name or "value"): value}
        rows = "".join(
            f'<tr><td>{escape(name)}</td><td class="number">{escape(_number(item))}</td></tr>'
            for name, item in numbers.items()
        )
        self.layout.text = f"<h3>{escape(titled(self.title, note))}</h3><table>{rows}</table>"


class TableFigure(Dimmable):
    """Columns of equal length, to be sorted by a click on a heading.

    Parameters
    ----------
    value : Dataset
        Of variables along one dimension.
    title : str
    """

    def __init__(self, value: Dataset, title: str) -> None:
        self.title = title
        self.heading = _div()
        self.source = ColumnDataSource()
        self.table = DataTable(source=self.source, width=WIDTH, index_position=None, reorderable=False)
        self.layout: UIElement = column(self.heading, self.table, sizing_mode="stretch_width")
        self.update(value)

    def update(self, value: Dataset, note: str = "") -> None:
        """Show another table in the same place."""
        (dim,) = value.sizes
        count = value.sizes[dim]
        head = value.isel({dim: slice(0, ROWS)})
        names = [str(name) for name in (*head.coords, *head.data_vars)]
        rows = head.sizes[dim]
        self.source.data = {name: _cells(np.broadcast_to(head[name].values, rows)) for name in names}
        self.table.columns = [_column(name, head[name]) for name in names]
        for shown in self.table.columns:
            shown.width = _needed(shown.title, self.source.data[shown.field])
        needed = sum(shown.width for shown in self.table.columns)
        wide = needed > WIDTH
        self.table.update(
            autosize_mode="none" if wide else "force_fit",
            sizing_mode="stretch_width" if wide else "fixed",
            min_width=WIDTH,
            max_width=max(needed + 2, WIDTH),
        )
        self.table.height = min(300, 32 + 25 * min(count, ROWS)) + 16 * wide
        cut = f"first {ROWS} of {count} rows" if count > ROWS else ""
        self.heading.text = f"<h3>{escape(titled(self.title, cut, note))}</h3>"


class TextFigure(Dimmable):
    """What cannot be drawn, told in a few lines.

    Parameters
    ----------
    value : object
    title : str
    """

    def __init__(self, value: object, title: str) -> None:
        self.title = title
        self.layout: Div = _div()
        self.update(value)

    def update(self, value: object, note: str = "") -> None:
        """Tell of another value in the same place."""
        lines = "".join(f"<p>{escape(line)}</p>" for line in summary(value))
        self.layout.text = f"<h3>{escape(titled(self.title, note))}</h3>{lines}"


def summary(value: Any) -> list[str]:
    """Lines that say what a value is: its kind, shape, type of numbers and unit, for each variable of a dataset."""
    if hasattr(value, "data_vars"):
        return [f"{name}: {_shape(item)}" for name, item in value.data_vars.items()] or ["no variables"]
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return [f"{type(value).__name__} {_shape(value)}"]
    return [type(value).__name__]


def _shape(value: Any) -> str:
    sizes = " × ".join(f"{dim} {size}" for dim, size in zip(value.dims, value.shape, strict=True))
    unit = unit_text(str(getattr(value, "attrs", {}).get("units", "")))
    return f"{sizes or 'one number'}, {value.dtype}" + (f", {unit}" if unit else "")


def _div() -> Div:
    return Div(disable_math=True, stylesheets=[STYLE], min_width=200, max_width=WIDTH)


def _number(item: DataArray) -> str:
    return quantity(item.item(), item.attrs.get("units"))


def _cells(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | list[str]:
    if values.dtype.kind in "iuf":
        return values.astype(np.float64)
    return [str(item) for item in values]


def _needed(title: str, cells: np.ndarray[Any, Any] | list[str]) -> int:
    """Width [px] for a column's title and its text; numbers have four digits, or an exponent."""
    text = max((len(cell) for cell in cells[:MEASURED]), default=0) if isinstance(cells, list) else 8
    return round(CELL[0] * max(text, len(title)) + CELL[1])


def _column(name: str, item: DataArray) -> TableColumn:
    unit = unit_text(str(item.attrs.get("units", "")))
    title = f"{name} [{unit}]" if unit else name
    if item.dtype.kind not in "iuf":
        return TableColumn(field=name, title=escape(title))
    # The cell keeps the number, so that sorting goes by value.
    template = "<%= value == null || isNaN(value) ? '–' : Number(value.toPrecision(4)) %>"
    return TableColumn(field=name, title=escape(title), formatter=HTMLTemplateFormatter(template=template))
