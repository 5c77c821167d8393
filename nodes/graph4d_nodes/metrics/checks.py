"""What all metrics ask of an image, and how they name a ratio of two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["finite_values", "quotient"]


def finite_values(image: DataArray, name: str) -> NDArray[np.float64]:
    """The pixels as float64.

    Raises
    ------
    UsageError
        Some are not finite: a metric of the rest would not be comparable.
    """
    values = np.asarray(image.values, dtype=np.float64)
    bad = values.size - int(np.count_nonzero(np.isfinite(values)))
    if bad:
        raise UsageError(
            f"`{name}` has {bad} of {values.size} pixels that are not finite numbers; crop them away first"
        )
    return values


def quotient(image: DataArray, other: DataArray) -> str:
    """Unit of the values of one image over those of the other."""
    one, two = (str(value.attrs.get("units", "1")) for value in (image, other))
    if one == two:
        return "1"
    if two == "1":
        return one
    return f"{one}/{two}" if two.isalpha() else f"{one}/({two})"
