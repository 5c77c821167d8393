"""NumPy's own format: the numbers and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graph4d_nodes.io.writers.blocks import blocks
from graph4d_nodes.scan import Scan4D

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["write_npy"]


def write_npy(value: DataArray | Scan4D, path: Path) -> None:
    """Write the numbers of an array or a scan; a scan block by block.

    Parameters
    ----------
    value : DataArray or Scan4D
        Its axes and units are lost.
    path : Path
        A file that does not exist.
    """
    with path.open("wb") as file:
        if not isinstance(value, Scan4D):
            np.save(file, value.values, allow_pickle=False)
            return
        header = {"descr": np.lib.format.dtype_to_descr(value.dtype), "fortran_order": False, "shape": value.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for _, _, block in blocks(value):
            file.write(np.ascontiguousarray(block).data)
