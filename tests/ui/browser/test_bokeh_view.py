"""A BokehView in a browser: pixels follow Python from any thread, Python follows the user, every display is current."""

import json
from collections.abc import Callable

from ui.browser.harness import Notebook, Screen

RED, BLUE, GREEN = (255, 0, 0, 255), (0, 0, 255, 255), (0, 128, 0, 255)

#: A picture of 16² pixels: 0 is red, 1 is blue, 2 is green. Every change of its ranges is written down.
FIGURE = """
import threading
import numpy as np
from bokeh.models import ColumnDataSource, LinearColorMapper, Range1d
from bokeh.plotting import figure
from graph4d.widgets.bokeh_view import BokehView

def picture(value):
    return {"image": [np.full((16, 16), value, np.float32)]}

def in_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

plot = figure(frame_width=300, frame_height=200, x_range=Range1d(0, 16), y_range=Range1d(0, 16), tools="pan")
source = ColumnDataSource(picture(0))
mapper = LinearColorMapper(palette=["red", "blue", "green"], low=-0.5, high=2.5)
plot.image("image", x=0, y=0, dw=16, dh=16, source=source, color_mapper=mapper)
heard = []
plot.x_range.on_change("start", lambda attr, old, new: heard.append(new))
view = BokehView(plot)
"""


def test_a_change_from_a_thread_shows_where_it_was_made(lab: Callable[..., Notebook]) -> None:
    notebook = lab(FIGURE, "view")
    notebook.wait_drawn()
    assert notebook.colour(3, 3) == RED
    notebook.execute(
        "values = picture(0); values['image'][0][8:, 8:] = 1; in_thread(lambda: setattr(source, 'data', values))"
    )
    notebook.wait_until(lambda: notebook.colour(12, 12) == BLUE, "the changed quarter")
    assert notebook.colour(3, 12) == notebook.colour(12, 3) == notebook.colour(3, 3) == RED


def test_what_the_user_drags_reaches_python_once_and_is_not_sent_back(lab: Callable[..., Notebook]) -> None:
    notebook = lab(FIGURE, "view")
    notebook.wait_drawn()
    notebook.execute(
        "sent = []; send = view.send\nview.send = lambda *message: (sent.append(message[0]), send(*message))"
    )
    notebook.drag((8, 8), (4, 8))
    notebook.wait_until(
        lambda: abs(float(notebook.execute("print(plot.x_range.start)")) - 4) < 0.1, "the range in Python"
    )
    heard = json.loads(notebook.execute("import json; print(json.dumps(heard))"))
    assert heard == sorted(set(heard)), "each step of the drag was heard once, in order"
    assert json.loads(notebook.execute("print(json.dumps(sorted({message['kind'] for message in sent})))")) == ["done"]


def test_a_second_display_shows_the_present_and_both_follow(lab: Callable[..., Notebook]) -> None:
    notebook = lab(FIGURE, "view", "source.data = picture(1)", "view")
    notebook.wait_drawn(2)
    notebook.wait_until(lambda: notebook.colour(3, 3, 0) == notebook.colour(3, 3, 1) == BLUE, "blue in both")
    notebook.execute("source.data = picture(2)")
    notebook.wait_until(lambda: notebook.colour(3, 3, 0) == notebook.colour(3, 3, 1) == GREEN, "green in both")
    notebook.drag((8, 8), (4, 8), figure=1)
    start = "(n) => window.figures()[n].model.x_range.start"
    notebook.wait_until(lambda: abs(notebook.page.evaluate(start, 0) - 4) < 0.1, "the drag in the other display")
    assert notebook.page.evaluate(start, 0) == notebook.page.evaluate(start, 1)


def test_many_fast_changes_end_with_the_last_picture(lab: Callable[..., Notebook]) -> None:
    notebook = lab(FIGURE, "view")
    notebook.wait_drawn()
    notebook.execute(
        """
        def paint(last):
            for i in range(200):
                with view.hold():
                    source.data = picture(i % 2)
                    plot.title.text = f"picture {i}"
            source.data = picture(last)
        for last in (1, 2):
            in_thread(lambda: paint(last))
        """
    )
    notebook.wait_until(lambda: notebook.colour(3, 3) == GREEN, "the last picture")
    assert notebook.page.evaluate("window.figures()[0].model.title.text") == "picture 199"


def test_pictures_are_shown_while_a_cell_runs(lab: Callable[..., Notebook]) -> None:
    notebook = lab(FIGURE, "view")
    notebook.wait_drawn()
    shown = notebook.execute(
        """
        seen = threading.Event()
        view.on_msg(lambda _, message, __: seen.set() if message["kind"] == "seen" else None)
        for i in range(5):
            seen.clear()
            source.data = picture(i % 3)
            print(seen.wait(10))
        """
    )
    assert shown.split() == ["True"] * 5


