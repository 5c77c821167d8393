"""What a reduction has made of the items seen so far."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d.reduction import Accumulate, Over, PerPattern
from graph4d.run.room import room_for
from graph4d.run.sampling import Items, spread

__all__ = ["Filled", "Folded", "nothing_seen"]


class Filled:
    """Results of a :class:`PerPattern`, each written to its place; threads never write to the same one."""

    def __init__(self, reduction: PerPattern[Any, Any], positions: Sequence[int], every: int) -> None:
        self._reduction = reduction
        self.streams = reduction.streams
        self._positions, self._every = positions, every
        self._shape = (*positions, *reduction.shape)
        self._out: NDArray[Any] = np.empty(0)
        self._seen: NDArray[np.bool_] = np.empty(0, bool)

    def prepare(self) -> None:
        """Make room for the results."""
        count = prod(self._positions)
        self._out = room_for((count, *self._reduction.shape), self._reduction.dtype)
        self._seen = np.zeros(count, bool)

    def begin(self) -> None:
        """Items do not depend on each other, so a segment has no state."""

    def see(self, _state: None, block: NDArray[Any], items: Items) -> None:
        """Fill in the results of a block that holds these items."""
        along = [values[items] for values in self._reduction.along]
        out = self._out[items]  # a view of a stretch, a copy of single items
        self._reduction.kernel(block, out, *along, *self._reduction.arguments)
        if not isinstance(items, slice):
            self._out[items] = out
        self._seen[items] = True

    def merge(self, _segment: int, _state: None, _items: int) -> None:
        """There is nothing to merge."""

    def value(self) -> Any:
        """The node's value; empty where items have not been seen, unless it is a preview."""
        if self._every > 1:
            out = spread(self._out, self._positions, self._every)
        elif self._seen.all():
            out = self._out
        else:
            out = self._out.copy()
            out[~self._seen] = np.nan if out.dtype.kind in "fc" else 0
        return self._reduction.finish(out.reshape(self._shape))


class Folded:
    """State of an :class:`Accumulate`: that of all segments from the first up to the first one missing."""

    def __init__(self, reduction: Accumulate[Any, Any]) -> None:
        self._reduction = reduction
        self.streams = False
        self._state = reduction.init()
        self._items = 0
        self._next = 0
        self._waiting: dict[int, tuple[Any, int]] = {}

    def prepare(self) -> None:
        """A state takes what room it takes."""

    def begin(self) -> Any:
        """State of a segment before its first item."""
        return self._reduction.init()

    def see(self, state: Any, block: NDArray[Any], _items: Items) -> Any:
        """State of the segment after a block."""
        return self._reduction.update(state, block)

    def merge(self, segment: int, state: Any, items: int) -> None:
        """Take the state of a whole segment, which waits until those before it are there. Not thread-safe."""
        self._waiting[segment] = state, items
        while self._next in self._waiting:
            state, items = self._waiting.pop(self._next)
            self._state = self._reduction.merge(self._state, state)
            self._items += items
            self._next += 1

    def value(self) -> Any:
        """The node's value for the items that have been merged."""
        return self._reduction.finish(self._state, self._items)


def nothing_seen(reduction: Over[Any, Any], positions: Sequence[int], every: int) -> Filled | Folded:
    """Where a reduction begins that will see the items at every n-th of these positions."""
    if isinstance(reduction, PerPattern):
        return Filled(reduction, positions, every)
    assert isinstance(reduction, Accumulate)
    return Folded(reduction)
