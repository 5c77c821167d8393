"""Pixels and lengths of a map, and what they are in the units of the axes it is drawn with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graph4d.units import UnitsError, convert
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
        Of the value's coordinates; ``px`` if it has none.
    factor : float
        From that unit to the one of the axes.
    equivalents : mapping from unit to float
        How much of another unit one of ``unit`` is: of rad, for a pattern whose wavelength is known.
    """

    shape: tuple[int, int]
    first: Pair
    step: Pair
    unit: str = "px"
    factor: float = 1.0
    equivalents: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, value: DataArray) -> Grid:
        """That of a value (…, rows, columns) as its figure shows it."""
        shown = map_of(value)
        rows, columns = (axis.extent / (axis.count * shown.binning) for axis in (shown.rows, shown.columns))
        first = shown.rows.start + rows / 2, shown.columns.start + columns / 2
        x = value.dims[-1]
        unit, factor = "px", 1.0
        if x in value.coords and value.sizes[x] > 1:
            places = value.coords[x]
            unit = str(places.attrs.get("units", "px"))
            factor = columns * (value.sizes[x] - 1) / float(places[-1] - places[0])
        shape = value.shape[-2], value.shape[-1]
        return cls(shape, first, (rows, columns), unit, factor, value.attrs.get("equivalents", {}))

    def place(self, row: float, column: float) -> Pair:
        """Coordinates y and x of a pixel."""
        return self.first[0] + row * self.step[0], self.first[1] + column * self.step[1]

    def pixel(self, y: float, x: float) -> Pair:
        """Row and column of a place, as fractions."""
        return (y - self.first[0]) / self.step[0], (x - self.first[1]) / self.step[1]

    def nearest(self, y: float, x: float) -> tuple[int, int]:
        """The pixel at a place, or the nearest one."""
        row, column = (min(max(round(n), 0), count - 1) for n, count in zip(self.pixel(y, x), self.shape, strict=True))
        return row, column

    def sides(self, rectangle: tuple[int, int, int, int]) -> dict[str, float]:
        """The outer edges of a rectangle of pixels: first row, last row + 1, first column, last column + 1."""
        top, left = self.place(rectangle[0] - 0.5, rectangle[2] - 0.5)
        bottom, right = self.place(rectangle[1] - 0.5, rectangle[3] - 0.5)
        return {"left": left, "right": right, "top": top, "bottom": bottom}

    def rectangle(self, *, left: float, right: float, top: float, bottom: float) -> tuple[int, int, int, int]:
        """The pixels between such edges, at least one: the reverse of :meth:`sides`."""
        (first_row, first_column), (last_row, last_column) = self.pixel(top, left), self.pixel(bottom, right)
        rows = _between(first_row, last_row, self.shape[0])
        return *rows, *_between(first_column, last_column, self.shape[1])

    def length_of(self, unit: str | None) -> float | None:
        """What one of a unit is along x; None if that is not known. See :meth:`lengths_of`."""
        lengths = self.lengths_of(unit)
        return None if lengths is None else lengths[1]

    def lengths_of(self, unit: str | None) -> Pair | None:
        """What one of a unit is along y and x in those of the axes; None if that is not known.

        Parameters
        ----------
        unit : str or None
            None stands for a pixel of the map.
        """
        if unit is None or unit == "px":
            return abs(self.step[0]), abs(self.step[1])
        known = self.equivalents.get(unit)
        try:
            length = self.factor * (convert(unit, self.unit) if known is None else 1 / known)
        except UnitsError:
            return None
        return length, length


def _between(first: float, last: float, count: int) -> tuple[int, int]:
    start = min(max(round(first + 0.5), 0), count - 1)
    return start, min(max(round(last + 0.5), start + 1), count)
