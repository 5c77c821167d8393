"""``simulate.heterostructure``: two-dimensional crystals on top of each other."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from graph4d import Group, Length, Range, UsageError, node
from graph4d_nodes.simulate.atoms import Atoms
from graph4d_nodes.simulate.crystal import Extent, LatticeConstant
from graph4d_nodes.simulate.lattice import filled, frame_along, repeated
from graph4d_nodes.simulate.prototypes import layer_crystal
from graph4d_nodes.types import Rotation, Structure

__all__ = ["heterostructure"]


@node("simulate.heterostructure")
def heterostructure(
    *,
    layers: Annotated[tuple[str, ...], Group("layers")] = ("MoS2", "WSe2"),
    twist: Annotated[tuple[Rotation, ...], Group("layers")] = (0.0,),
    lattice: Annotated[tuple[LatticeConstant, ...], Group("layers")] = (),
    distance: Annotated[Length, Range(1.0, 50.0), Group("layers")] = 6.5,
    size: Annotated[tuple[Extent, Extent], Group("box")] = (40.0, 40.0),
) -> Structure:
    """Single layers of 2-D crystals on top of each other, each turned against the one before: moiré structures.

    Parameters
    ----------
    layers : tuple of str
        In the order in which the beam meets them: graphene, hBN, MoS2, MoSe2, WS2, WSe2 (2H monolayers).
    twist : tuple of float
        Angle [rad] by which each layer is turned, clockwise on screen, the first against the scan, every other against
        the one before it. Layers for which none is given are not turned.
    lattice : tuple of float
        Lattice constants [Å] that replace the known ones; empty, or one a layer.
    distance : float
        From the middle of one layer to the middle of the next [Å].
    size : (float, float)
        Height and width of the box [Å]. If all layers share their lattice and are not turned, it is raised to whole
        periods; else the structure ends with its box: make that larger than what the probe meets.

    Returns
    -------
    Structure
        Atoms, in the axes of the scan. The first layer has a zigzag row along x before it is turned.

    Raises
    ------
    UsageError
        A layer is unknown, there is none, or there are more angles or constants than layers.
    """
    if not layers:
        raise UsageError("there are no layers; write for example layers: [MoS2, WSe2]")
    if len(twist) > len(layers):
        raise UsageError(f"`twist` has {len(twist)} angles for {len(layers)} layer(s); give one a layer at most")
    if lattice and len(lattice) != len(layers):
        raise UsageError(f"`lattice` has {len(lattice)} constants for {len(layers)} layer(s); give one each, or none")
    constants = lattice or (None,) * len(layers)
    crystals = [layer_crystal(name, a, distance) for name, a in zip(layers, constants, strict=True)]
    angles = np.cumsum([*twist, *[0.0] * (len(layers) - len(twist))])
    height = distance * len(layers)
    aligned = not any(angles) and len({crystal.cell[0, 0] for crystal in crystals}) == 1
    x, y = size[1], size[0]
    if aligned:
        x, y, _ = repeated(crystals[0], frame_along(crystals[0].cell, (0, 0, 1)), size, distance).box
    result = Atoms(np.empty(0, np.int64), np.empty((0, 3)), (x, y, height), aligned)
    for number, (crystal, angle) in enumerate(zip(crystals, angles, strict=True)):
        layer = filled(crystal, frame_along(crystal.cell, (0, 0, 1)).turned(float(angle)), (x, y, distance))
        result = result.together_with(layer.moved(0, 0, number * distance))
    return result.to_value(" / ".join(layers))
