"""Real-time integrated centre of mass (riCOM): each pattern's vector is spread over a window of pixels around it."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from graph4d import Frequency, Image, Odd, Range, VectorField, node
from graph4d_nodes.phase.field import check_band, gradient, phase_image, turned_back
from graph4d_nodes.types import Rotation

__all__ = ["kernel_vectors", "low_pass", "ricom"]

Kernel = tuple[NDArray[np.float64], NDArray[np.float64]]
Spectra = tuple[NDArray[np.complex128], NDArray[np.complex128]]


@node("phase.ricom", version=2)
def ricom(
    com: VectorField,
    *,
    kernel: Annotated[int, Odd, Range(3, 401)] = 41,
    low: Frequency | None = None,
    high: Frequency | None = None,
    rotation: Rotation = 0.0,
) -> Image:
    """Phase by integration within a window around each position: riCOM, which can be drawn while the scan still runs.

    The window is a high-pass: what is larger than it fades. A small one flattens thickness and charging, but draws
    false slopes beside strong objects. Outside the scan there is nothing.

    Parameters
    ----------
    com : VectorField
        Centre of mass in the axes of the scan, (component, y, x), finite everywhere.
    kernel : int
        Odd width of the square window, in scan positions.
    low, high : float, optional
        Spatial frequencies [1/Å] between which waves pass; None leaves a side open.
    rotation : float
        Angle [rad] to add to the scan rotation given to io.open, clockwise on screen; for tuning by eye.

    Returns
    -------
    Image
        (y, x) in rad if the field is in 1/Å and the scan step is known in Å; else in arbitrary units, "1".

    Raises
    ------
    UsageError
        The field is not finite everywhere, or a limit is given though the scan step is not known.

    Notes
    -----
    φ(p) = step_y·step_x · Σ (p − r)·COM(r) / |p − r|² over the window, without r = p.
    Source: Yu, Friedrich, Jannis et al., Microsc. Microanal. 28 (2022) 1526, there without the factor 2π.
    """
    field = gradient(com)
    check_band(low, high, field.unit)
    y, x = turned_back(field.y, field.x, rotation)
    return phase_image(_spread(y, x, kernel, field.step, low, high), com, "ricom")


def kernel_vectors(size: int, step: tuple[float, float], low: float | None = None, high: float | None = None) -> Kernel:
    """What one vector adds to the pixels around it: the two components of the kernel.

    Parameters
    ----------
    size : int
        Odd width of the window.
    step : (float, float)
        Distance of positions along y and x.
    low, high : float, optional
        Limits of the spatial frequency, in cycles per unit of length.

    Returns
    -------
    y, x : ndarray
        (size, size) each: step_y·step_x · d/|d|² for the pixel at offset d from the vector, 0 in the middle; seen
        through the band from ``low`` to ``high`` and cut to the window again.
    """
    from scipy import signal

    reach = size // 2
    offsets = np.arange(-reach, reach + 1)
    dy, dx = np.meshgrid(offsets * step[0], offsets * step[1], indexing="ij")
    squared = dy**2 + dx**2
    squared[reach, reach] = np.inf
    area = step[0] * step[1]
    parts = area * dy / squared, area * dx / squared
    if low is None and high is None:
        return parts
    # Not by a transform over the window alone, which would cut the band out of a few waves: some 20 % off.
    band = np.zeros((2 * size - 1, 2 * size - 1))
    if high is None:
        band[size - 1, size - 1] = 1
    else:
        band += low_pass(size, step, high)
    if low is not None:
        band -= low_pass(size, step, low)
    inside = slice(size - 1, 2 * size - 1)
    y, x = (signal.fftconvolve(part, band)[inside, inside] for part in parts)
    return y, x


def low_pass(size: int, step: tuple[float, float], limit: float) -> NDArray[np.float64]:
    """What a point becomes when only waves up to a spatial frequency pass.

    Parameters
    ----------
    size : int
        Offsets go from −(size − 1) to size − 1 positions.
    step : (float, float)
        Distance of positions along y and x.
    limit : float
        In cycles per unit of length; waves beyond the Nyquist frequency of an axis do not exist.

    Returns
    -------
    ndarray
        (2·size − 1, 2·size − 1): step_y·step_x · ∫ exp(2πi f·r) df over |f| ≤ limit, a Bessel function where the disc
        of frequencies fits between the Nyquist frequencies.
    """
    # The integral along f_x is known; the one along f_y = F·sin θ is smooth and periodic in θ: midpoints are exact.
    y, x = (np.arange(size) * length for length in step)
    nyquist_y, nyquist_x = 0.5 / step[0], 0.5 / step[1]
    reach = min(limit, nyquist_y)
    count = 4 * size + 32
    angle = (np.arange(count) + 0.5) * (np.pi / 2 / count)
    frequency, weight = reach * np.sin(angle), 2 * reach * np.cos(angle) * (np.pi / 2 / count)
    half = np.minimum(np.sqrt(limit**2 - frequency**2), nyquist_x)
    along_y = np.cos(2 * np.pi * y[:, None] * frequency) * weight
    along_x = 2 * half[:, None] * np.sinc(2 * half[:, None] * x)
    quadrant = step[0] * step[1] * (along_y @ along_x)
    return np.pad(quadrant, ((size - 1, 0), (size - 1, 0)), mode="reflect")


def _spread(
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    size: int,
    step: tuple[float, float],
    low: float | None,
    high: float | None,
) -> NDArray[np.float64]:
    from scipy import fft

    rows, columns = y.shape
    reach = min(size // 2, rows - 1), min(size // 2, columns - 1)
    # Room for the window beyond one border: enough, for nothing is asked of what lies beyond the other.
    shape = (fft.next_fast_len(rows + reach[0]), fft.next_fast_len(columns + reach[1], real=True))
    along_y, along_x = _kernel_spectra(size, step, low, high, reach, shape)
    spectrum = fft.rfft2(y, s=shape)
    spectrum *= along_y
    second = fft.rfft2(x, s=shape)
    second *= along_x
    spectrum += second
    return np.asarray(fft.irfft2(spectrum, s=shape, overwrite_x=True)[:rows, :columns])


@lru_cache(maxsize=8)
def _kernel_spectra(
    size: int,
    step: tuple[float, float],
    low: float | None,
    high: float | None,
    reach: tuple[int, int],
    shape: tuple[int, int],
) -> Spectra:
    """Transforms of the kernel with its middle at (0, 0); kept, for a control moves one parameter at a time."""
    from scipy import fft

    middle = size // 2
    rows, columns = (slice(middle - r, middle + r + 1) for r in reach)
    spectra = []
    for part in kernel_vectors(size, step, low, high):
        placed = np.zeros(shape)
        placed[: 2 * reach[0] + 1, : 2 * reach[1] + 1] = part[rows, columns]
        spectra.append(fft.rfft2(np.roll(placed, (-reach[0], -reach[1]), axis=(0, 1))))
    return spectra[0], spectra[1]
