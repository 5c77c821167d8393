"""Digests of input files, computed once for each state of a file."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from graph4d.errors import UsageError, suggestion
from graph4d.keys import hash_of
from graph4d.store.records import StoreError, read_record, write_record

__all__ = ["file_digest"]

#: A file up to this size [bytes] is hashed whole.
WHOLE_UP_TO = 256 << 20
#: Of a larger one: its beginning, where headers are, its end, and blocks evenly spread between them.
ENDS, SAMPLE, SAMPLES = 4 << 20, 256 << 10, 128
#: A file that changed this recently [ns] may change again without a new time stamp.
SETTLED_AFTER = 50_000_000


def file_digest(path: Path, store_folder: Path | None = None, *, full: bool = False) -> str:
    """What stands for the content of a file in the keys of what is computed from it.

    Up to 256 MiB it is the hash of the whole content. Of a larger file it is the hash of its size, of 4 MiB from either
    end and of 128 blocks of 256 KiB evenly spread between: a change that keeps the size and misses them all is not
    seen unless ``full`` is set. Of a folder it is the hash of its files' names and digests.

    Parameters
    ----------
    path : Path
        A file or a folder.
    store_folder : Path, optional
        Where digests are remembered beyond this process, each with the size, the times of change and the inode of its
        file; only a file that is touched is hashed again.
    full : bool
        Hash every byte, whatever the size.

    Returns
    -------
    str
        64 hexadecimal digits; they depend on neither the name nor the place of a file.

    Raises
    ------
    UsageError
        There is no such file, or it may not be read.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            files = sorted(file for file in path.rglob("*") if file.is_file())
            return hash_of({str(f.relative_to(path)): file_digest(f, store_folder, full=full) for f in files})
        return _remembered_digest(path, status, store_folder, full=full)
    except FileNotFoundError:
        raise UsageError(f"no such file: {path}{suggestion(path.name, _names_beside(path))}") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def _remembered_digest(path: Path, status: os.stat_result, store_folder: Path | None, *, full: bool) -> str:
    full = full or status.st_size <= WHOLE_UP_TO
    key = hash_of((path.absolute(), full))
    state = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
    digest = _recorded_digest(key, state, store_folder)
    if digest is not None:
        return digest
    started = time.time_ns()
    digest = _hash_file(path, status.st_size, full=full)
    if started - max(status.st_mtime_ns, status.st_ctime_ns) > SETTLED_AFTER:
        _of_this_process[key] = state, digest
        if store_folder is not None:
            with contextlib.suppress(StoreError):  # then another process hashes it again
                version = store_folder / "v1"
                write_record(_record(version, key), {"state": state, "digest": digest}, version / "tmp")
    return digest


#: State and digest of files by key. A session asks for them at every move, and may have no folder to remember them in.
_of_this_process: dict[str, tuple[list[int], str]] = {}


def _recorded_digest(key: str, state: list[int], store_folder: Path | None) -> str | None:
    """The digest of a file that is as it was when it was hashed last."""
    known_state, digest = _of_this_process.get(key, ([], ""))
    if known_state == state:
        return digest
    known = None if store_folder is None else read_record(_record(store_folder / "v1", key))
    return str(known["digest"]) if known is not None and known["state"] == state else None


def _record(version: Path, key: str) -> Path:
    return version / "files" / key[:2] / f"{key}.json"


def _hash_file(path: Path, size: int, *, full: bool) -> str:
    hasher = blake3(max_threads=blake3.AUTO)
    if full:
        return hasher.update_mmap(path).hexdigest()
    hasher.update(b"graph4d-sampled/1 %d:" % size)
    with path.open("rb") as file:
        for piece in _samples(file, size):
            hasher.update(piece)
    return hasher.hexdigest()


def _samples(file: BinaryIO, size: int) -> Iterator[bytes]:
    between = size - 2 * ENDS - SAMPLE
    starts = (ENDS + between * number // (SAMPLES - 1) for number in range(SAMPLES))
    for start, length in [(0, ENDS), *((start, SAMPLE) for start in starts), (size - ENDS, ENDS)]:
        file.seek(start)
        yield file.read(length)


def _names_beside(path: Path) -> list[str]:
    try:
        return [file.name for file in path.absolute().parent.iterdir()]
    except OSError:
        return []
