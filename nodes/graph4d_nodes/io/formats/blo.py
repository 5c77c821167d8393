"""ASTAR blockfile ``.blo``: square 8-bit patterns, a mark of six bytes before each, behind a little-endian header."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from graph4d import UsageError
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.io.mapped import MappedFrames
from graph4d_nodes.io.recording import Recording

__all__ = ["open_recording"]

#: At byte 12 where the patterns begin; 20 their side; 24 scan columns, rows and rotation; 30 steps along x and y,
#: voltage, detector pixels and camera length.
PLACE, SIDE, SCAN, STEPS = struct.Struct("<I"), struct.Struct("<H"), struct.Struct("<HHH"), struct.Struct("<ddIHI")
MARK_BYTES = 6


def open_recording(path: Path, dataset: str | None = None) -> Recording:
    """Open the patterns of a blockfile; scan step (nm) and energy are in its header.

    Raises
    ------
    UsageError
        The file is shorter than its header says.
    """
    if dataset is not None:
        raise UsageError(f"{path} is a blockfile, which has no datasets; leave `dataset` out")
    with path.open("rb") as file:
        head = file.read(64)
    if len(head) < 64:
        raise UsageError(f"{path} ends inside its header: copy it again")
    (place,), (side,) = PLACE.unpack_from(head, 12), SIDE.unpack_from(head, 20)
    columns, rows, rotation = SCAN.unpack_from(head, 24)
    step_x, step_y, voltage, _, camera_length = STEPS.unpack_from(head, 30)
    stride = MARK_BYTES + side * side
    there = max(0, path.stat().st_size - place) // stride if side else 0
    if there < rows * columns or not there:
        raise UsageError(f"{path} holds {there} patterns where its header says {rows} × {columns}: copy it again")
    frames = MappedFrames(path, (rows * columns, side, side), np.uint8, offset=place + MARK_BYTES, stride=stride)
    geometry = Geometry(
        energy=float(voltage) or None,
        scan_step=(step_y * 10, step_x * 10) if step_x > 0 and step_y > 0 else None,
    )
    metadata = {"scan rotation [deg]": rotation / 100, "camera length": camera_length}
    return Recording(frames, (rows, columns), geometry, metadata)
