"""Frozen phonons: a fast electron meets every atom displaced from its place, each electron otherwise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["displaced", "rms_displacement"]


def rms_displacement(debye_waller: float) -> float:
    """Root-mean-square displacement along one axis [Å] for a Debye–Waller factor B [Å²]: √(B/8π²)."""
    return math.sqrt(debye_waller / (8 * math.pi**2))


def displaced(
    positions: NDArray[np.floating], rms: NDArray[np.floating] | float, seed: int, configuration: int
) -> NDArray[np.float64]:
    """Positions of atoms at one moment, each moving by itself about its place (the Einstein model).

    Parameters
    ----------
    positions : ndarray
        (n, 3) [Å].
    rms : ndarray or float
        (n,) or one number for all: root-mean-square displacement along each axis [Å].
    seed, configuration : int
        The same two numbers give the same displacements.

    Returns
    -------
    ndarray
        (n, 3) [Å].

    Notes
    -----
    Source: Loane, Xu & Silcox, Acta Cryst. A47 (1991) 267. Intensities are to be averaged over configurations.
    """
    random = np.random.default_rng(np.random.SeedSequence([seed, configuration]))
    moved: NDArray[np.float64] = positions + random.standard_normal(positions.shape) * np.reshape(rms, (-1, 1))
    return moved
