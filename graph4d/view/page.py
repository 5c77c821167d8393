"""One HTML file that needs nothing else: style, scripts and figures are inside, and it may load nothing."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

__all__ = ["figure_cards", "figure_place", "page", "table"]

#: Forbids the page whatever is not in the file itself; BokehJS evaluates the callbacks of sliders.
POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:"


def page(title: str, body: str, components: Iterable[str]) -> str:
    """A whole HTML document.

    Parameters
    ----------
    title : str
        Plain text.
    body : str
        HTML.
    components : iterable of str
        Parts of BokehJS beyond its core that the figures need; none at all if there are no figures.
    """
    scripts = "".join(f"<script>{_bokeh(name)}</script>\n" for name in components)
    here = Path(__file__).parent
    files = ("report.css", "link.js", "report.js")
    style, link, draw = ((here / name).read_text(encoding="utf-8") for name in files)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n"
        f"{scripts}<script>\n{link}{draw}</script>\n</body>\n</html>\n"
    )


def figure_place(name: str, figure: str) -> tuple[str, list[str]]:
    """HTML in which a figure will be drawn, and the parts of BokehJS it needs.

    Parameters
    ----------
    name : str
        Unique in the page; an identifier.
    figure : str
        As :func:`graph4d.view.figure.figure_json` makes it, or an object of ``error`` alone, which is shown instead.
    """
    content = json.loads(figure)
    if "error" in content:
        return f'<p class="error">{escape(content["error"])}</p>', []
    data = figure.replace("<", "\\u003c")  # nothing in it can end the script
    html = f'<div id="{name}" class="figure"></div><script type="application/json" data-figure="{name}">{data}</script>'
    return html, ["bokeh", *content["components"]]


def figure_cards(figures: Iterable[str]) -> tuple[str, list[str]]:
    """HTML of figures side by side, and the parts of BokehJS they need; each as for :func:`figure_place`."""
    places = [figure_place(f"figure-{number}", figure) for number, figure in enumerate(figures)]
    cards = "".join(f'<article class="card">{html}</article>\n' for html, _ in places)
    return f'<div class="cards">{cards}</div>', list(dict.fromkeys(name for _, needed in places for name in needed))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], name: str = "") -> str:
    """A table of cells that are HTML already, in a box that scrolls where it is too wide."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll"><table class="{name}"><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'
    )


def _bokeh(component: str) -> str:
    """The source of a part of BokehJS, from the installed package, which is not imported."""
    package = importlib.util.find_spec("bokeh")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("bokeh is not installed: a report cannot be drawn without its scripts")
    source = Path(package.submodule_search_locations[0], "server", "static", "js", f"{component}.min.js")
    return source.read_text(encoding="utf-8").replace("</script", "<\\/script")
