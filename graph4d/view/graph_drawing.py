"""The graph as SVG: a box for every step, coloured by what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from graph4d.view.graph_layout import Layout, lay_out

__all__ = ["Box", "graph_svg"]

WIDTH, HEIGHT = 164, 44
"""Of a box [px]."""
LAYER, ROW = 212, 62
"""From box to box along x and y [px]."""
MARGIN, LEGEND = 12, 34

#: Of the border and of the inside, by what became of a step.
COLOURS = {
    "computed": ("#2f6db5", "#e8f0fa"),
    "reused": ("#5f8f6b", "#edf5ee"),
    "not needed": ("#b6bfca", "#fafbfc"),
    "skipped": ("#b6bfca", "#fafbfc"),
    "cancelled": ("#c98a10", "#fdf5e4"),
    "failed": ("#c0392b", "#fceceb"),
}
UNTOUCHED = ("not needed", "skipped")
OTHER = ("#7b8794", "#f4f6f8")
FONT = "Helvetica, Arial, sans-serif"
ARROWHEAD = """<defs><marker id="arrowhead" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"
orient="auto"><path d="M0,0.8 L7,4 L0,7.2 z" fill="#8a97a6"/></marker></defs>"""


@dataclass(frozen=True)
class Box:
    """A step as it is drawn.

    Parameters
    ----------
    name : str
        Unique in the graph.
    node : str
        Second line: what the step is.
    status : str
        What became of it; ``computed``, ``reused``, ``cancelled`` and ``failed`` have a colour each, ``not needed`` and
        ``skipped`` a broken line.
    note : str
        Short text in the corner, such as the seconds it took.
    tooltip : str
        Shown under the cursor; lines are kept.
    inputs : sequence of str
        Names of the steps it takes from. Those that are not drawn are left out.
    """

    name: str
    node: str
    status: str
    note: str = ""
    tooltip: str = ""
    inputs: Sequence[str] = ()


def graph_svg(boxes: Sequence[Box]) -> str:
    """An SVG element of the graph, from left to right, with a legend.

    Parameters
    ----------
    boxes : sequence of Box
        A step stands after those it takes from.
    """
    known = {box.name for box in boxes}
    layout = lay_out({box.name: list(dict.fromkeys(i for i in box.inputs if i in known)) for box in boxes})
    counts = Counter(box.status for box in boxes)
    width = max(2 * MARGIN + (layout.layers - 1) * LAYER + WIDTH, 2 * MARGIN + 120 * len(counts))
    height = round(2 * MARGIN + LEGEND + (layout.height - 1) * ROW + HEIGHT)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    parts = [
        f'<svg class="graph" xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{FONT}">',
        ARROWHEAD,
        *_legend(counts),
        *(_arrow(source, target, points) for (source, target), points in layout.arrows.items()),
        *(_box(box, layout) for box in boxes),
        "</svg>",
    ]
    return "\n".join(parts)


def _legend(counts: Counter[str]) -> list[str]:
    order = [*COLOURS, *sorted(set(counts) - set(COLOURS))]
    items = []
    for place, status in enumerate(status for status in order if counts[status]):
        border, inside = COLOURS.get(status, OTHER)
        x = MARGIN + 120 * place
        items += [
            f'<rect x="{x}" y="{MARGIN}" width="16" height="12" rx="3" fill="{inside}" stroke="{border}"/>',
            _text(x + 23, MARGIN + 10, f"{counts[status]} {status}", 'font-size="12" fill="#3e4c59"'),
        ]
    return items


def _corner(place: tuple[int, float]) -> tuple[float, float]:
    layer, y = place
    return MARGIN + layer * LAYER, MARGIN + LEGEND + y * ROW


def _arrow(source: str, target: str, points: Sequence[tuple[int, float]]) -> str:
    corners = [_corner(point) for point in points]
    middle = HEIGHT / 2
    x, y = corners[0][0] + WIDTH, corners[0][1] + middle
    steps = [f"M{x:.1f},{y:.1f}"]
    for number, (left, top) in enumerate(corners[1:], start=1):
        bend = (left - x) / 2
        steps.append(f"C{x + bend:.1f},{y:.1f} {left - bend:.1f},{top + middle:.1f} {left:.1f},{top + middle:.1f}")
        x, y = left, top + middle
        if number < len(corners) - 1:  # a layer that the arrow passes by
            x += WIDTH
            steps.append(f"H{x:.1f}")
    name = escape(f"{source} → {target}")
    return (
        f'<path d="{" ".join(steps)}" fill="none" stroke="#8a97a6" stroke-width="1.4" marker-end="url(#arrowhead)">'
        f"<title>{name}</title></path>"
    )


def _box(box: Box, layout: Layout) -> str:
    x, y = _corner(layout.boxes[box.name])
    border, inside = COLOURS.get(box.status, OTHER)
    dashed = ' stroke-dasharray="4 3"' if box.status in UNTOUCHED else ""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{WIDTH}" height="{HEIGHT}" rx="6"'
    parts = [
        f'<g class="step"><title>{escape(box.tooltip or box.name)}</title>',
        f'<rect {place} fill="{inside}" stroke="{border}" stroke-width="1.4"{dashed}/>',
        _text(x + 10, y + 18, _shortened(box.name, 22 - len(box.note)), 'font-size="13" font-weight="600"'),
        _text(x + 10, y + 34, _shortened(box.node, 26), 'font-size="11" fill="#52606d"'),
        _text(x + WIDTH - 8, y + 17, box.note, 'font-size="10.5" fill="#52606d" text-anchor="end"'),
        "</g>",
    ]
    return "".join(parts)


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
