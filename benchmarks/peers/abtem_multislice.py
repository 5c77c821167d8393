"""Multislice by abTEM; run by its own Python: ``abtem_multislice.py PROBLEM.npz RESULT.npz``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import abtem
import numpy as np
from ase import Atoms
from numpy.typing import NDArray
from serve import serve


def main() -> None:
    given, result = map(Path, sys.argv[1:])
    abtem.config.set({"device": "cpu", "diagnostics.progress_bar": False})
    with np.load(given) as problem:
        computation = Computation(dict(problem))
    ways = {
        "potential": computation.potential,
        "probe": computation.probe,
        "patterns, dask": partial(computation.patterns, lazy=True),
        "patterns, eager": partial(computation.patterns, lazy=False),
    }
    serve(f"abTEM {abtem.__version__}", ways, result)


class Computation:
    """Its arrays have x as their first axis; what is returned has y."""

    def __init__(self, problem: dict[str, NDArray[Any]]) -> None:
        self._problem = problem
        x, y, z = problem["box"]
        rows, columns = problem["shape"]
        self._atoms = Atoms(problem["numbers"], positions=problem["positions"], cell=(x, y, z), pbc=True)
        self._gpts, self._thickness = (columns, rows), z / problem["slices"]
        self._beam = abtem.Probe(
            energy=float(problem["energy"]),
            semiangle_cutoff=float(problem["semiangle"]) * 1e3,
            gpts=self._gpts,
            extent=(x, y),
            aberrations={"C10": float(problem["c10"]), "C12": float(problem["c12"]), "phi12": float(problem["phi12"])},
        )
        self._scan = abtem.CustomScan(problem["probes"][:, ::-1])
        self._built = self._potential().build(lazy=False)

    def potential(self) -> NDArray[np.float32]:
        return np.swapaxes(self._potential().build(lazy=False).array, 1, 2)

    def probe(self) -> NDArray[np.complex64]:
        return self._beam.build(lazy=False).array.T

    def patterns(self, *, lazy: bool) -> NDArray[np.float32]:
        """Those that its detector holds by default: as far as waves are computed right."""
        detector = abtem.PixelatedDetector(max_angle="valid")
        measured = self._beam.scan(self._built, scan=self._scan, detectors=detector, lazy=lazy)
        return np.swapaxes(measured.compute().array if lazy else measured.array, 1, 2)

    def _potential(self) -> abtem.Potential:
        # Its default, a finite projection, cuts atoms where slices meet; ours does not.
        return abtem.Potential(
            self._atoms,
            gpts=self._gpts,
            slice_thickness=self._thickness,
            parametrization="lobato",
            projection="infinite",
        )


if __name__ == "__main__":
    main()
