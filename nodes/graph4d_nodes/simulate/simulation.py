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

#: Bytes of transmission functions for as many scan rows as are computed at a time.
BAND_BYTES = 1 << 30


class Part(NamedTuple):
    """A rectangle of the sample, along the detector's axes."""

    corner: NDArray[np.float64]
    """x, y [Å]."""
    shape: tuple[int, int]
    """Points along y and x."""


class Simulation:
    """Intensities at the scan positions of a set-up.

    The sample is turned and mirrored as the detector sees it, and the scan with it: patterns need not be turned then,
    which their pixels would not survive without a blur. Around each probe a window is cut out of the sample. Rows of
    the scan are computed in bands, of which two are held at a time, so that memory does not grow with the scan.

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
        self._rows = self._rows_in_band()
        self._bands: dict[int, tuple[Part, list[Multislice]]] = {}
        self._lock = Lock()

    @property
    def together(self) -> int:
        """Patterns that are worth computing at once; on an accelerator their last digits depend on which these are."""
        return best().batch

    def intensities(self, first: int, last: int) -> NDArray[np.float32]:
        """Patterns ``first … last`` of a scan, each the part of the beam that falls on each pixel: (n, ky, kx)."""
        result = np.empty((last - first, self.setup.detector, self.setup.detector), np.float32)
        in_band = self._rows * self.setup.positions[1]
        start = first
        while start < last:
            band = start // in_band
            stop = min(last, (band + 1) * in_band)
            part, samples = self._samples(band)
            places = self._turned(self.setup.places(start, stop)) - part.corner
            total = sum(sample.patterns(places[:, ::-1], threads=1) for sample in samples)
            result[start - first : stop - first] = total / len(samples)
            start = stop
        return result

    def _turned(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """From (x, y) in the scan to (x, y) along the detector's axes."""
        return np.asarray(places @ self._to_detector.T)

    def _samples(self, band: int) -> tuple[Part, list[Multislice]]:
        """The part of the sample that a band of the scan needs, once a configuration."""
        with self._lock:
            if band not in self._bands:
                if len(self._bands) == 2:
                    del self._bands[max(self._bands, key=lambda other: abs(other - band))]
                part = self._part(band * self._rows, self._rows)
                self._bands[band] = part, [self._built(part, number) for number in range(self.setup.runs)]
            return self._bands[band]

    def _rows_in_band(self) -> int:
        """As many scan rows as fit into ``BAND_BYTES``, half of the scan or a quarter of it and so on."""
        rows = self.setup.positions[0]
        while rows > 1:
            # The border of a sample is repeated behind it, as far as a window reaches.
            points = math.prod(count + self.setup.grid for count in self._part(0, rows).shape)
            if points * self.setup.slices * self.setup.runs * np.dtype(np.complex64).itemsize <= BAND_BYTES:
                break
            rows = -(-rows // 2)
        return rows

    def _part(self, first_row: int, count: int) -> Part:
        """What probes in ``count`` scan rows see of the sample."""
        from scipy.fft import next_fast_len

        rows, columns = self.setup.positions
        ends_of_rows = [row * columns for row in (first_row, min(first_row + count, rows) - 1)]
        numbers = [start + column for start in ends_of_rows for column in (0, columns - 1)]
        ends = self._turned(np.concatenate([self.setup.places(number, number + 1) for number in numbers]))
        corner = ends.min(axis=0) - self._reach
        size = ends.max(axis=0) + self._reach - corner
        wide, high = (int(next_fast_len(math.ceil(length / self.setup.pixel) + 1)) for length in size)
        return Part(corner, (high, wide))

    def _built(self, part: Part, configuration: int) -> Multislice:
        setup, beam = self.setup, self.setup.beam
        box = (part.shape[1] * setup.pixel, part.shape[0] * setup.pixel, setup.atoms.box[2])
        numbers, positions = self._atoms(configuration)
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

    def _atoms(self, configuration: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Atomic numbers and places along the detector's axes of all atoms that any probe of the scan sees.

        All of them are displaced, whatever is needed, so that those that two bands share are at the same places.
        """
        setup = self.setup
        whole = self._part(0, setup.positions[0])
        size = np.array(whole.shape[::-1]) * setup.pixel
        corners = (whole.corner + np.array([(i, j) for i in (0, 1) for j in (0, 1)]) * size) @ self._to_detector
        low, high = corners.min(axis=0), corners.max(axis=0)
        atoms = setup.atoms.covering((low[0], low[1]), (high[0], high[1]))
        positions = atoms.positions
        if setup.configurations:
            rms = np.array([setup.rms[int(number)] for number in atoms.numbers])
            positions = displaced(positions, rms, setup.seed, configuration)
        return atoms.numbers, np.column_stack([self._turned(positions[:, :2]), positions[:, 2]])
