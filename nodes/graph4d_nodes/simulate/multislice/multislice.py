"""Patterns and waves of probes that have passed through slices of a sample."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError
from graph4d_nodes.geometry import IDENTITY, Matrix, wavelength
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.simulate.multislice.arrays import Array, Arrays, best
from graph4d_nodes.simulate.multislice.coherence import COHERENT, Probe
from graph4d_nodes.simulate.multislice.grid import Grid
from graph4d_nodes.simulate.multislice.waves import lens, propagator, transmission

__all__ = ["Multislice"]


class Multislice:
    """A sample under a probe that may be anywhere: ψ ← F⁻¹[P · F[T · ψ]] for every slice.

    Parameters
    ----------
    slices : ndarray
        (slices, rows, columns) projected potential [V Å], in float32, or in float64 for double precision throughout;
        see :func:`graph4d_nodes.simulate.multislice.potential.projected_slices`.
    box : (float, float, float)
        Of x, y, z [Å], which the slices fill.
    energy : float
        Of the electrons [eV].
    semiangle : float
        Convergence semi-angle [rad]; 0 for a plane wave.
    aberrations : Aberrations, optional
        Of the lens.
    probes : sequence of Probe
        Whose intensities are added; see :func:`graph4d_nodes.simulate.multislice.coherence.probes`.
    detector : (int, int), optional
        Rows and columns of the detector, whose pixel is 1/window [1/Å]; by default all that holds the band. The pixel
        of k = 0 is [rows // 2, columns // 2]. Corners beyond the band hold 0.
    window : (int, int), optional
        Rows and columns of the grid in which a wave is computed: of that part of the sample which is about the probe.
        By default all of the sample.
    transform : 2 × 2 tuple
        Takes (x, y) on the grid to (x, y) in the axes of the scan, in which aberrations are given.
    arrays : Arrays, optional
        Where to compute; by default on the best device that is there, :func:`arrays.best`.

    Raises
    ------
    UsageError
        A probe or a detector that reaches beyond what the grid can hold, or a window larger than the sample.

    Notes
    -----
    Of a transform only those rows are computed that hold anything: of the aperture before the sample, of the band
    between slices, of the detector behind it. This gives the whole result for about half of the work. So that these
    rows lie together, every wave is multiplied by a carrier, exp(2πi·(high·y + wide·x)), which turns the band's lowest
    frequency into 0 and changes nothing that is measured.

    On a CPU every pattern is computed by itself: it is the same bit for bit, whatever is computed with it and on
    however many threads.

    Source: Cowley & Moodie, Acta Cryst. 10 (1957) 609; Kirkland, Advanced Computing in Electron Microscopy, chapter 6.
    """

    def __init__(
        self,
        slices: NDArray[np.floating],
        box: tuple[float, float, float],
        energy: float,
        semiangle: float,
        aberrations: Aberrations | None = None,
        *,
        probes: Sequence[Probe] = COHERENT,
        detector: tuple[int, int] | None = None,
        window: tuple[int, int] | None = None,
        transform: Matrix = IDENTITY,
        arrays: Arrays | None = None,
    ) -> None:
        self._sample = Grid((slices.shape[1], slices.shape[2]), (box[1], box[0]))
        window = window or self._sample.shape
        pixel = self._sample.pixel
        self.grid = Grid(window, (window[0] * pixel[0], window[1] * pixel[1]))
        high, wide = self.grid.reach
        self.detector = detector or (2 * high + 1, 2 * wide + 1)
        length = wavelength(energy)
        _check(self._sample, self.grid, semiangle / length, self.detector)
        self._arrays, self._probes = arrays or best(), tuple(probes)
        # Slices without atoms are so much more vacuum: before the first with some, and behind each of these.
        filled = np.flatnonzero(slices.any(axis=(1, 2)))
        functions = transmission(slices[filled], self._sample.size, energy)
        self._dtype = functions.dtype
        self._whole = window == self._sample.shape
        if not self._whole:  # so that every window lies in one piece
            functions = np.pad(functions, ((0, 0), (0, window[0]), (0, window[1])), mode="wrap")
        self._transmission = [self._arrays.put(function) for function in functions]
        before, *self._behind_each = np.diff([0, *filled, len(slices)]).tolist()
        thickness = box[2] / len(slices)
        self._vacuum = {
            count: self._put(propagator(self.grid, count * thickness, length), (high, wide))[: 2 * high + 1]
            for count in set(self._behind_each)
        }
        rows, columns = (
            min(int((semiangle / length + step) / step) + 1, most)
            for step, most in zip(self.grid.step, (high, wide), strict=True)
        )
        self._lit = rows, columns
        aberrations = aberrations or Aberrations()
        self._lenses = {}
        for c10 in {probe.c10 for probe in self._probes}:
            shifted = replace(aberrations, c10=aberrations.c10 + c10)
            spectrum = lens(self.grid, length, semiangle, shifted, transform)
            spectrum *= propagator(self.grid, before * thickness, length)
            self._lenses[c10] = self._put(spectrum, self._lit)[: 2 * rows + 1, : 2 * columns + 1]
        self._carried = self._arrays.put(_carrier(window, (high - rows, wide - columns)).astype(self._dtype))
        top, left = high - self.detector[0] // 2, wide - self.detector[1] // 2
        self._lines, self._columns = slice(top, top + self.detector[0]), slice(left, left + self.detector[1])
        band = self._put(self.grid.band, (high, wide))[self._lines, self._columns]
        self._seen = band.real

    def patterns(self, positions: NDArray[np.floating], threads: int | None = None) -> NDArray[np.floating]:
        """Intensities on the detector, as fractions of the beam.

        Parameters
        ----------
        positions : ndarray
            (n, 2): y, x [Å] of each probe.
        threads : int, optional
            To compute with on a CPU; by default all of its cores.

        Returns
        -------
        ndarray
            (n, rows, columns) float32 or float64.
        """
        places: NDArray[np.float64] = np.asarray(positions, np.float64)
        result = np.empty((len(places), *self.detector), np.finfo(self._dtype).dtype)
        batch = self._arrays.batch

        def compute(start: int) -> None:
            result[start : start + batch] = self._intensities(places[start : start + batch])

        with ThreadPoolExecutor((threads or os.cpu_count()) if batch == 1 else 1) as pool:
            for _ in pool.map(compute, range(0, len(places), batch)):
                pass  # what a thread raises is raised here
        return result

    def exit_waves(self, positions: NDArray[np.floating]) -> NDArray[np.complexfloating]:
        """Waves at the bottom of the box, of the first probe of a sum.

        Parameters
        ----------
        positions : ndarray
            (n, 2): y, x [Å] of each probe.

        Returns
        -------
        ndarray
            (n, rows, columns) over the sample, or over a window in whose middle the probe is; Σ|F[ψ]|² ≤ 1.
        """
        places = np.asarray(positions, np.float64)[:, None]
        waves = [self._behind(place, self._probes[0]) for place in places]
        for count in self._behind_each[-1:]:
            waves = [self._across_vacuum(wave, count) for wave in waves]
        return self._plain(np.concatenate([self._arrays.get(wave) for wave in waves]))

    def probe(self) -> NDArray[np.complexfloating]:
        """The first probe of a sum where it meets the first atoms, in the middle of (rows, columns); Σ|F[ψ]|² = 1."""
        wave = self._arrays.get(self._entering(np.zeros((1, 2)), self._probes[0].c10))
        return np.fft.fftshift(self._plain(wave)[0])

    def _plain(self, waves: NDArray[np.complexfloating]) -> NDArray[np.complexfloating]:
        return waves * _carrier(self.grid.shape, self.grid.reach).conj().astype(self._dtype)

    def _intensities(self, positions: NDArray[np.float64]) -> NDArray[np.floating]:
        total: Array = 0.0
        for probe in self._probes:
            spectrum = self._detected(self._behind(positions, probe))
            total = total + probe.weight * (spectrum.real**2 + spectrum.imag**2)
        return self._arrays.get(total * self._seen)

    def _behind(self, positions: NDArray[np.float64], probe: Probe) -> Array:
        """Waves (n, rows, columns) behind the last slice with atoms."""
        places = positions + np.array([probe.y, probe.x])
        corners = np.zeros(places.shape, int)
        if not self._whole:
            corners = np.rint(places / self.grid.pixel).astype(int) - np.array(self.grid.shape) // 2
        waves = self._entering(places - corners * self.grid.pixel, probe.c10)
        for index, function in enumerate(self._transmission):
            if index:
                waves = self._across_vacuum(waves, self._behind_each[index - 1])
            waves *= function if self._whole else self._under(function, corners % self._sample.shape)
        return waves

    def _under(self, function: Array, corners: NDArray[Any]) -> Array:
        """What lies in the window of each wave."""
        rows, columns = self.grid.shape
        return self._arrays.stack([function[y : y + rows, x : x + columns] for y, x in corners.tolist()])

    def _entering(self, places: NDArray[np.float64], c10: float) -> Array:
        """Probes (n, rows, columns) above the sample."""
        down, right = (
            self._arrays.put(np.exp(-2j * np.pi * np.outer(place, np.arange(-lit, lit + 1) * step)).astype(self._dtype))
            for place, lit, step in zip(places.T, self._lit, self.grid.step, strict=True)
        )
        waves = self._arrays.ifft(self._lenses[c10] * down[:, :, None] * right[:, None, :], self.grid.shape[1], 2)
        waves = self._arrays.ifft(waves, self.grid.shape[0], 1)
        waves *= self._carried
        return waves

    def _across_vacuum(self, waves: Array, count: int) -> Array:
        """Waves so many slices further."""
        (height, width), vacuum = self.grid.shape, self._vacuum[count]
        waves = self._arrays.fft(waves, height, 1)[:, : len(vacuum)]
        waves = self._arrays.fft(waves, width, 2)
        waves *= vacuum
        return self._arrays.ifft(self._arrays.ifft(waves, width, 2), height, 1)

    def _detected(self, waves: Array) -> Array:
        """Spectra (n, rows, columns) on the detector."""
        height, width = self.grid.shape
        waves = self._arrays.fft(waves, height, 1)[:, self._lines]
        return self._arrays.fft(waves, width, 2)[:, :, self._columns]

    def _put(self, spectrum: NDArray[Any], lowest: tuple[int, int]) -> Array:
        """A spectrum on the device, rolled so that its first element is that of minus the ``lowest`` frequencies."""
        return self._arrays.put(np.roll(spectrum, lowest, (0, 1)).astype(self._dtype))


def _carrier(shape: tuple[int, int], frequencies: tuple[int, int]) -> NDArray[np.complex128]:
    """A wave of so many periods along both axes."""
    down, right = (np.exp(2j * np.pi * k / n * np.arange(n)) for n, k in zip(shape, frequencies, strict=True))
    return np.outer(down, right)


def _check(sample: Grid, grid: Grid, disc: float, detector: tuple[int, int]) -> None:
    if grid.shape[0] > sample.shape[0] or grid.shape[1] > sample.shape[1]:
        raise UsageError(
            f"a window of {grid.size[0]:.4g} × {grid.size[1]:.4g} Å does not fit into a sample of "
            f"{sample.size[0]:.4g} × {sample.size[1]:.4g} Å; repeat the sample, or take "
            "larger detector pixels, which are 1/window"
        )
    if disc + max(grid.step) > grid.band_limit:
        raise UsageError(
            f"the probe's aperture of {disc:.4g} 1/Å reaches beyond the {grid.band_limit:.4g} 1/Å that a grid of "
            f"{max(grid.pixel):.3g} Å holds; make the grid finer or `semiangle` smaller"
        )
    for count, reach, step in zip(detector, grid.reach, grid.step, strict=True):
        if count // 2 > reach:
            raise UsageError(
                f"a detector of {count} pixels reaches to {count // 2 * step:.4g} 1/Å, beyond the "
                f"{grid.band_limit:.4g} 1/Å that a grid of {max(grid.pixel):.3g} Å holds; make the grid finer or the "
                "detector smaller"
            )
