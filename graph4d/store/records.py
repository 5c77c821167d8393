"""Small JSON documents that know whether they are whole, and errors of a store that cannot be written."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blake3 import blake3

from graph4d.errors import GraphError

__all__ = [
    "StoreError",
    "abandoned",
    "canonical",
    "read_record",
    "seal",
    "store_errors",
    "unseal",
    "unused_name",
    "write_record",
]

#: What another machine left behind counts as forgotten after this time [s]; whether its process lives cannot be known.
FORGOTTEN_AFTER = 3600.0


class StoreError(GraphError):
    """The store cannot be written: full, read-only, or not a folder. The run can go on without it."""


def canonical(document: Any) -> bytes:
    """JSON with one spelling for each document of plain values.

    Raises
    ------
    TypeError, ValueError
        JSON has no word for a value in it.
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def seal(document: Any) -> bytes:
    """A line of JSON that holds the document and its hash."""
    body = canonical(document)
    return b'{"blake3":"%b","document":%b}\n' % (blake3(body).hexdigest().encode(), body)


def unseal(data: bytes) -> Any:
    """The document of a sealed line, or None if a single bit of it is wrong."""
    try:
        sealed = json.loads(data)
    except ValueError:
        return None
    if not isinstance(sealed, dict) or set(sealed) != {"blake3", "document"}:
        return None
    return sealed["document"] if blake3(canonical(sealed["document"])).hexdigest() == sealed["blake3"] else None


def read_record(path: Path) -> Any:
    """The document at ``path``, or None if there is none; a damaged one is removed."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    document = unseal(data)
    if document is None:
        with contextlib.suppress(OSError):  # of a store that may only be read
            path.unlink()
    return document


def write_record(path: Path, document: Any, temporary: Path) -> None:
    """Put a sealed document at ``path`` in one step: others see the old one or the new one, whole.

    It is not forced to the disk: what a power failure leaves is found to be damaged and counts as missing.

    Parameters
    ----------
    path : Path
        Its folder is made if need be.
    document : plain values
        What JSON can express.
    temporary : Path
        A folder of the same file system, to write in.

    Raises
    ------
    StoreError
        It cannot be written.
    """
    data = seal(document)
    with store_errors(path.parent, len(data)):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir(parents=True, exist_ok=True)
        draft = temporary / unused_name()
        try:
            draft.write_bytes(data)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def store_errors(folder: Path, wanted: int) -> Iterator[None]:
    """Turn an error of the operating system into one clear line.

    Parameters
    ----------
    folder : Path
        Where something is to be written.
    wanted : int
        How much [bytes].

    Raises
    ------
    StoreError
        In place of any ``OSError``.
    """
    try:
        yield
    except OSError as error:
        remedy = "name another folder in GRAPH4D_CACHE"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = f"make room with `graph4d cache prune`, or {remedy}"
        reason = error.strerror or str(error)
        raise StoreError(f"cannot write {wanted} bytes into the store {folder}: {reason}; {remedy}") from error


def unused_name() -> str:
    """A name for something unfinished that says whose it is."""
    return f"{socket.gethostname()}~{os.getpid()}~{secrets.token_hex(8)}"


def abandoned(temporary: Path, now: float) -> list[Path]:
    """What dead processes left in the folder for unfinished things.

    Parameters
    ----------
    temporary : Path
        The folder; it need not exist.
    now : float
        Time since the epoch [s].
    """
    try:
        return [path for path in temporary.iterdir() if _is_forgotten(path, now)]
    except OSError:
        return []


def _is_forgotten(path: Path, now: float) -> bool:
    host, _, rest = path.name.partition("~")
    process = rest.partition("~")[0]
    if host == socket.gethostname() and process.isdecimal():
        return not _is_alive(int(process))
    try:
        return now - path.stat().st_mtime > FORGOTTEN_AFTER
    except OSError:
        return False


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it lives, and is somebody else's
        return True
    return True
