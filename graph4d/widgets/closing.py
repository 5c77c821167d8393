"""The end of widgets."""

from __future__ import annotations

from typing import Any

__all__ = ["close_all"]


def close_all(widget: Any) -> None:
    """Take a widget and all that it contains off all pages; ipywidgets keeps what is not closed for good."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    widget.close()
