"""The store as a run sees it: memory in front of a disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d.store.budget import loading_seconds
from graph4d.store.codec import Encoded
from graph4d.store.disk import DiskStore
from graph4d.store.memo import Memo
from graph4d.store.memory import MemoryStore

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = ["Store", "default_store", "store_folder"]


class Store:
    """Values and memos, in memory and, where there is one, on a disk. Safe under threads and processes.

    Parameters
    ----------
    memory : MemoryStore
        Asked first.
    disk : DiskStore, optional
        Without one, nothing outlives the process.
    transient : bool
        Look results up on the disk, but add nothing to it: for what is gone in a moment.
    """

    def __init__(self, memory: MemoryStore, disk: DiskStore | None = None, *, transient: bool = False) -> None:
        self.memory, self.disk, self.transient = memory, disk, transient

    @property
    def folder(self) -> Path | None:
        """Where digests of files and code are remembered, if anywhere."""
        return None if self.disk is None else self.disk.path

    def memo(self, action: str) -> Memo | None:
        """What an action gave when it last ran, or None."""
        memo = self.memory.memo(action)
        if memo is None and self.disk is not None:
            memo = self.disk.memo(action)
            if memo is not None:
                self.memory.remember(action, memo)
        return memo

    def remember(self, action: str, memo: Memo) -> None:
        """Note what an action gave.

        Raises
        ------
        StoreError
            The disk cannot be written; the memo is kept in memory.
        """
        self.memory.remember(action, memo)
        if self.disk is not None and not self.transient:
            self.disk.remember(action, memo)

    def has(self, digest: str) -> bool:
        """Whether a value seems to be there; it may turn out to be broken when it is loaded."""
        return self.memory.has(digest) or (self.disk is not None and self.disk.has(digest))

    def check(self, digest: str) -> bool:
        """Whether :meth:`get` would give a value; what is broken on the disk is removed."""
        return self.memory.has(digest) or (self.disk is not None and self.disk.check(digest))

    def get(self, digest: str) -> DataArray | Dataset | str | None:
        """A value with read-only arrays and attributes of its own, or None."""
        value = self.memory.get(digest)
        if value is None and self.disk is not None:
            value = self.disk.get(digest)
            if value is not None:
                nbytes = len(value) if isinstance(value, str) else value.nbytes
                self.memory.keep(digest, value, nbytes, loading_seconds(nbytes))
        return value

    def put(self, digest: str, encoded: Encoded, *, seconds: float) -> bool:
        """Keep a value in memory and on the disk; its arrays become read-only.

        Returns
        -------
        bool
            Whether one of the two had room.

        Raises
        ------
        StoreError
            The disk cannot be written; the value is kept in memory.
        """
        kept = self.memory.put(digest, encoded, seconds=seconds)
        if self.transient:
            return kept
        return (self.disk is not None and self.disk.put(digest, encoded, seconds=seconds)) or kept

    def pin(self, digests: Iterable[str]) -> None:
        """Never evict these, until they are unpinned as often."""
        digests = list(digests)
        for tier in self._tiers():
            tier.pin(digests)

    def unpin(self, digests: Iterable[str]) -> None:
        """Take back a :meth:`pin`."""
        digests = list(digests)
        for tier in self._tiers():
            tier.unpin(digests)

    def history(self, recipe: str) -> dict[str, Any]:
        """What was recorded last for a recipe, if anything."""
        return {} if self.disk is None else self.disk.history(recipe)

    def record(self, recipe: str, document: Mapping[str, Any]) -> None:
        """Keep a document of plain values for a recipe, in place of the last one.

        Raises
        ------
        StoreError
            The disk cannot be written.
        """
        if self.disk is not None and not self.transient:
            self.disk.record(recipe, document)

    def _tiers(self) -> list[MemoryStore | DiskStore]:
        return [self.memory] if self.disk is None else [self.memory, self.disk]


def store_folder() -> Path:
    """Where the store is: ``GRAPH4D_CACHE``, or the user's folder for caches."""
    named = os.environ.get("GRAPH4D_CACHE")
    if named:
        return Path(named).absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("graph4d"))


def default_store() -> Store:
    """A store in :func:`store_folder`, with an empty memory."""
    return Store(MemoryStore(), DiskStore(store_folder()))
