"""Defocus, astigmatism and orientation from how the images of bright-field pixels are shifted against each other."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.calibrate.evidence import SPREAD
from graph4d_nodes.geometry import Matrix, applied, detector_to_scan
from graph4d_nodes.image.bright_field import Disc
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.phase.parallax.groups import Groups, grouped

__all__ = ["Fit", "fit", "higher"]

Array = NDArray[np.float64]

COARSE, FINE = 7, 13
"""Groups of pixels across the disc: for the search, and in the end."""
FEW, MANY = 100, 600
"""Waves that are looked at: in the search, and in the end."""
TURNS = 36
"""Orientations in half a turn that the search tries."""
CYCLES = 6.0
"""Largest shift in the search, in periods of the finest wave that it uses."""
STEP = 0.25
"""Of the search, in the same unit."""
REACH = 0.25
"""Largest shift of a pixel's image in the search, as a part of the scan's smaller side."""

NEGLIGIBLE = 1e-3
"""Explained part below which errors grow no further."""


@dataclass(frozen=True)
class Fit:
    """What the shifts say.

    They are the same for the opposite orientation with opposite aberrations: which it is, is for others to tell.
    """

    matrix: Matrix
    """Takes (x, y) in the axes of the disc to (x, y) in the true ones."""
    aberrations: Aberrations
    error_c10: float
    """One standard deviation [Å]."""
    error_c12: float
    """[Å]."""
    error_rotation: float
    """[rad]."""
    handedness: float
    """Probability of this handedness against the other one; it is near 1/2 where nothing stands out of the noise."""
    explained: float
    """Part of the waves' power above the noise that is what an object shows, 0 … 1."""

    def reversed(self) -> Fit:
        """The other solution: all vectors turned by 180°, all coefficients of even order in θ with the other sign."""
        (xx, xy), (yx, yy) = self.matrix
        upright = math.remainder(self.aberrations.phi12 + math.pi / 2, math.pi)
        opposite = replace(self.aberrations, c10=-self.aberrations.c10, phi12=upright)
        return replace(self, matrix=((-xx, -xy), (-yx, -yy)), aberrations=opposite)


@dataclass(frozen=True)
class Trial:
    """One assumption: C10 [Å], C12·(cos, sin)(2φ12) [Å], rotation [rad], transposition."""

    c10: float
    along: float
    across: float
    rotation: float
    transposed: bool

    def reversed(self) -> Trial:
        """The opposite orientation with opposite coefficients: the same, as long as no other coefficient is known."""
        return Trial(-self.c10, -self.along, -self.across, self.rotation + math.pi, self.transposed)

    def aberrations(self, known: Aberrations) -> Aberrations:
        """The known coefficients with these in place of C10 and C12."""
        return replace(
            known, c10=self.c10, c12=math.hypot(self.along, self.across), phi12=math.atan2(self.across, self.along) / 2
        )


def fit(values: NDArray[np.number], disc: Disc, known: Aberrations) -> Fit | None:
    """Find orientation, C10 and C12 from the pixels alone.

    Parameters
    ----------
    values : ndarray
        (y, x, pixel), counts.
    disc : Disc
        What they are; its orientation does not matter.
    known : Aberrations
        Higher ones are taken as they are; C10 and C12 are found.

    Returns
    -------
    Fit or None
        None if no wave of the scan stands out of the noise.

    Notes
    -----
    A pixel k sees a wave q of the sample by interference of the direct beam with the beams diffracted by +q and −q,
    each only where that lies in the disc. Both change with k as exp(iq·∇χ(k)): a shift. Which constants are before the
    two, is the sample's business: a phase, an absorption, or both. So for every q the measured numbers Î(k) are
    projected on these two functions of k, and with the part ρ(q) of their power that they explain the likelihood, for
    noise of unknown strength at every q, is −n·log(1 − ρ). It is maximised over C10, C12, φ12, rotation and
    transposition.

    First with few waves of low frequency, on a grid of rotations and C10, for both transpositions, and then with ever
    finer waves. In focus there are no shifts, but the edges of the overlaps still show how the detector lies.
    """
    coarse = grouped(values, disc, COARSE, 2 * FEW)
    if len(coarse.qy) == 0:
        return None
    finest = float(np.hypot(coarse.qy, coarse.qx).max())
    sides = (values.shape[0] * disc.step[0], values.shape[1] * disc.step[1])
    widest = REACH * min(sides)
    limits = [CYCLES / widest]
    while limits[-1] < finest:
        limits.append(min(2 * limits[-1], finest))
    judge = coarse.up_to(finest, 2 * FEW)
    found: list[tuple[float, Trial]] = []
    for limit in limits:
        few = coarse.up_to(limit, FEW)
        if len(few.qy) < 3:
            continue
        for transposed in (False, True):
            trial = _search(few, disc, transposed, min(CYCLES / limit, widest))
            for next_limit in limits[limits.index(limit) :]:
                trial = _climbed(trial, coarse.up_to(next_limit, FEW), disc, known, round_only=True)
            found.append((_likelihood(trial, judge, disc, known).sum(), trial))
    if not found:
        return None
    best = max(found, key=lambda pair: pair[0])[1]
    others = [pair for pair in found if pair[1].transposed != best.transposed]
    other = max(others, key=lambda pair: pair[0])[1]
    gain = _likelihood(best, judge, disc, known) - _likelihood(other, judge, disc, known)
    starts = [best, best.reversed()] if higher(known) else [best]
    climbed = [_climbed(start, judge, disc, known) for start in starts]
    best = max(climbed, key=lambda trial: float(_likelihood(trial, judge, disc, known).sum()))
    fine = grouped(values, disc, FINE, MANY, partial(_shifts, best, disc, known)).up_to(finest, MANY)
    return _finished(_climbed(best, fine, disc, known), fine, disc, known, _probability(float(gain.sum())))


