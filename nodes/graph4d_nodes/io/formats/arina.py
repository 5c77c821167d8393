"""DECTRIS ARINA and EIGER: a master file that links to files of compressed patterns, ``data_000001`` and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.io.formats.hdf5_tree import frames_of
from graph4d_nodes.io.joined import JoinedFrames
from graph4d_nodes.io.recording import Recording
from graph4d_nodes.scan import Frames

if TYPE_CHECKING:
    import h5py

__all__ = ["MaskedFrames", "matches", "open_in"]

DETECTOR = "entry/instrument/detector"


def matches(file: h5py.File) -> bool:
    """Whether an HDF5 file is a master."""
    links = file.get("entry/data")
    return DETECTOR in file and links is not None and any(name.startswith("data_") for name in links)


def open_in(file: h5py.File) -> Recording:
    """All patterns of a master, in order; their arrangement is not recorded.

    The detector writes the largest number of its dtype where it has no count. Such pixels, and those that its mask
    excludes, are read as 0, so that they count as no electrons.

    Raises
    ------
    UsageError
        A data file is not beside its master.
    """
    links = file["entry/data"]
    parts: list[Frames] = []
    for name in sorted(n for n in links if n.startswith("data_")):
        dataset = links.get(name)
        if dataset is None:
            target = links.get(name, getlink=True)
            raise UsageError(
                f"{file.filename} links to {getattr(target, 'filename', name)}, which is not beside it or is damaged; "
                f"copy the data files together with their master"
            )
        parts.append(frames_of(dataset))
    frames = parts[0] if len(parts) == 1 else JoinedFrames(parts)
    mask = _mask(file, frames.shape[1:])
    facts = {"excluded pixels": int(mask.sum()), "excluded pixels read as": 0}
    return Recording(MaskedFrames(frames, mask), None, _geometry(file), facts)


class MaskedFrames:
    """Patterns in which excluded pixels are 0.

    Parameters
    ----------
    frames : Frames
        As stored.
    mask : ndarray of bool
        (ky, kx), true where a pixel is excluded in every pattern.
    """

    def __init__(self, frames: Frames, mask: NDArray[np.bool_]) -> None:
        self._frames, self._mask = frames, mask
        self._none = np.iinfo(frames.dtype).max
        self.shape, self.dtype, self.alignment = frames.shape, frames.dtype, frames.alignment

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Patterns ``start … stop``."""
        block = self._frames.read(start, stop)
        return np.where(self._mask | (block == self._none), block.dtype.type(0), block)


def _mask(file: h5py.File, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Excluded pixels; where the patterns are binned, those that an excluded one has gone into."""
    name = f"{DETECTOR}/detectorSpecific/pixel_mask"
    if name not in file:
        return np.zeros(shape, bool)
    full = file[name][()] != 0
    if full.shape[0] % shape[0] or full.shape[1] % shape[1]:
        return np.zeros(shape, bool)
    binned = full.reshape(shape[0], full.shape[0] // shape[0], shape[1], full.shape[1] // shape[1])
    return np.asarray(binned.any(axis=(1, 3)))


def _geometry(file: h5py.File) -> Geometry:
    # On an electron detector the "photon" is an electron.
    energy = file.get(f"{DETECTOR}/detectorSpecific/photon_energy")
    return Geometry(energy=float(energy[()]) or None) if energy is not None else Geometry()
