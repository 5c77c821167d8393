"""``simulate.crystal``: a slab of a crystal along a zone axis."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np

from graph4d import Group, InputPath, Length, Range, UsageError, node
from graph4d_nodes.simulate.elements import SYMBOLS, need_ase
from graph4d_nodes.simulate.lattice import Crystal, frame_along, repeated
from graph4d_nodes.simulate.prototypes import Prototype, prototype_crystal
from graph4d_nodes.types import Rotation, Structure

__all__ = ["Extent", "LatticeConstant", "crystal", "read_cif"]

LatticeConstant = Annotated[Length, Range(1.0, 100.0)]
Extent = Annotated[Length, Range(0.5, 1e4)]


@node("simulate.crystal")
def crystal(
    *,
    prototype: Annotated[Prototype, Group("crystal")] = "perovskite",
    elements: Annotated[tuple[str, ...], Group("crystal")] = ("Sr", "Ti", "O"),
    a: Annotated[LatticeConstant, Group("crystal")] = 3.905,
    c: Annotated[LatticeConstant | None, Group("crystal")] = None,
    cif: Annotated[InputPath | None, Group("crystal")] = None,
    zone_axis: Annotated[tuple[int, int, int], Group("orientation")] = (0, 0, 1),
    rotation: Annotated[Rotation, Group("orientation")] = 0.0,
    size: Annotated[tuple[Extent, Extent], Group("box")] = (40.0, 40.0),
    thickness: Annotated[Extent, Group("box")] = 11.715,
) -> Structure:
    """A slab of a crystal, by the name of its structure or from a CIF file, looked at along a zone axis.

    Parameters
    ----------
    prototype : str
        Structure of the crystal. 2H is that of bulk MoS2, two layers a cell.
    elements : tuple of str
        Symbols in the order of the formula: [Sr, Ti, O], or [Au] for fcc.
    a : float
        Lattice constant [Å].
    c : float, optional
        That of a hexagonal crystal along its axis [Å]; without it the ideal one of the structure.
    cif : Path, optional
        A file with the crystal, which then replaces all of the above. A site that is shared by several elements counts
        as full of its first.
    zone_axis : (int, int, int)
        Direction [u v w] of the crystal's conventional cell that lies along the beam.
    rotation : float
        Angle [rad] by which the crystal is turned in the plane, clockwise on screen. Without it the shortest suitable
        lattice vector points to the right.
    size : (float, float)
        Height and width of the box [Å]. They are raised to whole periods, with which the structure has no edges.
        A crystal that is turned or has no such periods ends with its box: make that larger than what the probe meets.
    thickness : float
        Along the beam [Å]. Atoms lie at 0 ≤ z < ``thickness``.

    Returns
    -------
    Structure
        Atoms, in the axes of the scan.

    Raises
    ------
    UsageError
        An element is unknown, there are too few or too many, the zone axis is [0 0 0], the file cannot be read, or ASE,
        which reads it, is not installed.
    """
    if not any(zone_axis):
        raise UsageError("zone_axis [0, 0, 0] is no direction; write for example [0, 0, 1]")
    cell = prototype_crystal(prototype, elements, a, c) if cif is None else read_cif(cif)
    frame = frame_along(cell.cell, zone_axis).turned(rotation)
    atoms = repeated(cell, frame, size, thickness)
    indices = " ".join(map(str, zone_axis))
    return atoms.to_value(f"{formula(cell)} [{indices}]")


def read_cif(path: Path) -> Crystal:
    """The unit cell in a CIF file.

    Raises
    ------
    UsageError
        The file cannot be read, or ASE is not installed.
    """
    need_ase("CIF files are read")
    import warnings

    from ase.io import read

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of space groups in old notation, which it understands all the same
            atoms: Any = read(path, format="cif")
    # The reader raises whatever its steps do, from StopIteration to KeyError: all mean that it is no good CIF.
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"{path} cannot be read as a CIF file: {reason}") from error
    if not len(atoms) or abs(np.linalg.det(atoms.cell[:])) < 1e-3:
        raise UsageError(f"{path} has no unit cell with atoms; a CIF file of a crystal is needed")
    return Crystal(np.asarray(atoms.numbers, np.int64), np.array(atoms.positions), np.array(atoms.cell[:]))


def formula(cell: Crystal) -> str:
    """Elements of a cell with their numbers, by their greatest common divisor: SrTiO3."""
    found, first, counts = np.unique(cell.numbers, return_index=True, return_counts=True)
    divisor = np.gcd.reduce(counts)
    order = np.argsort(first)
    parts = ((SYMBOLS[found[i] - 1], counts[i] // divisor) for i in order)
    return "".join(symbol + (str(count) if count > 1 else "") for symbol, count in parts)