def _shifts(trial: Trial, disc: Disc, known: Aberrations, ky: Array, kx: Array) -> tuple[Array, Array]:
    """∇χ/2π [Å] at frequencies in the axes that the detector is taken to have, under an assumption."""
    (xx, xy), (yx, yy) = detector_to_scan(trial.rotation, trial.transposed)
    return trial.aberrations(known).shift(yx * kx + yy * ky, xx * kx + xy * ky, disc.wavelength)


def _probability(gain: float) -> float:
    """Of the more likely one of two assumptions, whose log-likelihoods differ by ``gain``."""
    return 1 / (1 + math.exp(-max(gain, 0.0) / SPREAD**2))


def _search(groups: Groups, disc: Disc, transposed: bool, widest: float) -> Trial:
    """The best of a grid of rotations and of C10 with shifts up to ``widest`` [Å], without astigmatism."""
    from graph4d_nodes.phase.parallax.kernels import scores

    count = round(CYCLES / STEP)
    c10 = widest / count / (disc.radius * disc.wavelength)
    best, result = -np.inf, Trial(0.0, 0.0, 0.0, 0.0, transposed)
    for rotation in np.pi * np.arange(TURNS) / TURNS:
        y, x = _turned(groups, float(rotation), transposed)
        moved = Aberrations(c10=c10).shift(y, x, disc.wavelength)
        found = np.zeros((2, count + 1))
        scores(
            groups.waves,
            groups.qy,
            groups.qx,
            y,
            x,
            groups.light,
            groups.signal,
            *moved,
            disc.radius,
            groups.width,
            found,
        )
        side, step = np.unravel_index(np.argmax(found), found.shape)
        if found[side, step] > best:
            # The opposite C10 is that of the opposite orientation.
            best, result = found[side, step], Trial(step * c10, 0.0, 0.0, rotation + math.pi * side, transposed)
    return result


def _turned(groups: Groups, rotation: float, transposed: bool) -> tuple[Array, Array]:
    """The groups' frequencies in the axes of the scan, under an assumption."""
    y, x = applied(detector_to_scan(rotation, transposed), groups.ky, groups.kx)
    return y, x


def _likelihood(trial: Trial, groups: Groups, disc: Disc, known: Aberrations) -> Array:
    """Log-likelihood of each wave (q,) under an assumption, times the part of it that is signal."""
    from graph4d_nodes.phase.parallax.kernels import gains

    y, x = _turned(groups, trial.rotation, trial.transposed)
    moved = trial.aberrations(Aberrations()).shift(y, x, disc.wavelength)
    rest = np.empty((2, 0, 0))
    if higher(known):
        further = replace(known, c10=0.0, c12=0.0)
        own = further.phase(y, x, disc.wavelength)
        qy, qx = groups.qy[:, None], groups.qx[:, None]
        others = [further.phase(y - sign * qy, x - sign * qx, disc.wavelength) for sign in (1, -1)]
        rest = np.stack([own - others[0], others[1] - own])
    out = np.empty(len(groups.qy))
    waves, q = groups.waves, (groups.qy, groups.qx)
    gains(waves, *q, y, x, groups.light, *moved, rest, disc.radius, groups.width, out)
    return out * groups.signal


