"""Icons of the toolbar, drawn like Bokeh's own."""

from __future__ import annotations

__all__ = ["icon"]

DRAWINGS = {
    "contrast": "<circle cx='12' cy='12' r='8.5'/><path d='M12 3.5a8.5 8.5 0 0 1 0 17z' fill='dimgray'/>",
    "spectrum": "".join(
        f"<circle cx='{x}' cy='{y}' r='{radius}' fill='dimgray' stroke='none'/>"
        for x, y, radius in [
            (12, 12, 2.6), (20, 12, 1.7), (16, 19, 1.7), (8, 19, 1.7), (4, 12, 1.7), (8, 5, 1.7), (16, 5, 1.7),
        ]
    ),
}  # fmt: skip
WORDS = {"png": "PNG", "svg": "SVG"}


def icon(name: str) -> str:
    """The address of an icon, itself inside: a drawing, or for a kind of file an arrow onto its name."""
    inner = DRAWINGS.get(name) or (
        "<path d='M12 1.5v8.5M8.5 6.5l3.500 3.500l3.500-3.500'/>"
        "<text x='12' y='21.500' text-anchor='middle' font-family='Arial' font-size='10' font-weight='bold' "
        f"fill='dimgray' stroke='none'>{WORDS[name]}</text>"
    )
    return (
        "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' "
        f"stroke='dimgray' stroke-width='2'>{inner}</svg>"
    )
