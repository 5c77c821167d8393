"""Partial coherence: a source that is not a point, and a focus that is not sharp, as a sum over a few probes."""

from __future__ import annotations

import math
from itertools import product
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

__all__ = ["COHERENT", "Probe", "gaussian_rule", "probes"]

#: How far a sum over points may be from the integral it stands for, at any frequency that matters. A source's size is
#: hardly ever known to better than 10 %, which changes more.
TOLERANCE = 0.03


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
        Weights sum to 1; a single probe if both are 0. At 300 kV and 20 mrad a source of 0.3 Å takes 49 of them, a
        spread of 40 Å 5 times as many.

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
    """Points and weights whose sum stands for the mean over a normal distribution.

    Parameters
    ----------
    deviation : float
        Standard deviation σ.
    frequency : float
        Up to this q the mean of exp(2πiqx) comes out as exp(−2π²σ²q²), within the tolerance.
    tolerance : float
        Above 0, below 1.

    Returns
    -------
    list of (float, float)
        Equidistant points about 0, and their weights.

    Notes
    -----
    Points at a distance h repeat the Gaussian in frequency at every 1/h: h is such that the first repetition has fallen
    to half of the tolerance at q. The rest is for the tails that are left out. For σ·q ≥ 1 this takes half as
    many points as a Gauss–Hermite rule, which is best for polynomials.
    """
    if deviation == 0:
        return [(0.0, 1.0)]
    distance = 2 * math.pi / (2 * math.pi * deviation * frequency + math.sqrt(-2 * math.log(tolerance / 2)))
    reach = NormalDist().inv_cdf(1 - 0.3 * tolerance)
    half = math.ceil(reach / distance - 0.5)
    points = np.arange(-half, half + 1) * distance
    weights = np.exp(-(points**2) / 2)
    weights /= weights.sum()
    return [(float(deviation * point), float(weight)) for point, weight in zip(points, weights, strict=True)]
