"""Contrast transfer, noise and dose efficiency as they are measured, over spatial frequency."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph4d import Image, Metrics, Range, node
from graph4d_nodes.metrics.checks import quotient
from graph4d_nodes.metrics.rings import Rings, curve, rings, same_grid, soft_window, spectrum
from graph4d_nodes.types import Curve
from graph4d_nodes.values import metrics

__all__ = ["Transfer", "dose_efficiency", "noise_transfer", "transfer"]

Edge = Annotated[float, Range(0.0, 0.5)]
Electrons = Annotated[float, Range(1e-3)]
FAINT = 1e-10
"""Part of the truth's power in its strongest ring below which a ring says nothing of the transfer."""
SURE = 3.0
"""A transfer smaller than so many standard errors counts as none where the resolution is read off."""


class Transfer(NamedTuple):
    """What :func:`transfer` returns."""

    curve: Curve
    metrics: Metrics


@node("metrics.transfer")
def transfer(
    image: Image, truth: Image, *, edge: Edge = 0.25, crossing: Literal["first", "last"] = "first"
) -> Transfer:
    """Contrast transfer: how much of the truth an image shows at each spatial frequency.

    Parameters
    ----------
    image : Image
        (y, x).
    truth : Image
        What it should show, of equal shape and step.
    edge : float
        Part of the width over which the images fade to their mean at each side; 0 for periodic ones.
    crossing : {"first", "last"}
        Where the resolution is read off: where the curve first falls below half of its largest value, or after the last
        frequency at which it is above. A crystal has next to nothing between its reflections: there it is the last
        that counts.

    Returns
    -------
    Transfer
        ``curve``: image per truth over frequency, with its standard ``error`` as a further coordinate; NaN where the
        truth has nothing. ``metrics``: ``mean``, the transfer of all power together [image/truth]; and
        ``resolution``, the inverse of the frequency where the curve, from its largest value on, falls below half of
        that [Å, or px], NaN if it does not. What cannot be told from noise counts as 0 there, and frequencies that the
        truth does not have are left out.

    Raises
    ------
    UsageError
        The images differ in shape or step, or a pixel is not finite.

    Notes
    -----
    T = Re Σ F·Φ* / Σ|Φ|² over rings, with F and Φ the transforms of image and truth: the least-squares factor, in
    which modes count as much as the truth has power.
    """
    a, b, step, unit = same_grid(image, truth, ("image", "truth"))
    bands, window = rings(a.shape, step), soft_window(a.shape, edge)
    seen, true = spectrum(a, window), spectrum(b, window)
    values, error = _factor(bands, seen, true)
    ratio = quotient(image, truth)
    total = float(np.sum((seen * true.conj()).real) / max(float(np.sum(np.abs(true) ** 2)), np.finfo(float).tiny))
    found = curve(values, bands.frequency, unit, ratio, "transfer").assign_coords(error=("frequency", error))
    lit = ~np.isnan(values)
    sure = np.where(values > SURE * error, values, 0.0)[lit]
    resolution = _half_width(bands.frequency[lit], sure, crossing == "last")
    numbers = {"mean": (total, ratio), "resolution": (resolution, unit)}
    return Transfer(found, metrics(numbers))


@node("metrics.noise_transfer")
def noise_transfer(image: Image, other: Image, *, electrons: Electrons = 1.0, edge: Edge = 0.25) -> Curve:
    """Noise at each spatial frequency, from the difference of images of two halves of a scan.

    Parameters
    ----------
    image, other : Image
        (y, x), of equal shape and step, from halves made by scan.thin.
    electrons : float
        In a pattern, of both halves together. The noise is multiplied by its root: then it does not depend on the dose
        and can be compared with a predicted one.
    edge : float
        Part of the width over which the images fade to their mean at each side.

    Returns
    -------
    Curve
        Standard deviation of a mode (of a unitary transform) of the mean of both images, in their unit.

    Raises
    ------
    UsageError
        The images differ in shape or step, or a pixel is not finite.

    Notes
    -----
    The variance of (a + b)/2 is that of (a − b)/2, in which the signal cancels. Integrating a centre of mass divides
    its noise by |q|: Seki, Ikuhara & Shibata, Ultramicroscopy 193 (2018) 118.
    """
    a, b, step, unit = same_grid(image, other, ("image", "other"))
    bands = rings(a.shape, step)
    noise = np.sqrt(electrons * _power(bands, (a - b) / 2, soft_window(a.shape, edge)))
    return curve(noise, bands.frequency, unit, str(image.attrs.get("units", "1")), "noise")


