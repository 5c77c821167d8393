"""How strongly atoms scatter electrons: the parametrisation of Lobato and Van Dyck."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError

__all__ = ["scattering_factor"]


def scattering_factor(number: int, g: NDArray[np.floating]) -> NDArray[np.float64]:
    """Electron scattering factor of a neutral atom.

    Parameters
    ----------
    number : int
        Atomic number, 1 … 103.
    g : ndarray
        Spatial frequency [1/Å].

    Returns
    -------
    ndarray
        f_e(g) = Σ aᵢ·(2 + bᵢ·g²)/(1 + bᵢ·g²)² [Å].

    Raises
    ------
    UsageError
        An element that the parametrisation does not have.

    Notes
    -----
    Source: I. Lobato and D. Van Dyck, Acta Cryst. A70 (2014) 636.
    """
    table = _table()
    if not 1 <= number <= len(table):
        raise UsageError(f"no scattering factor for atomic number {number}; there are those of 1 … {len(table)}")
    squared = np.square(g, dtype=np.float64)
    result = np.zeros(squared.shape)
    for a, b in table[number - 1].reshape(2, 5).T:
        result += a * (2 + b * squared) / (1 + b * squared) ** 2
    return result


@cache
def _table() -> NDArray[np.float64]:
    """Coefficients a₁ … a₅ [Å], b₁ … b₅ [Å²] of every element."""
    with (files(__package__) / "lobato.txt").open(encoding="utf-8") as lines:
        return np.loadtxt(lines)
