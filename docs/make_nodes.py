"""Write ``docs/nodes.md``: every node of this project, from its signature and docstring.

Run ``python docs/make_nodes.py`` after a node has changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from graph4d.declaration import Node
from graph4d.parameters import Parameter
from graph4d.registry import Registry

PAGE = Path(__file__).with_name("nodes.md")
PACKAGE = "graph4d"
HEAD = """\
# Nodes

All that come with this project. Written by `docs/make_nodes.py` from their signatures; `graph4d nodes NODE` tells the
same of any node that is installed.
"""


def page() -> str:
    """The whole page."""
    registry = Registry()
    # A stranger's nodes may be installed, too.
    ours = [name for name in registry.ids() if (package := registry.package(name)) and package.name == PACKAGE]
    nodes = [registry.get(name) for name in ours]
    parts = [HEAD, _table(("node", "what it does"), [(f"[`{n.id}`](#{_anchor(n)})", n.summary) for n in nodes])]
    for topic, members in groupby(nodes, lambda n: n.id.partition(".")[0]):
        parts.append(f"## {topic}")
        parts += map(_section, members)
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(n: Node[..., Any]) -> str:
    schema = n.schema
    parts = [f"### {n.id}", n.summary]
    if n.effects or not n.deterministic:
        parts.append(f"*{'' if n.deterministic else 'Not deterministic. '}{(n.effects or '').capitalize()} files.*")
    ports = [(f"`{p.name}`", _of(p.type) + ", optional" * p.optional, p.help) for p in schema.ports.values()]
    if ports:
        parts.append(_table(("in", "type", "meaning"), ports))
    parameters = [(f"`{p.name}`", _expected(p), _default(p), p.help) for p in schema.parameters.values()]
    if parameters:
        parts.append(_table(("with", "value", "default", "meaning"), parameters))
    parts.append(_table(("out", "type"), [(f"`{o.name}`", _of(o.type)) for o in schema.outputs.values()]))
    return "\n\n".join(parts)


def _anchor(n: Node[..., Any]) -> str:
    # As GitHub makes them from headings: dots vanish.
    return n.id.replace(".", "")


def _of(value_type: object) -> str:
    return f"`{value_type}`"


def _expected(p: Parameter) -> str:
    return p.expected + (", or none" if p.optional else "")


def _default(p: Parameter) -> str:
    return "required" if p.required else p.display(p.default) or '""'


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    # Docstrings mark code with two backticks, Markdown with one.
    return text.replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
