"""What a ``Pattern`` says of its own axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["Axes", "axes_of"]


@dataclass(frozen=True)
class Axes:
    """Values of a pattern, and its calibrations where there are any.

    Parameters
    ----------
    values : ndarray
        (rows, columns), finite.
    step : (float, float), optional
        Size of a pixel along ky and kx [1/Å].
    wavelength : float, optional
        Of the electrons [Å].
    """

    values: NDArray[np.float64]
    step: tuple[float, float] | None
    wavelength: float | None

    @property
    def aspect(self) -> float:
        """Height of a pixel over its width; 1 where nothing is known."""
        return 1.0 if self.step is None else self.step[0] / self.step[1]


def axes_of(pattern: DataArray) -> Axes:
    """Values and calibrations of a ``Pattern``.

    Raises
    ------
    UsageError
        Pixels are no finite numbers, or there are fewer than 8 rows or columns.
    """
    values = np.asarray(pattern.values, dtype=np.float64)
    if min(values.shape) < 8:
        raise UsageError(f"a pattern of {values.shape[0]} × {values.shape[1]} px is too small; 8 × 8 are needed")
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise UsageError(f"{bad} pixels of the pattern are no finite numbers; repair the scan with scan.hot_pixels")
    steps = None
    if all(dim in pattern.coords and pattern.coords[dim].attrs.get("units") == "1/Å" for dim in ("ky", "kx")):
        ky, kx = (pattern.coords[dim].values for dim in ("ky", "kx"))
        steps = float(ky[-1] - ky[0]) / (len(ky) - 1), float(kx[-1] - kx[0]) / (len(kx) - 1)
    return Axes(values, steps, pattern.attrs.get("equivalents", {}).get("rad"))
