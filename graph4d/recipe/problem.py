"""What is wrong with a recipe: each problem with its place, all of them in one error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graph4d.errors import UsageError

__all__ = ["Place", "Problem", "RecipeErrors"]

#: Longest piece of a source line that is shown.
SHOWN = 120


@dataclass(frozen=True)
class Place:
    """A stretch of a recipe's text.

    Parameters
    ----------
    source : str
        Path of the file as it was given, or ``<recipe>`` for text.
    line, column : int
        Counted from 1.
    width : int
        Characters it covers on that line.
    text : str
        The whole line.
    """

    source: str
    line: int
    column: int
    width: int = 1
    text: str = ""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Problem:
    """One thing wrong, or worth knowing.

    Parameters
    ----------
    kind : str
        In one word; ``note`` for what does not keep the recipe from running.
    message : str
        What was expected.
    place : Place, optional
        Where; None for what was given outside of the recipe.
    hint : str
        What was found there, and perhaps the remedy; shown beside the carets.
    source : str
        The recipe's name, for a problem without a place.
    """

    kind: str
    message: str
    place: Place | None = None
    hint: str = ""
    source: str = "<recipe>"

    @property
    def is_error(self) -> bool:
        """Whether the recipe cannot be run."""
        return self.kind != "note"

    def __str__(self) -> str:
        severity = f"error[{self.kind}]" if self.is_error else "note"
        where = str(self.place) if self.place else self.source
        lines = [f"{where}: {severity}: {self.message}"]
        if self.place is not None and self.place.text.strip():
            lines += _quoted(self.place, self.hint)
        elif self.hint:
            lines[0] += f" ({self.hint})"
        return "\n".join(map(_printable, lines))


class RecipeErrors(UsageError):
    """Everything that is wrong with a recipe, in the order of the text."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__("\n".join(map(str, self.problems)))


def in_order(problems: Iterable[Problem], first: str = "") -> list[Problem]:
    """Each problem once: those without a place, then the file ``first``, then others as they were met."""
    once = list(dict.fromkeys(problems))
    files = list(dict.fromkeys([first, *(p.place.source for p in once if p.place)]))
    return sorted(once, key=lambda p: (files.index(p.place.source), p.place.line, p.place.column) if p.place else (-1,))


def _quoted(place: Place, hint: str) -> list[str]:
    """The line, indented by four, and the carets below it."""
    text = place.text.rstrip()
    start = len(text) - len(text.lstrip())
    if place.column - 1 - start + place.width > SHOWN:
        start = max(start, place.column - 1 - SHOWN // 2)
    shown = text[start : start + SHOWN]
    width = max(1, min(place.width, len(shown) - (place.column - 1 - start)))
    carets = " " * (place.column - 1 - start) + "^" * width
    return ["    " + shown, "    " + f"{carets} {hint}".rstrip()]


def _printable(text: str) -> str:
    # A recipe may come from a stranger: what it holds must not steer the terminal.
    return "".join(c if c.isprintable() else " " for c in text)
