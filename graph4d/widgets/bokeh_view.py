"""A Bokeh layout as a Jupyter widget: changes in Python show in every display, changes by the user show in Python.

Every display of the widget, on whatever page, keeps a copy of the Bokeh document here and asks for it as it is now.
From then on both sides tell each other which attributes of which models have changed, with at most one message under
way in either direction: what changes meanwhile is only noted, and sent with its newest value when the other side has
done with the last message. So a browser that is slower than the kernel shows fewer pictures, the last one among them,
instead of falling behind.

Messages of a display: ``scripts`` (send these parts of BokehJS: the page lacks them), ``hello`` (send the document),
``seen`` (the message of this number is on the screen), ``changes`` (the user made them), ``bye``. Messages to it:
``scripts``, ``document`` and ``frame`` (numbered from 0), ``done`` (with the changes), ``export``.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import anywidget
import bokeh
import traitlets
from bokeh.core.json_encoder import serialize_json
from bokeh.core.serialization import Buffer, Serialized, Serializer
from bokeh.document import Document
from bokeh.document.events import (
    ColumnDataChangedEvent,
    ColumnsPatchedEvent,
    ColumnsStreamedEvent,
    DocumentChangedEvent,
    ModelChangedEvent,
)
from bokeh.models import ColumnDataSource, Model, UIElement

from graph4d.errors import UsageError
from graph4d.widgets.script import script

__all__ = ["BokehView"]

logger = logging.getLogger(__name__)

ATTRIBUTE_CHANGES = (ModelChangedEvent, ColumnDataChangedEvent, ColumnsPatchedEvent, ColumnsStreamedEvent)
SCRIPTS = Path(bokeh.__file__).parent / "server" / "static" / "js"
PATIENCE = 0.25
"""How long to wait at first for a display to have seen a message before the next is sent [s]."""

Attribute = tuple[str, str]
"""Id of a model, name of its attribute."""


@dataclass(eq=False)
class _Display:
    """What one display knows, and what it is still to be told."""

    known: set[str]
    """Ids of the models it has; others are sent whole where they are first referred to."""
    pending: dict[Attribute, None] = field(default_factory=dict)
    unseen: dict[int, frozenset[Attribute]] = field(default_factory=lambda: {0: frozenset()})
    """Messages under way, by their numbers, and what they change."""
    applied: int = 0
    sent: int = 0
    sent_at: float = field(default_factory=time.monotonic)
    patience: float = PATIENCE

    def crosses(self, attribute: Attribute) -> bool:
        """Whether a message under way will put another value in the place of one that the user just set."""
        return any(attribute in changed for number, changed in self.unseen.items() if number > self.applied)

    def ready(self) -> bool:
        """Whether to send the next message.

        A kernel that is busy with a cell may hear nothing from its displays until the cell ends. What the cell shows is
        sent all the same, ever more rarely, so that little piles up where the display is slow indeed.
        """
        return not self.unseen or time.monotonic() - self.sent_at > self.patience

    def send(self) -> int:
        """Count a message with all that is pending."""
        if self.unseen:
            self.patience *= 2
        self.sent += 1
        self.sent_at = time.monotonic()
        self.unseen[self.sent] = frozenset(self.pending)
        self.pending.clear()
        return self.sent

    def saw(self, number: int) -> None:
        """All messages up to this number are on the screen."""
        self.applied = max(self.applied, number)
        self.unseen = {sent: changed for sent, changed in self.unseen.items() if sent > number}
        if not self.unseen:
            self.patience = PATIENCE


class BokehView(anywidget.AnyWidget):
    """A Bokeh layout in a notebook or on a served page.

    Its models may be changed from any thread. Changes that belong together, and changes that add or take away models
    while other threads change models, too, are made within :meth:`hold`. Callbacks of changes made by the user
    (``on_change``, ``on_event``) run once each, in the thread in which the kernel takes messages.

    BokehJS comes from the installed Bokeh, once per page. Nothing of it and of the figures is saved with a notebook.

    Parameters
    ----------
    layout : bokeh.models.UIElement
        Whole: not part of another layout.
    """

    _esm = script(__file__)
    _bokeh = traitlets.Unicode(bokeh.__version__).tag(sync=True)

    def __init__(self, layout: UIElement) -> None:
        super().__init__()
        self._listen_beside_cells()
        if layout.document is None:
            Document().add_root(layout)
        if layout.document.roots != [layout]:
            raise ValueError(f"{layout} is part of another layout; give the whole layout or a figure of its own")
        self._document = layout.document
        self._displays: dict[str, _Display] = {}
        self._lock = threading.RLock()
        self._held = 0
        self._shown: Callable[[bool], None] = lambda _: None
        self._document.on_change(self._changed)
        self.on_msg(self._received)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Send all changes made within as one message, at the end; other threads wait with theirs.

        Do not wait within for another thread that changes models.
        """
        with self._lock:
            self._held += 1
            try:
                yield
            finally:
                self._held -= 1
                self._flush()

    def on_shown(self, callback: Callable[[bool], None]) -> None:
        """Call ``callback(shown)`` when it is displayed, and when its last display is taken off its page.

        A page that is closed or loaded anew does not say so: its displays count as if they were still there.
        """
        self._shown = callback

    def export(self, kind: Literal["png", "svg"], name: str = "figure") -> None:
        """Have the browser download the layout as it looks there.

        Parameters
        ----------
        kind : {"png", "svg"}
        name : str
            Of the file, without suffix.

        Raises
        ------
        UsageError
            It is displayed nowhere.
        """
        with self._lock:
            if not self._displays:
                raise UsageError("There is no picture to export: display the figure first.")
            self._post(list(self._displays)[-1], "export", type=kind, name=name)

    def close(self) -> None:
        """Take the widget off all pages."""
        with self._lock:
            if self._changed in self._document.callbacks.change_callbacks():
                self._document.remove_on_change(self._changed)
            self._displays.clear()
        super().close()

    def _changed(self, event: DocumentChangedEvent) -> None:
        """Bokeh tells of a change, in the thread that made it."""
        if not isinstance(event, ATTRIBUTE_CHANGES):
            return
        attribute = (event.model.id, event.attr)
        with self._lock:
            self._document.models.flush_synced()  # what Bokeh would keep for a client; each display has its own account
            present = {model.id for model in self._document.models}
            for display in self._displays.values():
                display.known &= present  # a model that comes back may have changed while it was away
                if event.setter is not display or display.crosses(attribute):
                    display.pending[attribute] = None
            self._flush()

    def _flush(self) -> None:
        for to, display in self._displays.items():
            if display.pending and not self._held and display.ready():
                models = {model.id: model for model in self._document.models if model.id in display.known}
                events = [self._event(models[model], name) for model, name in display.pending if model in models]
                serializer = Serializer(references=set(models.values()))
                content = Serialized({"events": serializer.encode(events)}, serializer.buffers)
                display.known = {model.id for model in self._document.models if serializer.has_ref(model)}
                self._post(to, "frame", content, number=display.send())

    def _event(self, model: Model, name: str) -> DocumentChangedEvent:
        """A change of an attribute to its present value."""
        if isinstance(model, ColumnDataSource) and name == "data":
            return ColumnDataChangedEvent(
                self._document, model, name
            )  # is not compared with the old data in the browser
        return ModelChangedEvent(self._document, model, name, model.lookup(name).get_value(model))

    def _post(self, to: str, kind: str, content: Serialized[Any] | None = None, **more: object) -> None:
        message: dict[str, object] = {"kind": kind, "to": to, **more}
        buffers: list[bytes] = []
        if content is not None:
            message |= {"content": serialize_json(content), "buffers": [buffer.id for buffer in content.buffers]}
            buffers = [buffer.to_bytes() for buffer in content.buffers]
        self._say(message, buffers)

    def _say(self, message: Mapping[str, object], buffers: Sequence[bytes]) -> None:
        self.send(message, buffers)
        self._listen_beside_cells()

    def _listen_beside_cells(self) -> None:
        # ipykernel 7 would have what a display says wait for the thread that spoke to it last, and so, as a rule, for
        # all cells, although JupyterLab asks for a thread of its own for the messages of widgets.
        if self.comm is not None:
            self.comm.__dict__.pop("_reply_subshell_id", None)

    def _received(self, _: BokehView, message: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
        display = message["from"]
        match message["kind"]:
            case "scripts":
                scripts = [(SCRIPTS / f"{part}.min.js").read_bytes() for part in message["parts"]]
                self._say({"kind": "scripts", "to": display, "parts": message["parts"]}, scripts)
            case "hello":
                with self._lock:
                    known = {model.id for model in self._document.models}
                    content = self._document.to_json()
                    self._displays[display] = _Display(known)
                    self._post(display, "document", content, number=0)
                self._shown(True)
            case "seen":
                with self._lock:
                    if display in self._displays:
                        self._displays[display].saw(message["number"])
                        self._flush()
            case "changes":
                self._apply(display, message, buffers)
            case "bye":
                with self._lock:
                    last = self._displays.pop(display, None) is not None and not self._displays
                if last:
                    self._shown(False)

    def _apply(self, name: str, message: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
        """Make the user's changes here; not under the lock, for callbacks may take their time."""
        with self._lock:
            display = self._displays.get(name)
            if display is None:
                return
            display.applied = max(display.applied, message["applied"])
        data = [Buffer(str(i), bytes(buffer)) for i, buffer in enumerate(buffers)]
        for event in json.loads(message["content"])["events"]:
            try:
                self._document.apply_json_patch(Serialized({"events": [event]}, data), setter=display)
            except Exception:  # a callback may raise anything; what else the user does is to be heard all the same
                logger.exception("A change made in the browser could not be followed")
        self._post(name, "done")
