"""What a value is changed with: fields, sliders, choices and switches, without a word about sessions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import ipywidgets

from graph4d.parameters import Parameter
from graph4d.widgets.entry import Entry
from graph4d.widgets.slider import RangeSlider

__all__ = ["Choice", "Editor", "Field", "Fields", "Slider", "Switch"]

Edited = Callable[[Callable[[], Any], bool], None]
"""``edited(read, moving)``: the user did something; ``read`` gives the value, or raises a UsageError."""

NOT_SET = "not set"
LOG_STEPS = 200


class Editor(Protocol):
    """Shows a value, and tells when the user changes it."""

    widget: Any
    """An ipywidget."""
    unit: str
    """To be printed beside it."""

    def show(self, value: Any) -> None:
        """Show a value, in base units; this is not told as a change by the user."""


class Field:
    """Text: of a number with its unit, of a path, of anything that has no better editor.

    Parameters
    ----------
    entry : Entry
    edited : callable
    missing : str
        What an empty field says.
    """

    def __init__(self, entry: Entry, edited: Edited, missing: str = NOT_SET) -> None:
        self.entry, self.unit = entry, entry.unit
        self._edited = edited
        self._shown: str | None = None
        self.widget = ipywidgets.Text(placeholder=missing, continuous_update=False)
        if entry.parameter.kind in ("int", "float"):
            self.widget.add_class("graph4d-short")
        self.widget.observe(self._typed, "value")

    def show(self, value: Any) -> None:
        """Show a value."""
        self._shown = self.entry.text(value)
        self.widget.value = self._shown

    def _typed(self, change: Any) -> None:
        text = change["new"]
        if text != self._shown:
            self._shown = None  # to type the old text again takes back a wrong one
            self._edited(lambda: self.entry.read(text), False)


class Fields:
    """A list: two fields for a pair, otherwise one with commas between the items."""

    def __init__(self, parameter: Parameter, value: Any, edited: Edited, missing: str = NOT_SET) -> None:
        self.parameter = parameter
        self._edited = edited
        self._shown: list[str | None] = []
        sizes = [abs(item) for item in value or () if isinstance(item, int | float)]
        self.entries = [Entry.of(item, max(sizes, default=None)) for item in parameter.items]
        units = {entry.unit for entry in self.entries}
        self.unit = units.pop() if len(units) == 1 else ""
        count = 2 if parameter.length == 2 else 1
        self.fields = [ipywidgets.Text(placeholder=missing, continuous_update=False) for _ in range(count)]
        for place, field in enumerate(self.fields):
            field.observe(partial(self._typed, place), "value")
        self.widget = ipywidgets.HBox(self.fields)

    def show(self, value: Any) -> None:
        """Show a list."""
        items = [entry.text(item) for entry, item in zip(self._entries(len(value or ())), value or (), strict=False)]
        texts = (items or ["", ""]) if len(self.fields) == 2 else [", ".join(items)]
        self._shown = [*texts]
        for field, text in zip(self.fields, texts, strict=True):
            field.value = text

    def read(self, texts: Sequence[str]) -> Any:
        """The list that is meant; None if all fields are empty and it need not be set.

        Raises
        ------
        UsageError
            A text does not fit its place.
        """
        if self.parameter.optional and not any(text.strip() for text in texts):
            return None
        items = ",".join(texts).strip(" ,[]").split(",") if any(texts) else []
        entries = self._entries(len(items))
        if len(entries) != len(items):
            return self.parameter.coerce(items)  # says how many there should be
        return self.parameter.coerce([entry.read(item) for entry, item in zip(entries, items, strict=True)])

    def _entries(self, count: int) -> list[Entry]:
        return self.entries if self.parameter.length is not None else self.entries * count

    def _typed(self, place: int, change: Any) -> None:
        if change["new"] != self._shown[place]:
            self._shown[place] = None
            texts = [field.value for field in self.fields]
            self._edited(lambda: self.read(texts), False)


class Slider:
    """A slider with a field for the exact number.

    Parameters
    ----------
    entry : Entry
    edited : callable
    low, high : float
        In base units. A value beyond them makes the slider longer.
    step : float
        In base units.
    log : bool
    """

    def __init__(self, entry: Entry, edited: Edited, low: float, high: float, step: float, log: bool = False) -> None:
        self.entry, self.unit = entry, entry.unit
        self._edited = edited
        self._log = log and low > 0
        ends = self._place(low), self._place(high)
        size = (ends[1] - ends[0]) / LOG_STEPS if self._log else step * entry.factor
        self.slider = RangeSlider(*ends, size, entry.parameter.name)
        self.slider.on_move(self._moved)
        self.field = Field(entry, edited)
        self.widget = ipywidgets.HBox([self.slider, self.field.widget])

    def show(self, value: Any) -> None:
        """Show a number; None leaves the slider where it is."""
        self.field.show(value)
        if value is not None and not (self._log and value <= 0):
            self.slider.show(self._place(value))

    def _place(self, value: float) -> float:
        return math.log10(value * self.entry.factor) if self._log else value * self.entry.factor

    def _moved(self, position: float, moving: bool) -> None:
        self._edited(lambda: self._read(position), moving)

    def _read(self, position: float) -> Any:
        parameter = self.entry.parameter
        number = self.entry.base(float(f"{10**position:.4g}") if self._log else position)
        if parameter.kind != "int":
            return parameter.coerce(number)
        nearest = round(number)
        return parameter.coerce(nearest + 1 if parameter.odd and nearest % 2 == 0 else nearest)


class Choice:
    """One of several; also of yes and no, where not to say is a third."""

    unit = ""

    def __init__(self, parameter: Parameter, edited: Edited) -> None:
        self._edited = edited
        known = {"yes": True, "no": False} if parameter.kind == "bool" else {str(c): c for c in parameter.choices}
        self._values: dict[str, Any] = {NOT_SET: None, **known} if parameter.optional else known
        self._shown: str | None = None
        self.widget = ipywidgets.Dropdown(options=list(self._values), value=None)
        self.widget.observe(self._chosen, "value")

    def show(self, value: Any) -> None:
        """Show a choice."""
        self._shown = next((text for text, known in self._values.items() if known == value), None)
        self.widget.value = self._shown

    def _chosen(self, change: Any) -> None:
        text = change["new"]
        if text != self._shown:
            self._shown = text
            self._edited(lambda: self._values[text], False)


class Switch:
    """Yes or no."""

    unit = ""

    def __init__(self, edited: Edited) -> None:
        self._edited = edited
        self._shown: bool | None = None
        self.widget = ipywidgets.Checkbox(indent=False)
        self.widget.observe(self._switched, "value")

    def show(self, value: Any) -> None:
        """Show yes or no."""
        self._shown = bool(value)
        self.widget.value = self._shown

    def _switched(self, change: Any) -> None:
        if change["new"] != self._shown:
            self._shown = change["new"]
            self._edited(lambda: change["new"], False)
