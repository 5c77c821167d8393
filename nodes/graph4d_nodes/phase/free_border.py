"""Integration of a gradient without any assumption on what lies outside, also where parts of it are missing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from graph4d.run.cancel import report_progress

__all__ = ["integrate_free"]

Field = NDArray[np.float64]

#: Iterations end when the steps that remain are so small a part of the phase, or are this many.
ACCURACY, ITERATIONS = 1e-7, 2000


def integrate_free(
    y: Field, x: Field, step: tuple[float, float], weight: Field, low: float | None, high: float | None
) -> Field:
    """The scalar field with mean 0 whose differences are closest to what 2π·(y, x) integrates to between neighbours.

    Parameters
    ----------
    y, x : ndarray
        Components (rows, columns) of the gradient, in cycles per unit of length.
    step : (float, float)
        Distance of pixels along y and x.
    weight : ndarray
        (rows, columns), 0 or more: how much each vector counts. One of weight 0 need not be finite.
    low, high : float, optional
        Limits of the spatial frequency, in cycles per unit of length.

    Returns
    -------
    ndarray
        (rows, columns), in rad. What the vectors leave open follows vectors interpolated between them.

    Notes
    -----
    The normal equations are a Poisson equation with Neumann borders. With equal weights a cosine transform solves it.
    Else that solution, for which vectors of weight 0 are interpolated, is where conjugate gradients start, with the
    same transform as preconditioner: of all solutions they find the one whose gradient is closest to the start's.
    """
    differences = _differences(y, 0, step[0], weight > 0), _differences(x, 1, step[1], weight > 0)
    weight = weight / weight.max()
    squares = step[0] ** -2, step[1] ** -2
    trust = squares[0] * _of_pairs(weight, 0), squares[1] * _of_pairs(weight, 1)
    modes = _Modes(y.shape, step)
    flux = _divergence(squares[0] * differences[0], squares[1] * differences[1])
    phase = modes.solved(flux)
    enough = ACCURACY**2 * float(np.vdot(flux, phase))
    flux = _divergence(trust[0] * differences[0], trust[1] * differences[1])
    phase = _conjugate_gradients(trust, flux, modes, phase, enough)
    return phase - phase.mean() if low is None and high is None else modes.filtered(phase, low, high)


class _Modes:
    """Cosines that are level at the border: they diagonalise the Laplacian of differences."""

    def __init__(self, shape: tuple[int, ...], step: tuple[float, float]) -> None:
        turns = [np.arange(count) / (2 * count) for count in shape]  # cycles a pixel
        self._frequency = np.hypot(turns[0][:, None] / step[0], turns[1] / step[1])
        values = [(2 * np.sin(np.pi * turn) / length) ** 2 for turn, length in zip(turns, step, strict=True)]
        self._eigenvalues = values[0][:, None] + values[1]
        self._eigenvalues[0, 0] = math.inf  # the mean, which no difference tells, is 0

    def solved(self, flux: Field) -> Field:
        """The field whose Laplacian is −``flux``."""
        from scipy import fft

        return np.asarray(fft.idctn(fft.dctn(flux) / self._eigenvalues))

    def filtered(self, phase: Field, low: float | None, high: float | None) -> Field:
        """What waves between two frequencies make of it."""
        from scipy import fft

        passes = (self._frequency >= (low or 0.0)) & (self._frequency <= (math.inf if high is None else high))
        passes[0, 0] = False
        return np.asarray(fft.idctn(fft.dctn(phase) * passes))


def _conjugate_gradients(trust: tuple[Field, Field], flux: Field, modes: _Modes, phase: Field, enough: float) -> Field:
    """Where the weighted divergence of the differences of ``phase``, which is the start, becomes ``flux``."""

    def weighted(field: Field) -> Field:
        return _divergence(trust[0] * np.diff(field, axis=0), trust[1] * np.diff(field, axis=1))

    residual = flux - weighted(phase)
    better = modes.solved(residual)
    direction, size = better, float(np.vdot(residual, better))
    for iteration in range(ITERATIONS):
        if size <= enough:
            break
        report_progress(iteration / ITERATIONS)
        turned = weighted(direction)
        length = size / float(np.vdot(direction, turned))
        phase = phase + length * direction
        residual = residual - length * turned
        better = modes.solved(residual)
        last, size = size, float(np.vdot(residual, better))
        direction = better + size / last * direction
    return phase


def _differences(component: Field, axis: int, step: float, known: NDArray[np.bool_]) -> Field:
    """2π times the integral of a component between neighbours along its own axis, through a cubic spline."""
    from scipy.interpolate import make_interp_spline

    count = component.shape[axis]
    if count < 2:
        return np.diff(component, axis=axis)
    places = np.arange(count) * step
    lines = np.moveaxis(component, axis, 0)
    if not known.all():
        lines = _bridged(lines, np.moveaxis(known, axis, 0))
    spline = make_interp_spline(places, lines, k=min(3, count - 1))
    return 2 * np.pi * np.moveaxis(np.diff(spline.antiderivative()(places), axis=0), 0, axis)


def _bridged(lines: Field, known: NDArray[np.bool_]) -> Field:
    """Unknown values between known ones of a column, so that a spline through all of them is smooth."""
    lines, places = lines.copy(), np.arange(len(lines))
    for column in np.flatnonzero(~known.all(axis=0)):
        here = known[:, column]
        lines[~here, column] = np.interp(places[~here], places[here], lines[here, column]) if here.any() else 0.0
    return lines


def _of_pairs(weight: Field, axis: int) -> Field:
    """Weights of the differences between neighbours: as sure as the less sure of both."""
    return np.minimum(weight[:-1], weight[1:]) if axis == 0 else np.minimum(weight[:, :-1], weight[:, 1:])


def _divergence(y: Field, x: Field) -> Field:
    """What differences bring to each position: the adjoint of taking them."""
    return -np.diff(y, axis=0, prepend=0.0, append=0.0) - np.diff(x, axis=1, prepend=0.0, append=0.0)
