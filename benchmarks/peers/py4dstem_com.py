"""Centre of mass by py4DSTEM; run by its own Python: ``py4dstem_com.py SCAN.npy RESULT.npz``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np
import py4DSTEM
from numpy.typing import NDArray
from serve import serve


def main() -> None:
    scan, result = map(Path, sys.argv[1:])
    cube = py4DSTEM.DataCube(np.load(scan, mmap_mode="r"))
    cube.calibration.set_R_pixel_size(1.0)
    cube.calibration.set_R_pixel_units("A")
    ways = {
        "pattern by pattern": partial(center_of_mass, cube, vectorized=False),
        "vectorised": partial(center_of_mass, cube, vectorized=True),
    }
    serve(f"py4DSTEM {py4DSTEM.__version__}", ways, result)


def center_of_mass(cube: py4DSTEM.DataCube, *, vectorized: bool) -> NDArray[np.float64]:
    # The way to a COM that its documentation shows; what else the preprocessing can do is switched off.
    dpc = py4DSTEM.process.phase.DPC(datacube=cube, verbose=False)
    dpc.preprocess(
        vectorized_com_calculation=vectorized,
        fit_function=None,
        force_com_rotation=0,
        force_com_transpose=False,
        plot_center_of_mass=False,
        plot_rotation=False,
    )
    return np.stack([dpc._com_measured_x, dpc._com_measured_y]).astype(np.float64)  # its x runs along rows


if __name__ == "__main__":
    main()
