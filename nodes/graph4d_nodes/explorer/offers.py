"""What a file that cannot be opened yet may be told: which dataset, which rows and columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ipywidgets import Button, HBox, Layout

from graph4d import UsageError
from graph4d_nodes.io.formats.discover import choices, open_recording
from graph4d_nodes.io.formats.shapes import shape_text
from graph4d_nodes.io.open import arrangements

__all__ = ["offer_buttons", "offers"]


def offers(path: Path, dataset: str | None) -> dict[str, dict[str, Any]]:
    """Values of parameters of ``io.open`` with which the file may open, by what to call them; none if it opens so."""
    try:
        recording = open_recording(path, dataset)
    except UsageError:
        return _datasets(path)
    if recording.positions is not None:
        return {}
    shapes = arrangements(recording.frames.shape[0])
    return {f"{rows} × {columns}": {"scan_shape": (rows, columns)} for rows, columns in shapes}


def offer_buttons(made: Mapping[str, dict[str, Any]], take: Callable[[dict[str, Any]], object]) -> HBox:
    """A button for each offer; ``take`` is called with its values."""
    buttons = []
    for label, values in made.items():
        button = Button(description=label, layout=Layout(width="auto"))
        button.on_click(lambda _, values=values: take(values))
        buttons.append(button)
    return HBox(buttons, layout=Layout(flex_flow="row wrap"))


def _datasets(path: Path) -> dict[str, dict[str, Any]]:
    try:
        found = choices(path)
    except UsageError:  # there is nothing to choose from
        return {}
    return {f"{name} ({shape_text(shape)})": {"dataset": name} for name, shape in found.items()}
