"""What somebody wants to see, at a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graph4d.recipe.graph import Graph, Ref

__all__ = ["Moment"]


@dataclass(frozen=True)
class Moment:
    """What is wanted at a moment.

    Parameters
    ----------
    graph : Graph
    revision : int
    since : float
        When it came to be wanted, by the monotonic clock [s].
    names : tuple of str
    applied : frozenset of str
        Those of the names for which steps run that do not without being asked.
    """

    graph: Graph
    revision: int
    since: float
    names: tuple[str, ...]
    applied: frozenset[str]

    def wanted(self, names: Iterable[str]) -> dict[str, Ref]:
        """The values behind names."""
        return {name: self.graph.find(name) for name in names}
