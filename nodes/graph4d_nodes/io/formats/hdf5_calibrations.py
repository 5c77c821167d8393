"""Calibrations that programs write beside a dataset of an HDF5 file.

HyperSpy's axes and microscope, netCDF's scales, EMD's dims, py4DSTEM's root.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graph4d_nodes.geometry import Geometry
from graph4d_nodes.io.microscope import geometry_of_microscope
from graph4d_nodes.io.steps import Step, detector_step, length

if TYPE_CHECKING:
    import h5py

__all__ = ["geometry_of", "steps_of", "text_of"]


def geometry_of(dataset: h5py.Dataset) -> Geometry:
    """What is written beside a scan (y, x, ky, kx).

    Parameters
    ----------
    dataset : h5py.Dataset
        Four-dimensional.

    Returns
    -------
    Geometry
        py4DSTEM's calibration wins over the axes: its users correct it there.
    """
    geometry = _from_simulation(dataset) or _from_hyperspy(dataset)
    steps = steps_of(dataset)
    if len(steps) == dataset.ndim:
        scan, detector = steps[:2], steps[-2:]
        geometry = geometry.updated(
            scan_step=_pair([length(*step) for step in scan]),
            detector_step=_pair([detector_step(*step, geometry.energy) for step in detector]),
        )
    return _with_py4dstem(dataset, geometry)


def steps_of(dataset: h5py.Dataset) -> list[Step]:
    """One step an axis, or nothing where there are none.

    HyperSpy has groups ``axis-0 …`` beside the data; EMD has datasets ``dim0 …`` (or ``dim1 …``) of coordinates; netCDF
    attaches such datasets to the data as scales.
    """
    group = dataset.parent
    if all(len(axis) for axis in dataset.dims):
        return _dim_steps([axis[0] for axis in dataset.dims])
    if "axis-0" in group:
        axes = [group[f"axis-{i}"].attrs for i in range(dataset.ndim) if f"axis-{i}" in group]
        return [(float(axis.get("scale", 0.0)), text_of(axis.get("units", ""))) for axis in axes]
    first = 0 if "dim0" in group else 1
    dims = [group[f"dim{i}"] for i in range(first, first + dataset.ndim) if f"dim{i}" in group]
    # Prismatic counts in Å and writes nm.
    inside = "4DSTEM_simulation" in dataset.name
    return _dim_steps(dims, "Å" if inside else None)


def text_of(value: Any) -> str:
    """Text from an attribute or scalar dataset, which may be bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _dim_steps(dims: list[h5py.Dataset], inside: str | None = None) -> list[Step]:
    return [_dim_step(dim, inside) for dim in dims if dim.size >= 2 and dim.dtype.kind in "iuf"]


def _dim_step(dim: h5py.Dataset, inside: str | None) -> Step:
    unit = text_of(dim.attrs.get("units", ""))
    if inside is not None:
        unit = f"{inside}^-1" if "^-1" in unit else inside
    return float(dim[1]) - float(dim[0]), unit


def _from_hyperspy(dataset: h5py.Dataset) -> Geometry:
    """Energy (keV) and semi-angle (mrad) of HyperSpy's microscope."""
    microscope = dataset.parent.get("metadata/Acquisition_instrument/TEM")
    return Geometry() if microscope is None else geometry_of_microscope(microscope.attrs)


def _from_simulation(dataset: h5py.Dataset) -> Geometry | None:
    """Energy (keV) and semi-angle (mrad) of a Prismatic simulation."""
    name = "4DSTEM_simulation/metadata/metadata_0/original/simulation_parameters"
    if "4DSTEM_simulation" not in dataset.name or name not in dataset.file:
        return None
    facts = dataset.file[name].attrs
    energy, semiangle = facts.get("E"), facts.get("sa")
    return Geometry(
        energy=None if energy is None else float(energy) * 1e3,
        semiangle=None if semiangle is None else float(semiangle) * 1e-3,
    )


def _with_py4dstem(dataset: h5py.Dataset, geometry: Geometry) -> Geometry:
    name = f"{dataset.name.strip('/').split('/')[0]}/metadatabundle/calibration"
    if name not in dataset.file:
        return geometry
    group = dataset.file[name]
    scan = length(*_sized(group, "R_pixel"))
    detector = detector_step(*_sized(group, "Q_pixel"), geometry.energy)
    return geometry.updated(scan_step=_pair([scan, scan]), detector_step=_pair([detector, detector]))


def _sized(group: h5py.Group, name: str) -> Step:
    if f"{name}_size" not in group or f"{name}_units" not in group:
        return 0.0, ""
    return float(group[f"{name}_size"][()]), text_of(group[f"{name}_units"][()])


def _pair(steps: list[float | None]) -> tuple[float, float] | None:
    y, x = steps
    return None if y is None or x is None else (y, x)
