"""The store in memory: values as they are, for as long as they fit."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from graph4d.store.budget import Entry, Pinnable, victims
from graph4d.store.codec import Encoded, own_attributes, read_only
from graph4d.store.memo import Memo

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = ["MemoryStore"]

#: A long session forgets the oldest memos beyond this number.
MANY_MEMOS = 100_000


class MemoryStore(Pinnable):
    """Values and memos of this process. Safe under threads.

    Parameters
    ----------
    budget : int
        What all values together may take [bytes].
    """

    def __init__(self, budget: int = 1 << 30) -> None:
        super().__init__()
        self.budget = budget
        self._memos: dict[str, Memo] = {}
        self._values: dict[str, DataArray | Dataset | str] = {}
        self._entries: dict[str, Entry] = {}
        self._total = 0

    @property
    def nbytes(self) -> int:
        """Size of all values [bytes]."""
        return self._total

    def memo(self, action: str) -> Memo | None:
        """What an action gave when it last ran, or None."""
        return self._memos.get(action)

    def remember(self, action: str, memo: Memo) -> None:
        """Note what an action gave."""
        with self._lock:
            self._memos[action] = memo
            if len(self._memos) > MANY_MEMOS:
                del self._memos[next(iter(self._memos))]

    def has(self, digest: str) -> bool:
        """Whether a value is there."""
        return digest in self._values

    def get(self, digest: str) -> DataArray | Dataset | str | None:
        """A value, with read-only arrays and attributes of its own, or None."""
        with self._lock:
            value = self._values.get(digest)
            if value is None:
                return None
            self._entries[digest] = replace(self._entries[digest], used=time.monotonic())
        return own_attributes(value)

    def put(self, digest: str, encoded: Encoded, *, seconds: float) -> bool:
        """Keep a value, and forbid to write into its arrays; False if there is no room for it."""
        return self.keep(digest, encoded.value, encoded.nbytes, seconds)

    def keep(self, digest: str, value: DataArray | Dataset | str, nbytes: int, seconds: float) -> bool:
        """Keep a value of known size that nobody has taken apart, such as one from a disk.

        Parameters
        ----------
        digest : str
            Its name.
        value : DataArray or Dataset
            From now on nobody can write into its arrays.
        nbytes : int
            Its size.
        seconds : float
            What it takes to have it again.

        Returns
        -------
        bool
            Whether it is kept: not if it is larger than what the budget leaves beside pinned values.
        """
        read_only(value)
        with self._lock:
            if digest in self._values:
                return True
            if nbytes > self.budget:
                return False
            self.prune(self.budget - nbytes)
            if self._total + nbytes > self.budget:
                return False
            self._values[digest] = own_attributes(value)
            self._entries[digest] = Entry(digest, nbytes, seconds, time.monotonic())
            self._total += nbytes
            return True

    def discard(self, digests: Iterable[str]) -> None:
        """Forget values that nobody is going to ask for again, unless they are pinned."""
        with self._lock:
            for digest in digests:
                if digest in self._values and digest not in self._pins:
                    self._forget(digest)

    def prune(self, target: int = 0) -> int:
        """Evict values until at most ``target`` bytes are left; returns how much was freed [bytes]."""
        with self._lock:
            before = self._total
            for victim in victims(self._entries.values(), self._total - target, self._pins):
                self._forget(victim)
            return before - self._total

    def _forget(self, digest: str) -> None:
        del self._values[digest]
        self._total -= self._entries.pop(digest).nbytes