@node("metrics.dose_efficiency")
def dose_efficiency(image: Image, other: Image, truth: Image, *, electrons: Electrons, edge: Edge = 0.25) -> Curve:
    """Squared signal-to-noise ratio per electron at each spatial frequency.

    Parameters
    ----------
    image, other : Image
        (y, x), of equal shape and step, from halves made by scan.thin.
    truth : Image
        What they should show.
    electrons : float
        In a pattern, of both halves together.
    edge : float
        Part of the width over which the images fade to their mean at each side.

    Returns
    -------
    Curve
        For a mode of the truth (of a unitary transform) of one unit: 1/unit². It does not depend on the dose, nor on a
        factor of the images, and no linear method goes beyond that of metrics.predicted_transfer's ``optimal``.

    Raises
    ------
    UsageError
        The images differ in shape or step, or a pixel is not finite.

    Notes
    -----
    (T² − its variance) / (σ²·electrons), with the transfer T of the mean of both images and the noise σ of
    :func:`noise_transfer`; |T|²/σ² is the noise-equivalent quanta of imaging: ICRU Report 54 (1996).
    """
    a, b, step, unit = same_grid(image, other, ("image", "other"))
    _, c, _, _ = same_grid(image, truth, ("image", "truth"))
    bands, window = rings(a.shape, step), soft_window(a.shape, edge)
    values, error = _factor(bands, spectrum((a + b) / 2, window), spectrum(c, window))
    noise = _power(bands, (a - b) / 2, window)
    signal = np.maximum(values**2 - error**2, 0)
    efficiency = np.divide(signal, noise * electrons, out=np.full_like(noise, np.nan), where=noise > 0)
    return curve(efficiency, bands.frequency, unit, f"1/{truth.attrs.get('units', '1')}**2", "efficiency")


def _factor(
    bands: Rings, seen: NDArray[np.complex128], true: NDArray[np.complex128]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least-squares factor of ``true`` in ``seen`` in each ring, and its standard error."""
    power = bands.sum(np.abs(true) ** 2)
    lit = power > FAINT * power.max(initial=0.0)
    nothing = np.full_like(power, np.nan)
    factor = np.divide(bands.sum((seen * true.conj()).real), power, out=nothing.copy(), where=lit)
    explained = factor**2 * power
    rest = np.maximum(bands.sum(np.abs(seen) ** 2) - explained, 0.0)
    error = np.divide(np.sqrt(rest / bands.count), np.sqrt(power), out=nothing, where=lit)
    return factor, error


def _power(bands: Rings, values: NDArray[np.float64], window: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean power of the modes in each ring, of a unitary transform."""
    return bands.mean(np.abs(spectrum(values, window)) ** 2) / float(np.sum(window**2))


def _half_width(frequency: NDArray[np.float64], values: NDArray[np.float64], last: bool) -> float:
    """Inverse frequency where a curve falls from its peak to half of that; NaN if it has no peak, or does not."""
    if not values.any():
        return np.nan
    peak = int(np.argmax(values))
    above = values[peak:] >= values[peak] / 2
    i = peak + (int(np.flatnonzero(above)[-1]) + 1 if last else int(np.argmin(above)))
    if i == len(values) or above[i - peak]:
        return np.nan
    share = (values[i - 1] - values[peak] / 2) / (values[i - 1] - values[i])
    return float(1 / (frequency[i - 1] + share * (frequency[i] - frequency[i - 1])))
