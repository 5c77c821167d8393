"""HDF5 in the layout that HyperSpy calls ``.hspy``; written with h5py alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graph4d import __version__
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.io.writers.axes import Axis, axes_of
from graph4d_nodes.io.writers.blocks import blocks, columns_at_a_time
from graph4d_nodes.scan import Scan4D

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["write_hspy"]

#: Version of the layout: the oldest that names its axes as they are named here.
LAYOUT = "3.1"


def write_hspy(value: DataArray | Scan4D, path: Path) -> None:
    """Write an array or a scan as one signal; a scan block by block.

    Parameters
    ----------
    value : DataArray or Scan4D
        The last two axes are the signal's if they are an image or a pattern, else the last one; the others navigate.
    path : Path
        A file that does not exist.
    """
    import h5py

    name = value.title if isinstance(value, Scan4D) else value.name
    title = str(name or "image").replace("/", "-")
    with h5py.File(path, "w") as file:
        file.attrs["file_format"] = "HyperSpy"
        file.attrs["file_format_version"] = LAYOUT
        experiment = file.create_group(f"Experiments/{title}")
        experiment.attrs["package"], experiment.attrs["package_version"] = "graph4d", __version__
        experiment.create_group("original_metadata")
        metadata = experiment.create_group("metadata")
        general, signal = metadata.create_group("General"), metadata.create_group("Signal")
        general.attrs["title"], signal.attrs["signal_type"] = title, ""
        _write_axes(experiment, axes_of(value))
        if isinstance(value, Scan4D):
            signal.attrs["quantity"] = "Intensity (counts)"
            _write_microscope(metadata, value.geometry)
            _write_patterns(experiment, value)
        else:
            signal.attrs["quantity"] = f"{title} ({value.attrs.get('units', '1')})"
            data = experiment.create_dataset("data", data=np.asarray(value.values))
            data.attrs["units"] = str(value.attrs.get("units", "1"))


def _write_patterns(experiment: Any, scan: Scan4D) -> None:
    # A chunk is what a lazy reader takes at a time.
    chunk = (1, columns_at_a_time(scan), *scan.item_shape)
    data = experiment.create_dataset("data", scan.shape, scan.dtype, chunks=chunk)
    for row, column, block in blocks(scan):
        data[row, column : column + len(block)] = block


def _write_axes(experiment: Any, axes: list[Axis]) -> None:
    shown = {("y", "x"), ("ky", "kx")}
    signal = 2 if tuple(axis.name for axis in axes[-2:]) in shown else 1
    for number, axis in enumerate(axes):
        group = experiment.create_group(f"axis-{number}")
        group.attrs.update(
            {
                "_type": "UniformDataAxis",
                "name": axis.name,
                "size": axis.size,
                "scale": axis.step,
                "offset": axis.offset,
                "units": axis.unit,
                "navigate": number < len(axes) - signal,
            }
        )


def _write_microscope(metadata: Any, geometry: Geometry) -> None:
    microscope = metadata.create_group("Acquisition_instrument/TEM")
    if geometry.energy is not None:
        microscope.attrs["beam_energy"] = geometry.energy / 1e3  # keV
    if geometry.semiangle is not None:
        microscope.attrs["convergence_angle"] = geometry.semiangle * 1e3  # mrad
