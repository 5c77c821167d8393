"""``simulate.stack``: two structures in one box."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from graph4d import Group, Length, Range, UsageError, node
from graph4d_nodes.simulate.atoms import TOUCHING, Atoms
from graph4d_nodes.types import Structure

__all__ = ["stack"]


@node("simulate.stack")
def stack(
    base: Structure,
    added: Structure,
    *,
    place: Annotated[Literal["after", "before", "inside"], Group("place")] = "before",
    gap: Annotated[Length, Group("place")] = 2.0,
    shift: Annotated[tuple[Length, Length], Group("place")] = (0.0, 0.0),
    clearance: Annotated[Length, Range(0.0, 10.0), Group("place")] = 1.5,
    vacuum: Annotated[Length, Range(0.0, 1e3), Group("box")] = 0.0,
) -> Structure:
    """Two structures in one box: a particle on a support or embedded in it, crystals on top of each other.

    Parameters
    ----------
    base : Structure
        What determines the box in x and y.
    added : Structure
        What is brought there, middle on middle. If it is periodic it is repeated, and cut, to fill the box.
    place : {"after", "before", "inside"}
        Whether the beam meets ``added`` after ``base`` or before it, or in the middle of it.
    gap : float
        Distance from the last atom of what comes first to the first atom of what comes then [Å], along the beam. A
        negative one sinks ``added`` into ``base``. Of no meaning inside.
    shift : (float, float)
        Of ``added`` from the middle of the box along y and x [Å].
    clearance : float
        Atoms of ``base`` that are closer than this to an atom of ``added`` make room for it [Å].
    vacuum : float
        Added to the box on each side of x and y [Å]; the result is then not periodic.

    Returns
    -------
    Structure
        As thick as both together. Periodic if ``base`` is, and ``added`` has no edges of its own in the box.

    Raises
    ------
    UsageError
        ``added`` reaches out of the box.
    """
    below, above = Atoms.from_value(base), Atoms.from_value(added)
    box = (below.box[0] + 2 * vacuum, below.box[1] + 2 * vacuum)
    shift_x, shift_y = ((box[i] - above.box[i]) / 2 + shift[1 - i] for i in (0, 1))
    seamless = below.periodic and not vacuum
    if above.periodic:
        seamless = seamless and np.allclose(above.box[:2], box, atol=TOUCHING)
        above = above.covering((-shift_x, -shift_y), (box[0] - shift_x, box[1] - shift_y))
    above, below = above.moved(shift_x, shift_y, 0.0), below.moved(vacuum, vacuum, 0.0)
    flat = above.positions[:, :2]
    if ((flat < -TOUCHING) | (flat > np.array(box) + TOUCHING)).any():
        raise UsageError(
            f"what is added reaches from {flat.min(axis=0)[::-1].round(1).tolist()} to "
            f"{flat.max(axis=0)[::-1].round(1).tolist()} Å (y, x), out of the box of {box[1]:.3g} × {box[0]:.3g} Å; "
            "raise the `size` of the base, or lower `shift`"
        )
    return _joined(below, above, box, place, gap, clearance, seamless).to_value(
        " + ".join(part.attrs.get("title", "structure") for part in (base, added))
    )


def _joined(
    base: Atoms, added: Atoms, box: tuple[float, float], place: str, gap: float, clearance: float, periodic: bool
) -> Atoms:
    """Both in a box as thick as they are together, with what was left of vacuum before the first and after the last."""
    from scipy.spatial import cKDTree

    heights = (atoms.positions[:, 2] for atoms in (base, added))
    (first, last), (from_z, to_z) = ((z.min(), z.max()) for z in heights)
    if place == "after":
        lift = last + gap - from_z
    elif place == "before":
        lift = first - gap - to_z
    else:
        lift = (first + last - from_z - to_z) / 2
    bottom = min(0.0, lift)
    top = max(base.box[2], added.box[2] + lift)
    added, base = added.moved(0, 0, lift - bottom), base.moved(0, 0, -bottom)
    distances = cKDTree(added.positions).query(base.positions, distance_upper_bound=max(clearance, TOUCHING))[0]
    kept = base.chosen(np.asarray(distances >= clearance))
    both = kept.together_with(added)
    return Atoms(both.numbers, both.positions, (*box, float(top - bottom)), periodic)
