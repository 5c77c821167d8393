"""Order, cycles and reach of a graph given as ``{name: names it depends on}``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

__all__ = ["cycles", "in_order", "reach", "reversed_edges"]


def in_order(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """All names, each after those it needs.

    Raises
    ------
    graphlib.CycleError
        There is none.
    """
    return list(TopologicalSorter(needs).static_order())


def cycles(needs: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Cycles, each from a name along the edges of the flow back to that name; none shares its last edge with another.

    Not all cycles there are: taking the last edge out of each leaves a graph without any.
    """
    left = {name: set(sources) for name, sources in needs.items()}
    found: list[list[str]] = []
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            cycle = list(error.args[1])
            left[cycle[-1]].discard(cycle[-2])
            found.append(cycle)
        else:
            return found


def reach(start: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    """``start`` and all that can be reached from there."""
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(edges.get(name, ()))
    return seen


def reversed_edges(edges: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The same graph with every edge turned round."""
    turned: dict[str, list[str]] = {name: [] for name in edges}
    for name, others in edges.items():
        for other in others:
            turned.setdefault(other, []).append(name)
    return turned
