"""What a BokehView and its displays tell each other; the displays here are Bokeh documents in Python."""

import gc
import json
import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from bokeh.core.serialization import Buffer, Serialized
from bokeh.document import Document
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, Div, PlainText, Range1d
from bokeh.plotting import figure

from graph4d import UsageError
from graph4d.widgets import bokeh_view
from graph4d.widgets.bokeh_view import BokehView
from graph4d.widgets.slider import RangeSlider
from graph4d.widgets.text_button import TextButton


class FakeDisplay:
    """The browser's end: a copy of the document, kept by the messages, which are taken one at a time."""

    def __init__(self, view: BokehView, name: str = "display") -> None:
        self.view, self.name = view, name
        self.inbox: deque[tuple[dict[str, Any], list[bytes]]] = deque()
        self.numbers: list[int] = []
        self.document = Document()
        others = view.send
        view.send = lambda message, buffers=None: (self.heard(message, buffers), others(message, buffers))
        self.say("hello")

    def heard(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        if message["to"] == self.name:
            self.inbox.append((message, buffers))

    def say(self, kind: str, **more: object) -> None:
        self.view._received(self.view, {"kind": kind, "from": self.name, **more}, [])

    def take(self) -> dict[str, Any]:
        """The next message, applied but not acknowledged."""
        message, data = self.inbox.popleft()
        if message["kind"] in ("document", "frame"):
            buffers = [Buffer(name, bytes(each)) for name, each in zip(message["buffers"], data, strict=True)]
            content = Serialized(json.loads(message["content"]), buffers)
            if message["kind"] == "document":
                self.document = Document.from_json(content)
            else:
                self.document.apply_json_patch(content)
            self.numbers.append(message["number"])
        return message

    def see(self) -> None:
        """Take all messages, as they come."""
        while self.inbox:
            message = self.take()
            if "number" in message:
                self.say("seen", number=message["number"])

    def change(self, model: Any, **values: object) -> None:
        """What the user changes here."""
        if self.numbers:
            self.of(model).update(**values)
        events = [
            {"kind": "ModelChanged", "model": {"id": model.id}, "attr": name, "new": value}
            for name, value in values.items()
        ]
        content = json.dumps({"events": events})
        self.say("changes", content=content, applied=max(self.numbers, default=0))

    def of(self, model: Any) -> Any:
        """The copy of a model."""
        return self.document.models[model.id]


@pytest.fixture
def source() -> ColumnDataSource:
    return ColumnDataSource({"image": [np.zeros((8, 8), np.float32)]})


@pytest.fixture
def view(source: ColumnDataSource) -> BokehView:
    plot = figure(x_range=Range1d(0, 8), y_range=Range1d(0, 8), name="plot")
    plot.image("image", x=0, y=0, dw=8, dh=8, source=source)
    return BokehView(column(plot, Div(text="beside")))


def plot_of(view: BokehView) -> Any:
    return view._document.get_model_by_name("plot")


def picture(value: float) -> dict[str, Any]:
    return {"image": [np.full((8, 8), value, np.float32)]}


def shown(display: FakeDisplay, source: ColumnDataSource) -> float:
    return float(display.of(source).data["image"][0][0, 0])


def test_a_new_display_gets_the_document_as_it_is_now(view: BokehView, source: ColumnDataSource) -> None:
    source.data = picture(3)
    first = FakeDisplay(view)
    first.see()
    assert shown(first, source) == 3
    source.data = picture(4)
    second = FakeDisplay(view, "second")
    first.see(), second.see()
    assert shown(first, source) == shown(second, source) == 4


def test_pixels_travel_as_bytes(view: BokehView, source: ColumnDataSource) -> None:
    display = FakeDisplay(view)
    display.see()
    source.data = picture(7)
    [(message, buffers)] = display.inbox
    assert bytes(buffers[0]) == np.full((8, 8), 7, np.float32).tobytes()
    assert len(message["content"]) < 500


def test_while_a_message_is_under_way_only_the_newest_value_is_kept(view: BokehView, source: ColumnDataSource) -> None:
    display = FakeDisplay(view)
    display.see()
    for value in range(1, 10):
        source.data = picture(value)
    assert len(display.inbox) == 1
    message = display.take()
    assert shown(display, source) == 1
    display.say("seen", number=message["number"])
    display.see()
    assert shown(display, source) == 9
    assert display.numbers == [0, 1, 2]


def test_changes_within_hold_are_one_message(view: BokehView, source: ColumnDataSource) -> None:
    display = FakeDisplay(view)
    display.see()
    with view.hold():
        source.data = picture(1)
        with view.hold():
            plot_of(view).x_range.start = 2
        assert not display.inbox
    assert len(display.inbox) == 1
    display.see()
    assert (shown(display, source), display.of(plot_of(view).x_range).start) == (1, 2)


def test_what_failed_within_hold_has_sent_what_was_changed(view: BokehView, source: ColumnDataSource) -> None:
    display = FakeDisplay(view)
    with suppress(RuntimeError), view.hold():
        source.data = picture(1)
        raise RuntimeError
    display.see()
    assert shown(display, source) == 1


def test_a_user_is_heard_once_and_by_all_other_displays(view: BokehView) -> None:
    mine, other = FakeDisplay(view, "mine"), FakeDisplay(view, "other")
    mine.see(), other.see()
    heard = []
    span = plot_of(view).x_range
    span.on_change("start", lambda attr, old, new: heard.append(new))
    mine.change(span, start=5)
    assert heard == [5]
    assert [message["kind"] for message, _ in mine.inbox] == ["done"]
    other.see()
    assert other.of(span).start == 5


def test_a_callback_may_correct_the_user(view: BokehView) -> None:
    display = FakeDisplay(view)
    display.see()
    span = plot_of(view).x_range
    span.on_change("start", lambda attr, old, new: span.update(start=min(new, 2)))
    display.change(span, start=5)
    display.see()
    assert span.start == display.of(span).start == 2


def test_python_and_the_user_agree_after_changing_the_same_at_once(view: BokehView) -> None:
    display = FakeDisplay(view)
    display.see()
    span = plot_of(view).x_range
    span.start = 1  # is under way …
    display.change(span, start=5)  # … when the user, who has not seen it, sets another value
    display.see()
    assert span.start == display.of(span).start == 5


def test_what_the_user_sets_after_seeing_a_message_is_not_sent_back(view: BokehView) -> None:
    display = FakeDisplay(view)
    display.see()
    span = plot_of(view).x_range
    span.start = 1
    message = display.take()
    display.change(span, start=5)
    display.say("seen", number=message["number"])
    assert [message["kind"] for message, _ in display.inbox] == ["done"]


def test_a_failing_callback_is_logged_and_the_rest_goes_on(view: BokehView, caplog: pytest.LogCaptureFixture) -> None:
    def fail(attr: str, old: object, new: object) -> None:
        raise RuntimeError("this callback fails")

    display = FakeDisplay(view)
    span = plot_of(view).x_range
    span.on_change("start", fail)
    with caplog.at_level(logging.ERROR):
        display.change(span, start=3, end=4)
    assert "this callback fails" in caplog.text
    assert span.end == 4
    assert display.inbox[-1][0]["kind"] == "done"


def test_models_are_sent_whole_the_first_time_and_again_when_they_return(view: BokehView) -> None:
    display = FakeDisplay(view)
    display.see()
    box, layout = Div(text="first"), view._document.roots[0]
    with view.hold():
        layout.children = [*layout.children, box]
        box.text = "second"
    display.see()
    assert display.of(box).text == "second"
    with view.hold():
        layout.children = layout.children[:-1]
        box.text = "changed while away"
        layout.children = [*layout.children, box]
    assert "changed while away" in display.inbox[-1][0]["content"]


def test_replaced_models_are_let_go(view: BokehView) -> None:
    display = FakeDisplay(view)
    for i in range(50):
        plot_of(view).title.text = PlainText(text=f"picture {i}")
        display.see()
    models = view._document.models
    assert len(view._displays["display"].known) == len(models)
    assert not models._new_models


def test_a_busy_kernel_that_hears_nothing_sends_ever_more_rarely(
    view: BokehView, source: ColumnDataSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(bokeh_view.time, "monotonic", lambda: now[0])
    display = FakeDisplay(view)
    display.see()
    for i in range(1000):
        now[0] = i * 0.01
        source.data = picture(i)
    waiting = len(display.inbox)
    assert 3 <= waiting <= 8
    display.see()
    assert shown(display, source) == 999
    source.data = picture(1)
    assert len(display.inbox) == 1


def test_two_threads_a_user_and_new_displays_end_with_equal_documents(
    view: BokehView, source: ColumnDataSource
) -> None:
    displays = [FakeDisplay(view, "first")]
    ending, failed = threading.Event(), []

    def hammer(work: Any) -> None:
        try:
            while not ending.is_set():
                work()
        except BaseException as error:  # shown in the main thread
            failed.append(error)

    numbers = iter(range(10**9))
    title = plot_of(view).title

    def paint() -> None:
        with view.hold():
            source.data = picture(next(numbers))
            title.text = PlainText(text=f"picture {next(numbers)}")

    def browsers() -> None:
        for display in list(displays):
            display.see()
        displays[0].change(span, start=next(numbers))

    span = plot_of(view).x_range
    threads = [threading.Thread(target=hammer, args=[work]) for work in (paint, paint, browsers)]
    for thread in threads:
        thread.start()
    for i in range(5):
        time.sleep(0.1)
        displays.append(FakeDisplay(view, f"display {i}"))
    ending.set()
    for thread in threads:
        thread.join()
    assert not failed
    for display in displays:
        display.see()
        assert shown(display, source) == source.data["image"][0][0, 0]
        assert display.of(title).text.text == title.text.text
        assert display.of(span).start == span.start
        assert display.numbers == list(range(len(display.numbers)))


def test_a_part_of_a_layout_is_refused(view: BokehView) -> None:
    with pytest.raises(ValueError, match="part of another layout"):
        BokehView(plot_of(view))


def test_nothing_can_be_exported_that_is_not_displayed(view: BokehView) -> None:
    with pytest.raises(UsageError, match="display the figure first"):
        view.export("png")
    display = FakeDisplay(view)
    display.see()
    view.export("svg", "mine")
    assert display.inbox[-1][0] == {"kind": "export", "to": "display", "type": "svg", "name": "mine"}


def test_a_display_that_said_farewell_is_told_nothing_more(view: BokehView, source: ColumnDataSource) -> None:
    display = FakeDisplay(view)
    display.see()
    display.say("bye")
    source.data = picture(1)
    display.change(source, name="ignored")
    assert not display.inbox


def test_a_view_knows_when_nobody_looks_at_it_any_more(view: BokehView) -> None:
    told: list[bool] = []
    view.on_shown(told.append)
    one, other = FakeDisplay(view, "one"), FakeDisplay(view, "other")
    for display in (one, other):
        display.see()
    one.say("bye")
    assert told == [True, True]
    other.say("bye")
    other.say("bye")
    assert told == [True, True, False]


def test_a_closed_view_leaves_its_models_alone(view: BokehView, source: ColumnDataSource) -> None:
    display = FakeDisplay(view)
    display.see()
    view.close()
    source.data = picture(1)
    assert not display.inbox
    view.close()


@pytest.mark.parametrize(
    "make",
    [lambda: BokehView(figure()), lambda: RangeSlider(0.0, 1.0, 0.1, "radius"), lambda: TextButton("Copy", "", str)],
    ids=["view", "slider", "button"],
)
def test_a_widget_that_is_closed_is_forgotten(make: Callable[[], Any]) -> None:
    widget = make()
    gone = weakref.ref(widget)
    widget.close()
    del widget
    gc.collect()
    assert gone() is None
