"""A scan in memory that counts how often it is read."""

from collections.abc import Callable

import numpy as np
import pytest
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.scan import Scan4D


class Recorded:
    """Frames in memory."""

    alignment = 1

    def __init__(self, patterns: np.ndarray) -> None:
        self.patterns = patterns
        self.patterns.flags.writeable = False  # as mapped files are
        self.shape = patterns.shape
        self.dtype = patterns.dtype
        self.seen = np.zeros(len(patterns), int)

    def read(self, start: int, stop: int) -> np.ndarray:
        self.seen[start:stop] += 1
        return self.patterns[start:stop]


@pytest.fixture
def scan_of() -> Callable[[np.ndarray], Scan4D]:
    """A scan of values (y, x, ky, kx), with steps of 0.5 Å and 0.1 1/Å."""

    def make(values: np.ndarray) -> Scan4D:
        geometry = Geometry(300e3, 0.02, (0.5, 0.5), (0.1, 0.1))
        frames = Recorded(values.reshape(-1, *values.shape[2:]))
        return Scan4D.from_frames(frames, values.shape[:2], geometry=geometry)

    return make


@pytest.fixture
def counts() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 65536, (5, 7, 9, 8), dtype=np.uint16)


@pytest.fixture
def whole() -> Callable[[Scan4D, int], np.ndarray]:
    """All patterns of a scan, read some at a time."""

    def read(scan: Scan4D, at_a_time: int) -> np.ndarray:
        count = scan.positions[0] * scan.positions[1]
        blocks = [scan.read(i, min(i + at_a_time, count)) for i in range(0, count, at_a_time)]
        assert all(block.dtype == scan.dtype for block in blocks)
        return np.concatenate(blocks).reshape(scan.shape)

    return read
