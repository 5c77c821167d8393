"""Figures as one HTML file, to be sent to somebody."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from graph4d.errors import UsageError
from graph4d.view.figure import layout_json
from graph4d.view.page import figure_cards, page

if TYPE_CHECKING:
    from graph4d.view.figure import Figure

__all__ = ["save_html"]


def save_html(figures: Iterable[Figure], path: str | Path, title: str = "graph4d") -> None:
    """Write figures, as they are now, into one HTML file that needs no network.

    They stay where they are shown: the file gets copies. In it, too, contrast can be changed and sliders be moved, and
    maps of one place are linked.

    Parameters
    ----------
    figures : iterable of Figure
    path : path-like
        Of the file; its folder is made if it is missing.
    title : str
        Of the page.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    text = page(title, *figure_cards(layout_json(figure.layout) for figure in figures))
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}; choose another place") from error
