"""Arrays become values: named dims, coordinates and units from the geometry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.geometry import Geometry

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = ["detector_coords", "image", "metrics", "pattern", "sampling", "scan_coords", "vector_field"]


def scan_coords(geometry: Geometry, rows: int, columns: int) -> dict[str, Any]:
    """Coordinates ``y`` and ``x`` of scan positions [Å], or [px] where the step is not known."""
    step_y, step_x = geometry.scan_step or (1.0, 1.0)
    unit = {"units": "Å" if geometry.scan_step else "px"}
    return {"y": ("y", np.arange(rows) * step_y, unit), "x": ("x", np.arange(columns) * step_x, unit)}


def detector_coords(
    geometry: Geometry, rows: int, columns: int, origin: tuple[float, float] | None = None
) -> dict[str, Any]:
    """Coordinates ``ky`` and ``kx`` of detector pixels [1/Å], or [px]; 0 at ``origin`` [px] or in the middle."""
    centre = origin or ((rows - 1) / 2, (columns - 1) / 2)
    step = geometry.detector_step or (1.0, 1.0)
    unit = {"units": "1/Å" if geometry.detector_step else "px"}
    return {
        "ky": ("ky", (np.arange(rows) - centre[0]) * step[0], unit),
        "kx": ("kx", (np.arange(columns) - centre[1]) * step[1], unit),
    }


def sampling(value: DataArray) -> tuple[tuple[float, float], str]:
    """Distance of pixels along y and x, and its unit: (1, 1) and "px" where ``value`` has no coordinates.

    An axis of a single pixel has no distance to measure: it counts as that of the other axis, as scans mostly have it.
    """
    y, x = (_distance(value.coords[dim].values) if dim in value.coords else 1.0 for dim in ("y", "x"))
    unit = str(value.coords["x"].attrs.get("units", "px")) if "x" in value.coords else "px"
    return (y or x or 1.0, x or y or 1.0), unit


def _distance(places: NDArray[np.floating]) -> float | None:
    """Of neighbours among places at equal distances; None for a single one."""
    return float(places[-1] - places[0]) / (len(places) - 1) if len(places) > 1 else None


def image(values: NDArray[Any], geometry: Geometry, units: str, name: str | None = None) -> DataArray:
    """An ``Image`` from values (rows, columns) over the scan."""
    import xarray as xr

    return xr.DataArray(
        values, dims=("y", "x"), coords=scan_coords(geometry, *values.shape), attrs={"units": units}, name=name
    )


def vector_field(values: NDArray[Any], geometry: Geometry, units: str, name: str | None = None) -> DataArray:
    """A ``VectorField`` from values (2, rows, columns), the y component first."""
    import xarray as xr

    coords = {"component": ["y", "x"], **scan_coords(geometry, *values.shape[1:])}
    return xr.DataArray(values, dims=("component", "y", "x"), coords=coords, attrs={"units": units}, name=name)


def pattern(
    values: NDArray[Any],
    geometry: Geometry,
    units: str,
    name: str | None = None,
    origin: tuple[float, float] | None = None,
) -> DataArray:
    """A ``Pattern`` from values (ky, kx); k = 0 lies at ``origin`` [px], by default the middle of the detector.

    Its attribute ``equivalents`` says, where that is known, how large an angle [rad] one unit of its axes is.
    """
    import xarray as xr

    rows, columns = values.shape
    coords = detector_coords(geometry, rows, columns, origin)
    attrs: dict[str, Any] = {"units": units}
    if geometry.detector_angle is not None:
        attrs["equivalents"] = {"rad": geometry.wavelength}
    return xr.DataArray(values, dims=("ky", "kx"), coords=coords, attrs=attrs, name=name)


def metrics(named: Mapping[str, tuple[float, str]]) -> Dataset:
    """A ``Metrics`` value from numbers with their units; "1" and "dB" are units too."""
    import xarray as xr

    return xr.Dataset({name: ((), float(number), {"units": unit}) for name, (number, unit) in named.items()})
