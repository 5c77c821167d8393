"""``simulate.amorphous``: a support without order."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from graph4d import Group, Length, Range, UsageError, node
from graph4d.run.cancel import report_progress
from graph4d_nodes.simulate.atoms import Atoms
from graph4d_nodes.simulate.crystal import Extent
from graph4d_nodes.simulate.elements import atomic_number
from graph4d_nodes.types import Structure

__all__ = ["amorphous", "random_places"]

#: Rounds of random places after which a density counts as out of reach.
ROUNDS = 400


@node("simulate.amorphous")
def amorphous(
    *,
    element: Annotated[str, Group("material")] = "C",
    density: Annotated[float, Range(1e-4, 1.0), Group("material")] = 0.1,
    nearest: Annotated[Length, Range(0.0, 10.0), Group("material")] = 1.4,
    size: Annotated[tuple[Extent, Extent], Group("box")] = (50.0, 50.0),
    thickness: Annotated[Extent, Group("box")] = 30.0,
    seed: Annotated[int, Range(0)] = 0,
) -> Structure:
    """Atoms at random places, none closer to another than a given distance: an amorphous film, carbon by default.

    Parameters
    ----------
    element : str
        Symbol of the element.
    density : float
        Atoms an Å³; 0.1 is that of carbon with 2.0 g/cm³.
    nearest : float
        Least distance of two atoms [Å].
    size : (float, float)
        Height and width of the box [Å].
    thickness : float
        Along the beam [Å].
    seed : int
        Of the random numbers.

    Returns
    -------
    Structure
        Atoms, periodic in x and y.

    Raises
    ------
    UsageError
        The element is unknown, or so many atoms do not find room at this distance.

    Notes
    -----
    Random sequential addition: places are tried in a random order, and taken if no atom is there yet. It ends at about
    38 % of the volume in spheres of the diameter ``nearest``.
    """
    number = atomic_number(element)
    box = (size[1], size[0], thickness)
    count = round(density * float(np.prod(box)))
    positions = random_places(count, box, nearest, np.random.default_rng(seed))
    return Atoms(np.full(len(positions), number), positions, box, True).to_value(f"amorphous {element}")


def random_places(
    count: int, box: tuple[float, float, float], nearest: float, random: np.random.Generator
) -> NDArray[np.float64]:
    """Random places in a box that is periodic in x and y, at least ``nearest`` apart.

    Parameters
    ----------
    count : int
        How many.
    box : (float, float, float)
        x, y, z [Å].
    nearest : float
        Least distance [Å].
    random : Generator
        Of random numbers.

    Returns
    -------
    ndarray
        (count, 3).

    Raises
    ------
    UsageError
        They do not find room.
    """
    from scipy.spatial import cKDTree

    # Beyond the top there is nothing for so long that the bottom, which follows, is no neighbour.
    period = np.array([box[0], box[1], box[2] + nearest + 1.0])
    taken = np.empty((0, 3))
    for _ in range(ROUNDS):
        missing = count - len(taken)
        if not missing:
            break
        tried = random.random((2 * missing, 3)) * box
        if len(taken):
            there = cKDTree(taken, boxsize=period)
            tried = tried[there.query(tried, distance_upper_bound=nearest)[0] > nearest]
        # Of two that are too close to each other the later one goes, even if a third takes away the earlier one.
        free = np.ones(len(tried), dtype=bool)
        if len(tried):
            free[cKDTree(tried, boxsize=period).query_pairs(nearest, output_type="ndarray")[:, 1]] = False
        taken = np.concatenate([taken, tried[free][:missing]])
        report_progress(len(taken) / max(1, count))
    else:
        raise UsageError(
            f"{count} atoms do not find room in {box[0]:.3g} × {box[1]:.3g} × {box[2]:.3g} Å at least {nearest:.3g} Å "
            f"apart, only {len(taken)} do; lower `density` or `nearest`"
        )
    return taken
