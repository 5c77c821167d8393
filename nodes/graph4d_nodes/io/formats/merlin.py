"""Merlin ``.mib``: Medipix3 frames, each behind a header in ASCII.

A frame's rows are kept as they are stored, the first row first; some readers turn the frame upside down.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graph4d import UsageError
from graph4d_nodes.io.formats.merlin_raw import RawFrames, raw_layout
from graph4d_nodes.io.mapped import MappedFrames
from graph4d_nodes.io.recording import Recording
from graph4d_nodes.scan import Frames

__all__ = ["open_recording"]

#: Enough for the header of a quad, 768 bytes.
HEADER_BYTES = 1024
STORED: dict[str, np.dtype[Any]] = {"U08": np.dtype(">u1"), "U16": np.dtype(">u2"), "U32": np.dtype(">u4")}


@dataclass(frozen=True)
class Header:
    """What the header before the first frame says; the others repeat it."""

    bytes: int
    chips: int
    width: int
    height: int
    pixel: str
    """``U08``, ``U16``, ``U32``, or ``R64`` for the counter bits as the chips send them."""
    layout: str
    """Chips side by side, ``1x1`` or ``2x2``; a G behind it: with a gap between them."""
    depth: int
    """Of the counters [bit]."""


def open_recording(path: Path, dataset: str | None = None) -> Recording:
    """Open the frames of a ``.mib``; the scan's shape comes from the ``.hdr`` beside it where that says it.

    Raises
    ------
    UsageError
        The header cannot be read, or the file does not hold a whole number of frames.
    """
    if dataset is not None:
        raise UsageError(f"{path} is a Merlin file, which has no datasets; leave `dataset` out")
    header = _header(path)
    frames = _frames(path, header)
    return Recording(frames, _positions(path, frames.shape[0]), metadata={"counter depth": header.depth})


def _header(path: Path) -> Header:
    with path.open("rb") as file:
        text = file.read(HEADER_BYTES)
    fields = text.split(b",")
    try:
        size = int(fields[2])
        words = [word for field in text[:size].split(b",") if (word := field.decode("ascii").strip("\0 \r\n"))]
        depth = int(words[-1]) if words[-1].isdigit() else 0
        chips, width, height = int(fields[3]), int(fields[4]), int(fields[5])
    except (ValueError, IndexError):
        shown = text[:48].decode("ascii", "replace")
        raise UsageError(
            f"{path}: the frame header {shown!r}… does not give chips, width, height and pixel type: the file is "
            f"damaged, save it again from Merlin"
        ) from None
    return Header(size, chips, width, height, fields[6].decode().strip(), fields[7].decode().strip(), depth)


def _frames(path: Path, header: Header) -> Frames:
    if header.pixel == "R64":
        layout = raw_layout(path, header.width, header.height, header.chips, header.layout, header.depth)
        count = _count(path, header.bytes + layout.stored_bytes)
        return RawFrames(path, count, header.bytes, layout)
    if header.pixel not in STORED:
        raise UsageError(f"{path} has pixels of type {header.pixel!r}; known are {', '.join(STORED)} and R64")
    stored = STORED[header.pixel]
    stride = header.bytes + header.width * header.height * stored.itemsize
    shape = (_count(path, stride), header.height, header.width)
    return MappedFrames(path, shape, stored, offset=header.bytes, stride=stride)


def _count(path: Path, stride: int) -> int:
    whole, rest = divmod(path.stat().st_size, stride)
    if rest:
        raise UsageError(
            f"{path} holds {whole} whole frames of {stride} bytes (header and pixels) and {rest} bytes more: it is cut "
            f"short or damaged, copy it again"
        )
    return whole


def _positions(path: Path, count: int) -> tuple[int, int] | None:
    """Rows and columns from the ``.hdr``, if they use up all frames."""
    facts = _side_header(path.with_suffix(".hdr"))
    columns = facts.get("ScanX") or facts.get("Frames per Trigger (Number)", 0)
    # One frame a trigger tells nothing of rows.
    if columns <= 1 or count % columns or facts.get("ScanY", count // columns) != count // columns:
        return None
    return count // columns, columns


def _side_header(path: Path) -> dict[str, int]:
    """The whole numbers of a ``.hdr``, by name; nothing if there is no such file."""
    if not path.is_file():
        return {}
    pairs = (line.partition(":\t") for line in path.read_text("latin-1").splitlines())
    return {name.strip(): int(value) for name, _, value in pairs if value.strip().isdigit()}
