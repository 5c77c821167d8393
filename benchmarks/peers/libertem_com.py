"""Centre of mass by LiberTEM; run by its own Python: ``libertem_com.py SCAN.npy RESULT.npz``."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import libertem
import numpy as np
from libertem.api import Context, DataSet
from libertem.udf.com import CoMUDF
from numpy.typing import NDArray
from serve import serve


def main() -> None:
    scan, result = map(Path, sys.argv[1:])
    cores = os.cpu_count() or 1
    contexts = {
        f"dask, {cores} processes": Context.make_with("dask", cpus=cores),
        f"{cores} threads": Context.make_with("threads", cpus=cores),
        "inline": Context.make_with("inline"),
    }
    ways = {
        name: partial(center_of_mass, context, context.load("npy", path=str(scan)))
        for name, context in contexts.items()
    }
    try:
        serve(f"LiberTEM {libertem.__version__}", ways, result)
    finally:
        for context in contexts.values():
            context.close()


def center_of_mass(context: Context, scan: DataSet) -> NDArray[np.float64]:
    com = context.run_udf(scan, CoMUDF())["raw_com"].data
    return np.stack([com[..., 0], com[..., 1]]).astype(np.float64)


if __name__ == "__main__":
    main()
