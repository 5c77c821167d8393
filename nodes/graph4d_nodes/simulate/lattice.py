"""Boxes filled with a crystal: along a zone axis, turned in the plane, and periodic where it can be."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.simulate.atoms import TOUCHING, Atoms

__all__ = ["Crystal", "Frame", "filled", "frame_along", "repeated"]

#: How many cells away the periods of a zone axis are looked for.
FAR = 8


@dataclass(frozen=True)
class Crystal:
    """A unit cell.

    Parameters
    ----------
    numbers : ndarray
        Atomic numbers, (n,).
    basis : ndarray
        Places of the atoms, (n, 3) [Å].
    cell : ndarray
        The lattice vectors as rows, (3, 3) [Å], in the same axes.
    """

    numbers: NDArray[np.int64]
    basis: NDArray[np.float64]
    cell: NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """How a crystal lies under the beam.

    Parameters
    ----------
    axes : ndarray
        (3, 3): the directions x, y, z of the scan as rows, in the axes of the crystal.
    periods : (float, float), optional
        After which lengths along x and y the crystal repeats itself [Å]; None where no such lengths are known.
    """

    axes: NDArray[np.float64]
    periods: tuple[float, float] | None

    def turned(self, angle: float) -> Frame:
        """The crystal turned in the plane by ``angle`` [rad], clockwise on screen; its periods are lost."""
        if not angle:
            return self
        c, s = np.cos(angle), np.sin(angle)
        return Frame(np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ self.axes, None)


def frame_along(cell: NDArray[np.float64], zone_axis: tuple[int, int, int]) -> Frame:
    """The frame in which the direction [uvw] of a crystal lies along the beam.

    x is the shortest lattice vector across the beam that has another one perpendicular to it.

    Parameters
    ----------
    cell : ndarray
        Lattice vectors as rows, (3, 3) [Å].
    zone_axis : (int, int, int)
        u, v, w, not all 0.
    """
    beam = np.array(zone_axis) @ cell
    beam = beam / np.linalg.norm(beam)
    steps = np.array(list(product(range(-FAR, FAR + 1), repeat=3)))
    vectors = steps @ cell
    lengths = np.linalg.norm(vectors, axis=1)
    across = (np.abs(vectors @ beam) < TOUCHING * np.maximum(lengths, 1)) & (lengths > TOUCHING)
    vectors, lengths = vectors[across], lengths[across]
    # The shortest first; of equal ones the one that points most along x of the crystal, then y, then z.
    order = np.lexsort((*-np.round(vectors.T[::-1], 6), np.round(lengths, 6)))
    for first in order:
        x = vectors[first] / lengths[first]
        y = np.cross(beam, x)
        along_y = vectors @ y > lengths * (1 - TOUCHING)
        if along_y.any():
            return Frame(np.stack([x, y, beam]), (float(lengths[first]), float(lengths[along_y].min())))
    other = vectors[order[0]] if len(order) else np.eye(3)[np.argmin(np.abs(beam))]
    x = other - (other @ beam) * beam
    x = x / np.linalg.norm(x)
    return Frame(np.stack([x, np.cross(beam, x), beam]), None)


def filled(crystal: Crystal, frame: Frame, box: tuple[float, float, float], *, periodic: bool = False) -> Atoms:
    """All atoms of an endless crystal that lie in a box, one corner of which is the crystal's origin.

    Parameters
    ----------
    crystal : Crystal
        The unit cell.
    frame : Frame
        How it lies.
    box : (float, float, float)
        x, y, z [Å].
    periodic : bool
        That the box is a multiple of the crystal's periods.
    """
    cell, basis = crystal.cell @ frame.axes.T, crystal.basis @ frame.axes.T
    corners = np.array(list(product(*((0.0, length) for length in box))))
    reach = (corners[:, None, :] - basis).reshape(-1, 3) @ np.linalg.inv(cell)
    spans = zip(np.floor(reach.min(axis=0) - TOUCHING), np.ceil(reach.max(axis=0) + TOUCHING), strict=True)
    cells = np.stack(np.meshgrid(*(np.arange(a, b + 1) for a, b in spans), indexing="ij"), axis=-1).reshape(-1, 3)
    positions = ((cells @ cell)[:, None, :] + basis).reshape(-1, 3)
    return Atoms(np.tile(crystal.numbers, len(cells)), positions, box, periodic).inside()


def repeated(crystal: Crystal, frame: Frame, size: tuple[float, float], thickness: float) -> Atoms:
    """A box of at least this size (y, x) [Å], made of whole periods where the frame has them, else just so large."""
    y, x = size
    if frame.periods is None:
        return filled(crystal, frame, (x, y, thickness))
    x, y = (period * np.ceil(length / period - TOUCHING) for period, length in zip(frame.periods, (x, y), strict=True))
    return filled(crystal, frame, (float(x), float(y), thickness), periodic=True)
