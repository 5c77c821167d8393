"""Pixels of a map, and places in the units of the axes it is drawn with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graph4d.view.pixels import map_of

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["Grid"]

Pair = tuple[float, float]


@dataclass(frozen=True)
class Grid:
    """Where the pixels of a map lie.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    first : (float, float)
        Coordinates y and x of the middle of pixel (0, 0).
    step : (float, float)
        Height and width of a pixel.
    unit : str
        Of the axes, as it is printed.
    """

    shape: tuple[int, int]
    first: Pair
    step: Pair
    unit: str

    @classmethod
    def of(cls, value: DataArray) -> Grid:
        """That of a value (…, rows, columns), in the units its figure is drawn with."""
        shown = map_of(value)
        height, width = shown.values.shape[-2:]
        # Binned pixels are whole multiples of those of the value.
        step = shown.rows.extent / (height * shown.binning), shown.columns.extent / (width * shown.binning)
        first = shown.rows.start + step[0] / 2, shown.columns.start + step[1] / 2
        return cls((value.shape[-2], value.shape[-1]), first, step, shown.columns.unit)

    def pixel(self, y: float, x: float) -> Pair:
        """Row and column of a place, as fractions; whole at the middle of a pixel."""
        return (y - self.first[0]) / self.step[0], (x - self.first[1]) / self.step[1]

    def place(self, row: float, column: float) -> Pair:
        """Coordinates y and x of a pixel."""
        return self.first[0] + row * self.step[0], self.first[1] + column * self.step[1]

    def nearest(self, y: float, x: float) -> tuple[int, int]:
        """The pixel at a place, or the nearest one to a place outside."""
        row, column = (round(number) for number in self.pixel(y, x))
        return min(max(row, 0), self.shape[0] - 1), min(max(column, 0), self.shape[1] - 1)

    def rectangle(self, top: float, bottom: float, left: float, right: float) -> tuple[int, int, int, int]:
        """First row, last row + 1, first column, last column + 1 of the pixels in a rectangle: one at least."""
        (first_row, first_column), (last_row, last_column) = self.pixel(top, left), self.pixel(bottom, right)
        rows = _span(first_row, last_row, self.shape[0])
        columns = _span(first_column, last_column, self.shape[1])
        return *rows, *columns

    def sides(self, rectangle: tuple[int, int, int, int]) -> dict[str, float]:
        """``top``, ``bottom``, ``left`` and ``right`` of a rectangle of pixels, along their outer edges."""
        top, left = self.place(rectangle[0] - 0.5, rectangle[2] - 0.5)
        bottom, right = self.place(rectangle[1] - 0.5, rectangle[3] - 0.5)
        return {"top": top, "bottom": bottom, "left": left, "right": right}


def _span(first: float, last: float, count: int) -> tuple[int, int]:
    start = min(max(round(first + 0.5), 0), count - 1)
    return start, min(max(round(last + 0.5), start + 1), count)
