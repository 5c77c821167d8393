"""Numba kernels of tilt-corrected bright field."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["deposit", "gains", "scores"]

Array = NDArray[Any]


@njit(nogil=True, cache=True)
def deposit(values: Array, top: Array, left: Array, weights: Array, fine: int, sums: Array) -> None:
    """Add the counts of all pixels to a finer grid, each pixel moved by a shift of its own.

    Parameters
    ----------
    values : ndarray
        (y, x, pixel).
    top, left : ndarray
        (pixel,): row and column of the fine grid on which, or just before which, the first sample falls.
    weights : ndarray
        (pixel, 2, 2): how it is shared among that grid point and its neighbours below and to the right.
    fine : int
        Points of the fine grid from one sample to the next.
    sums : ndarray
        (rows, columns), added to; what falls beyond is left out.
    """
    rows, columns, count = values.shape
    height, width = sums.shape
    for y in range(rows):
        for x in range(columns):
            for k in range(count):
                row, column = y * fine + top[k], x * fine + left[k]
                if -1 <= row < height and -1 <= column < width:
                    value = np.float64(values[y, x, k])
                    for i in range(2):
                        for j in range(2):
                            if 0 <= row + i < height and 0 <= column + j < width:
                                sums[row + i, column + j] += weights[k, i, j] * value


@njit(nogil=True, cache=True)
def overlap(y: float, x: float, radius: float, width: float) -> float:
    """How much of a group as wide as ``width`` at (y, x) lies in the disc, from 0 to 1."""
    return min(max((radius - math.sqrt(y * y + x * x)) / width + 0.5, 0.0), 1.0)


@njit(nogil=True, cache=True)
def explained(along: complex, other: complex, first: float, second: float, both: complex, small: float) -> float:
    """Power of a vector that two others explain, from the scalar products of all of them.

    Where these two are alike they count as one, and where one is next to nothing, as nothing: ``small`` says what is.
    """
    first, second = first + small, second + small
    power = second * abs(along) ** 2 + first * abs(other) ** 2 - 2 * (along.conjugate() * other * both).real
    return power / (first * second - abs(both) ** 2)


@njit(nogil=True, cache=True)
def gains(
    waves: Array,
    qy: Array,
    qx: Array,
    ky: Array,
    kx: Array,
    light: Array,
    moved_y: Array,
    moved_x: Array,
    rest: Array,
    radius: float,
    width: float,
    out: Array,
) -> None:
    """Log-likelihood of each wave: how well two functions of k explain it, more than nothing does.

    Parameters
    ----------
    waves : ndarray
        (q, group).
    qy, qx : ndarray
        (q,).
    ky, kx, light, moved_y, moved_x : ndarray
        (group,): frequency in the axes of the scan, mean counts, and the shift under test.
    rest : ndarray
        (2, q, group): phases of both functions besides that of the shift; or of no size, for none.
    radius, width : float
        Of the disc, and of a group.
    out : ndarray
        (q,), written.
    """
    groups = len(light)
    scale = np.sqrt(light)
    small = 1e-3 * light.sum()
    for i in range(len(qy)):
        along, other, both = 0j, 0j, 0j
        first, second, whole = 0.0, 0.0, 0.0
        for g in range(groups):
            wave = complex(waves[i, g])
            whole += wave.real**2 + wave.imag**2
            plus = overlap(ky[g] - qy[i], kx[g] - qx[i], radius, width)
            minus = overlap(ky[g] + qy[i], kx[g] + qx[i], radius, width)
            if plus == 0.0 and minus == 0.0:
                continue
            wave *= scale[g] * cmath.exp(-2j * math.pi * (qy[i] * moved_y[g] + qx[i] * moved_x[g]))
            one, two = complex(plus), complex(minus)
            if rest.size:
                one *= cmath.exp(1j * rest[0, i, g])
                two *= cmath.exp(1j * rest[1, i, g])
            along += one.conjugate() * wave
            other += two.conjugate() * wave
            first += plus * plus * light[g]
            second += minus * minus * light[g]
            both += one.conjugate() * two * light[g]
        share = min(explained(along, other, first, second, both, small) / whole, 1 - 1e-9)
        out[i] = -groups * math.log1p(-share)


@njit(nogil=True, cache=True)
def scores(
    waves: Array,
    qy: Array,
    qx: Array,
    ky: Array,
    kx: Array,
    light: Array,
    weights: Array,
    moved_y: Array,
    moved_x: Array,
    radius: float,
    width: float,
    out: Array,
) -> None:
    """Log-likelihood of all waves together for multiples of a shift, 0 … n and 0 … −n: added to ``out`` (2, n + 1).

    ``weights`` (q,) are those of the waves in the sum.
    The other parameters are those of :func:`gains`.
    """
    groups, steps = len(light), out.shape[1]
    scale = np.sqrt(light)
    small = 1e-3 * light.sum()
    plus, minus = np.empty(groups), np.empty(groups)
    start = np.empty(groups, np.complex128)
    turn, turned = np.empty_like(start), np.empty_like(start)
    for i in range(len(qy)):
        both, first, second, whole = 0.0, 0.0, 0.0, 0.0
        for g in range(groups):
            wave = complex(waves[i, g])
            whole += wave.real**2 + wave.imag**2
            plus[g] = overlap(ky[g] - qy[i], kx[g] - qx[i], radius, width)
            minus[g] = overlap(ky[g] + qy[i], kx[g] + qx[i], radius, width)
            first += plus[g] ** 2 * light[g]
            second += minus[g] ** 2 * light[g]
            both += plus[g] * minus[g] * light[g]
            start[g] = scale[g] * wave
            turn[g] = cmath.exp(-2j * math.pi * (qy[i] * moved_y[g] + qx[i] * moved_x[g]))
        for side in range(2):
            turned[:] = start
            for step in range(steps):
                along, other = 0j, 0j
                for g in range(groups):
                    along += plus[g] * turned[g]
                    other += minus[g] * turned[g]
                    turned[g] *= turn[g] if side == 0 else turn[g].conjugate()
                share = min(explained(along, other, first, second, complex(both), small) / whole, 1 - 1e-9)
                out[side, step] -= weights[i] * groups * math.log1p(-share)
