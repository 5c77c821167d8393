"""Where somebody plays with a scan: pictures that follow a detector and a position."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from ipywidgets import HBox, VBox

from graph4d.session.state import Shown, Status
from graph4d.widgets.attention import Attention
from graph4d.widgets.bokeh_view import BokehView
from graph4d.widgets.closing import close_all
from graph4d.widgets.controls import Control
from graph4d.widgets.lateness import NOTICED, PENDING, Lateness
from graph4d.widgets.pacing import Paced
from graph4d_nodes.calibrate.disc import estimated_disc
from graph4d_nodes.explorer.detector import Detector, preset_hint, presets
from graph4d_nodes.explorer.screen import Screen
from graph4d_nodes.explorer.toolbar import DetectorBar, PlaceBar, Source, bar
from graph4d_nodes.explorer.width import Width
from graph4d_nodes.image.detectors import edge_radius, mean_origin, origin_list, probe_radius, rad_per_px

if TYPE_CHECKING:
    from xarray import DataArray

    from graph4d.session.session import Session
    from graph4d_nodes.scan import Scan4D

__all__ = ["Stage"]

OLD = (Status.STALE, Status.FAILED, Status.CANCELLED)
"""What is shown then is not what is asked for."""

UNDER_WAY = (*PENDING, Status.PREVIEW)
SUMS_BYTES = 64 << 20
"""What radial sums may take: the finer they are, the more exactly a ring is the one that is drawn."""

Position = tuple[int, int]
Rectangle = tuple[int, int, int, int]


class Stage:
    """The pictures of one scan, what is dragged over them, and the fields above them.

    Safe under threads: the hand changes it in one, results arrive in others.

    Parameters
    ----------
    session : Session
        Of the explorer's recipe.
    scan : Scan4D
        The value of its step ``load``.

    Attributes
    ----------
    widget : VBox
        To be displayed.
    seen : dict from picture to step
        Which results are on the screen.
    presets : dict from name to Detector
        The usual detectors; None for one that would begin beyond the edge of the pattern.
    hints : dict from name to str
        What each of them counts, or why there is none.
    """

    def __init__(self, session: Session, scan: Scan4D) -> None:
        self.session, self._scan = session, scan
        self._lock = threading.RLock()
        self._one_by_one = threading.RLock()  # so that the last change is the last for the session, too
        self._resting, self._begun = False, False
        self._shown: dict[str, Shown | None] = {}
        self._lateness = Lateness()
        self._look = Paced(self._show_late, NOTICED / 3)
        self._origin: DataArray | None = None
        self._disc = _disc(scan)
        self._find_presets()
        self.hints: dict[str, str] = {}
        rows, columns = scan.positions
        self.seen: dict[str, str] = {}
        self.source: Source = "point"
        self.position = _middle(scan)
        self.region = _inner_part(scan)
        self.detector = self.presets["bf"] or Detector("disc")
        self.screen = Screen(scan)
        self.screen.on_position(self.set_position)
        self.screen.on_region(self.set_region)
        self.screen.on_detector(self.set_detector)
        self.view = BokehView(self.screen.layout)
        self._attention = Attention(self.view, self._rest, self._work)
        self.detector_bar = DetectorBar(self.set_detector)
        self.place_bar = PlaceBar((rows, columns), self.set_source, self.set_position)
        widest = min(401, 2 * max(rows, columns) + 1)
        self.kernel = Control(session, "ricom.kernel", {"slider": {"min": 3, "max": widest, "step": 2}})
        kernel = bar("riCOM", self.kernel.widget).add_class("graph4d-explorer-window")
        bars = HBox([self.detector_bar.widget, self.place_bar.widget, kernel]).add_class("graph4d-explorer-bars")
        self.widget = VBox([bars, Width(self._fit), self.view])
        session.set({"sums.width": _ring_width(scan)})
        self.set_source(self.source)
        self.set_detector(self.detector)
        self._watch("com", "com")
        self._watch("ricom", "ricom")
        self.draw(self.seen["pattern"])

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the scan: (y, x, ky, kx)."""
        return self._scan.shape

    def set_position(self, position: Position, moving: bool = False) -> None:
        """Show the pattern at this row and column."""
        with self._one_by_one:
            self.position = position
            self.set_source("point", moving)

    def set_region(self, rectangle: Rectangle, moving: bool = False) -> None:
        """Show the mean pattern of a rectangle: first row, last row + 1, first column, last column + 1."""
        with self._one_by_one:
            self.region = rectangle
            self.set_source("rectangle", moving)

    def set_source(self, source: Source, moving: bool = False) -> None:
        """Show the pattern of the point, of the rectangle, or the mean of the whole scan."""
        with self._one_by_one:
            with self._lock, self.view.hold():
                self.source = source
                position, region = self._show_place()
                self.place_bar.show(source, self.position, self.region)
                self._show_detector()
            if source != "scan":
                self.session.set({"pattern.position": position, "pattern.rectangle": region}, moving=moving)
            self._watch("pattern", "mean" if source == "scan" else "pattern")

    def set_detector(self, detector: Detector, moving: bool = False) -> None:
        """Show the image of this detector."""
        with self._one_by_one:
            with self._lock:
                self.detector = detector.moved()
                values = self.detector.settings(rad_per_px(self._scan.geometry))
                self._show_detector()
            self.session.set(values, moving=moving)
            self._watch("image", self.detector.step)

    def recalibrate(self, scan: Scan4D) -> None:
        """Take the same scan with other calibrations."""
        if scan is self._scan:
            return
        disc = _disc(scan)
        with self._lock:
            preset = next((name for name, detector in self.presets.items() if detector == self.detector), "")
            self._scan, self._disc = scan, disc
            self._find_presets()
            detector = self.presets.get(preset) or self.detector
        self.set_detector(detector)

    def draw(self, step: str) -> None:
        """Show the present state of a step, wherever it is seen."""
        state = self.session.state(step)
        if step == self.seen.get("pattern") and state.status not in UNDER_WAY:
            self._begin()
        pattern = self.seen.get("pattern")
        if step == "origin" and pattern and state.shown is not None and state.shown.every == 1:
            self._take_origin(state.shown.value)
            self._show(pattern)
        self._show(step)

    def reset(self) -> None:
        """Go back to the bright field and the pattern in the middle, all in sight."""
        with self._one_by_one:
            self.region = _inner_part(self._scan)
            self.set_position(_middle(self._scan))
            self.set_detector(self.presets["bf"] or Detector("disc"))
            with self._lock, self.view.hold():
                self.screen.zoom_out()

    def is_current(self, scan: Scan4D) -> bool:
        """Whether exact results of this very scan are to be seen."""
        with self._lock:
            states = {name: self.session.state(step) for name, step in self.seen.items()}
            drawn = all(self._shown.get(name) is state.shown for name, state in states.items())
            return scan is self._scan and drawn and all(s.status is Status.FRESH for s in states.values())

    def go_on(self) -> None:
        """Compute what is to be seen, as if somebody looked."""
        self._attention.go_on()

    def close(self) -> None:
        """Watch nothing any more, and leave the page."""
        self._attention.stop()
        self._look.stop()
        with self._one_by_one:
            if not self._resting:
                self.session.unwatch(*(["origin", *self.seen.values()] if self._begun else [self.seen["pattern"]]))
            self._resting = True
            self.seen.clear()
        self.detector_bar.close()
        self.place_bar.close()
        close_all(self.widget)

    def _rest(self) -> None:
        """Stop what runs, and compute nothing more: nobody looks."""
        with self._one_by_one:
            if self.seen:  # not after the end, when the session works for another scan
                self._resting = True
                self.session.close()

    def _work(self) -> None:
        """Take up work again."""
        with self._one_by_one:
            if self.seen:
                self._resting, self._begun = False, False
                self.session.watch("load", "origin", *self.seen.values())
                for step in self.seen.values():
                    self.draw(step)

    def _show(self, step: str) -> None:
        with self._lock, self.view.hold():
            state = self.session.state(step)  # within, lest another thread has shown a newer one
            for name in [name for name, seen in self.seen.items() if seen == step]:
                if state.shown is not None and self._shown.get(name) is not state.shown:
                    self.screen.show(name, state.shown.value, state.shown.note)
                    self._shown[name] = state.shown
                    if name == "pattern":
                        self._show_detector()
                    if name == "image":  # its axes may be others now
                        self._show_place()
                late = self._lateness.note(name, state.status)
                self.screen.figures[name].dim(late or state.status in OLD)
        if state.status in PENDING:
            self._look()

    def _show_late(self) -> None:
        """Show what is still pending; what is soon there need not flicker."""
        for step in set(self.seen.values()):
            if self.session.state(step).status in PENDING:
                self._show(step)

    def _begin(self) -> None:
        """Let all be computed: a pattern is there at once, but not while much else is read."""
        with self._lock:
            if self._begun or self._resting:
                return
            self._begun = True
            steps = ["origin", *(step for name, step in self.seen.items() if name != "pattern")]
        self.session.watch(*steps)
        for step in steps:
            self.draw(step)

    def _watch(self, name: str, step: str) -> None:
        """Let the picture called ``name`` show the result of ``step``."""
        with self._lock:
            before = self.seen.get(name)
            self.seen[name] = step
            waits = self._resting or (name != "pattern" and not self._begun)
        if before == step or waits:
            return
        self.session.watch(step)
        self.draw(step)
        if before is not None:
            self.session.unwatch(before)

    def _fit(self, width: int) -> None:
        with self._lock, self.view.hold():
            self.screen.fit(width)

    def _take_origin(self, origin: DataArray) -> None:
        with self._lock:
            if origin is self._origin:
                return
            self._origin = origin
            self._find_presets()
            # One for all positions, for a picture whose axes move with every position would not keep still.
            self.screen.zero = mean_origin(self._scan, origin)
            self._shown.pop("pattern", None)

    def _find_presets(self) -> None:
        self._reach = self._disc, edge_radius(self._scan, origin_list(self._scan, self._origin))
        self.presets = presets(*self._reach)

    def _show_place(self) -> tuple[Position | None, Rectangle | None]:
        """Put the handle on the image where patterns are taken from: a position, a rectangle, or neither."""
        position = self.position if self.source == "point" else None
        region = self.region if self.source == "rectangle" else None
        with self.view.hold():
            self.screen.place_position(position)
            self.screen.place_region(region)
        return position, region

    def _show_detector(self) -> None:
        with self.view.hold():
            self.screen.origin = self._origin_here()
            self.screen.place_detector(self.detector)
        angle = rad_per_px(self._scan.geometry)
        scale, unit = (1.0, "px") if angle is None else (1e3 * angle, "mrad")
        self.hints = {name: preset_hint(name, *self._reach, scale, unit) for name in self.presets}
        self.detector_bar.show(self.detector, self.presets, self.hints, scale, unit)

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


def _disc(scan: Scan4D) -> float:
    """Radius [px] of the bright disc; patterns are read where it is not known."""
    return probe_radius(scan.geometry) or estimated_disc(scan)


def _middle(scan: Scan4D) -> Position:
    rows, columns = scan.positions
    return rows // 2, columns // 2


def _inner_part(scan: Scan4D) -> Rectangle:
    rows, columns = scan.positions
    return rows // 4, rows - rows // 4, columns // 4, columns - columns // 4


def _ring_width(scan: Scan4D) -> float:
    """Distance of the radii [px] that rings are cut to."""
    rows, columns, height, width = scan.shape
    across = 4 * rows * columns * math.hypot(height, width)
    return next((size for size in (0.25, 0.5) if across / size <= SUMS_BYTES), 1.0)
