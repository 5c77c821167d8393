"""``Explorer``: a file is opened, calibrated and looked at, on one page."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from ipywidgets import HTML, Accordion, Button, HBox, Layout, VBox

from graph4d import GraphError, UsageError
from graph4d.run.failure import StepError
from graph4d.session.events import Changed, Published, StatusChanged
from graph4d.session.session import Session
from graph4d.view.quantity import quantity
from graph4d.widgets.closing import close_all
from graph4d.widgets.controls import Control, style
from graph4d.widgets.entry import problem_of
from graph4d.widgets.pacing import Paced
from graph4d.widgets.status import StatusLine, Tally
from graph4d.widgets.text_button import TextButton
from graph4d_nodes.explorer.offers import offer_buttons, offers
from graph4d_nodes.explorer.recipe import explorer_graph, seen_recipe
from graph4d_nodes.explorer.stage import Stage
from graph4d_nodes.io.open import open_scan

if TYPE_CHECKING:
    from graph4d import Store
    from graph4d.run.events import Event
    from graph4d_nodes.scan import Scan4D

__all__ = ["Explorer"]

CALIBRATIONS = ("energy", "semiangle", "scan_step", "detector_step", "rotation", "transpose")
PANELS: Mapping[str, tuple[str, ...]] = {
    "Calibration": tuple(f"load.{name}" for name in CALIBRATIONS),
    "File": ("scan", "load.dataset", "load.scan_shape", "load.skip_frames", "load.skip_row"),
}
"""What can be set on the page, by heading."""


ALARM = "color: var(--jp-error-color1, #c62828); line-height: 1.4; white-space: normal"


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
    stage : Stage or None
        The pictures; there are none before the file could be opened.
    """

    def __init__(self, path: Path, calibrations: Mapping[str, object], *, store: Store | None = None) -> None:
        known = open_scan.validate({"path": path, **calibrations})
        given = {f"load.{name}": known[name] for name in calibrations}
        self.session = Session(explorer_graph(path), parameters=given, store=store)
        self.stage: Stage | None = None
        self.controls = {name: Control(self.session, name) for names in PANELS.values() for name in names}
        self._lock = RLock()
        self._tally, self._tell = Tally(), Paced(self._tell_status, 0.1)
        copy = TextButton("Copy recipe", "the steps that lead to what is seen, with their values", self.recipe)
        reset = Button(description="Reset", tooltip="detector, position, window and calibration as at the start")
        reset.on_click(lambda _: self.reset())
        self._status = StatusLine(self.session, [reset, copy])
        self._status.reset.layout.display = "none"  # it would open the file as at the start, too
        self._head, self._problem, self._offers = HTML(f"<b>{escape(path.name)}</b>"), HTML(), VBox()
        self._offered: object = None
        panels = [
            VBox([self.controls[name].widget for name in names], layout=Layout(max_width="620px"))
            for names in PANELS.values()
        ]
        self._folds = Accordion(panels, titles=tuple(PANELS))
        self._styles = [style(), _own_style()]
        self._line = HBox().add_class("graph4d-explorer-head")
        self.widget = VBox()
        self._arrange()
        self._leave = self.session.subscribe(self._hear)
        try:
            self._take(self.session.value("load"))
        except GraphError:  # it is told on the page, where what is missing can be given
            self._folds.selected_index = list(PANELS).index("File")
        self.session.watch("load")

    def recipe(self) -> str:
        """The recipe, as YAML, of what is on the screen."""
        return seen_recipe(self.session.graph, dict(self.stage.seen) if self.stage else {"scan": "load"})

    def use(self, detector: str) -> None:
        """Show the image of one of the usual detectors.

        Parameters
        ----------
        detector : {"BF", "ABF", "ADF", "HAADF"}

        Raises
        ------
        UsageError
            There is no such detector, or it would begin beyond the edge of the pattern; or the file is not open.
        """
        stage = self._opened()
        name = detector.lower()
        if name not in stage.presets:
            raise UsageError(f"there is no detector {detector!r}; use one of {', '.join(stage.presets).upper()}")
        chosen = stage.presets[name]
        if chosen is None:
            raise UsageError(f"{detector}: {stage.hints[name]}")
        stage.set_detector(chosen)

    def move_to(self, row: int, column: int) -> None:
        """Show the pattern at a scan position.

        Raises
        ------
        UsageError
            It does not lie in the scan, or the file is not open.
        """
        stage = self._opened()
        rows, columns = stage.shape[:2]
        if not (0 <= row < rows and 0 <= column < columns):
            raise UsageError(f"position ({row}, {column}) does not lie in a scan of {rows} × {columns} positions")
        stage.set_position((row, column))

    def reset(self) -> None:
        """Go back to the detector, position, window and calibration at the start."""
        self.session.reset(*PANELS["Calibration"], "ricom.kernel")
        if self.stage is not None:
            self.stage.reset()

    def wait(self, timeout: float | None = None) -> None:
        """Until all pictures show exact results for the present values.

        Parameters
        ----------
        timeout : float, optional
            In seconds.

        Raises
        ------
        RunError, UsageError
            One of them could not be computed.
        TimeoutError
            It took too long.
        """
        if self.stage is not None:
            self.stage.go_on()
        end = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            self.session.wait(None if timeout is None else max(0.0, end - time.monotonic()))
            if self._is_current():
                return
            if time.monotonic() > end:
                raise TimeoutError(f"the pictures were not drawn after {timeout:g} s")
            time.sleep(0.005)

    def close(self) -> None:
        """Stop what runs, and take the widget off the page."""
        self._leave()
        self._tell.stop()
        if self.stage is not None:
            self.stage.close()
        self.session.close()
        close_all(self._status.widget)  # it is on the page only when there are pictures
        close_all(self.widget)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)

    def _opened(self) -> Stage:
        if self.stage is None:
            error = self.session.state("load").error
            raise UsageError("no scan is open" + (f": {_said(error)}" if error is not None else ""))
        return self.stage

    def _take(self, scan: Scan4D) -> None:
        """Show this scan: another one, or the same with other calibrations."""
        with self._lock:
            before, self._head.value = self.stage, _described(scan)
            if before is not None and before.shape == scan.shape:
                before.recalibrate(scan)
                return
            self.stage = Stage(self.session, scan)
            self._arrange()
            if before is not None:
                before.close()
            for step in set(self.stage.seen.values()):  # what came before there was a stage to show it
                self.stage.draw(step)

    def _is_current(self) -> bool:
        """Whether all that the session has is to be seen."""
        shown = self.session.state("load").shown
        with self._lock:
            return shown is not None and self.stage is not None and self.stage.is_current(shown.value)

    def _arrange(self) -> None:
        status, stage = ([], []) if self.stage is None else ([self._status.widget], [self.stage.widget])
        self._line.children = [self._head, *status]
        self.widget.children = [*self._styles, self._line, self._problem, self._offers, *stage, self._folds]

    def _hear(self, event: Event) -> None:
        self._tally.hear(event)
        stage = self.stage
        if isinstance(event, Changed):
            names = [name for name, _ in event.values]
            for name in names:
                if name in self.controls:
                    self.controls[name].refresh()
            if stage is not None and stage.kernel.name in names:
                stage.kernel.refresh()
        elif isinstance(event, Published) and event.name == "load":
            shown = self.session.state("load").shown
            if shown is not None:
                self._take(shown.value)
        elif isinstance(event, Published | StatusChanged) and stage is not None:
            stage.draw(event.name)
        self._tell()

    def _tell_status(self) -> None:
        steps = list(dict.fromkeys(self.stage.seen.values())) if self.stage is not None else []
        states = {step: self.session.state(step) for step in steps}
        self._status.show(states, self._tally)
        opening = self.session.state("load").error
        if opening is not self._offered:
            self._offer(opening)
        errors = [opening, *(state.error for state in states.values())]
        words = dict.fromkeys(_said(error) for error in errors if error is not None)
        self._problem.value = "".join(f"<div style='{ALARM}'>{escape(text)}</div>" for text in words)

    def _offer(self, error: GraphError | None) -> None:
        """Say what may be done about a file that cannot be opened."""
        self._offered = error
        values = self.session.values
        made = offers(values["scan"], values["load.dataset"]) if error is not None else {}
        take = self.session.set
        buttons = offer_buttons(made, lambda given: take({f"load.{name}": value for name, value in given.items()}))
        before, self._offers.children = self._offers.children, [buttons] if made else []
        for old in before:
            close_all(old)


