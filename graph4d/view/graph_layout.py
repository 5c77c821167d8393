"""Where the boxes and arrows of a graph go: layers from left to right, with few crossings and short arrows.

After K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system structures" (1981).
An arrow that spans several layers passes through a point in each; arrows from one box share these points.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Layout", "lay_out"]

Item = tuple[str, int]
"""A box, or the point where its arrows pass through a later layer: name and layer."""

PASSES = 12


@dataclass(frozen=True)
class Layout:
    """Places in units of layers along x, and of box heights along y.

    Parameters
    ----------
    boxes : mapping from name to (layer, y)
    arrows : mapping from (source, target) to list of (layer, y)
        The points an arrow goes through, its ends included.
    layers : int
        How many there are.
    height : float
        From 0 to below the lowest box.
    """

    boxes: Mapping[str, tuple[int, float]]
    arrows: Mapping[tuple[str, str], list[tuple[int, float]]]
    layers: int
    height: float


def lay_out(inputs: Mapping[str, Sequence[str]]) -> Layout:
    """Place a graph.

    Parameters
    ----------
    inputs : mapping from name to names
        For every box those it takes from, which stand before it.
    """
    layer = _layers(inputs)
    arrows = {(source, name): _path(source, name, layer) for name, sources in inputs.items() for source in sources}
    rows: list[list[Item]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name, number in layer.items():
        rows[number].append((name, number))
    links = {(one, other): None for path in arrows.values() for one, other in itertools.pairwise(path)}
    for point in dict.fromkeys(item for path in arrows.values() for item in path[1:-1]):
        rows[point[1]].append(point)
    before: dict[Item, list[Item]] = {item: [] for row in rows for item in row}
    after: dict[Item, list[Item]] = {item: [] for row in rows for item in row}
    for one, other in links:
        before[other].append(one)
        after[one].append(other)
    _reduce_crossings(rows, before, after)
    y = _heights(rows, before, after, layer)
    return Layout(
        {name: (number, y[name, number]) for name, number in layer.items()},
        {ends: [(item[1], y[item]) for item in path] for ends, path in arrows.items()},
        len(rows),
        max(y.values(), default=0.0) + 1.0,
    )


def _layers(inputs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """One more than the last of its inputs; a box without inputs stands just before the first that needs it."""
    layer: dict[str, int] = {}
    for name, sources in inputs.items():
        layer[name] = 1 + max((layer[source] for source in sources), default=-1)
    for name, sources in inputs.items():
        users = [layer[user] for user, taken in inputs.items() if name in taken]
        if not sources and users:
            layer[name] = min(users) - 1
    return layer


def _path(source: str, target: str, layer: Mapping[str, int]) -> list[Item]:
    return [*((source, number) for number in range(layer[source], layer[target])), (target, layer[target])]


def _reduce_crossings(
    rows: list[list[Item]], before: Mapping[Item, list[Item]], after: Mapping[Item, list[Item]]
) -> None:
    """Order every layer by the mean place of its neighbours, in turn those before and those after; keep the best."""
    best, fewest = [row[:] for row in rows], _crossings(rows, after)
    for number in range(PASSES):
        forward = number % 2 == 0
        neighbours = before if forward else after
        for row in rows if forward else reversed(rows):
            place = {item: index for other in rows for index, item in enumerate(other)}
            means = {item: _mean([place[n] for n in neighbours[item]], place[item]) for item in row}
            row.sort(key=means.__getitem__)
        if (count := _crossings(rows, after)) < fewest:
            best, fewest = [row[:] for row in rows], count
    rows[:] = best


def _crossings(rows: list[list[Item]], after: Mapping[Item, list[Item]]) -> int:
    total = 0
    for row, following in itertools.pairwise(rows):
        place = {item: index for index, item in enumerate(following)}
        ends = [sorted(place[other] for other in after[item]) for item in row]
        flat = [end for group in ends for end in group]
        total += sum(one > other for index, one in enumerate(flat) for other in flat[index + 1 :])
    return total


def _heights(
    rows: list[list[Item]],
    before: Mapping[Item, list[Item]],
    after: Mapping[Item, list[Item]],
    layer: Mapping[str, int],
) -> dict[Item, float]:
    """As near as possible to the neighbours' mean, in the given order and without touching."""
    y = {item: float(index) for row in rows for index, item in enumerate(row)}
    for number in range(PASSES):
        forward = number % 2 == 0
        neighbours = before if forward else after
        for row in rows if forward else reversed(rows):
            wished = [_mean([y[n] for n in neighbours[item]], y[item]) for item in row]
            is_box = [layer[name] == at for name, at in row]
            gaps = [0.5 + 0.25 * (one + other) for one, other in itertools.pairwise(is_box)]
            y.update(zip(row, spread(wished, gaps), strict=True))
    top = min(y.values(), default=0.0)
    return {item: place - top for item, place in y.items()}


def spread(wished: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """The places nearest to the wished ones, in the mean square, that keep their order and these gaps at least."""
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    # Without the gaps it is a fit by a rising line of steps: neighbours that are out of order share their mean.
    groups: list[tuple[float, int]] = []
    for wish, offset in zip(wished, offsets, strict=False):
        total, count = wish - offset, 1
        while groups and groups[-1][0] / groups[-1][1] > total / count:
            earlier, members = groups.pop()
            total, count = total + earlier, count + members
        groups.append((total, count))
    levels = [total / count for total, count in groups for _ in range(count)]
    return [level + offset for level, offset in zip(levels, offsets, strict=False)]


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise
