"""``io.mask``: a detector drawn elsewhere, from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d import InputPath, Pattern, UsageError, node
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.values import pattern

__all__ = ["open_mask"]


@node("io.mask", effects="reads")
def open_mask(*, path: InputPath, dataset: str | None = None) -> Pattern:
    """Read a mask for ``image.virtual``: pixels that are not zero belong to the detector.

    Parameters
    ----------
    path : Path
        A NumPy (.npy), TIFF (.tif, .tiff) or HDF5 (.h5, .hdf5, .emd) file that holds one 2-D array.
    dataset : str, optional
        Which dataset of an HDF5 file; by default the only 2-D one.

    Returns
    -------
    Pattern
        (ky, kx), True where the file is not zero, in detector pixels.

    Raises
    ------
    UsageError
        The file is missing, of another kind, cannot be read, or does not hold a 2-D array of numbers.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{path} cannot be a mask; expected a file that ends in {', '.join(_READERS)}")
    if not path.is_file():
        raise UsageError(f"{path} is not there; check the path of the mask")
    try:
        values = reader(path, dataset)
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{path} cannot be read as a mask: {error}") from error
    if values.ndim != 2 or values.dtype.kind not in "buif":
        raise UsageError(f"{path} holds {values.dtype} of shape {values.shape}; a mask is one 2-D array of numbers")
    return pattern(values != 0, Geometry(), "1", path.stem)


def _npy(path: Path, _dataset: str | None) -> NDArray[Any]:
    return np.asarray(np.lib.format.open_memmap(path, mode="r"))


def _tiff(path: Path, _dataset: str | None) -> NDArray[Any]:
    import tifffile

    return np.asarray(tifffile.imread(path))


def _hdf5(path: Path, dataset: str | None) -> NDArray[Any]:
    from graph4d_nodes.io.formats.hdf5_tree import datasets, listed, named, open_file

    with open_file(path) as file:
        if dataset is not None:
            return np.asarray(named(file, dataset)[()])
        flat = [d for d in datasets(file) if d.ndim == 2]
        if len(flat) != 1:
            raise UsageError(f"{path} holds {len(flat)} 2-D datasets; set `dataset` to one of {listed(flat)}")
        return np.asarray(flat[0][()])


_READERS = {".npy": _npy, ".tif": _tiff, ".tiff": _tiff, ".h5": _hdf5, ".hdf5": _hdf5, ".emd": _hdf5}
