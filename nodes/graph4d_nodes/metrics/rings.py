"""Spectra of images, averaged over rings of equal spatial frequency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError
from graph4d_nodes.metrics.checks import finite_values
from graph4d_nodes.values import sampling

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["Rings", "curve", "rings", "same_grid", "soft_window", "spectrum"]


@dataclass(frozen=True)
class Rings:
    """Which ring each mode of a two-dimensional Fourier transform belongs to.

    Rings are as wide as the coarser of the two frequency steps, and reach to the lower of the two Nyquist frequencies.
    The mean of the image, frequency 0, belongs to none.
    """

    index: NDArray[np.intp]
    """Of each mode of ``fft2``; those that belong to no ring have number ``len(frequency)``."""
    frequency: NDArray[np.float64]
    """Mean over each ring, in cycles per unit of length."""
    count: NDArray[np.intp]
    """Modes in each ring; two that are conjugate count as two."""
    nyquist: float
    """The lower of the two Nyquist frequencies."""

    def sum(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Sums over the rings of values (rows, columns) as ``fft2`` orders them."""
        total = np.bincount(self.index.ravel(), np.asarray(values, np.float64).ravel(), len(self.frequency) + 1)
        return np.asarray(total[:-1])

    def mean(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Means over the rings."""
        return self.sum(values) / self.count


def rings(shape: tuple[int, int], step: tuple[float, float]) -> Rings:
    """Rings for the transform of an image.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    step : (float, float)
        Distance of pixels along y and x.

    Raises
    ------
    UsageError
        The image is too small to have a ring.
    """
    fy, fx = (np.fft.fftfreq(count, size) for count, size in zip(shape, step, strict=True))
    modulus = np.hypot(fy[:, None], fx)
    width = max(1 / (count * size) for count, size in zip(shape, step, strict=True))
    nyquist = min(0.5 / size for size in step)
    last = int(nyquist / width + 1e-9)
    if last < 1:
        raise UsageError(f"an image of {shape[0]} × {shape[1]} pixels is too small for a spectrum; 2 × 2 are needed")
    number = np.rint(modulus / width).astype(np.intp)
    index = np.where((number >= 1) & (number <= last), number - 1, last)
    count = np.bincount(index.ravel(), minlength=last + 1)[:-1]
    frequency = np.bincount(index.ravel(), modulus.ravel(), last + 1)[:-1] / count
    return Rings(index, frequency, count, nyquist)


def soft_window(shape: tuple[int, int], edge: float) -> NDArray[np.float64]:
    """A window that falls to 0 at the border like a cosine, over a part ``edge`` of the width at each side.

    An image is no period of anything: without a window the jumps at its border are seen at all frequencies.
    """
    from scipy.signal.windows import tukey

    # One more, for the window of a period ends where it began.
    rows, columns = (tukey(count + 1, 2 * edge, sym=True)[:-1] if edge else np.ones(count) for count in shape)
    return np.outer(rows, columns)


def spectrum(values: NDArray[np.float64], window: NDArray[np.float64]) -> NDArray[np.complex128]:
    """``fft2`` of an image without its mean, seen through a window; |…|² sums to N²·Σ|image|² for a window of 1."""
    from scipy import fft

    mean = float(np.sum(window * values) / np.sum(window))
    return np.asarray(fft.fft2(window * (values - mean)))


def same_grid(
    image: DataArray, other: DataArray, names: tuple[str, str]
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[float, float], str]:
    """The pixels of two images, the distance of pixels that they share, and its unit.

    Raises
    ------
    UsageError
        They differ in shape or in the distance of pixels, or a pixel is not finite.
    """
    if image.shape != other.shape:
        raise UsageError(f"{names[0]} {image.shape} and {names[1]} {other.shape} differ in shape; crop or bin one")
    (step, unit), (second, other_unit) = sampling(image), sampling(other)
    if unit != other_unit or not np.allclose(step, second, rtol=1e-6):
        raise UsageError(
            f"pixels of {names[0]}, {step[0]:g} × {step[1]:g} {unit}, and of {names[1]}, {second[0]:g} × {second[1]:g} "
            f"{other_unit}, differ; give both the same scan step"
        )
    return finite_values(image, names[0]), finite_values(other, names[1]), step, unit


def curve(
    values: NDArray[np.floating], frequency: NDArray[np.floating], length: str, units: str, name: str, **attrs: Any
) -> DataArray:
    """A ``Curve``: values at spatial frequencies in cycles per unit ``length``."""
    import xarray as xr

    along = {"frequency": ("frequency", np.asarray(frequency, np.float64), {"units": f"1/{length}"})}
    return xr.DataArray(
        np.asarray(values, np.float64), dims="frequency", coords=along, attrs={"units": units, **attrs}, name=name
    )
