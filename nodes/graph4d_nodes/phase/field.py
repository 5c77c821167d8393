"""A centre-of-mass field as the gradient of a phase: what both ways of integrating it need to know."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError
from graph4d_nodes.values import sampling

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["Gradient", "check_band", "gradient", "phase_image", "turned_back"]


@dataclass(frozen=True)
class Gradient:
    """Components of a centre-of-mass field and the distance of its positions."""

    y: NDArray[np.float64]
    x: NDArray[np.float64]
    step: tuple[float, float]
    """Along y and x, in ``unit``."""
    unit: str
    """Of the step: "Å", or "px" where the scan is not calibrated."""


def gradient(com: DataArray, *, complete: bool = True) -> Gradient:
    """The components of a ``VectorField``, checked.

    Raises
    ------
    UsageError
        The field is to be complete and is not finite everywhere: one missing vector would spoil every pixel of its
        integral.
    """
    values = np.asarray(com.values, dtype=np.float64)
    bad = int(np.count_nonzero(~np.isfinite(values).all(axis=0)))
    if bad and complete:
        raise UsageError(
            f"the vector field is not finite at {bad} of {values[0].size} positions, and all are needed; "
            "repair the scan with scan.hot_pixels, crop it, leave out the mask that empties these patterns, or "
            "bridge them by phase.icom with `border: free`"
        )
    step, unit = sampling(com)
    return Gradient(values[0], values[1], step, unit)


def check_band(low: float | None, high: float | None, unit: str) -> None:
    """Refuse band limits in 1/Å where the scan step is not known, or limits that leave nothing.

    Raises
    ------
    UsageError
        See above.
    """
    if low is None and high is None:
        return
    if unit != "Å":
        raise UsageError("`low` and `high` are in 1/Å, but the scan step is not known; give `scan_step` to io.open")
    if low is not None and high is not None and low >= high:
        raise UsageError(
            f"nothing passes between low = {low:g} 1/Å and high = {high:g} 1/Å; make `low` the smaller one"
        )


def phase_image(values: NDArray[np.float64], com: DataArray, name: str) -> DataArray:
    """An ``Image`` at the positions of ``com``: in rad if that is calibrated on both sides, else in arbitrary units."""
    calibrated = com.attrs.get("units") == "1/Å" and sampling(com)[1] == "Å"
    result = com.isel(component=0).drop_vars("component", errors="ignore").copy(data=values)
    result.attrs = {"units": "rad" if calibrated else "1"}
    return result.rename(name)


def turned_back(
    y: NDArray[np.float64], x: NDArray[np.float64], rotation: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Vectors in the axes of a scan that turns out to lie turned by ``rotation`` [rad] more, clockwise on screen."""
    if rotation == 0:
        return y, x
    # A scan that lies turned by +rotation on the detector shows its vectors turned by it: turn them back.
    c, s = math.cos(rotation), math.sin(rotation)
    return c * y - s * x, s * y + c * x
