"""``metrics.frc``: Fourier ring correlation of two images of the same thing, and the resolution that it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph4d import Image, Metrics, Range, node
from graph4d_nodes.metrics.rings import curve, rings, same_grid, soft_window, spectrum
from graph4d_nodes.types import Curve
from graph4d_nodes.values import metrics

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["RingCorrelation", "frc", "half_bit"]

SEVENTH = 1 / 7
"""Of two halves at this correlation, the whole correlates with the truth by one half."""


class RingCorrelation(NamedTuple):
    """What :func:`frc` returns."""

    curve: Curve
    metrics: Metrics


@node("metrics.frc")
def frc(
    image: Image,
    other: Image,
    *,
    edge: Annotated[float, Range(0.0, 0.5)] = 0.25,
    crossing: Literal["first", "last"] = "first",
) -> RingCorrelation:
    """Fourier ring correlation (FRC) of two independent images of the same thing, and the resolution that it tells.

    Two halves of one scan are made by scan.thin. The resolution is that of both together.

    Parameters
    ----------
    image, other : Image
        (y, x), of equal shape and step, whose noise is independent.
    edge : float
        Part of the width over which the images fade to their mean at each side; 0 for periodic ones.
    crossing : {"first", "last"}
        Where the resolution is read off: where the curve first falls below the threshold, or after the last frequency
        at which it is above. A crystal has no signal between its reflections: there it is the last that counts.

    Returns
    -------
    RingCorrelation
        ``curve``: correlation over spatial frequency, −1 … 1, with ``half_bit``, the threshold, as a further
        coordinate; and ``metrics``: ``resolution_1_7`` and ``resolution_half_bit``, the inverse frequencies at which
        the curve crosses 1/7 and the ½-bit threshold, and ``nyquist``, the finest that this step can show [Å, or px].
        NaN where it does not cross: the attribute ``note`` says on which side it stays.

    Raises
    ------
    UsageError
        The images differ in shape or step, or a pixel is not finite.

    Notes
    -----
    FRC = Re Σ F₁·F₂* / √(Σ|F₁|²·Σ|F₂|²) over rings. Sources: Saxton & Baumeister, J. Microsc. 127 (1982) 127; threshold
    1/7: Rosenthal & Henderson, J. Mol. Biol. 333 (2003) 721; ½-bit: van Heel & Schatz, J. Struct. Biol. 151 (2005) 250.
    """
    a, b, step, unit = same_grid(image, other, ("image", "other"))
    window = soft_window(a.shape, edge)
    bands = rings(a.shape, step)
    first, second = spectrum(a, window), spectrum(b, window)
    product = bands.sum((first * second.conj()).real)
    power = np.sqrt(bands.sum(np.abs(first) ** 2) * bands.sum(np.abs(second) ** 2))
    correlation = np.divide(product, power, out=np.full_like(power, np.nan), where=power > 0)
    # A window makes neighbouring modes alike: so many are independent.
    independent = bands.count * float(np.sum(window**2) ** 2 / (window.size * np.sum(window**4)))
    threshold = half_bit(independent)
    found = curve(correlation, bands.frequency, unit, "1", "FRC").assign_coords(half_bit=("frequency", threshold))
    numbers = metrics({"nyquist": (1 / bands.nyquist, unit)})
    for name, limit in (("resolution_1_7", np.full_like(threshold, SEVENTH)), ("resolution_half_bit", threshold)):
        numbers[name] = _resolution(bands.frequency, correlation - limit, crossing == "last", unit)
    return RingCorrelation(found, numbers)


def half_bit(count: NDArray[np.floating]) -> NDArray[np.float64]:
    """FRC of two halves at which half a bit of information is known of each mode, in rings of ``count`` modes.

    (0.2071 + 1.9102/√n) / (1.2071 + 0.9102/√n): the expected FRC of halves with a signal-to-noise ratio of
    (√2 − 1)/2 each. Source: van Heel & Schatz, J. Struct. Biol. 151 (2005) 250, equation 17.
    """
    snr = (np.sqrt(2) - 1) / 2
    chance = 1 / np.sqrt(count)
    mixed = 2 * np.sqrt(snr) * chance
    return np.asarray((snr + mixed + chance) / (1 + snr + mixed))


def _resolution(frequency: NDArray[np.float64], excess: NDArray[np.float64], last: bool, unit: str) -> DataArray:
    """Inverse of the frequency where ``excess`` falls below 0, or NaN with a note."""
    import xarray as xr

    above = excess > 0
    if last:
        i = int(np.flatnonzero(above)[-1]) if above.any() else -1
    else:
        i = (int(np.argmin(above)) if not above.all() else len(above)) - 1
    attrs = {"units": unit}
    if i < 0:
        return xr.DataArray(np.nan, attrs={**attrs, "note": "the curve is below the threshold everywhere"})
    if i == len(excess) - 1:
        return xr.DataArray(np.nan, attrs={**attrs, "note": "the curve stays above the threshold up to Nyquist"})
    gap = excess[i] - excess[i + 1] if np.isfinite(excess[i + 1]) else np.inf
    place = frequency[i] + (frequency[i + 1] - frequency[i]) * excess[i] / gap
    return xr.DataArray(1 / float(place), attrs=attrs)
