"""What all figures have in common: they can be dimmed, and their titles say what was done to the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bokeh.models import UIElement

__all__ = ["Dimmable", "titled"]

DIMMED, CLEAR = {"opacity": "0.4"}, {"opacity": "1"}
"""BokehJS keeps the style that it is no longer told of, so full strength is said in words."""


def titled(title: str, *notes: str) -> str:
    """The title and whatever must be said of the data: ``bf · binned 2× · preview, every 4th position``."""
    return " · ".join(filter(None, (title, *notes)))


class Dimmable:
    """A figure whose whole layout fades while what it shows is not current."""

    layout: UIElement

    def dim(self, on: bool) -> None:
        """Show that the picture is older than the parameters, or that it is not."""
        self.layout.styles = {**self.layout.styles, **(DIMMED if on else CLEAR)}
