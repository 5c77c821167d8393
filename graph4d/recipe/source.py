"""Text to data, with the place of every key and value, and every trick of YAML refused.

A recipe uses the part of YAML that everybody reads alike: mappings with text as keys, lists, scalars. Anchors, aliases,
merges, tags, directives, several documents, and duplicate keys are errors: the last of them because one of the two
would be lost in silence, the others because a reader would have to expand them in mind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from graph4d.recipe.problem import Place, Problem
from graph4d.recipe.scalars import plain

__all__ = ["Document", "Trail", "parse", "read_text"]

Trail = tuple[str | int, ...]
"""The way to a value: keys and list positions from the top."""

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True)
class Document:
    """A recipe's data, and where each piece of it stands."""

    name: str
    text: str
    path: Path | None
    data: Any = None
    keys: dict[Trail, Place] = field(default_factory=dict)
    values: dict[Trail, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def key_place(self, *trail: str | int) -> Place | None:
        """Where a key stands; for an item of a list, or what is not there, that of the nearest thing around it."""
        return _nearest(self.keys, trail) or self.value_place(*trail)

    def value_place(self, *trail: str | int) -> Place | None:
        """Where a value stands."""
        return self.values.get(trail) or _nearest(self.keys, trail) or self.values.get(())

    def section(self, key: str) -> dict[str, Any]:
        """What stands under a key of the top level; nothing if it is not a mapping."""
        content = self.data.get(key) if isinstance(self.data, dict) else None
        return content if isinstance(content, dict) else {}

    @cached_property
    def lines(self) -> list[str]:
        """The text, line by line."""
        return _BREAK.split(self.text)

    def offset(self, place: Place) -> int:
        """Number of the character at which a place begins."""
        ends = [0, *(match.end() for match in _BREAK.finditer(self.text))]
        return ends[place.line - 1] + place.column - 1

    def place(self, start: Any, end: Any = None) -> Place:
        """The place between two marks of the YAML parser."""
        text = self.lines[start.line] if start.line < len(self.lines) else ""
        one_line = end is not None and end.line == start.line
        return Place(
            self.name, start.line + 1, start.column + 1, max(1, end.column - start.column) if one_line else 1, text
        )


def _nearest(places: dict[Trail, Place], trail: Trail) -> Place | None:
    while trail:
        if trail in places:
            return places[trail]
        trail = trail[:-1]
    return None


def read_text(path: Path, name: str) -> str | Problem:
    """The text of a recipe file, or why it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        return Problem("file", f"the recipe cannot be read: {reason}", source=name)
    except ValueError:
        return Problem("file", "the recipe cannot be read: this is no path", source=name)
    if len(content) > MAX_BYTES:
        return Problem("size", f"the recipe is larger than {MAX_BYTES >> 20} MiB", source=name)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        return Problem("syntax", "the recipe is not UTF-8 text", Place(name, line, column))


def parse(text: str, name: str, path: Path | None = None) -> Document:
    """Data and places of a text.

    Parameters
    ----------
    text : str
    name : str
        What to call it in messages.
    path : Path, optional
        The file it is from.

    Returns
    -------
    Document
        Its ``problems`` tell what had to be left out; after a syntax error there is no data at all.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.reader import ReaderError

    document = Document(name, text, path)
    if len(text.encode(errors="replace")) > MAX_BYTES:
        return _spoilt(document, Problem("size", f"the recipe is larger than {MAX_BYTES >> 20} MiB", source=name))
    try:
        data = _Builder(document).build(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = document.place(mark) if mark is not None else None
        message = ", ".join(part for part in (error.context, error.problem) if part)
        return _spoilt(document, Problem("syntax", _tidy(message), place, source=name))
    except ReaderError as error:
        return _spoilt(document, _bad_character(document, error))
    except (
        ValueError,
        OverflowError,
        AssertionError,
    ) as error:  # the parser lets escapes such as "\Uffffffff" fall through
        return _spoilt(document, Problem("syntax", f"this is not YAML: {_tidy(str(error))}", source=name))
    except _TooDeep as error:
        return _spoilt(document, error.args[0])
    return Document(name, text, path, data, document.keys, document.values, document.problems)


def _spoilt(document: Document, problem: Problem) -> Document:
    return Document(document.name, document.text, document.path, problems=[problem])


def _bad_character(document: Document, error: Any) -> Problem:
    """What the parser's reader says: the only error without a mark."""
    before = _BREAK.split(document.text[: error.position])
    # The line itself is not shown: it holds a character that must not reach a terminal.
    place = Place(document.name, len(before), len(before[-1]) + 1)
    return Problem("syntax", f"the character U+{error.character:04X} has no place in a recipe", place)


def _tidy(message: str) -> str:
    return " ".join(message.split())


class _TooDeep(Exception):
    pass


class _Discarded:
    """Stands in a trail for a key that is refused, so that what is below it is read but never found."""


@dataclass
class _Open:
    """A mapping or list whose end has not come yet."""

    content: dict[str, Any] | list[Any]
    trail: tuple[Any, ...]
    key: Any = None
    """Of a mapping: the key whose value comes next, or None if a key comes next."""


class _Builder:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.open: list[_Open] = []
        self.data: Any = None
        self.documents = 0

    def build(self, events: Iterator[Any]) -> Any:
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                self._start_document(event)
            elif self.documents > 1:
                break
            elif kind == "AliasEvent":
                self._problem(
                    "alias", f"`*{event.anchor}` is an alias: write the value out, or make it a parameter", event
                )
                self._add(None, event, is_text=False)
            elif kind == "ScalarEvent":
                self._refuse_decoration(event)
                is_plain = event.style is None
                self._add(plain(event.value) if is_plain else event.value, event)
            elif kind in ("MappingStartEvent", "SequenceStartEvent"):
                self._refuse_decoration(event)
                self._start({} if kind == "MappingStartEvent" else [], event)
            elif kind in ("MappingEndEvent", "SequenceEndEvent"):
                self._close(self.open.pop(), event)
        return self.data

    def _start_document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self._problem("document", "a second document begins here; a recipe is one", event)
        if event.version or event.tags:
            self._problem("directive", "directives (`%…`) have no place in a recipe: it is YAML 1.2", event)

    def _start(self, content: dict[str, Any] | list[Any], event: Any) -> None:
        if len(self.open) >= MAX_DEPTH:
            place = self.document.place(event.start_mark)
            raise _TooDeep(Problem("size", f"nested deeper than {MAX_DEPTH} levels", place))
        trail = self._add(content, event, is_text=False)
        self.open.append(_Open(content, trail))

    def _close(self, closed: _Open, event: Any) -> None:
        """A container in brackets covers all of its text, if that is on one line."""
        start, end = self.document.values.get(closed.trail), event.end_mark
        if start is not None and end.line + 1 == start.line and event.start_mark.index < end.index:
            self.document.values[closed.trail] = replace(start, width=end.column + 1 - start.column)

    def _add(self, value: Any, event: Any, is_text: bool = True) -> tuple[Any, ...]:
        """Put a value where it belongs, or take it for the next key; returns its trail."""
        place = self.document.place(event.start_mark, event.end_mark if is_text else None)
        if not self.open:
            self.data = value
            trail: tuple[Any, ...] = ()
        else:
            parent = self.open[-1]
            if isinstance(parent.content, list):
                trail = (*parent.trail, len(parent.content))
                parent.content.append(value)
            elif parent.key is None:
                parent.key = self._checked_key(parent, value, place, event)
                trail = (*parent.trail, parent.key)
                self.document.keys.setdefault(trail, place)
                return (*trail, _Discarded())
            else:
                trail = (*parent.trail, parent.key)
                if not isinstance(parent.key, _Discarded):
                    parent.content[parent.key] = value
                parent.key = None
        self.document.values[trail] = place
        return trail

    def _checked_key(self, parent: _Open, key: Any, place: Place, event: Any) -> Any:
        if key == "<<" and event.style is None:
            problem = Problem("merge", "`<<` merges mappings: write the keys out", place)
        elif isinstance(key, dict | list):
            problem = Problem("key", "a key must be text", place)
        elif not isinstance(key, str):
            shown = "null" if key is None else str(key).lower() if isinstance(key, bool) else str(key)
            problem = Problem("key", f"the key {shown} is not text", place, "quote it if it is meant as text")
        elif key in parent.content:
            first = self.document.keys[(*parent.trail, key)]
            problem = Problem("duplicate", f"the key `{key}` is here twice", place, f"first in line {first.line}")
        else:
            return key
        self.document.problems.append(problem)
        return _Discarded()

    def _refuse_decoration(self, event: Any) -> None:
        if event.anchor is not None:
            message = f"`&{event.anchor}` is an anchor: write the value out where it is needed, or make it a parameter"
            self._problem("anchor", message, event)
        tag = getattr(event, "tag", None)
        if tag is not None:
            shown = str(tag).replace("tag:yaml.org,2002:", "!!")
            self._problem("tag", f"the tag `{shown}` has no place in a recipe: remove it", event)

    def _problem(self, kind: str, message: str, event: Any) -> None:
        place = self.document.place(event.start_mark, event.end_mark)
        self.document.problems.append(Problem(kind, message, place))
