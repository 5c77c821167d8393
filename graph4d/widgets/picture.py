"""The place of one value on a page: its figure, or what stands for it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from bokeh.layouts import column
from bokeh.models import Div, UIElement

from graph4d.session.state import State, Status
from graph4d.view.figure import Figure, figure_for
from graph4d.view.frame import FRAME
from graph4d.widgets.entry import placed

if TYPE_CHECKING:
    from graph4d.session.state import Shown

__all__ = ["Picture"]

RED = "var(--jp-error-color1, #c62828)"
GREY = "var(--jp-ui-font-color2, #616161)"


class Picture:
    """Shows the states of a watched value.

    Parameters
    ----------
    title : str
    drawn : callable
        Is told of each new figure before it is displayed.

    Attributes
    ----------
    layout : UIElement
        To be displayed.
    figure : Figure or None
    dimmed : bool
        Whether what is seen is not current.
    """

    def __init__(self, title: str, drawn: Callable[[Picture], None]) -> None:
        self.title = title
        self.figure: Figure | None = None
        self.shown: Shown | None = None
        self._drawn = drawn
        self._form: object = None
        self.dimmed = False
        self._words = Div(width=FRAME, visible=False, styles={"font-size": "13px", "overflow-wrap": "anywhere"})
        self._empty = Div(
            width=FRAME,
            height=FRAME,
            styles={"background": "rgba(128, 128, 128, 0.12)"},
            text=f"<b>{escape(title)}</b>",
        )
        self.layout: UIElement = column(self._empty, self._words, styles={"margin": "0 8px 8px 0"})

    def show(self, state: State, *, late: bool, waiting: bool) -> None:
        """Show what there is.

        Parameters
        ----------
        state : State
        late : bool
            What is shown is old, and has been so for a time that is noticed.
        waiting : bool
            An expensive step waits for a word.
        """
        problem = self._draw(state.shown) if state.shown is not None and state.shown is not self.shown else ""
        old = state.status in (Status.FAILED, Status.CANCELLED, Status.STALE)
        self._dim(self.figure is not None and (old or late or bool(problem)))
        self._say(problem or _words(state, waiting, self.figure is not None))

    @property
    def seen(self) -> UIElement | None:
        """The picture, with what stands below it if it is not current; None if there is neither."""
        if self.words:
            return self.layout
        return None if self.figure is None else self.figure.layout

    @property
    def words(self) -> str:
        """What stands below it, as HTML."""
        return str(self._words.text)

    def _draw(self, shown: Shown) -> str:
        """Draw a value; returns what went wrong."""
        form = tuple(getattr(shown.value, "dims", ())), hasattr(shown.value, "data_vars")
        try:
            if self.figure is None or form != self._form:
                self.figure = figure_for(shown.value, shown.type, self.title)
                self._drawn(self)
                self.layout.children = [self.figure.layout, self._words]
                self._form, self.dimmed = form, False
            self.figure.update(shown.value, shown.note)
        except Exception as error:  # one picture that cannot be drawn must not hide the others
            return f"This could not be drawn. {type(error).__name__}: {error}"
        self.shown = shown
        return ""

    def _dim(self, on: bool) -> None:
        if on is not self.dimmed and self.figure is not None:
            self.figure.dim(on)
            self.dimmed = on

    def _say(self, html: str) -> None:
        if self.words != html:
            self._words.update(text=html, visible=bool(html))


def _words(state: State, waiting: bool, drawn: bool) -> str:
    """What is to be said below a picture, as HTML."""
    if state.status is Status.FAILED:
        first, _, rest = str(state.error).partition("\n")
        place, what = placed(first)
        more = "\n".join(filter(None, (place, rest)))
        details = f"<details><summary>more</summary><pre style='white-space: pre-wrap'>{escape(more)}</pre></details>"
        return f"<span style='color: {RED}'>{escape(what)}</span>{details if more else ''}"
    words = {
        Status.CANCELLED: "cancelled",
        Status.STALE: "waits for Apply" if waiting else "not computed",
    }.get(state.status, "" if drawn else "computing …")
    return f"<span style='color: {GREY}'>{words}</span>" if words else ""
