"""What stands above the pictures of the explorer: the detector in numbers, and where patterns are taken from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from ipywidgets import HTML, BoundedFloatText, BoundedIntText, Button, HBox, Layout, ToggleButtons

from graph4d_nodes.explorer.detector import Detector, Kind, rounded
from graph4d_nodes.image.virtual import PRESETS

__all__ = ["IN_A_LINE", "DetectorBar", "PlaceBar", "Source"]

Source = Literal["point", "rectangle", "scan"]
"""Where the pattern is taken from: a position, the mean of a rectangle, the mean of all."""

KINDS: tuple[tuple[str, Kind], ...] = (("Ring", "annulus"), ("Disc", "disc"), ("Rectangle", "rectangle"))
SOURCES: tuple[tuple[str, Source], ...] = (("Point", "point"), ("Rectangle", "rectangle"), ("Whole scan", "scan"))
IN_A_LINE = Layout(flex_flow="row wrap", align_items="center", grid_gap="2px 6px")


class DetectorBar:
    """Presets, the kind of detector, its radii.

    Parameters
    ----------
    on_change : callable
        Called with the detector that somebody chose here.
    """

    def __init__(self, on_change: Callable[[Detector], None]) -> None:
        self._on_change = on_change
        self._detector = Detector("disc")
        self._presets: dict[str, Detector | None] = {}
        self._scale = 1.0
        self._buttons = {name: Button(description=name.upper(), layout=Layout(width="auto")) for name in PRESETS}
        for name, button in self._buttons.items():
            button.on_click(lambda _, name=name: self._choose(self._presets.get(name)))
        self._kind = ToggleButtons(options=KINDS, value="disc", style={"button_width": "auto"})
        self._kind.observe(self._kind_chosen, "value")
        self.radii = {name: _number(0.0, 1e6, "80px") for name in ("inner", "outer")}
        for name, field in self.radii.items():
            field.observe(lambda change, name=name: self._radius_entered(name, change.new), "value")
        self._units = HTML()
        self._centre = Button(icon="crosshairs", tooltip="Back to the unscattered beam", layout=Layout(width="36px"))
        self._centre.on_click(lambda _: self._choose(self._detector.moved(offset=(0.0, 0.0))))
        self.widget = HBox([], layout=IN_A_LINE)
        self.show(self._detector, {}, None)

    def show(self, detector: Detector, presets: dict[str, Detector | None], angle: float | None) -> None:
        """Show a detector, the presets there are, and radii in mrad if the angle of a pixel [rad] is known."""
        self._detector, self._presets, self._scale = detector, presets, 1.0 if angle is None else 1e3 * angle
        for name, button in self._buttons.items():
            button.disabled = presets.get(name) is None
            button.button_style = "info" if detector == presets.get(name) else ""
            button.tooltip = "Begins beyond the edge of the pattern" if button.disabled else ""
        self._kind.value = detector.kind
        for name, field in self.radii.items():
            field.value = self._shown(name)
        self._units.value = "px" if angle is None else "mrad"
        self._centre.disabled = detector.offset == (0.0, 0.0)
        fields: dict[Kind, list[Any]] = {
            "annulus": [self.radii["inner"], HTML("to"), self.radii["outer"], self._units, self._centre],
            "disc": [HTML("radius"), self.radii["outer"], self._units, self._centre],
            "rectangle": [HTML("rows {} – {}, columns {} – {}".format(*_inclusive(detector.rectangle)))],
        }
        self.widget.children = [*self._buttons.values(), self._kind, *fields[detector.kind]]

    def _shown(self, name: str) -> float:
        return rounded(getattr(self._detector, name) * self._scale)

    def _choose(self, detector: Detector | None) -> None:
        if detector is not None:
            self._on_change(detector)

    def _kind_chosen(self, change: Any) -> None:
        if change.new != self._detector.kind:
            self._choose(self._detector.turned_into(change.new))

    def _radius_entered(self, name: str, number: float) -> None:
        if number != self._shown(name):
            self._choose(self._detector.moved(**{name: number / self._scale}))


class PlaceBar:
    """Where the pattern is taken from.

    Parameters
    ----------
    on_source : callable
        Called with ``"point"``, ``"rectangle"`` or ``"scan"``.
    on_position : callable
        Called with the row and column that somebody entered.
    """

    def __init__(self, on_source: Callable[[Source], None], on_position: Callable[[tuple[int, int]], None]) -> None:
        self._on_source, self._on_position = on_source, on_position
        self._shown: tuple[Source, tuple[int, int]] = ("point", (0, 0))
        self._source = ToggleButtons(options=SOURCES, value="point", style={"button_width": "auto"})
        self._source.observe(self._source_chosen, "value")
        self._row, self._column = _count(), _count()
        for field in (self._row, self._column):
            field.observe(self._entered, "value")
        self._text = HTML()
        self.widget = HBox([], layout=IN_A_LINE)

    def show(
        self, source: Source, position: tuple[int, int], rectangle: tuple[int, int, int, int], shape: tuple[int, int]
    ) -> None:
        """Show the source, with its place in a scan of this many rows and columns."""
        self._shown = source, position
        self._source.value = source
        for field, number, count in zip((self._row, self._column), position, shape, strict=True):
            field.max = count - 1
            field.value = number
        self._text.value = "rows {} – {}, columns {} – {}".format(*_inclusive(rectangle))
        places: dict[Source, list[Any]] = {
            "point": [HTML("row"), self._row, HTML("column"), self._column],
            "rectangle": [self._text],
            "scan": [],
        }
        self.widget.children = [HTML("Pattern"), self._source, *places[source]]

    def _source_chosen(self, change: Any) -> None:
        if change.new != self._shown[0]:
            self._on_source(change.new)

    def _entered(self, _change: Any) -> None:
        position = self._row.value, self._column.value
        if position != self._shown[1]:
            self._on_position(position)


def _inclusive(rectangle: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    top, bottom, left, right = rectangle
    return top, bottom - 1, left, right - 1


def _number(low: float, high: float, width: str) -> BoundedFloatText:
    return BoundedFloatText(min=low, max=high, layout=Layout(width=width))


def _count() -> BoundedIntText:
    return BoundedIntText(min=0, max=0, layout=Layout(width="64px"))
