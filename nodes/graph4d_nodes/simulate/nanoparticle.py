"""``simulate.nanoparticle``: a metal particle in vacuum, to be laid on a support with ``simulate.stack``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from graph4d import Group, Length, Range, UsageError, node
from graph4d_nodes.simulate.atoms import Atoms
from graph4d_nodes.simulate.crystal import Extent, LatticeConstant
from graph4d_nodes.simulate.elements import atomic_number, need_ase
from graph4d_nodes.simulate.lattice import filled, frame_along
from graph4d_nodes.simulate.prototypes import prototype_crystal
from graph4d_nodes.types import Rotation, Structure

__all__ = ["nanoparticle"]

#: Surface energies of {100}, {111} and {110} of an fcc metal, relative to each other: gold's.
FACETS = [(1, 0, 0), (1, 1, 1), (1, 1, 0)]
ENERGIES = [1.0, 0.87, 1.07]
#: Vacuum that is left above and below [Å]: what reaches out of the outermost atoms belongs to their slices.
MARGIN = 1.0


@node("simulate.nanoparticle")
def nanoparticle(
    *,
    element: Annotated[str, Group("particle")] = "Au",
    shape: Annotated[
        Literal["wulff", "octahedron", "cuboctahedron", "decahedron", "icosahedron", "sphere"], Group("particle")
    ] = "wulff",
    diameter: Annotated[Length, Range(3.0, 500.0), Group("particle")] = 25.0,
    a: Annotated[LatticeConstant, Group("particle")] = 4.078,
    zone_axis: Annotated[tuple[int, int, int], Group("orientation")] = (1, 1, 0),
    rotation: Annotated[Rotation, Group("orientation")] = 0.0,
    size: Annotated[tuple[Extent, Extent], Group("box")] = (50.0, 50.0),
) -> Structure:
    """A particle of an fcc metal, in the middle of an empty box.

    Parameters
    ----------
    element : str
        Symbol of the metal.
    shape : {"wulff", "octahedron", "cuboctahedron", "decahedron", "icosahedron", "sphere"}
        "wulff" has the facets of least surface energy; decahedra and icosahedra are twinned five times and more.
    diameter : float
        Of the sphere with the same volume [Å]. All shapes but the sphere come in steps: the nearest is taken.
    a : float
        Lattice constant [Å].
    zone_axis : (int, int, int)
        Direction [u v w] along the beam. Of twinned particles it is meant in their own axes: the third is the fivefold
        one of a decahedron, and [0 0 1] looks at an edge of an icosahedron.
    rotation : float
        Angle [rad] by which the particle is turned in the plane, clockwise on screen.
    size : (float, float)
        Height and width of the box [Å].

    Returns
    -------
    Structure
        Atoms, in the axes of the scan; not periodic.

    Raises
    ------
    UsageError
        The element is unknown, the particle larger than its box, the zone axis [0 0 0], or ASE not installed.
    """
    if not any(zone_axis):
        raise UsageError("zone_axis [0, 0, 0] is no direction; write for example [1, 1, 0]")
    atomic_number(element)
    if shape == "sphere":
        positions = _sphere(element, a, diameter)
    else:
        need_ase("particles with facets are built")
        positions = _faceted(shape, element, a, np.pi / 6 * diameter**3 * 4 / a**3)
    frame = frame_along(np.eye(3), zone_axis).turned(rotation)
    positions = positions @ frame.axes.T
    low, high = positions.min(axis=0), positions.max(axis=0)
    width = high - low
    if width[0] > size[1] or width[1] > size[0]:
        raise UsageError(
            f"a particle of {width[1]:.3g} × {width[0]:.3g} Å (height × width) does not fit into a box of "
            f"{size[0]:.3g} × {size[1]:.3g} Å; raise `size` or lower `diameter`"
        )
    box = (size[1], size[0], float(width[2]) + 2 * MARGIN)
    numbers = np.full(len(positions), atomic_number(element))
    return Atoms(numbers, positions - (low + high) / 2 + np.array(box) / 2, box).to_value(f"{element} {shape}")


def _sphere(element: str, a: float, diameter: float) -> NDArray[np.float64]:
    """Places of the atoms within a sphere about one of them."""
    crystal = prototype_crystal("fcc", (element,), a, None)
    cells = int(np.ceil(diameter / 2 / a)) * a
    positions = filled(crystal, frame_along(crystal.cell, (0, 0, 1)), (2 * cells + 1, 2 * cells + 1, 2 * cells + 1))
    away = positions.positions - cells
    return np.asarray(away[np.linalg.norm(away, axis=1) <= diameter / 2])


def _faceted(shape: str, element: str, a: float, count: float) -> NDArray[np.float64]:
    """Places of the atoms of the particle of a shape whose number of atoms is nearest to ``count``."""
    import ase.cluster

    cluster: Any = ase.cluster
    if shape == "wulff":
        return np.array(
            cluster.wulff_construction(element, FACETS, ENERGIES, round(count), "fcc", "closest", a).positions
        )
    make: dict[str, Callable[[int], Any]] = {
        "octahedron": lambda step: cluster.Octahedron(element, step + 1, 0, latticeconstant=a),
        "cuboctahedron": lambda step: cluster.Octahedron(element, 2 * step + 1, step, latticeconstant=a),
        "decahedron": lambda step: cluster.Decahedron(element, step + 1, step // 2 + 1, 0, latticeconstant=a),
        "icosahedron": lambda step: cluster.Icosahedron(element, step + 1, latticeconstant=a),
    }
    smaller, step = make[shape](1), 2
    larger = make[shape](step)
    while len(larger) < count:
        step += 1
        smaller, larger = larger, make[shape](step)
    return np.array((smaller if count - len(smaller) < len(larger) - count else larger).positions)
