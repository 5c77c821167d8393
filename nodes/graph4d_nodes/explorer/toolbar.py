"""What stands above the pictures of the explorer: the detector in numbers, and where patterns are taken from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from ipywidgets import HTML, BoundedFloatText, BoundedIntText, Button, HBox, Layout, ToggleButtons

from graph4d.widgets.closing import close_all
from graph4d_nodes.explorer.detector import Detector, Kind, rounded
from graph4d_nodes.image.virtual import PRESETS

__all__ = ["DetectorBar", "PlaceBar", "Source", "bar"]

Source = Literal["point", "rectangle", "scan"]
"""Where the pattern is taken from: a position, the mean of a rectangle, the mean of all."""

KINDS: tuple[tuple[str, Kind], ...] = (("Ring", "annulus"), ("Disc", "disc"), ("Rectangle", "rectangle"))
SOURCES: tuple[tuple[str, Source], ...] = (("Point", "point"), ("Rectangle", "rectangle"), ("Whole scan", "scan"))
CHOSEN = {"button_width": "auto"}

Position = tuple[int, int]
Rectangle = tuple[int, int, int, int]


def bar(name: str, *parts: Any) -> HBox:
    """Widgets that belong together, in a line that begins with a name."""
    return HBox([HTML(name).add_class("graph4d-explorer-name"), *parts]).add_class("graph4d-explorer-bar")


def _fields(width: int) -> HBox:
    # As wide as it ever gets, so that nothing below moves when other fields are needed.
    return HBox(layout=Layout(min_width=f"{width}px")).add_class("graph4d-explorer-fields")


class DetectorBar:
    """Presets, the kind of detector, its radii.

    Parameters
    ----------
    on_change : callable
        Called with the detector that somebody chose here.

    Attributes
    ----------
    widget : HBox
    """

    def __init__(self, on_change: Callable[[Detector], None]) -> None:
        self._on_change = on_change
        self._detector = Detector("disc")
        self._presets: Mapping[str, Detector | None] = {}
        self._scale = 1.0
        self._buttons = {name: Button(description=name.upper(), layout=Layout(width="auto")) for name in PRESETS}
        for name, button in self._buttons.items():
            button.on_click(lambda _, name=name: self._choose(self._presets.get(name)))
        self._kind = ToggleButtons(options=KINDS, value="disc", style=CHOSEN)
        self._kind.observe(self._kind_chosen, "value")
        self.radii = {
            name: BoundedFloatText(min=0.0, max=1e6, layout=Layout(width="72px")) for name in ("inner", "outer")
        }
        for name, field in self.radii.items():
            field.observe(lambda change, name=name: self._radius_entered(name, change.new), "value")
        self._unit, self._text = HTML(), HTML()
        self._centre = Button(icon="crosshairs", tooltip="Back to the unscattered beam", layout=Layout(width="36px"))
        self._centre.on_click(lambda _: self._choose(self._detector.moved(offset=(0.0, 0.0))))
        outer = [self.radii["outer"], self._unit, self._centre]
        self._kinds: dict[Kind, list[Any]] = {
            "annulus": [self.radii["inner"], HTML("to"), *outer],
            "disc": [HTML("radius"), *outer],
            "rectangle": [self._text],
        }
        self._fields = _fields(236)
        self.widget = bar("Detector", *self._buttons.values(), self._kind, self._fields)

    def show(
        self,
        detector: Detector,
        presets: Mapping[str, Detector | None],
        hints: Mapping[str, str],
        scale: float,
        unit: str,
    ) -> None:
        """Show a detector, the presets there are, what to say of each, and radii as ``scale`` times pixels."""
        self._detector, self._presets, self._scale = detector, presets, scale
        for name, button in self._buttons.items():
            button.disabled = presets.get(name) is None
            button.button_style = "info" if detector == presets.get(name) else ""
            button.tooltip = hints[name]
        self._kind.value = detector.kind
        for name, field in self.radii.items():
            field.value = self._shown(name)
        self._unit.value = unit
        self._centre.disabled = detector.offset == (0.0, 0.0)
        self._text.value = _limits(detector.rectangle)
        self._fields.children = self._kinds[detector.kind]

    def close(self) -> None:
        """Take it off the page, with the fields of other kinds."""
        _close(self.widget, self._kinds.values())

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
    shape : (int, int)
        Rows and columns of the scan.
    on_source : callable
        Called with what somebody chose.
    on_position : callable
        Called with the row and column that somebody entered.

    Attributes
    ----------
    widget : HBox
    """

    def __init__(
        self,
        shape: Position,
        on_source: Callable[[Source], None],
        on_position: Callable[[Position], None],
    ) -> None:
        self._on_source, self._on_position = on_source, on_position
        self._chosen: Source = "point"
        self._position: Position = (0, 0)
        self._source = ToggleButtons(options=SOURCES, value="point", style=CHOSEN)
        self._source.observe(self._source_chosen, "value")
        self._numbers = [BoundedIntText(min=0, max=count - 1, layout=Layout(width="64px")) for count in shape]
        for axis, field in enumerate(self._numbers):
            field.observe(lambda change, axis=axis: self._entered(axis, change.new), "value")
        self._text = HTML()
        row, column = self._numbers
        self._sources: dict[Source, list[Any]] = {
            "point": [HTML("row"), row, HTML("column"), column],
            "rectangle": [self._text],
            "scan": [],
        }
        self._fields = _fields(222)
        self.widget = bar("Pattern", self._source, self._fields)

    def show(self, source: Source, position: Position, rectangle: Rectangle) -> None:
        """Show the source with its place."""
        self._chosen, self._position = source, position
        self._source.value = source
        for field, number in zip(self._numbers, position, strict=True):
            field.value = number
        self._text.value = _limits(rectangle)
        self._fields.children = self._sources[source]

    def close(self) -> None:
        """Take it off the page, with the fields of other sources."""
        _close(self.widget, self._sources.values())

    def _source_chosen(self, change: Any) -> None:
        if change.new != self._chosen:
            self._on_source(change.new)

    def _entered(self, axis: int, number: int) -> None:
        if number != self._position[axis]:
            row, column = self._position
            self._on_position((number, column) if axis == 0 else (row, number))


def _close(widget: HBox, fields: Iterable[list[Any]]) -> None:
    for part in [widget, *(field for alternative in fields for field in alternative)]:
        close_all(part)


def _limits(rectangle: Rectangle) -> str:
    top, bottom, left, right = rectangle
    return f"rows {top} – {bottom - 1}, columns {left} – {right - 1}"
