"""Numba kernels of phase methods."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["add_sidebands"]

Array = NDArray[Any]


@njit(nogil=True, cache=True)
def add_sidebands(
    spectrum: Array,
    ky: Array,
    kx: Array,
    radius: float,
    lens: Array,
    orders: Array,
    places: Array,
    frequencies: Array,
    sums: Array,
    counts: Array,
) -> None:
    """Add what some pixels say of both sidebands at each frequency of the scan.

    A pixel k of the disc belongs to the first sideband of q if k − q lies in the disc as well and k + q does not, and
    to the second one the other way round.

    Parameters
    ----------
    spectrum : ndarray
        (qy, qx, pixel): transform of each pixel over the scan.
    ky, kx : ndarray
        (pixel,): of the pixels [1/Å].
    radius : float
        Of the disc [1/Å].
    lens, orders : ndarray
        (terms,), complex, and (terms, 2): the phase error of the lens, see ``phase_error``; undone in the sums.
    places, frequencies : ndarray
        (n, 2) each: where in ``spectrum`` a frequency lies, and its components along y and x [1/Å].
    sums, counts : ndarray
        (n, 2): sums over the pixels of both sidebands, and how many these are; added to.
    """
    squared = radius * radius
    aberrated = lens.shape[0] > 0
    errors = np.empty(ky.shape[0])
    for p in range(ky.shape[0]):
        errors[p] = phase_error(ky[p], kx[p], lens, orders)
    for n in range(places.shape[0]):
        pixels = spectrum[places[n, 0], places[n, 1]]
        qy, qx = frequencies[n, 0], frequencies[n, 1]
        for p in range(ky.shape[0]):
            y, x = ky[p], kx[p]
            first = (y - qy) ** 2 + (x - qx) ** 2 <= squared
            second = (y + qy) ** 2 + (x + qx) ** 2 <= squared
            if first == second or y * y + x * x > squared:
                continue
            side = 0 if first else 1
            value = complex(pixels[p])
            if aberrated:
                sign = 2 * side - 1
                angle = sign * (errors[p] - phase_error(y + sign * qy, x + sign * qx, lens, orders))
                value *= complex(math.cos(angle), math.sin(angle))
            sums[n, side] += value
            counts[n, side] += 1


@njit(nogil=True, cache=True)
def phase_error(ky: float, kx: float, lens: Array, orders: Array) -> float:
    """Phase error of the lens at one frequency: Σ Re(lens·(kx + i·ky)ᵐ)·|k|²ᵖ over its terms, of ``orders`` (p, m)."""
    total = 0.0
    for t in range(lens.shape[0]):
        value = lens[t]
        for _ in range(orders[t, 0]):
            value *= ky * ky + kx * kx
        for _ in range(orders[t, 1]):
            value *= complex(kx, ky)
        total += value.real
    return total
