"""The recipe with the present values: to be read, copied, saved, or exported with its pictures."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from graph4d.errors import UsageError
from graph4d.widgets.text_button import TextButton

if TYPE_CHECKING:
    from graph4d.session.session import Session

__all__ = ["RecipePanel"]


class RecipePanel:
    """A panel that opens with a button.

    Attributes
    ----------
    toggle : ipywidgets.ToggleButton
    widget : ipywidgets.VBox
    """

    def __init__(self, session: Session, page: Callable[[], str]) -> None:
        self.session = session
        self.toggle = ipywidgets.ToggleButton(description="Recipe…", tooltip="the recipe with the present values")
        self.toggle.observe(self._opened, "value")
        self._text = ipywidgets.Textarea(disabled=True, rows=12).add_class("graph4d-yaml")
        own = session.graph.path
        self._path = ipywidgets.Text(value="" if own is None else str(own), placeholder="recipe.yml")
        save = ipywidgets.Button(description="Save", tooltip="write it into this file, keeping its comments")
        save.on_click(lambda _: self.save(self._path.value.strip()))
        self._words = ipywidgets.HTML()
        copy = TextButton("Copy", "copy the recipe", session.recipe)
        export = TextButton("Export HTML", "save the pictures as a page of their own", page, self._file)
        buttons = ipywidgets.HBox([copy, self._path, save, export, self._words]).add_class("graph4d-buttons")
        self.widget = ipywidgets.VBox([self._text, buttons], layout={"display": "none"}).add_class("graph4d-recipe")

    @property
    def text(self) -> str:
        """The recipe as it is shown."""
        return str(self._text.value)

    @property
    def words(self) -> str:
        """What became of saving, as HTML."""
        return str(self._words.value)

    def refresh(self) -> None:
        """Show the recipe as it is now, if it is seen."""
        if self.toggle.value:
            self._text.value = self.session.recipe()

    def save(self, path: str) -> None:
        """Write the recipe into a file, its own if the path is empty, and say what came of it."""
        try:
            saved = self.session.save(path or None)
        except (UsageError, OSError) as error:
            self._words.value = f'<span class="graph4d-wrong">{escape(str(error))}</span>'
        else:
            self._words.value = f"saved {escape(str(saved))}"

    def _file(self) -> str:
        """Name of an exported page."""
        words = re.sub(r"[^\w-]+", " ", self.session.graph.title or "dashboard").split()
        return f"{'_'.join(words)}.html"

    def _opened(self, change: Any) -> None:
        self.widget.layout.display = None if change["new"] else "none"
        self._words.value = ""
        self.refresh()
