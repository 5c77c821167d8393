"""What a perfect microscope would show: the projected potential at the scan positions."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray

from graph4d.run.cancel import report_progress
from graph4d_nodes.simulate.multislice.grid import Grid
from graph4d_nodes.simulate.multislice.potential import projected_slices
from graph4d_nodes.simulate.setup import Setup

__all__ = ["projected_potential"]

#: How far beyond the scan atoms count [Å]: limited to a band, potentials reach far.
MARGIN = 8.0
#: Largest width of what is computed at once [Å]: atoms times points of the grid are few then.
TILE = 40.0


def projected_potential(setup: Setup) -> NDArray[np.float64]:
    """The potential of atoms at rest, projected along the whole sample, at every scan position.

    It is computed along the axes of the scan, and limited to the same band as that of the simulated patterns.

    Parameters
    ----------
    setup : Setup
        What is simulated.

    Returns
    -------
    ndarray
        (rows, columns) [V Å].
    """
    result = np.empty(setup.positions)
    rows, columns = (
        _portions(count, max(1, int(TILE / length)))
        for count, length in zip(setup.positions, setup.scan_step, strict=True)
    )
    for number, (row, column) in enumerate(product(rows, columns)):
        result[row, column] = _tile(setup, row, column)
        report_progress((number + 1) / (len(rows) * len(columns)))
    return result


def _portions(count: int, most: int) -> list[slice]:
    return [slice(start, min(start + most, count)) for start in range(0, count, most)]


def _tile(setup: Setup, rows: slice, columns: slice) -> NDArray[np.float64]:
    """The same at some of the positions."""
    from scipy.fft import fft2, ifft2, next_fast_len

    step = np.array(setup.scan_step)
    first, positions = np.array([rows.start, columns.start]), (rows.stop - rows.start, columns.stop - columns.start)
    # Every n-th point of a grid that holds the band is a scan position.
    finer = np.ceil(step / setup.pixel).astype(int)
    before = np.ceil(MARGIN / step).astype(int)
    counts = [
        int(next_fast_len(math.ceil(count + 2 * margin))) * int(n)
        for count, margin, n in zip(positions, before, finer, strict=True)
    ]
    pixel = step / finer
    grid = Grid((counts[0], counts[1]), (counts[0] * pixel[0], counts[1] * pixel[1]))
    corner = (np.array(setup.offset) + (first - before) * step)[::-1]
    width = np.array(grid.size[::-1])
    atoms = setup.atoms.covering((corner[0], corner[1]), (corner[0] + width[0], corner[1] + width[1]))
    box = (grid.size[1], grid.size[0], setup.atoms.box[2])
    places = atoms.positions - [corner[0], corner[1], 0.0]
    whole = projected_slices(atoms.numbers, places, box, grid.shape, box[2], np.float64)[0]
    ky, kx = grid.frequencies
    limited = ifft2(fft2(whole) * (np.hypot(ky, kx) <= setup.band_limit)).real
    chosen = (
        slice(margin * n, (margin + count) * n, n) for count, margin, n in zip(positions, before, finer, strict=True)
    )
    return np.asarray(limited[tuple(chosen)])
