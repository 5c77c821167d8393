"""Atoms in a box: what builders make and simulations look through."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = ["TOUCHING", "Atoms"]

#: Places closer than this are the same [Å]: what rounding leaves of an atom on the border of its box.
TOUCHING = 1e-6


@dataclass(frozen=True)
class Atoms:
    """Atoms in a box, in the axes of the scan: x to the right, y down, z along the beam, which enters at z = 0.

    Parameters
    ----------
    numbers : ndarray
        Atomic number of each, (n,).
    positions : ndarray
        (n, 3): x, y, z [Å].
    box : (float, float, float)
        Its extent along x, y, z [Å]; its corner is at (0, 0, 0).
    periodic : bool
        Whether the structure goes on beyond the box, in x and y, by repeating it. If not, there is vacuum.
    """

    numbers: NDArray[np.int64]
    positions: NDArray[np.float64]
    box: tuple[float, float, float]
    periodic: bool = False

    @classmethod
    def from_value(cls, value: Dataset) -> Atoms:
        """The atoms in a ``Structure`` value."""
        positions = np.stack([np.asarray(value[name].values, np.float64) for name in ("x", "y", "z")], axis=1)
        x, y, z = (float(length) for length in value.attrs["box"])
        return cls(
            np.asarray(value["number"].values, np.int64), positions, (x, y, z), bool(value.attrs.get("periodic", 1))
        )

    def to_value(self, title: str) -> Dataset:
        """A ``Structure`` value, its atoms in the order of z.

        Raises
        ------
        UsageError
            There are no atoms.
        """
        import xarray as xr

        if not len(self.numbers):
            lengths = " × ".join(f"{length:.3g}" for length in self.box)
            raise UsageError(f"{title}: no atom lies in the box of {lengths} Å; make it larger or thicker")
        order = np.lexsort((self.positions[:, 0], self.positions[:, 1], np.round(self.positions[:, 2], 6)))
        columns: dict[str, Any] = {"number": ("atom", self.numbers[order], {"units": "1"})}
        for name, along in zip("xyz", self.positions[order].T, strict=True):
            columns[name] = ("atom", along, {"units": "Å"})
        attrs = {"box": [float(length) for length in self.box], "periodic": int(self.periodic), "title": title}
        return xr.Dataset(columns, attrs=attrs)

    def chosen(self, which: NDArray[np.bool_]) -> Atoms:
        """The atoms for which ``which`` is true."""
        return Atoms(self.numbers[which], self.positions[which], self.box, self.periodic)

    def moved(self, x: float, y: float, z: float) -> Atoms:
        """The same atoms at other places of the same box, wherever these lie."""
        return Atoms(self.numbers, self.positions + np.array([x, y, z]), self.box, self.periodic)

    def together_with(self, others: Atoms) -> Atoms:
        """These and others in this box."""
        numbers = np.concatenate([self.numbers, others.numbers])
        return Atoms(numbers, np.concatenate([self.positions, others.positions]), self.box, self.periodic)

    def inside(self) -> Atoms:
        """The atoms within the box: its lower faces belong to it, the upper ones do not."""
        positions = np.where(np.abs(self.positions) < TOUCHING, 0.0, self.positions)
        there = ((positions >= 0) & (positions < np.array(self.box) - TOUCHING)).all(axis=1)
        return Atoms(self.numbers[there], positions[there], self.box, self.periodic)

    def covering(self, low: tuple[float, float], high: tuple[float, float]) -> Atoms:
        """All atoms between two corners (x, y) [Å], with those of repeated boxes where the structure is periodic."""
        atoms = self
        if self.periodic:
            spans = (
                range(int(np.floor(a / length)), int(np.ceil(b / length)))
                for a, b, length in zip(low, high, self.box[:2], strict=True)
            )
            shifts = np.array([(i * self.box[0], j * self.box[1], 0.0) for i, j in product(*spans)]).reshape(-1, 1, 3)
            positions = (self.positions + shifts).reshape(-1, 3)
            atoms = Atoms(np.tile(self.numbers, len(shifts)), positions, self.box, True)
        flat = atoms.positions[:, :2]
        return atoms.chosen(np.all((flat >= low) & (flat < high), axis=1))
