"""The store on a disk: shared by processes, immutable once written, never larger than its budget, always verified.

::

    v1/objects/ab/<digest>/{meta.json, 0.npy, …}   values
    v1/memo/ab/<action>.json                       what an action gave: the digests of its outputs
    v1/history/ab/<recipe>.json                    what the last actions of a recipe consisted of
    v1/tmp/                                        unfinished things; they appear elsewhere by a rename
    v1/inventory                                      sizes of the objects

Readers take no lock: an object is there whole or not at all. Of two writers of one object the second finds it there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d.store.budget import Entry, Pinnable, victims
from graph4d.store.codec import Encoded
from graph4d.store.inventory import Inventory
from graph4d.store.memo import Memo
from graph4d.store.objects import Packed, is_intact, load_object, pack, sync_folder, write_object
from graph4d.store.records import abandoned, read_record, store_errors, unused_name, write_record

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = ["DiskStore", "Report", "Stat"]

#: Eviction frees this part of the budget more than is needed, so that not every write has to look for victims.
SLACK = 0.05
#: Two changes of a file within this time [ns] may leave it with one time stamp.
TIME_STAMP_STEP = 50_000_000
#: What took longer than this to compute [s] is forced to the disk, which takes some 10 ms a file. Of the rest a power
#: failure may leave parts: they are found to be broken, as any damage is, and cost less to compute again than to force.
DEAR = 1.0

_State = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True)
class Stat:
    """What is in a store."""

    path: Path
    budget: int
    objects: int
    nbytes: int
    memos: int


@dataclass(frozen=True)
class Report:
    """What a verification found; all that was broken has been removed."""

    objects: int
    """Number of intact ones."""
    broken: tuple[str, ...]
    """Digests of objects and keys of memos."""


class DiskStore(Pinnable):
    """Values and memos in a folder. Safe under threads and processes.

    Parameters
    ----------
    root : Path
        The folder; it is made at the first write.
    budget : int
        What all values together may take [bytes].
    """

    def __init__(self, root: Path, budget: int = 20 << 30) -> None:
        super().__init__()
        self.path = root
        self.budget = budget
        self._version = root / "v1"
        self._temporary = self._version / "tmp"
        self._inventory = Inventory(self._version)
        self._checked: dict[str, _State] = {}
        self._broken: set[str] = set()  # in a store that may only be read
        for path in abandoned(self._temporary, time.time()):
            _delete(path)

    def memo(self, action: str) -> Memo | None:
        """What an action gave when it last ran, or None; a damaged memo is removed."""
        document = read_record(self._record("memo", action))
        return None if document is None else Memo(**document)

    def remember(self, action: str, memo: Memo) -> None:
        """Note what an action gave.

        Raises
        ------
        StoreError
            It cannot be written.
        """
        write_record(self._record("memo", action), asdict(memo), self._temporary)

    def history(self, recipe: str) -> dict[str, Any]:
        """What was recorded last for a recipe, if anything."""
        return read_record(self._record("history", recipe)) or {}

    def record(self, recipe: str, document: Mapping[str, Any]) -> None:
        """Keep a document of plain values for a recipe, in place of the last one.

        Raises
        ------
        StoreError
            It cannot be written.
        """
        write_record(self._record("history", recipe), dict(document), self._temporary)

    def has(self, digest: str) -> bool:
        """Whether an object is there, and not known to be broken."""
        return digest not in self._broken and (self._object(digest) / "meta.json").exists()

    def check(self, digest: str) -> bool:
        """Whether an object is there and every bit of it is right; a broken one is removed.

        It is hashed once a process, and again when its files changed; neither needs xarray.
        """
        folder = self._object(digest)
        try:
            state = _state(folder)
        except OSError:  # it is not there
            return False
        if self._checked.get(digest) == state:
            return True
        try:
            intact = is_intact(folder, digest)
        except OSError:  # a part of it is not there
            intact = False
        if not intact:
            self._discard(digest)
            if self._object(digest).exists():
                self._broken.add(digest)
            return False
        self._broken.discard(digest)
        if time.time_ns() - max(changed for *_, changed in state) > TIME_STAMP_STEP:
            self._checked[digest] = state
        return True

    def get(self, digest: str) -> DataArray | Dataset | str | None:
        """A value, verified, with read-only and perhaps memory-mapped arrays; None if it is not there or was broken."""
        if not self.check(digest):
            return None
        folder = self._object(digest)
        try:
            value = load_object(folder)
        except OSError:  # removed by another process in this moment
            return None
        with contextlib.suppress(OSError):  # of a store that may only be read
            os.utime(folder)
        return value

    def put(self, digest: str, encoded: Encoded, *, seconds: float) -> bool:
        """Store a value, unless there is no room for it.

        Parameters
        ----------
        digest : str
            Its name, see :func:`graph4d.store.codec.digest_of`.
        encoded : Encoded
            The value.
        seconds : float
            What it took to compute.

        Returns
        -------
        bool
            Whether it is in the store now: not if it is larger than what the budget leaves beside pinned values.

        Raises
        ------
        StoreError
            It cannot be written; nothing of it is left.
        """
        with self._lock:
            if self.check(digest):
                return True
            packed = pack(digest, encoded, seconds)
            with store_errors(self.path, packed.nbytes):
                if not self._make_room(packed.nbytes):
                    return False
                self._publish(digest, packed, durable=seconds > DEAR)
                self._inventory.add(Entry(digest, packed.nbytes, seconds, time.time()))
        return True

    def stat(self) -> Stat:
        """How much is in the store, by looking."""
        with self._lock:
            self._inventory.scan()
            memos = sum(1 for _ in self._version.glob("memo/??/*.json"))
            return Stat(self.path, self.budget, len(self._inventory.entries), self._inventory.total, memos)

    def prune(self, target: int = 0) -> int:
        """Evict values until at most ``target`` bytes are left. Memos stay: they say what was evicted.

        Returns
        -------
        int
            How much was freed [bytes].

        Raises
        ------
        StoreError
            The store may only be read.
        """
        with self._lock, store_errors(self.path, 0):
            self._version.mkdir(parents=True, exist_ok=True)
            return self._evict(target)

    def verify(self) -> Report:
        """Hash everything anew and remove what is broken."""
        self._checked.clear()
        memos = [path.stem for path in self._version.glob("memo/??/*.json") if read_record(path) is None]
        objects = {folder.name: self.check(folder.name) for folder in self._version.glob("objects/??/*")}
        broken = [digest for digest, intact in objects.items() if not intact]
        return Report(len(objects) - len(broken), tuple(sorted(memos + broken)))

    def _object(self, digest: str) -> Path:
        return self._version / "objects" / digest[:2] / digest

    def _record(self, kind: str, key: str) -> Path:
        return self._version / kind / key[:2] / f"{key}.json"

    def _make_room(self, nbytes: int) -> bool:
        self._inventory.refresh()
        if self._inventory.total + nbytes > self.budget >= nbytes:
            self._evict(max(0, self.budget - nbytes - int(SLACK * self.budget)))
        return self._inventory.total + nbytes <= self.budget

    def _evict(self, target: int) -> int:
        from filelock import FileLock

        with FileLock(self._version / "lock"):  # or two processes would both make the same room
            self._inventory.scan()
            before = self._inventory.total
            for digest in victims(self._inventory.entries, before - target, self._pins):
                self._discard(digest)
        return before - self._inventory.total

    def _publish(self, digest: str, packed: Packed, *, durable: bool) -> None:
        draft, folder = self._temporary / unused_name(), self._object(digest)
        try:
            draft.mkdir(parents=True)
            write_object(draft, packed, durable)
            folder.parent.mkdir(parents=True, exist_ok=True)
            draft.rename(folder)
            if durable:
                sync_folder(folder.parent)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # another process was faster with the same value
                raise
        finally:
            _delete(draft)

    def _discard(self, digest: str) -> None:
        """Remove an object in one step; what is mapped stays readable to those who mapped it."""
        grave = self._temporary / unused_name()
        with contextlib.suppress(OSError):  # gone already, or of a store that may only be read
            self._temporary.mkdir(parents=True, exist_ok=True)
            self._object(digest).rename(grave)
        _delete(grave)
        with self._lock:
            self._checked.pop(digest, None)
            if not self.has(digest):
                self._inventory.remove(digest)


def _state(folder: Path) -> _State:
    """Name, size, and times of change of each file; no access changes them."""
    with os.scandir(folder) as entries:
        files = [(entry.name, entry.stat()) for entry in entries]
    return tuple(sorted((name, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in files))


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
