"""Scripts that run in the figure itself, with Python or without it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from bokeh.models import CustomJS

__all__ = ["script", "script_text"]


def script(*names: str, **models: Any) -> CustomJS:
    """A callback made of files ``NAME.js`` of this package, one after the other, that knows ``models`` by name."""
    return CustomJS(args=models, code=script_text(*names))


@cache
def script_text(*names: str) -> str:
    """The text of files ``NAME.js`` of this package, one after the other, without indentation and comments' lines."""
    texts = (Path(__file__).with_name(f"{name}.js").read_text(encoding="utf-8") for name in names)
    lines = (line.strip() for text in texts for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))