@cache
def _css() -> str:
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def _own_style() -> HTML:
    return HTML(f"<style>{_css()}</style>", layout={"display": "none"})


def _described(scan: Scan4D) -> str:
    """What is known of a scan, from the file or from the page."""
    rows, columns, height, width = scan.shape
    known = scan.geometry
    facts = [
        f"<b>{escape(scan.title)}</b>",
        f"{rows} × {columns} patterns of {height} × {width} pixels, {escape(str(scan.dtype))}",
        quantity(known.energy, "eV") if known.energy else "",
        f"α = {quantity(known.semiangle, 'rad')}" if known.semiangle else "",
        f"step {_both(known.scan_step, 'Å', 'y', 'x')}" if known.scan_step else "",
        f"pixel {_both(known.detector_step, '1/Å', 'ky', 'kx')}" if known.detector_step else "",
    ]
    return " · ".join(filter(None, facts))


def _both(lengths: tuple[float, float], unit: str, *axes: str) -> str:
    """Lengths along two axes, or the one that they have in common."""
    words = [quantity(length, unit) for length in lengths]
    if words[0] == words[1]:
        return words[0]
    return ", ".join(f"{length} along {axis}" for length, axis in zip(words, axes, strict=True))


def _said(error: GraphError) -> str:
    """What a person is to know: of wrong input just that, of a node that failed where it was, too."""
    if isinstance(error, StepError) and error.is_usage:
        return str(error.cause)
    return problem_of(error) if isinstance(error, UsageError) else str(error).partition("\n")[0]
