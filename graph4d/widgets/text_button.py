"""Buttons that hand a text to the browser: to the clipboard, or as a file to save."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import anywidget
import traitlets

from graph4d.widgets.script import script

__all__ = ["TextButton"]


class TextButton(anywidget.AnyWidget):
    """A button that copies a text, or saves it as a file where the browser is.

    Parameters
    ----------
    label, hint : str
    text : callable
        Gives the text when the button is pressed.
    file : callable, optional
        Gives the name of the file to save; without it the text is copied.
    """

    _esm = script(__file__)
    label = traitlets.Unicode().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)

    def __init__(self, label: str, hint: str, text: Callable[[], str], file: Callable[[], str] | None = None) -> None:
        super().__init__(label=label, hint=hint)
        self._text, self._file = text, file
        self.on_msg(self._pressed)

    def _pressed(self, _: TextButton, _message: Mapping[str, Any], _buffers: object) -> None:
        if self._file is None:
            self.send({"kind": "copy", "text": self._text()})
        else:
            self.send({"kind": "save", "name": self._file(), "text": self._text()})
