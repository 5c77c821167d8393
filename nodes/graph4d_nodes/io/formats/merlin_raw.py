"""Merlin frames of type R64: counter bits as the chips send them.

A frame is a row of big-endian 64-bit words, in each of which the lowest bits belong to the leftmost pixel: 64 pixels of
1 bit, 8 of 6 bits in a byte each, or 4 of 12 bits in two bytes each. A 24-bit frame is two 12-bit ones, the higher bits
first. A row of a quad holds a row of each chip, from right bottom over left bottom and right top to left top; the lower
chips stand upside down.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError
from graph4d_nodes.io.mapped import MappedFrames

__all__ = ["RawFrames", "RawLayout", "raw_layout"]

#: Bits a pixel takes in the file, and its type in memory, for each counter depth.
STORED_BITS = {1: 1, 6: 8, 12: 16, 24: 32}
NATIVE: dict[int, np.dtype[Any]] = {
    1: np.dtype(np.uint8),
    6: np.dtype(np.uint8),
    12: np.dtype(np.uint16),
    24: np.dtype(np.uint32),
}


@dataclass(frozen=True)
class RawLayout:
    """Where a frame's pixels are."""

    depth: int
    rows: int
    columns: int
    """Of what is stored: a quad's four chips side by side."""
    quad: bool

    @property
    def stored_bytes(self) -> int:
        """Of a frame without its header."""
        return self.rows * self.columns * STORED_BITS[self.depth] // 8

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the picture."""
        return (2 * self.rows, self.columns // 2) if self.quad else (self.rows, self.columns)


def raw_layout(path: Path, width: int, height: int, chips: int, layout: str, depth: int) -> RawLayout:
    """From the fields of a frame header; UsageError for what nobody has described."""
    if depth not in STORED_BITS:
        raise UsageError(f"{path} holds raw counters of {depth} bit; known are 1, 6, 12 and 24")
    quad = chips == 4 and layout.startswith("2x2")
    if chips != 1 and (not quad or depth == 24):
        raise UsageError(
            f"{path} holds raw {depth}-bit frames of {chips} chips in the layout {layout}; known are one chip, and "
            f"four as 2x2 up to 12 bit: let Merlin save it as U08, U16 or U32"
        )
    # The width of a 24-bit frame counts both of its halves.
    return RawLayout(depth, height, width // 2 if depth == 24 else width, quad)


class RawFrames:
    """Frames that are decoded block by block."""

    alignment = 1

    def __init__(self, path: Path, count: int, header_bytes: int, layout: RawLayout) -> None:
        self.shape = (count, *layout.shape)
        self.dtype: np.dtype[Any] = NATIVE[layout.depth]
        self._layout = layout
        words = (count, 1, layout.stored_bytes // 8)
        stride = header_bytes + layout.stored_bytes
        self._words = MappedFrames(path, words, ">u8", offset=header_bytes, stride=stride)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Patterns ``start … stop``."""
        layout = self._layout
        pixels = _pixels(self._words.read(start, stop)[:, 0], layout.depth)
        frames = pixels.reshape(-1, layout.rows, layout.columns)
        return _assembled(frames) if layout.quad else frames


def _pixels(words: NDArray[np.uint64], depth: int) -> NDArray[Any]:
    """Pixels (n, pixels) from words (n, words) in native byte order."""
    # In little-endian order the lowest bits, those of the leftmost pixel, come first.
    little = words.astype("<u8", copy=False)
    if depth == 1:
        return np.unpackbits(little.view(np.uint8), axis=1, bitorder="little")
    if depth == 6:
        return little.view(np.uint8)
    pixels = little.view("<u2").astype(np.uint16, copy=False)
    if depth == 12:
        return pixels
    high, low = np.split(pixels, 2, axis=1)
    return (high.astype(np.uint32) << 12) | low


def _assembled(frames: NDArray[Any]) -> NDArray[Any]:
    """A quad's picture from frames (n, rows, 4 · columns) of chips side by side."""
    right_bottom, left_bottom, right_top, left_top = np.split(frames, 4, axis=2)
    top = np.concatenate([left_top, right_top], axis=2)
    bottom = np.concatenate([left_bottom[:, ::-1, ::-1], right_bottom[:, ::-1, ::-1]], axis=2)
    return np.concatenate([top, bottom], axis=1)
