"""How large the objects of a store are, without looking at each of them at every write.

What is there is known from the names of folders alone. Sizes and seconds come from a file to which every process adds
a line when it has stored an object; an object without a line, because a process died or lines got lost, is looked at.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

from graph4d.store.budget import Entry
from graph4d.store.objects import object_entry
from graph4d.store.records import unused_name

__all__ = ["Inventory"]

#: Lines about objects that are gone are dropped when there are more of them than this, and than objects.
MANY_OLD_LINES = 1000


class Inventory:
    """Sizes of the objects of one store, as far as this process knows. Not safe under threads by itself.

    Parameters
    ----------
    root : Path
        The store's folder.
    """

    def __init__(self, root: Path) -> None:
        self._objects, self._file, self._temporary = root / "objects", root / "inventory", root / "tmp"
        self._entries: dict[str, Entry] | None = None
        self._total = 0
        self._inode, self._offset = 0, 0

    @property
    def total(self) -> int:
        """Size of all objects [bytes]; too large, never too small, by what other processes removed since a scan."""
        return self._total

    @property
    def entries(self) -> list[Entry]:
        """All objects."""
        return list((self._entries or {}).values())

    def refresh(self) -> None:
        """Take notice of what other processes added: costs next to nothing after the first time."""
        try:
            file = self._file.stat()
        except FileNotFoundError:
            if self._entries is None or self._offset:
                self.scan()
            return
        if self._entries is None or file.st_ino != self._inode or file.st_size < self._offset:
            self.scan()
            return
        for entry in self._new_lines().values():
            self._set(entry)

    def scan(self) -> None:
        """Look at the names of all objects, and forget those that are gone."""
        self._inode, self._offset = 0, 0
        lines = self._new_lines()
        self._entries, self._total = {}, 0
        for folder in self._objects.glob("??/*"):
            try:
                used = folder.stat().st_mtime
                known = lines.get(folder.name)
                nbytes, seconds = (known.nbytes, known.seconds) if known else object_entry(folder)
            except OSError:  # removed by another process in this moment
                continue
            self._set(Entry(folder.name, nbytes, seconds, used))
        if len(lines) > 2 * len(self._entries) + MANY_OLD_LINES:
            self._rewrite()

    def add(self, entry: Entry) -> None:
        """Say, to other processes too, that an object was stored.

        Raises
        ------
        OSError
            It cannot be written.
        """
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(descriptor, _line(entry))
        finally:
            os.close(descriptor)
        self.refresh()
        self._set(entry)

    def remove(self, digest: str) -> None:
        """Say that an object is gone."""
        entry = (self._entries or {}).pop(digest, None)
        self._total -= entry.nbytes if entry else 0

    def _set(self, entry: Entry) -> None:
        assert self._entries is not None
        self.remove(entry.digest)
        self._entries[entry.digest] = entry
        self._total += entry.nbytes

    def _new_lines(self) -> dict[str, Entry]:
        """What was added since the last reading; an unfinished line is left for the next."""
        try:
            with self._file.open("rb") as file:
                status = os.fstat(file.fileno())
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return {}
        whole = data[: data.rfind(b"\n") + 1]
        self._inode = status.st_ino
        self._offset += len(whole)
        entries = (_entry(line, status.st_mtime) for line in whole.splitlines())
        return {entry.digest: entry for entry in entries if entry is not None}

    def _rewrite(self) -> None:
        draft = self._temporary / unused_name()
        try:
            draft.write_bytes(b"".join(map(_line, self.entries)))
            draft.replace(self._file)
        except OSError:  # of a store that may only be read: its inventory stays long
            return
        self._inode, self._offset = self._file.stat().st_ino, self._file.stat().st_size


def _line(entry: Entry) -> bytes:
    text = f"{entry.digest} {entry.nbytes} {entry.seconds!r}".encode()
    return b"%b %d\n" % (text, zlib.crc32(text))


def _entry(line: bytes, used: float) -> Entry | None:
    text, _, checksum = line.rpartition(b" ")
    if checksum != b"%d" % zlib.crc32(text):
        return None
    digest, nbytes, seconds = text.decode().split(" ")
    return Entry(digest, int(nbytes), float(seconds), used)
