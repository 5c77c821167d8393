"""The scans to measure on, made once: noisy discs that move, written block by block."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["FULL", "SMALL", "noisy_scan", "read_once", "sparse_scan"]

Shape = tuple[int, int, int, int]

DATA = Path(__file__).parent / "data"
FULL: Shape = (128, 128, 256, 256)
SMALL: Shape = (32, 32, 256, 256)
DISTINCT = 256
DOSE = 2e4


def noisy_scan(shape: Shape, seed: int = 0) -> Path:
    """A ``.npy`` file of uint16 counts (y, x, ky, kx): a few hundred patterns, which come back in random order."""
    path = DATA / f"discs-{'x'.join(map(str, shape))}-{seed}.npy"
    if path.is_file():
        return path
    rng = np.random.default_rng(seed)
    patterns = np.stack([_pattern(shape[2:], rng) for _ in range(DISTINCT)])
    DATA.mkdir(exist_ok=True)
    draft = path.with_suffix(".part")
    with draft.open("wb") as file:
        _write_header(file, shape)
        for order in rng.integers(DISTINCT, size=shape[:2]):
            patterns[order].tofile(file)
    draft.rename(path)
    return path


def sparse_scan(shape: Shape) -> Path:
    """A ``.npy`` file of uint16 zeros that takes no room on the disk: for what depends on the size alone."""
    path = DATA / f"zeros-{'x'.join(map(str, shape))}.npy"
    DATA.mkdir(exist_ok=True)
    with path.open("wb") as file:
        _write_header(file, shape)
        file.truncate(file.tell() + 2 * int(np.prod(shape, dtype=np.int64)))
    return path


def read_once(path: Path) -> None:
    """Bring a file into the system's file cache."""
    block = bytearray(1 << 24)
    with path.open("rb", buffering=0) as file:
        while file.readinto(block):
            pass


def _pattern(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.uint16]:
    """A disc, bright and moved by some pixels, over a tail that falls off around it."""
    radius = min(shape) / 6
    centre = np.array(shape) / 2 - 0.5 + rng.normal(scale=radius / 10, size=2)
    y, x = np.ogrid[: shape[0], : shape[1]]
    distance = np.hypot(y - centre[0], x - centre[1])
    expected = np.clip(radius + 0.5 - distance, 0, 1) + 0.05 / (1 + (distance / radius) ** 2) ** 2
    return np.asarray(rng.poisson(DOSE * expected / expected.sum()), np.uint16)


def _write_header(file: BinaryIO, shape: Shape) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "<u2", "fortran_order": False, "shape": shape})
