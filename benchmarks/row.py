"""A measurement beside what it is to be compared with, and the table of all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Options", "Row", "Target", "table"]

HEADER = ("what", "graph4d", "beside", "", "graph4d takes", "target", "")


@dataclass(frozen=True)
class Options:
    """How to measure."""

    quick: bool = False
    """On small scans and a few times only: to see that it works, not how fast it is."""
    peers: bool = True
    """Beside other packages, too."""


@dataclass(frozen=True)
class Target:
    """What a measurement should reach.

    Parameters
    ----------
    bound : float
    of : {"figure", "more", "less"}
        At most this figure, at most so many times more than what it is compared with, or at least so many times less.
    """

    bound: float
    of: Literal["figure", "more", "less"] = "figure"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    what : str
        Was measured.
    ours, unit
        The figure of this project.
    other : float, optional
        What it is compared with, in the same unit.
    versus : str
        What that is.
    target : Target, optional
        None for a figure that is only good to know.
    """

    what: str
    ours: float
    unit: str
    other: float | None = None
    versus: str = ""
    target: Target | None = None

    @property
    def ratio(self) -> float:
        """Our figure over the other."""
        if self.other is None:
            raise ValueError(f"{self.what} has nothing to be compared with; give `other`")
        return self.ours / self.other

    @property
    def missed(self) -> bool:
        """Whether there is a target that is not reached."""
        if self.target is None:
            return False
        if self.target.of == "less":
            return 1 / self.ratio < self.target.bound
        return (self.ours if self.target.of == "figure" else self.ratio) > self.target.bound

    def cells(self) -> tuple[str, ...]:
        """As text, for the columns of the table."""
        compared, wanted = ("", self.versus, ""), ("", "")
        if self.other is not None:
            times = f"{_rounded(self.ratio)}× more" if self.ratio > 1 else f"{_rounded(1 / self.ratio)}× less"
            compared = (f"{_rounded(self.other)} {self.unit}", self.versus, times)
        if self.target is not None:
            sign = "≥" if self.target.of == "less" else "≤"
            unit = f" {self.unit}" if self.target.of == "figure" else f"× {self.target.of}"
            wanted = (f"{sign} {self.target.bound:g}{unit}", "MISSED" if self.missed else "met")
        return (self.what, f"{_rounded(self.ours)} {self.unit}", *compared, *wanted)


def table(rows: Iterable[Row]) -> str:
    """All rows in aligned columns."""
    lines = [HEADER, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _rounded(figure: float) -> str:
    return f"{figure:.0f}" if abs(figure) >= 100 else f"{figure:.3g}"
