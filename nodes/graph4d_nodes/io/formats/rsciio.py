"""Everything else, through RosettaSciIO: an optional package under the GPL, imported only where it is installed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError
from graph4d_nodes.io.blocks import rectangles
from graph4d_nodes.io.formats.shapes import check_is_patterns, check_is_picture, shape_text
from graph4d_nodes.io.microscope import geometry_of_microscope
from graph4d_nodes.io.picture import Picture, picture_of
from graph4d_nodes.io.recording import Recording
from graph4d_nodes.io.steps import Step, detector_step, length

__all__ = ["open_picture", "open_recording"]

OWN = ".npy, .h5, .hdf5, .hspy, .emd, .mib, .raw and .xml (EMPAD), .blo, .tif, .mat"


def open_recording(path: Path, dataset: str | None = None) -> Recording:
    """Open the only scan in a file, or the one with the title or number ``dataset``.

    Raises
    ------
    UsageError
        No reader knows the format, it fails, or there is not exactly one scan.
    """
    signal = _chosen(path, dataset, (4, 3))
    data = signal["data"]
    check_is_patterns(str(path), data.shape, data.dtype)
    geometry = geometry_of_microscope(signal.get("metadata", {}).get("Acquisition_instrument", {}).get("TEM", {}))
    if data.ndim == 3:
        return Recording(DaskFrames(data), geometry=geometry)
    steps = _steps(signal)
    scan = [length(*step) for step in steps[:2]]
    detector = [detector_step(*step, geometry.energy) for step in steps[2:]]
    geometry = geometry.updated(scan_step=_pair(scan), detector_step=_pair(detector))
    return Recording(DaskFrames(data), data.shape[:2], geometry)


def open_picture(path: Path, dataset: str | None = None) -> Picture:
    """Read the only image in a file, or the one with the title or number ``dataset``; UsageError as above."""
    signal = _chosen(path, dataset, (2,))
    data = signal["data"]
    check_is_picture(str(path), data.shape, data.dtype)
    return picture_of(np.asarray(data), _steps(signal))


class DaskFrames:
    """A stack of patterns in an array of NumPy or dask, (y, x, ky, kx) or (n, ky, kx)."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self._lead: tuple[int, ...] = data.shape[:-2]
        self.shape = (int(np.prod(self._lead)), int(data.shape[-2]), int(data.shape[-1]))
        self.dtype: np.dtype[Any] = data.dtype.newbyteorder("=")
        self.alignment = 1

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Patterns ``start … stop``."""
        if len(self._lead) == 1:
            return np.asarray(self._data[start:stop], self.dtype)
        parts = [self._data[rows, columns] for rows, columns in rectangles(start, stop, self._lead[1])]
        return np.concatenate([np.asarray(part, self.dtype).reshape(-1, *self.shape[1:]) for part in parts])


def _chosen(path: Path, dataset: str | None, dimensions: tuple[int, ...]) -> dict[str, Any]:
    signals = _signals(path)
    if dataset is not None:
        named = [s for i, s in enumerate(signals) if dataset in (str(i), _title(s))]
    else:
        named = next((found for n in dimensions if (found := [s for s in signals if s["data"].ndim == n])), signals)
    if len(named) != 1:
        there = ", ".join(f"{i}: {_title(s)} ({shape_text(s['data'].shape)})" for i, s in enumerate(signals))
        raise UsageError(f"{path}: set `dataset` to the number of one of {there or 'none, the file is empty'}")
    return named[0]


def _signals(path: Path) -> list[dict[str, Any]]:
    extension = path.suffix.lower().removeprefix(".")
    try:
        plugins = import_module("rsciio").IO_PLUGINS
    except ImportError:
        raise UsageError(
            f'{path}: .{extension} is not among {OWN}; RosettaSciIO may know it: pip install "graph4d[formats]"'
        ) from None
    known = [p for p in plugins if extension in (e.lower() for e in p["file_extensions"])]
    if not known:
        raise UsageError(f"{path}: neither graph4d ({OWN}) nor RosettaSciIO reads .{extension} files")
    reasons = []
    for plugin in known:
        try:
            signals: list[dict[str, Any]] = import_module(plugin["api"]).file_reader(str(path), lazy=True)
        except Exception as error:  # forty readers raise every kind there is; to the user all say: not such a file
            reasons.append(f"as {plugin['name']}: {error}")
        else:
            return signals
    raise UsageError(f"{path}: RosettaSciIO cannot read it {'; '.join(reasons)}")


def _title(signal: dict[str, Any]) -> str:
    return str(signal.get("metadata", {}).get("General", {}).get("title", "")) or "untitled"


def _steps(signal: dict[str, Any]) -> list[Step]:
    return [(float(axis.get("scale", 0.0)), str(axis.get("units") or "")) for axis in signal["axes"]]


def _pair(steps: list[float | None]) -> tuple[float, float] | None:
    y, x = steps
    return None if y is None or x is None else (y, x)
