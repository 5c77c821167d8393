"""``Dashboard``: the pictures of a recipe, and controls that they follow."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets
from bokeh.layouts import row

from graph4d.run.events import PassProgress, StepFinished, StepProgress, StepReused
from graph4d.session.events import Changed, Published, StatusChanged
from graph4d.session.session import Session
from graph4d.session.state import State
from graph4d.view.figure import layout_json
from graph4d.view.grid import Grid
from graph4d.view.link import link
from graph4d.view.page import figure_cards, page, table
from graph4d.widgets.attention import Attention
from graph4d.widgets.bokeh_view import BokehView
from graph4d.widgets.closing import close_all
from graph4d.widgets.controls import Controls, style
from graph4d.widgets.lateness import NOTICED, PENDING, Lateness
from graph4d.widgets.pacing import Paced
from graph4d.widgets.picture import Picture
from graph4d.widgets.recipe_panel import RecipePanel
from graph4d.widgets.shapes import Shape
from graph4d.widgets.status import StatusLine, Tally
from graph4d.widgets.wanted import wanted

if TYPE_CHECKING:
    from graph4d.recipe.graph import Graph
    from graph4d.run.events import Event
    from graph4d.store import Store

__all__ = ["Dashboard"]

BETWEEN_WORDS = 0.1
"""The status line changes no more often than this [s]."""
FEW = 4
"""So many controls stand above the pictures, more beside them."""


class Dashboard:
    """The pictures of a recipe's views with controls beside them; a notebook shows it as a widget.

    Parameters
    ----------
    recipe : Graph, str or Path
        As for :class:`Session`. Without ``views:`` its outputs are shown, and controls for its parameters.
    view : str, optional
        One of its views; by default all of them.
    store : Store, optional
        Where results are kept.
    parameters, **named
        Values to begin with; the mapping takes names such as ``ricom.low``.

    Attributes
    ----------
    session : Session
    widget : ipywidgets.VBox
        What is displayed.
    view : BokehView
        The pictures.
    pictures : dict from title to Picture
    shapes : dict from title to list of Shape
        Handles over each picture.
    controls, rest : Controls
        Those of the view, and of the recipe's other parameters.

    Raises
    ------
    UsageError
        Something is wrong with the recipe, the values or the name of the view.

    Examples
    --------
    >>> dashboard = Dashboard("recipes/quickstart.yml", kernel=21)  # doctest: +SKIP
    >>> dashboard  # doctest: +SKIP
    >>> dashboard.wait()  # doctest: +SKIP
    """

    def __init__(
        self,
        recipe: Graph | str | Path,
        *,
        view: str | None = None,
        store: Store | None = None,
        parameters: Mapping[str, object] | None = None,
        **named: object,
    ) -> None:
        self.session = Session(recipe, parameters={**(parameters or {}), **named}, store=store)
        asked = wanted(self.session, view)
        self._names, self._holds = asked.pictures, asked.holds
        self.shapes: dict[str, list[Shape]] = {title: [] for title in self._names}
        self.pictures = {title: Picture(title, self._drawn) for title in self._names}
        self._lateness = Lateness()
        self._lock = threading.RLock()
        self._tally = Tally()
        self.view = BokehView(row([p.layout for p in self.pictures.values()], styles={"flex-wrap": "wrap"}))
        self.controls = Controls(self.session, asked.controls)
        self.rest = Controls(
            self.session, {name: {} for name in self.session.graph.declared if name not in asked.controls}
        )
        self.recipe = RecipePanel(self.session, self.page)
        self.status = StatusLine(self.session, [self.recipe.toggle])
        self.widget = self._laid_out()
        self._say = Paced(self._show_status, BETWEEN_WORDS)
        self._look = Paced(self._show_late, NOTICED / 3)
        self._leave = self.session.subscribe(self._hear)
        self._attention = Attention(self.view, self.session.close, self._watch)
        self._watch()

    def wait(self, timeout: float | None = None) -> None:
        """Until all that is shown is exact for the present values: the last line of a notebook that is tested.

        Raises
        ------
        RunError, UsageError
            Something could not be computed.
        TimeoutError
            It took longer than ``timeout`` [s].
        """
        self._attention.go_on()
        self.session.wait(timeout)

    def page(self) -> str:
        """An HTML page of the pictures as they are now, with the values and the recipe, that needs no network."""
        with self.view.hold():
            shown = [picture.seen for picture in self.pictures.values()]
            layouts = [layout_json(layout) for layout in shown if layout is not None]
        cards, components = figure_cards(layouts)
        title, parameters, values = self.session.graph.title, self.session.parameters, self.session.values
        rows = [
            (escape(name), escape(parameters[name].display(values[name])))
            for name in (*self.controls.controls, *self.rest.controls)
            if name in values
        ]
        body = [f"<h1>{escape(title)}</h1>", cards, table(("parameter", "value"), rows)]
        recipe = f"<details><summary>recipe</summary><pre>{escape(self.session.recipe())}</pre></details>"
        return page(title, "\n".join([*body, recipe]), components)

    def close(self) -> None:
        """Stop what runs, and take the widget off all pages."""
        self._leave()
        self._attention.stop()
        self._say.stop()
        self._look.stop()
        self.session.close()
        close_all(self.widget)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)

    def _watch(self) -> None:
        self.session.watch(*self._names.values())

    def _laid_out(self) -> Any:
        sections: list[Any] = [self.controls.widget] if self.controls.controls else []
        if self.rest.controls:
            folded = ipywidgets.Accordion([self.rest.widget], titles=["more parameters"])
            sections.append(folded.add_class("graph4d-folded"))
        pictures = ipywidgets.Box([self.view]).add_class("graph4d-pictures")
        body = ipywidgets.HBox(
            [ipywidgets.VBox(sections).add_class("graph4d-side"), pictures] if sections else [pictures]
        )
        if len(self.controls.controls) <= FEW:
            body.add_class("graph4d-few")
        title = ipywidgets.HTML(escape(self.session.graph.title)).add_class("graph4d-title")
        children = [style(), title, self.status.widget, self.recipe.widget, body.add_class("graph4d-body")]
        return ipywidgets.VBox(children).add_class("graph4d-dashboard")

    def _hear(self, event: Event) -> None:
        """Events of the session come in order, one at a time, from whatever thread."""
        self._tally.hear(event)
        if isinstance(event, Changed):
            names = [name for name, _ in event.values]
            self.controls.refresh(names)
            self.rest.refresh(names)
            self.recipe.refresh()
            with self.view.hold():
                for shape in (shape for shapes in self.shapes.values() for shape in shapes):
                    shape.refresh()
        elif isinstance(event, Published | StatusChanged):
            self._show(event.name)
        if isinstance(event, Published | StatusChanged | StepProgress | PassProgress | StepFinished | StepReused):
            self._say()

    def _show(self, name: str) -> None:
        """Show the state of a value wherever it is seen."""
        state = self.session.state(name)
        for title in (title for title, watched in self._names.items() if watched == name):
            with self._lock, self.view.hold():
                state = self.session.state(name)  # another thread may have shown a newer one meanwhile
                late = self._lateness.note(title, state.status)
                self.pictures[title].show(state, late=late, waiting=self.session.needs_apply)
                self._lay_shapes(title, state)
        if state.status in PENDING:
            self._look()

    def _show_late(self) -> None:
        """Show what is still pending; what is soon there need not flicker."""
        for name in dict.fromkeys(self._names.values()):
            if self.session.state(name).status in PENDING:
                self._show(name)
        self._say()

    def _show_status(self) -> None:
        states = {title: self.session.state(name) for title, name in self._names.items()}
        pending = [title for title, state in states.items() if state.status in PENDING]
        if not pending or any(self._lateness.note(title, states[title].status) for title in pending):
            self.status.show(states, self._tally)

    def _drawn(self, picture: Picture) -> None:
        """A picture has a new figure."""
        figure = picture.figure
        link(other.figure for other in self.pictures.values() if other.figure is not None)
        frame = getattr(figure, "frame", None)
        self.shapes[picture.title] = [
            Shape(self.session, hold, frame, self.controls.controls[hold.name].tell)
            for hold in self._holds
            if hold.on == picture.title and frame is not None
        ]

    def _lay_shapes(self, title: str, state: State) -> None:
        if self.shapes[title] and state.shown is not None:
            grid = Grid.of(state.shown.value)
            for shape in self.shapes[title]:
                shape.on(grid)
