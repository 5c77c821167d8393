"""Crystals by the name of their structure: conventional cells, so that zone axes are what the literature calls them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError
from graph4d_nodes.simulate.elements import atomic_number
from graph4d_nodes.simulate.lattice import Crystal

__all__ = ["Prototype", "hexagonal_cell", "layer_crystal", "prototype_crystal"]

Prototype = Literal[
    "perovskite",
    "rocksalt",
    "fcc",
    "bcc",
    "sc",
    "hcp",
    "diamond",
    "zincblende",
    "wurtzite",
    "fluorite",
    "cesiumchloride",
    "2H",
]

Site = tuple[float, float, float]
THIRD = 1 / 3
CENTRED: list[Site] = [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]
#: Of the two planes in which hexagonal crystals have their atoms.
STACKED: list[Site] = [(THIRD, 2 * THIRD, 0), (2 * THIRD, THIRD, 0.5)]


@dataclass(frozen=True)
class Known:
    """One kind of crystal.

    Parameters
    ----------
    example : tuple of str
        Elements of one that has this structure.
    sites : list
        For each element its places, in parts of the cell.
    ratio : float, optional
        c/a of a hexagonal crystal if it is not given; None for a cubic one.
    """

    example: tuple[str, ...]
    sites: list[list[Site]]
    ratio: float | None = None


def _moved(sites: Sequence[Site], x: float, y: float, z: float) -> list[Site]:
    return [(a + x, b + y, c + z) for a, b, c in sites]


KNOWN: dict[Prototype, Known] = {
    "perovskite": Known(
        ("Sr", "Ti", "O"), [[(0, 0, 0)], [(0.5, 0.5, 0.5)], [(0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]]
    ),
    "rocksalt": Known(("Mg", "O"), [CENTRED, _moved(CENTRED, 0.5, 0, 0)]),
    "fcc": Known(("Au",), [CENTRED]),
    "bcc": Known(("Fe",), [[(0, 0, 0), (0.5, 0.5, 0.5)]]),
    "sc": Known(("Po",), [[(0, 0, 0)]]),
    "hcp": Known(("Ti",), [STACKED], math.sqrt(8 / 3)),
    "diamond": Known(("Si",), [CENTRED + _moved(CENTRED, 0.25, 0.25, 0.25)]),
    "zincblende": Known(("Ga", "As"), [CENTRED, _moved(CENTRED, 0.25, 0.25, 0.25)]),
    "wurtzite": Known(("Ga", "N"), [STACKED, _moved(STACKED, 0, 0, 3 / 8)], math.sqrt(8 / 3)),
    "fluorite": Known(("Ca", "F"), [CENTRED, _moved(CENTRED, 0.25, 0.25, 0.25) + _moved(CENTRED, 0.75, 0.25, 0.25)]),
    "cesiumchloride": Known(("Cs", "Cl"), [[(0, 0, 0)], [(0.5, 0.5, 0.5)]]),
    # Molybdenite: metal between two layers of chalcogen, 0.129 c above and below; 12.295/3.161 is MoS2's c/a.
    "2H": Known(
        ("Mo", "S"),
        [
            [(THIRD, 2 * THIRD, 0.25), (2 * THIRD, THIRD, 0.75)],
            [
                (2 * THIRD, THIRD, 0.25 - 0.129),
                (2 * THIRD, THIRD, 0.25 + 0.129),
                (THIRD, 2 * THIRD, 0.75 - 0.129),
                (THIRD, 2 * THIRD, 0.75 + 0.129),
            ],
        ],
        12.295 / 3.161,
    ),
}


def prototype_crystal(name: Prototype, elements: tuple[str, ...], a: float, c: float | None) -> Crystal:
    """The conventional unit cell of a crystal.

    Parameters
    ----------
    name : str
        Of the structure.
    elements : tuple of str
        Symbols, in the order of the structure's formula.
    a, c : float
        Lattice constants [Å]; a hexagonal crystal without ``c`` gets its structure's ideal c/a.

    Raises
    ------
    UsageError
        The elements do not exist or are too few or too many, or the crystal is cubic and has no ``c``.
    """
    known = KNOWN[name]
    if len(elements) != len(known.example):
        raise UsageError(
            f"`{name}` has elements such as [{', '.join(known.example)}]; got [{', '.join(elements)}], "
            f"which {'is' if len(elements) == 1 else 'are'} {len(elements)} and not {len(known.example)}"
        )
    if known.ratio is None and c is not None:
        raise UsageError(f"`{name}` is cubic and has no lattice constant `c`, given as {c:g} Å; leave it out")
    numbers = [atomic_number(symbol) for symbol, sites in zip(elements, known.sites, strict=True) for _ in sites]
    places = np.array([site for sites in known.sites for site in sites])
    cell = np.eye(3) * a if known.ratio is None else hexagonal_cell(a, c or a * known.ratio)
    return Crystal(np.array(numbers), places @ cell, cell)


def hexagonal_cell(a: float, c: float) -> NDArray[np.float64]:
    """Lattice vectors as rows, with 120° between the first two."""
    return np.array([[a, 0, 0], [-a / 2, a * math.sqrt(3) / 2, 0], [0, 0, c]])


@dataclass(frozen=True)
class Layer:
    """A crystal of a single layer: elements, lattice constant [Å], and half its thickness between nuclei [Å]."""

    elements: tuple[str, str]
    a: float
    half: float


#: Lattice constants: of the dichalcogenides from Kormányos et al., 2D Materials 2 (2015) 022001.
LAYERS = {
    "graphene": Layer(("C", "C"), 2.461, 0.0),
    "hBN": Layer(("B", "N"), 2.504, 0.0),
    "MoS2": Layer(("Mo", "S"), 3.1604, 1.586),
    "MoSe2": Layer(("Mo", "Se"), 3.289, 1.664),
    "WS2": Layer(("W", "S"), 3.153, 1.571),
    "WSe2": Layer(("W", "Se"), 3.282, 1.679),
}


def layer_crystal(name: str, a: float | None, height: float) -> Crystal:
    """A single layer in the middle of a cell.

    Parameters
    ----------
    name : str
        One of graphene, hBN, MoS2, MoSe2, WS2, WSe2.
    a : float, optional
        Lattice constant [Å], if not that of the table.
    height : float
        Of the cell [Å].

    Raises
    ------
    UsageError
        There is no such layer.
    """
    if name not in LAYERS:
        raise UsageError(f"{name!r} is no layer; expected one of {', '.join(LAYERS)}")
    layer = LAYERS[name]
    first, second = (atomic_number(symbol) for symbol in layer.elements)
    cell = hexagonal_cell(a or layer.a, height)
    heights = [-layer.half, layer.half] if layer.half else [0.0]
    basis = np.array([[0, 0, 0.5], *([THIRD, 2 * THIRD, 0.5] for _ in heights)]) @ cell
    basis[1:, 2] += heights
    return Crystal(np.array([first, *(second for _ in heights)]), basis, cell)
