"""The pictures of the explorer, and what is dragged over them; places are told in pixels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import Row

from graph4d.view.field import VectorFieldFigure
from graph4d.view.grid import Grid
from graph4d.view.handle import Handle
from graph4d.view.image import ImageFigure
from graph4d.view.link import link
from graph4d_nodes.explorer.detector import Detector
from graph4d_nodes.values import image, pattern, vector_field

if TYPE_CHECKING:
    from bokeh.models import UIElement
    from xarray import DataArray

    from graph4d.view.frame import MapFrame
    from graph4d_nodes.scan import Scan4D

__all__ = ["Screen"]

LARGE, SMALL = 350, 270
"""Longer sides of the pictures one works in, and of those beside them, before it is known how wide the page is [px]."""
LEAST, MOST = 240, 640
BESIDE = 116
"""What colour bars and legends take beside a picture [px]."""
GAP = 8
SHARE = 0.55
"""Side of a small picture over that of a large one: two small ones are a little taller than a large one."""
SCAN_COLOR, DETECTOR_COLOR = "#ffd43b", "#69db7c"

Place = tuple[float, float]
Rectangle = tuple[int, int, int, int]


class Screen:
    """Pattern, virtual image, centre of mass and riCOM, with handles for the detector and for scan positions.

    Parameters
    ----------
    scan : Scan4D
        For the shapes and units of what will be seen; nothing of it is read.

    Attributes
    ----------
    origin : (float, float)
        Where the unscattered beam falls on the pattern that is shown [px]: detectors lie about it.
    zero : (float, float), optional
        Where the axes of patterns are zero [px]; in the middle if it is not known.
    """

    def __init__(self, scan: Scan4D) -> None:
        of_scan = np.zeros(scan.positions, np.uint8)
        plate = pattern(np.zeros(scan.item_shape, np.uint8), scan.geometry, "counts")
        sample = image(of_scan, scan.geometry, "counts")
        field = vector_field(np.stack([of_scan, of_scan]), scan.geometry, "")
        self.figures: dict[str, ImageFigure | VectorFieldFigure] = {
            "pattern": ImageFigure(plate, "Pattern"),
            "image": ImageFigure(sample, "Virtual image"),
            "com": VectorFieldFigure(field, "Centre of mass"),
            "ricom": ImageFigure(sample, "riCOM"),
        }
        for figure in self.figures.values():
            if isinstance(figure, ImageFigure):
                figure.unit.standoff = 18  # its place is chosen beside the short numbers of an empty picture
        self.grids = {"pattern": Grid.of(plate), "image": Grid.of(sample)}
        self.origin = (0.0, 0.0)
        self.zero: Place | None = None
        self._sides = LARGE, SMALL
        self._fit()
        link(self.figures.values())
        over_pattern, over_image = self._frame("pattern"), self._frame("image")
        self.detectors = {kind: Handle(over_pattern, kind, DETECTOR_COLOR) for kind in ("annulus", "disc", "rectangle")}
        self.places = {kind: Handle(over_image, kind, SCAN_COLOR) for kind in ("point", "rectangle")}
        self.layout = _in_lines(
            self.figures["pattern"].layout,
            self.figures["image"].layout,
            # Below each other beside the large ones; beside each other below them.
            _in_lines(self.figures["com"].layout, self.figures["ricom"].layout, flex=f"1 1 {LEAST}px"),
        )

    def show(self, name: str, value: DataArray, note: str = "") -> None:
        """Show a value as ``pattern``, ``image``, ``com`` or ``ricom``."""
        if name == "pattern" and self.zero is not None:
            value = _about(value, self.zero)
        self.figures[name].update(value, note)
        self._fit()
        if name in self.grids:
            self.grids[name] = Grid.of(value)

    def fit(self, width: int) -> None:
        """Make the pictures as large as suits a page of this width [px]: all beside each other, or in two lines."""
        wide = (width - 3 * BESIDE - 2 * GAP) / (2 + SHARE)
        if wide >= LEAST:
            self._sides = min(MOST, int(wide)), min(MOST, int(SHARE * wide))
        else:
            narrow = max(LEAST, min(MOST, (width - 2 * BESIDE - GAP) // 2))
            self._sides = narrow, narrow
        self._fit()

    def zoom_out(self) -> None:
        """Show all pictures whole."""
        for name in self.figures:
            plot = self._frame(name).figure
            for span in (plot.x_range, plot.y_range):
                span.update(start=span.reset_start, end=span.reset_end)

    def on_position(self, callback: Callable[[tuple[int, int], bool], None]) -> None:
        """Call ``callback((row, column), moving)`` when the point on the image is moved."""

        def moved(shape: dict[str, float], moving: bool) -> None:
            callback(self.grids["image"].nearest(shape["y"], shape["x"]), moving)

        self.places["point"].on_move(moved)

    def on_region(self, callback: Callable[[Rectangle, bool], None]) -> None:
        """Call ``callback(rectangle, moving)`` when the rectangle on the image is moved."""

        def moved(shape: dict[str, float], moving: bool) -> None:
            callback(self.grids["image"].rectangle(**shape), moving)

        self.places["rectangle"].on_move(moved)

    def on_detector(self, callback: Callable[[Detector, bool], None]) -> None:
        """Call ``callback(detector, moving)`` when what is drawn on the pattern is moved."""
        for kind, handle in self.detectors.items():
            handle.on_move(partial(self._detector_moved, callback, kind))

    def place_position(self, position: tuple[int, int] | None) -> None:
        """Put the point on the image, or hide it."""
        self.places["point"].show(position is not None)
        if position is not None:
            y, x = self.grids["image"].place(*position)
            self.places["point"].place(y=y, x=x)

    def place_region(self, rectangle: Rectangle | None) -> None:
        """Put the rectangle on the image, or hide it."""
        self.places["rectangle"].show(rectangle is not None)
        if rectangle is not None:
            self.places["rectangle"].place(**self.grids["image"].sides(rectangle))

    def place_detector(self, detector: Detector) -> None:
        """Put the detector on the pattern, about :attr:`origin`."""
        for kind, handle in self.detectors.items():
            handle.show(kind == detector.kind)
        grid = self.grids["pattern"]
        if detector.kind == "rectangle":
            self.detectors["rectangle"].place(**grid.sides(detector.rectangle))
            return
        y, x = grid.place(self.origin[0] + detector.offset[0], self.origin[1] + detector.offset[1])
        radii = {"outer": detector.outer * grid.step[1]}
        if detector.kind == "annulus":
            radii["inner"] = detector.inner * grid.step[1]
        self.detectors[detector.kind].place(y=y, x=x, **radii)

    def _detector_moved(
        self, callback: Callable[[Detector, bool], None], kind: Any, shape: dict[str, float], moving: bool
    ) -> None:
        grid = self.grids["pattern"]
        if kind == "rectangle":
            callback(Detector(kind, rectangle=grid.rectangle(**shape)), moving)
            return
        row, column = grid.pixel(shape["y"], shape["x"])
        offset = row - self.origin[0], column - self.origin[1]
        inner, outer = shape.get("inner", 0.0) / grid.step[1], shape["outer"] / grid.step[1]
        callback(Detector(kind, inner, outer, offset), moving)

    def _frame(self, name: str) -> MapFrame:
        return self.figures[name].frame

    def _fit(self) -> None:
        for name, figure in self.figures.items():
            side = self._sides[name not in self.grids]
            _enlarge(self._frame(name), side)
            if isinstance(figure, ImageFigure):  # columns stay in line, however long the numbers beside a picture are
                figure.layout.update(width=side + BESIDE, sizing_mode="fixed")


def _about(value: DataArray, zero: Place) -> DataArray:
    """The same pattern with axes that are zero at a place [px]."""
    coords = {}
    for dim, place in zip(value.dims, zero, strict=True):
        axis = value.coords[dim]
        shift = np.interp(place, np.arange(axis.size), axis.values)
        coords[dim] = (dim, axis.values - shift, axis.attrs)
    return value.assign_coords(coords)


def _enlarge(frame: MapFrame, side: int) -> None:
    plot = frame.figure
    longest = max(plot.frame_height, plot.frame_width)
    if longest != side:
        height, width = (round(length * side / longest) for length in (plot.frame_height, plot.frame_width))
        plot.update(frame_height=height, frame_width=width)


def _in_lines(*parts: UIElement, **styles: str) -> Row:
    """Side by side as far as the page is wide, and below each other."""
    return Row(children=list(parts), styles={"flex-wrap": "wrap", **styles}, spacing=GAP, sizing_mode="stretch_width")
