"""What is worth keeping: the rules that all tiers of the store obey."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass

__all__ = ["Entry", "Pinnable", "loading_seconds", "victims", "worth_storing"]


@dataclass(frozen=True)
class Entry:
    """A stored value, as the budget sees it."""

    digest: str
    nbytes: int
    seconds: float
    """What it takes to compute it again."""
    used: float
    """When it was last asked for, on any clock that all entries share [s]."""

    @property
    def worth(self) -> float:
        """Seconds saved per byte kept."""
        return self.seconds / max(self.nbytes, 1)


def loading_seconds(nbytes: int) -> float:
    """What it takes to load a value of that size from a disk, about."""
    return 0.3e-3 + nbytes / 1e9


def worth_storing(seconds: float, nbytes: int) -> bool:
    """Whether a value that took ``seconds`` to compute loads faster than that."""
    return seconds > loading_seconds(nbytes)


def victims(entries: Iterable[Entry], nbytes: int, pinned: Container[str] = ()) -> list[str]:
    """Which values to give up.

    Parameters
    ----------
    entries : iterable of Entry
        All there are.
    nbytes : int
        How much is to be freed.
    pinned : container of str
        Digests that must stay.

    Returns
    -------
    list of str
        Digests, the least worth first: fewest seconds saved per byte, and of those that differ by less than a factor
        of two, the one that nobody has asked for the longest. Together they free ``nbytes`` if that can be done.
    """
    chosen: list[str] = []
    for entry in sorted(entries, key=_rank):
        if nbytes <= 0:
            break
        if entry.digest not in pinned:
            chosen.append(entry.digest)
            nbytes -= entry.nbytes
    return chosen


def _rank(entry: Entry) -> tuple[float, float, str]:
    magnitude = math.floor(math.log2(entry.worth)) if entry.worth > 0 else -math.inf
    return magnitude, entry.used, entry.digest


class Pinnable:
    """What a tier of the store must not evict from this process. Safe under threads."""

    def __init__(self) -> None:
        self._pins: Counter[str] = Counter()
        self._lock = threading.RLock()

    def pin(self, digests: Iterable[str]) -> None:
        """Never evict these from this process, until they are unpinned as often."""
        with self._lock:
            self._pins.update(digests)

    def unpin(self, digests: Iterable[str]) -> None:
        """Take back a :meth:`pin`."""
        with self._lock:
            self._pins.subtract(digests)
            self._pins = +self._pins
