"""Partial coherence: a source that is not a point, and a focus that is not sharp, as a sum over a few probes."""

from __future__ import annotations

import math
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["COHERENT", "Probe", "gaussian_rule", "probes"]

#: How far a sum over points may be from the integral it stands for, at any frequency that matters.
TOLERANCE = 1e-2
#: No Gaussian needs more points than this; np.polynomial loses precision far beyond.
POINTS = 63


class Probe(NamedTuple):
    """One of the probes whose intensities are added."""

    weight: float
    y: float = 0.0
    """Distance from the position [Å], as ``x`` is."""
    x: float = 0.0
    c10: float = 0.0
    """What is added to the lens' C10 [Å]."""


COHERENT = (Probe(1.0),)


def probes(
    source_size: float, focal_spread: float, wavelength: float, semiangle: float, tolerance: float = TOLERANCE
) -> tuple[Probe, ...]:
    """The probes that stand for a Gaussian source and a Gaussian spread of focus.

    Parameters
    ----------
    source_size : float
        Standard deviation of the source's image on the sample, along each axis [Å]; 0 for a point.
    focal_spread : float
        Standard deviation of C10 [Å]; 0 for a sharp focus.
    wavelength, semiangle : float
        Of the electrons [Å] and of the probe [rad]: they say how fine a rule is needed.
    tolerance : float
        Largest error of a frequency's damping; 1 would be undamped.

    Returns
    -------
    tuple of Probe
        Weights sum to 1; a single probe if both are 0.

    Notes
    -----
    Two waves in the aperture interfere with at most 2α/λ over the sample and α²/2λ over C10, and the intensity is
    damped by exp(−2π²σ²q²) at these frequencies; so much the rules reproduce. A convolution over the scan would do for
    the source as well, but only for a dense scan, which then had to be known whole before its first pattern.
    """
    source = gaussian_rule(source_size, 2 * semiangle / wavelength, tolerance)
    focus = gaussian_rule(focal_spread, semiangle**2 / (2 * wavelength), tolerance)
    return tuple(Probe(wy * wx * wc, y, x, c) for (y, wy), (x, wx), (c, wc) in product(source, source, focus))


def gaussian_rule(deviation: float, frequency: float, tolerance: float) -> list[tuple[float, float]]:
    """Points and weights whose sum stands for the mean over a normal distribution: a Gauss–Hermite rule.

    Parameters
    ----------
    deviation : float
        Standard deviation σ.
    frequency : float
        Up to this q the mean of exp(2πiqx) comes out as exp(−2π²σ²q²), within the tolerance.
    tolerance : float

    Returns
    -------
    list of (float, float)
        Points and their weights: an odd number of them, so that 0 is among them.
    """
    if deviation == 0:
        return [(0.0, 1.0)]
    turns = 2 * math.pi * deviation * np.linspace(0, frequency, 200)
    for count in range(1, POINTS + 1, 2):
        points, weights = np.polynomial.hermite_e.hermegauss(count)
        weights = weights / weights.sum()
        if _error(points, weights, turns) <= tolerance:
            break
    return [(float(deviation * point), float(weight)) for point, weight in zip(points, weights, strict=True)]


def _error(points: NDArray[np.float64], weights: NDArray[np.float64], turns: NDArray[np.float64]) -> float:
    return float(np.abs(np.cos(np.outer(turns, points)) @ weights - np.exp(-(turns**2) / 2)).max())
