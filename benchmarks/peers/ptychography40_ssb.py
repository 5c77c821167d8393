"""Single-sideband ptychography by ptychography40; run by its own Python: arguments GIVEN.npz RESULT.npz."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import ptychography40
from libertem.api import Context, DataSet
from numpy.typing import NDArray
from ptychography40.reconstruction.common import wavelength
from ptychography40.reconstruction.ssb import SSB_UDF
from serve import serve


def main() -> None:
    given, result = map(Path, sys.argv[1:])
    with np.load(given) as known:
        scan, way, settings = str(known["scan"]), str(known["way"]), _settings(known)
    with Context.make_with(way, **({} if way == "inline" else {"cpus": os.cpu_count()})) as context:
        data = context.load("npy", path=scan)
        ways = {way: partial(transform, context, data, settings)}
        serve(f"ptychography40 {ptychography40.__version__}", ways, result)


def transform(context: Context, scan: DataSet, settings: dict[str, Any]) -> NDArray[np.complex64]:
    return np.asarray(context.run_udf(scan, SSB_UDF(**settings))["fourier"].data)


def _settings(known: Any) -> dict[str, Any]:
    """In its units: lengths in m, and the disc in pixels."""
    return {
        "lamb": wavelength(float(known["energy"]) * 1e-3),
        "dpix": float(known["step"]) * 1e-10,
        "semiconv": float(known["semiangle"]),
        "semiconv_pix": float(known["radius"]),
        "cy": float(known["centre"][0]),
        "cx": float(known["centre"][1]),
        "dtype": np.float32,
    }


if __name__ == "__main__":
    main()
