"""A measurement beside what it is to be compared with, and the table of all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Options", "Row", "Target", "table"]

Figure = Literal["value", "times longer", "times faster"]
HEADER = ("what", "graph4d", "beside", "", "ratio", "target", "")


@dataclass(frozen=True)
class Options:
    """How to measure."""

    quick: bool = False
    """On small scans and a few times only: to see that it works, not how fast it is."""
    peers: bool = True
    """Beside other packages, too."""


@dataclass(frozen=True)
class Target:
    """What should be reached: at most so much, at most so many times longer, or at least so many times faster."""

    figure: Figure
    bound: float

    def __str__(self) -> str:
        return f"{'≥' if self.figure == 'times faster' else '≤'} {self.bound:g}"


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
    def ratio(self) -> float | None:
        """How many times longer this takes than the other, or, if that is the target, how many times faster it is."""
        if self.other is None:
            return None
        faster = self.target is not None and self.target.figure == "times faster"
        return self.other / self.ours if faster else self.ours / self.other

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        figure = self.ours if self.target.figure == "value" else self.ratio
        if figure is None:
            raise ValueError(f"{self.what}: a target in {self.target.figure} needs something to compare with")
        return figure >= self.target.bound if self.target.figure == "times faster" else figure <= self.target.bound

    def cells(self) -> tuple[str, ...]:
        """As text, for the columns of the table."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        other = "" if self.other is None else f"{self.other:.3g} {self.unit}"
        target = "" if self.target is None else str(self.target)
        if self.target is not None:
            target += f" {self.unit}" if self.target.figure == "value" else f" {self.target.figure}"
        met = {None: "", True: "met", False: "MISSED"}[self.met]
        return self.what, f"{self.ours:.3g} {self.unit}", other, self.versus, ratio, target, met


def table(rows: Iterable[Row]) -> str:
    """All rows in aligned columns."""
    lines = [HEADER, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