def test_displays_of_different_widths_come_to_rest(lab: Callable[..., Notebook]) -> None:
    notebook = lab(
        FIGURE.replace("frame_width=300", "sizing_mode='stretch_width'").replace(
            "tools=", "toolbar_location=None, tools="
        ),
        "import ipywidgets\nview.layout.width = '100%'\nipywidgets.HBox([view], layout={'width': '300px'})",
        "ipywidgets.HBox([view], layout={'width': '700px'})",
        "messages = []; view.on_msg(lambda _, message, __: messages.append(message['kind']))",
    )
    notebook.wait_drawn(2)
    assert notebook.picture(0).shape[1] < notebook.picture(1).shape[1]
    notebook.execute("source.data = picture(1)")
    notebook.wait_until(lambda: notebook.colour(3, 3, 0) == notebook.colour(3, 3, 1) == BLUE, "blue in both")
    assert notebook.execute("messages.clear(); import time; time.sleep(0.5); print(len(messages))") == "0"


def test_new_models_arrive_with_what_refers_to_them(lab: Callable[..., Notebook]) -> None:
    notebook = lab(FIGURE, "view")
    notebook.wait_drawn()
    notebook.execute(
        """
        from bokeh.models import BoxAnnotation
        box = BoxAnnotation(left=8, right=16, fill_color="blue", fill_alpha=1)
        with view.hold():
            plot.add_layout(box)
            box.left = 12
        """
    )
    notebook.wait_until(lambda: notebook.colour(14, 8) == BLUE, "the box")
    assert notebook.colour(10, 8) == RED
    notebook.execute("plot.center = [r for r in plot.center if r is not box]; box.left = 4; plot.add_layout(box)")
    notebook.wait_until(lambda: notebook.colour(10, 8) == BLUE, "the box that came back")


def test_bokehjs_comes_once_and_nothing_of_it_is_saved(lab: Callable[..., Notebook]) -> None:
    counting = "asked = []\nfor each in views: each.on_msg(lambda _, message, __: asked.append(message['kind']))"
    notebook = lab(
        FIGURE,
        f"from bokeh.models import Div\nviews = [view, BokehView(figure()), BokehView(Div(text='hello'))]\n{counting}",
        "import ipywidgets; ipywidgets.VBox(views)",
        fresh=True,
    )
    notebook.wait_drawn()
    assert notebook.execute("print(asked.count('scripts'))") == "1"
    assert len(json.dumps(notebook.content())) < 5000


def test_another_version_of_bokehjs_on_the_page_is_left_alone(lab: Callable[..., Notebook]) -> None:
    other = """
        from IPython.display import Javascript
        Javascript("window.Bokeh = {__bokeh__: true, version: '2.0'}")
        """
    notebook = lab(other, FIGURE, "view", fresh=True)
    ours = "() => Object.values(window.Bokeh).find((each) => each.documents?.length)"
    notebook.page.wait_for_function(ours)
    assert notebook.page.evaluate("window.Bokeh.version") == "2.0"
    notebook.page.evaluate(f"() => {{ const ours = ({ours})(); window.Bokeh = ours; ours[ours.version] = ours }}")
    notebook.wait_drawn()


def test_a_display_that_is_removed_is_forgotten(lab: Callable[..., Notebook]) -> None:
    notebook = lab(FIGURE, "view")
    notebook.wait_drawn()
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    notebook.wait_until(lambda: notebook.execute("print(len(view._displays))") == "0", "the farewell")
    assert notebook.page.evaluate("window.Bokeh.documents.length") == 0


def test_an_export_is_what_is_seen(lab: Callable[..., Notebook]) -> None:
    notebook = lab(FIGURE, "view")
    notebook.wait_drawn()
    with notebook.page.expect_download() as download:
        notebook.execute("view.export('svg', 'red square')")
    assert download.value.suggested_filename == "red square.svg"
    assert download.value.path().read_text().startswith("<svg")


def test_a_callback_that_fails_is_told_and_the_next_is_called(lab: Callable[..., Notebook]) -> None:
    notebook = lab(
        FIGURE,
        """
        import logging
        def fail(attr, old, new):
            raise RuntimeError("this callback fails")
        plot.x_range.on_change("end", fail)
        told = []
        handler = logging.Handler()
        handler.emit = told.append
        logging.getLogger("graph4d").addHandler(handler)
        """,
        "view",
    )
    notebook.wait_drawn()
    for _ in range(2):
        notebook.drag((8, 8), (10, 8))
    start = "print(plot.x_range.start)"
    notebook.wait_until(lambda: abs(float(notebook.execute(start)) + 4) < 0.2, "the second drag in Python")
    assert "this callback fails" in notebook.execute("print(told[0].exc_info[1])")


def test_the_served_page_shows_it_and_follows(served: Callable[..., Screen]) -> None:
    screen = served(
        FIGURE, "plot.x_range.on_change('end', lambda attr, old, new: setattr(source, 'data', picture(1)))", "view"
    )
    screen.wait_drawn()
    assert screen.colour(3, 3) == RED
    screen.drag((8, 8), (4, 8))
    screen.wait_until(lambda: screen.colour(8, 8) == BLUE, "what the callback painted")
