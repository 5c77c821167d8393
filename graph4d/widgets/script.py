"""The script of a widget."""

from __future__ import annotations

from pathlib import Path

__all__ = ["script"]


def script(module: str) -> str:
    """The text of the ``.js`` file beside a module, whose path is given."""
    # anywidget would take the path as well, but then the class refers to all widgets that it ever had, for good.
    return Path(module).with_suffix(".js").read_text(encoding="utf-8")
