"""``Orientation`` values: how the detector lies under the scan, from and to a matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from graph4d_nodes.geometry import IDENTITY, Matrix, rotation_and_transposition
from graph4d_nodes.values import metrics

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = ["matrix_of", "orientation"]


def matrix_of(value: Dataset | None) -> Matrix:
    """The matrix of an ``Orientation``, which acts on vectors (x, y) in the axes that the scan had before."""
    if value is None:
        return IDENTITY
    xx, xy, yx, yy = (float(value[name]) for name in ("xx", "xy", "yx", "yy"))
    return (xx, xy), (yx, yy)


def orientation(matrix: Matrix, further: Mapping[str, tuple[float, str]] | None = None) -> Dataset:
    """An ``Orientation`` from its matrix.

    Parameters
    ----------
    matrix : 2 × 2 tuple
        Takes a vector (x, y) on the detector to (x, y) in the scan.
    further : mapping from name to (number, unit), optional
        What else is known: errors, and how sure each part is.

    Returns
    -------
    Dataset
        ``rotation`` [deg], by which the scan's axes appear turned on the detector, clockwise on screen; ``transposed``
        (0 or 1), whether its rows and columns are exchanged; the matrix ``xx, xy, yx, yy``; and what is given further.
    """
    angle, transposed = rotation_and_transposition(matrix)
    (xx, xy), (yx, yy) = matrix
    return metrics(
        {
            "rotation": (math.degrees(angle), "deg"),
            "transposed": (float(transposed), "1"),
            **{name: (number, "1") for name, number in (("xx", xx), ("xy", xy), ("yx", yx), ("yy", yy))},
            **(further or {}),
        }
    )
