"""Intensities at the positions of a scan: windows of a sample that is turned as the detector sees it."""

from __future__ import annotations

import math
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.simulate.multislice.arrays import best
from graph4d_nodes.simulate.multislice.multislice import Multislice
from graph4d_nodes.simulate.multislice.phonons import displaced
from graph4d_nodes.simulate.multislice.potential import projected_slices
from graph4d_nodes.simulate.setup import Setup

__all__ = ["Simulation"]

#: Bytes of transmission functions for a row of tiles.
ROW_BYTES = 1 << 30
#: Largest width of the scan in a tile [Å], or that of a window if it is more: atoms times points of the grid are few.
TILE = 40.0
#: How far beyond the windows of a tile atoms count [Å], for the sample goes on there.
MARGIN = 2.0


class Part(NamedTuple):
    """A rectangle of the sample, along the detector's axes."""

    corner: NDArray[np.float64]
    """x, y [Å]."""
    shape: tuple[int, int]
    """Points along y and x."""


class Simulation:
    """Intensities at the scan positions of a set-up.

    The sample is turned and mirrored as the detector sees it, and the scan with it: patterns need not be turned then,
    which their pixels would not survive without a blur. Around each probe a window is cut out of the sample. The
    scan is computed in tiles: those that two rows of tiles have are held at a time, so that memory does not grow with
    the height of the scan.

    Parameters
    ----------
    setup : Setup
        What is simulated, checked.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        # The transform is orthogonal: its transpose leads from the scan back to the detector. Of vectors (x, y).
        self._to_detector = np.array(setup.geometry.transform).T
        # Probes of an extended source stand beside their position.
        self._reach = setup.window / 2 + max(max(abs(probe.y), abs(probe.x)) for probe in setup.beam.probes)
        self._tile = self._tile_shape()
        self._across = -(-setup.positions[1] // self._tile[1])
        self._tiles: dict[int, tuple[Part, list[Multislice]]] = {}
        self._lock = Lock()

    @property
    def together(self) -> int:
        """Patterns that are worth computing at once; on an accelerator their last digits depend on which these are."""
        return best().batch

    def intensities(self, first: int, last: int) -> NDArray[np.float32]:
        """Patterns ``first … last`` of a scan, each the part of the beam that falls on each pixel: (n, ky, kx)."""
        result = np.empty((last - first, self.setup.detector, self.setup.detector), np.float32)
        row, column = np.divmod(np.arange(first, last), self.setup.positions[1])
        tiles = row // self._tile[0] * self._across + column // self._tile[1]
        places = self._turned(self.setup.places(first, last))
        for tile in np.unique(tiles).tolist():
            part, samples = self._samples(tile)
            seen = (places[tiles == tile] - part.corner)[:, ::-1]
            total = sum(sample.patterns(seen, threads=1) for sample in samples)
            result[tiles == tile] = total / len(samples)
        return result

    def _turned(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """From (x, y) in the scan to (x, y) along the detector's axes."""
        return np.asarray(places @ self._to_detector.T)

    def _samples(self, tile: int) -> tuple[Part, list[Multislice]]:
        """The part of the sample that a tile of the scan needs, once a configuration."""
        with self._lock:
            if tile not in self._tiles:
                if len(self._tiles) == 2 * self._across:
                    del self._tiles[max(self._tiles, key=lambda other: abs(other - tile))]
                corner = np.multiply(divmod(tile, self._across), self._tile)
                part = self._part((int(corner[0]), int(corner[1])), self._tile)
                self._tiles[tile] = part, [self._built(part, number) for number in range(self.setup.runs)]
            return self._tiles[tile]

    def _tile_shape(self) -> tuple[int, int]:
        """Scan rows and columns of equal tiles no wider than ``TILE``, so few rows that ``ROW_BYTES`` hold a row."""
        width = max(TILE, self.setup.window)
        rows, columns = (
            -(-count // math.ceil(count * step / width))
            for count, step in zip(self.setup.positions, self.setup.scan_step, strict=True)
        )
        across = -(-self.setup.positions[1] // columns)
        while rows > 1:
            # The border of a sample is repeated behind it, as far as a window reaches.
            points = across * math.prod(count + self.setup.grid for count in self._part((0, 0), (rows, columns)).shape)
            if points * self.setup.slices * self.setup.runs * np.dtype(np.complex64).itemsize <= ROW_BYTES:
                break
            rows = -(-rows // 2)
        return rows, columns

    def _part(self, first: tuple[int, int], count: tuple[int, int]) -> Part:
        """What probes in so many scan rows and columns see of the sample.

        Its points are those of the whole: between them the potential differs by what they cannot hold.
        """
        from scipy.fft import next_fast_len

        reach = self._reach + (MARGIN if count != self.setup.positions else 0.0)
        ends, all_ends = self._ends(first, count), self._ends((0, 0), self.setup.positions)
        origin = all_ends.min(axis=0) - self._reach
        corner = origin + np.floor((ends.min(axis=0) - reach - origin) / self.setup.pixel) * self.setup.pixel
        size = ends.max(axis=0) + reach - corner
        wide, high = (int(next_fast_len(math.ceil(length / self.setup.pixel) + 1)) for length in size)
        return Part(corner, (high, wide))

    def _ends(self, first: tuple[int, int], count: tuple[int, int]) -> NDArray[np.float64]:
        """The four corners of so many scan rows and columns: x, y along the detector's axes [Å]."""
        rows, columns = (
            (start, min(start + number, most) - 1)
            for start, number, most in zip(first, count, self.setup.positions, strict=True)
        )
        numbers = [row * self.setup.positions[1] + column for row in rows for column in columns]
        return self._turned(np.concatenate([self.setup.places(number, number + 1) for number in numbers]))

    def _built(self, part: Part, configuration: int) -> Multislice:
        setup, beam = self.setup, self.setup.beam
        box = (part.shape[1] * setup.pixel, part.shape[0] * setup.pixel, setup.atoms.box[2])
        numbers, positions = self._atoms(part, configuration)
        positions[:, :2] -= part.corner
        here = np.all((positions[:, :2] >= 0) & (positions[:, :2] < box[:2]), axis=1)
        slices = projected_slices(numbers[here], positions[here], box, part.shape, setup.slice_thickness)
        return Multislice(
            slices,
            box,
            beam.energy,
            beam.semiangle,
            beam.aberrations,
            probes=beam.probes,
            detector=(setup.detector, setup.detector),
            window=(setup.grid, setup.grid),
            transform=setup.geometry.transform,
        )

    def _atoms(self, part: Part, configuration: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Atomic numbers and places along the detector's axes of all atoms in a part, and of others about it.

        Displaced are all that any probe of the scan sees, so that those that two tiles share are at the same places.
        """
        setup = self.setup
        if setup.configurations:
            part = self._part((0, 0), setup.positions)
        size = np.array(part.shape[::-1]) * setup.pixel
        corners = (part.corner + np.array([(i, j) for i in (0, 1) for j in (0, 1)]) * size) @ self._to_detector
        low, high = corners.min(axis=0), corners.max(axis=0)
        atoms = setup.atoms.covering((low[0], low[1]), (high[0], high[1]))
        positions = atoms.positions
        if setup.configurations:
            rms = np.array([setup.rms[int(number)] for number in atoms.numbers])
            positions = displaced(positions, rms, setup.seed, configuration)
        return atoms.numbers, np.column_stack([self._turned(positions[:, :2]), positions[:, 2]])