def higher(known: Aberrations) -> bool:
    """Whether there are others than defocus and twofold astigmatism."""
    return any((known.c21, known.c23, known.c30, known.c50))


def _climbed(trial: Trial, groups: Groups, disc: Disc, known: Aberrations, *, round_only: bool = False) -> Trial:
    """The most likely assumption near another one."""
    from scipy.optimize import minimize

    into, start = _scaled(trial, groups, disc)
    free = np.array([True, not round_only, not round_only, True])

    def loss(moved: Array) -> float:
        place = start.copy()
        place[free] = moved
        return -float(_likelihood(into(place), groups, disc, known).sum()) / len(groups.qy)

    found = minimize(loss, start[free], method="BFGS", options={"gtol": 1e-4, "maxiter": 40})
    place = start.copy()
    place[free] = found.x
    return into(place)


def _scaled(trial: Trial, groups: Groups, disc: Disc) -> tuple[Callable[[Array], Trial], Array]:
    """Coefficients in shifts at the disc's edge by a period of a typical wave; and back."""
    unit = 1 / (disc.wavelength * disc.radius * float(np.median(np.hypot(groups.qy, groups.qx))))

    def into(place: Array) -> Trial:
        return Trial(place[0] * unit, place[1] * unit, place[2] * unit, float(place[3]), trial.transposed)

    return into, np.array([trial.c10 / unit, trial.along / unit, trial.across / unit, trial.rotation])


def _finished(trial: Trial, groups: Groups, disc: Disc, known: Aberrations, handedness: float) -> Fit:
    """The result with its errors.

    Waves are not quite as the model says, so that the curvature H of the likelihood alone would flatter: the covariance
    is H⁻¹·J·H⁻¹ with the scatter J of the gradient from wave to wave. With few electrons the likelihood has many small
    peaks, on which that flatters too: then −H⁻¹ is the larger one, and counts. Only the explained part of the waves
    tells: with few electrons, where this peak explains a third, it is one of several, and errors are √3 times larger.
    """
    into, centre = _scaled(trial, groups, disc)
    h = 0.01

    def at(*moves: tuple[int, float]) -> Array:
        place = centre.copy()
        for axis, by in moves:
            place[axis] += by
        return _likelihood(into(place), groups, disc, known)

    here = at()
    ahead, behind = (np.array([at((i, by)) for i in range(4)]) for by in (h, -h))
    slopes = (ahead - behind) / (2 * h)
    hessian = np.diag(((ahead + behind - 2 * here) / h**2).sum(axis=1))
    for i in range(4):
        for j in range(i):
            corners = at((i, h), (j, h)) - at((i, h), (j, -h)) - at((i, -h), (j, h)) + at((i, -h), (j, -h))
            hessian[i, j] = hessian[j, i] = corners.sum() / (4 * h**2)
    inverse = np.linalg.pinv(hessian)
    scatter = SPREAD**2 * slopes @ slopes.T
    variances = np.maximum(np.diag(inverse @ scatter @ inverse), -np.diag(inverse))
    unit = into(np.array([1.0, 0.0, 0.0, 0.0])).c10
    explained = _explained(here, groups)
    errors = np.sqrt(variances / max(explained, NEGLIGIBLE)) * np.array([unit, unit, unit, 1.0])
    return Fit(
        detector_to_scan(trial.rotation, trial.transposed),
        trial.aberrations(known),
        float(errors[0]),
        float(math.hypot(errors[1], errors[2]) / math.sqrt(2)),
        float(errors[3]),
        handedness,
        explained,
    )


def _explained(likelihood: Array, groups: Groups) -> float:
    """Part of the waves' power above the noise that an assumption explains, given what :func:`_likelihood` returns."""
    count = groups.waves.shape[1]
    shares = -np.expm1(-likelihood / groups.signal / count)
    # Two functions explain two of as many parts of the noise as there are groups.
    by_chance = 2 / count * (1 - groups.signal)
    weights = groups.signal * np.sum(np.abs(groups.waves) ** 2, axis=1)
    part = float(np.sum(weights * (shares - by_chance)) / np.sum(weights * groups.signal))
    return min(max(part, 0.0), 1.0)
