"""Handles over pictures, tied to the parameters of a session: radii, a position, a rectangle."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from graph4d.errors import UsageError
from graph4d.parameters import Parameter
from graph4d.view.grid import Grid
from graph4d.view.handle import Handle
from graph4d.widgets.controls import completed

if TYPE_CHECKING:
    from graph4d.session.session import Session
    from graph4d.view.frame import MapFrame
    from graph4d.widgets.wanted import Hold

__all__ = ["Shape"]

Pair = tuple[float, float]

HANDLES = {"ring": "annulus", "disc": "disc", "rectangle": "rectangle", "point": "point"}
"""Kinds of controls, and the handles they are."""


class Shape:
    """A handle over a map, and the parameters it stands for.

    Parameters
    ----------
    session : Session
    hold : Hold
        Its parameter is a radius (of a ring the inner one), a position or a rectangle.
    frame : MapFrame
    refused : callable
        Is told why a parameter does not take what the hand wants.
    """

    def __init__(self, session: Session, hold: Hold, frame: MapFrame, refused: Callable[[UsageError], None]) -> None:
        self.session, self.name, self.kind = session, hold.name, hold.kind
        self._refused = refused
        self._radii = {"outer": hold.name}
        if hold.kind == "ring":
            self._radii = {"inner": hold.name, "outer": hold.parameters["outer"]}
        self._centre = hold.parameters.get("center")
        involved = filter(None, (hold.name, *self._radii.values(), self._centre))
        self._parameters = {n: completed(n, session.parameters[n], session.graph) for n in involved}
        self._grid: Grid | None = None
        self._placed: dict[str, float] = {}
        fixed = hold.kind in ("ring", "disc") and self._centre is None
        color = "white" if hold.kind in ("ring", "disc") else "#ffd43b"
        self.handle = Handle(frame, HANDLES[hold.kind], color, fixed_centre=fixed)
        self.handle.show(False)
        self.handle.on_move(self._moved)

    def on(self, grid: Grid) -> None:
        """Lie over a map with these pixels from now on."""
        if grid != self._grid:
            self._grid = grid
            self.handle.set_pixel(*map(abs, grid.step))
            self.refresh()

    def refresh(self) -> None:
        """Go where the parameters say; out of sight if they do not."""
        place = None if self._grid is None else self._place(self._grid)
        if place is not None:
            self._placed = place
            self.handle.place(**place)
        self.handle.show(place is not None)

    def _place(self, grid: Grid) -> dict[str, float] | None:
        value = self.session.values.get(self.name)
        if self.kind == "rectangle":
            return None if value is None else grid.sides(value)
        if self.kind == "point":
            y, x = (None, None) if value is None else grid.place(*value)
            return None if x is None or y is None else {"x": x, "y": y}
        lengths = {side: self._length(name, grid) for side, name in self._radii.items()}
        if None in lengths.values():
            return None
        y, x = self._middle(grid)
        return {"x": x, "y": y} | {side: length for side, length in lengths.items() if length is not None}

    def _length(self, name: str, grid: Grid) -> float | None:
        value, unit = self.session.values.get(name), grid.length_of(_unit(self._parameters[name]))
        return None if value is None or unit is None else value * unit

    def _middle(self, grid: Grid) -> Pair:
        """Where the centre is: off zero by as much as its parameter says."""
        zero = _zero(grid)
        if self._centre is None:
            return zero
        height, width = grid.lengths_of(_unit(self._parameters[self._centre].items[0])) or (0.0, 0.0)
        off = self.session.values.get(self._centre) or (0.0, 0.0)
        return zero[0] + off[0] * height, zero[1] + off[1] * width

    def _moved(self, shape: Mapping[str, float], moving: bool) -> None:
        if self._grid is None:
            return
        try:
            self.session.set(self._values(shape, self._grid), moving=moving)
        except UsageError as error:
            self._refused(error)
        if not moving:
            self.refresh()

    def _values(self, shape: Mapping[str, float], grid: Grid) -> dict[str, Any]:
        if self.kind == "rectangle":
            return {self.name: grid.rectangle(**shape)}
        if self.kind == "point":
            return {self.name: grid.nearest(shape["y"], shape["x"])}
        # What the hand left alone keeps all its digits.
        moved = {side for side, number in shape.items() if not math.isclose(number, self._placed.get(side, math.nan))}
        values: dict[str, Any] = {}
        for side, name in self._radii.items():
            if side not in moved:
                continue
            parameter = self._parameters[name]
            values[name] = _fitting(parameter, shape[side] / (grid.length_of(_unit(parameter)) or 1.0))
        if self._centre is not None and moved & {"x", "y"}:
            item = self._parameters[self._centre].items[0]
            sizes = grid.lengths_of(_unit(item)) or (1.0, 1.0)
            off = zip((shape["y"], shape["x"]), _zero(grid), sizes, strict=True)
            values[self._centre] = [_fitting(item, (there - zero) / size) for there, zero, size in off]
        return values


def _zero(grid: Grid) -> Pair:
    """Coordinates y and x of zero of the axes if it is on the map, as on a pattern; else of the middle of the map."""
    (row, column), (rows, columns) = grid.pixel(0.0, 0.0), grid.shape
    seen = 0.5 < row < rows - 1.5 and 0.5 < column < columns - 1.5
    return (0.0, 0.0) if seen else grid.place((rows - 1) / 2, (columns - 1) / 2)


def _unit(parameter: Parameter) -> str | None:
    return parameter.unit.name if parameter.unit else None


def _fitting(parameter: Parameter, number: float) -> float:
    """What a hand means: four digits, or whole, and within bounds."""
    low = -math.inf if parameter.low is None else parameter.low
    high = math.inf if parameter.high is None else parameter.high
    if parameter.kind != "int":
        return min(max(float(f"{number:.4g}"), low), high)
    whole = 2 * round((number - 1) / 2) + 1 if parameter.odd else round(number)
    return int(min(max(whole, low), high))
