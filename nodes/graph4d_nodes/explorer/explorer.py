"""``Explorer``: pictures of a scan that follow a detector and a position, as a widget."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipywidgets import VBox

from graph4d.session.events import Published, StatusChanged
from graph4d.session.session import Session
from graph4d.session.state import Status
from graph4d.widgets.bokeh_view import BokehView
from graph4d_nodes.calibrate.disc import estimated_disc
from graph4d_nodes.explorer.detector import Detector, presets
from graph4d_nodes.explorer.recipe import explorer_graph, seen_recipe
from graph4d_nodes.explorer.screen import Screen
from graph4d_nodes.explorer.toolbar import DetectorBar, PlaceBar
from graph4d_nodes.image.detectors import edge_radius, origin_list, probe_radius, rad_per_px
from graph4d_nodes.io.open import open_scan

if TYPE_CHECKING:
    from xarray import DataArray

    from graph4d import Store
    from graph4d.run.events import Event
    from graph4d_nodes.scan import Scan4D

__all__ = ["Explorer"]

OLD = (Status.RUNNING, Status.STALE, Status.FAILED, Status.CANCELLED)
"""What is shown then is not what is asked for."""

Position = tuple[int, int]
Rectangle = tuple[int, int, int, int]


class Explorer:
    """A scan, a detector and a position to move, and what they give; a notebook shows it as a widget.

    Parameters
    ----------
    path : Path
        Of the scan.
    calibrations : mapping
        Parameters of ``io.open``.
    store : Store, optional
        Where results are kept.

    Attributes
    ----------
    widget : VBox
        What is displayed.
    session : Session
        Its steps: ``load``, ``origin``, ``sums``, ``ring``, ``detector``, ``pattern``, ``mean``, ``com``, ``ricom``.
    """

    def __init__(self, path: Path, calibrations: Mapping[str, object], *, store: Store | None = None) -> None:
        known = open_scan.validate({"path": path, **calibrations})
        given = {f"load.{name}": known[name] for name in calibrations}
        self.session = Session(explorer_graph(path), parameters=given, store=store)
        self._lock = threading.RLock()
        self._scan: Scan4D = self.session.value("load")
        self._origin: DataArray | None = None
        self._disc = 1.0
        self.seen: dict[str, str] = {}
        self.source = "point"
        self.position: Position = (0, 0)
        self.region: Rectangle = (0, 1, 0, 1)
        self.detector = Detector("disc")
        self.screen = Screen(self._scan)
        self.view = BokehView(self.screen.layout)
        self.detector_bar = DetectorBar(self.set_detector)
        self.place_bar = PlaceBar(self.set_source, self.set_position)
        self.widget = VBox([self.detector_bar.widget, self.place_bar.widget, self.view])
        self._begin()

    def set_position(self, position: Position, moving: bool = False) -> None:
        """Show the pattern at this row and column."""
        self._change("point", moving, position=position)

    def set_region(self, rectangle: Rectangle, moving: bool = False) -> None:
        """Show the mean pattern of a rectangle: first row, last row + 1, first column, last column + 1."""
        self._change("rectangle", moving, region=rectangle)

    def set_source(self, source: str) -> None:
        """Show the pattern of the ``"point"``, of the ``"rectangle"``, or the mean of the whole ``"scan"``."""
        self._change(source, False)

    def set_detector(self, detector: Detector, moving: bool = False) -> None:
        """Show the image of this detector."""
        with self._lock:
            self.detector = detector.moved()
            values = self.detector.settings(rad_per_px(self._scan.geometry))
            self._show_detector()
        self.session.set(values, moving=moving)
        self._watch("image", self.detector.step)

    def use(self, preset: str) -> None:
        """Take the detector called ``"bf"``, ``"abf"``, ``"adf"`` or ``"haadf"``."""
        detector = self.presets()[preset]
        if detector is not None:
            self.set_detector(detector)

    def presets(self) -> dict[str, Detector | None]:
        """The usual detectors for this scan; None for one that would begin beyond the edge of the pattern."""
        return presets(self._disc, edge_radius(self._scan, origin_list(self._scan, self._origin)))

    def recipe(self) -> str:
        """The recipe, as YAML, of what is on the screen."""
        with self._lock:
            return seen_recipe(self.session.graph, dict(self.seen))

    def close(self) -> None:
        """Stop what runs, and take the widget off the page."""
        self._leave()
        self.session.close()
        self.view.close()
        self.widget.close()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)

    def _begin(self) -> None:
        rows, columns = self._scan.positions
        self._measure()
        self.position = rows // 2, columns // 2
        self.region = rows // 4, rows - rows // 4, columns // 4, columns - columns // 4
        self.screen.on_position(self.set_position)
        self.screen.on_region(self.set_region)
        self.screen.on_detector(self.set_detector)
        self._leave = self.session.subscribe(self._hear)
        self.set_position(self.position)
        self.session.watch("load", "origin")
        self.use("bf")
        self._watch("com", "com")
        self._watch("ricom", "ricom")

    def _change(self, source: str, moving: bool, **places: Any) -> None:
        with self._lock:
            self.source = source
            self.position = places.get("position", self.position)
            self.region = places.get("region", self.region)
            self._show_place()
            values = {
                "pattern.position": self.position if source == "point" else None,
                "pattern.rectangle": self.region if source == "rectangle" else None,
            }
        if source != "scan":
            self.session.set(values, moving=moving)
        self._watch("pattern", "mean" if source == "scan" else "pattern")

    def _watch(self, name: str, step: str) -> None:
        """Show the result of ``step`` as the picture called ``name``."""
        with self._lock:
            before = self.seen.get(name)
            self.seen[name] = step
        if before == step:
            return
        self.session.watch(step)
        if before is not None:
            self.session.unwatch(before)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Published):
            self._published(event.name)
        elif isinstance(event, StatusChanged):
            for name in self._pictures(event.name):
                with self.view.hold():
                    self.screen.figures[name].dim(event.status in OLD)

    def _published(self, step: str) -> None:
        shown = self.session.state(step).shown
        if shown is None:
            return
        with self._lock:
            if step == "origin":
                self._origin = shown.value
                self._show_detector()
            elif step == "load" and shown.value is not self._scan:
                self._scan = shown.value
                self._measure()
        for name in self._pictures(step):
            with self.view.hold():
                self.screen.show(name, shown.value, shown.note)

    def _pictures(self, step: str) -> list[str]:
        with self._lock:
            return [name for name, shown in self.seen.items() if shown == step]

    def _measure(self) -> None:
        self._disc = probe_radius(self._scan.geometry) or estimated_disc(self._scan)

    def _show_place(self) -> None:
        with self.view.hold():
            self.screen.place_position(self.position if self.source == "point" else None)
            self.screen.place_region(self.region if self.source == "rectangle" else None)
        self.place_bar.show(self.source, self.position, self.region, self._scan.positions)
        self._show_detector()

    def _show_detector(self) -> None:
        self.screen.origin = self._origin_here()
        with self.view.hold():
            self.screen.place_detector(self.detector)
        self.detector_bar.show(self.detector, self.presets(), rad_per_px(self._scan.geometry))

    def _origin_here(self) -> tuple[float, float]:
        """Where the unscattered beam falls on the pattern that is shown [px]."""
        if self._origin is None:
            rows, columns = self._scan.item_shape
            return (rows - 1) / 2, (columns - 1) / 2
        there = self._origin.values
        if self.source == "point":
            there = there[:, self.position[0], self.position[1]]
        elif self.source == "rectangle":
            top, bottom, left, right = self.region
            there = there[:, top:bottom, left:right]
        y, x = there.reshape(2, -1).mean(axis=1)
        return float(y), float(x)
