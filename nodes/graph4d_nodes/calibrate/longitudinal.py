"""How a centre-of-mass field must be turned to be a gradient: each of its waves then points along its own direction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.geometry import applied, detector_to_scan

__all__ = ["Turn", "Waves", "best_turn", "jackknife", "significance", "waves", "waves_of"]

LEAKAGE = 3
"""Width, in frequencies, of what one wave becomes under the window: neighbours in such a tile are not independent."""
LONGEST = 1.5
"""Waves with fewer periods in the scan are taken for descan and charging."""
FINE = 0.4
"""Waves above so many cycles per pixel show the noise."""

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


@dataclass(frozen=True)
class Waves:
    """Fourier components of a vector field on half of the frequencies, in the layout of ``rfft2``.

    Parameters
    ----------
    y, x : ndarray
        Components along y and x.
    fy, fx : ndarray
        Frequencies (rows, 1) and (columns // 2 + 1).
    shape : (int, int)
        Of the field.
    """

    y: Complex
    x: Complex
    fy: Real
    fx: Real
    shape: tuple[int, int]

    @cached_property
    def chosen(self) -> NDArray[np.bool_]:
        """One of each pair ±f, without the longest waves and those at the Nyquist frequency."""
        periods_y = np.fft.fftfreq(self.shape[0], 1 / self.shape[0])[:, None]
        periods_x = np.arange(len(self.fx))
        one_of_two = (periods_x > 0) | (periods_y > 0)
        inside = (np.abs(periods_y) < self.shape[0] / 2) & (periods_x < self.shape[1] / 2)
        return np.asarray(one_of_two & inside & (np.hypot(periods_y, periods_x) >= LONGEST))

    @cached_property
    def noise(self) -> float:
        """Mean power of the noise of both components together."""
        # Half of all values of a sum of two squared complex normal numbers lie below 0.839 of its mean.
        return float(np.median(self._power[self._fine])) / 0.839

    @cached_property
    def weights(self) -> Real:
        """How much of each wave is signal, from 0 to 1, whatever its direction: Wiener's filter."""
        return _wiener(self._power, self.noise)

    @cached_property
    def tiles(self) -> NDArray[np.int64]:
        """Numbers of the tiles of dependent frequencies to which the chosen ones belong."""
        row, column = np.indices(self.y.shape) // LEAKAGE
        return np.unique((row * (column.max() + 1) + column)[self.chosen], return_inverse=True)[1]

    def image_weights(self, image: Complex) -> Real:
        """The same as :attr:`weights` for the spectrum of an image."""
        power = np.abs(image) ** 2
        # Of one squared complex normal number half of all values lie below ln 2 of its mean.
        return _wiener(power, float(np.median(power[self._fine])) / math.log(2))

    def turned(self, angle: float, transpose: bool) -> tuple[Complex, Complex]:
        """Components along y and x by ``detector_to_scan(angle, transpose)``."""
        y, x = applied(detector_to_scan(angle, transpose), self.y, self.x)
        return y, x

    def along(self, y: Complex, x: Complex) -> tuple[Complex, Complex]:
        """The longitudinal and the transverse part of a field, f·v/|f| and f×v/|f|."""
        length = np.hypot(self.fy, self.fx)
        length[0, 0] = 1.0
        return (self.fy * y + self.fx * x) / length, (self.fx * y - self.fy * x) / length

    @property
    def _power(self) -> Real:
        return np.asarray(np.abs(self.y) ** 2 + np.abs(self.x) ** 2)

    @property
    def _fine(self) -> NDArray[np.bool_]:
        rows, columns = self.shape
        cycles = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns))
        return np.asarray(self.chosen & (cycles > FINE))


@dataclass(frozen=True)
class Turn:
    """The best angle for one transposition.

    Parameters
    ----------
    angle : float
        By which the scan's axes appear turned on the detector [rad], or that plus π.
    error : float
        Its standard deviation [rad].
    share : float
        Of the field's power above the noise: longitudinal minus transverse; 1 for a gradient.
    without : ndarray
        The same without each of the tiles of frequencies.
    """

    angle: float
    error: float
    share: float
    without: Real


def waves_of(image: NDArray[np.float64]) -> Complex:
    """Spectrum (``rfft2``) of the last two axes of ``image``, without its plane, in a Hann window."""
    from scipy import fft

    rows, columns = image.shape[-2:]
    window = np.hanning(rows + 2)[1:-1, None] * np.hanning(columns + 2)[1:-1]
    return np.asarray(fft.rfft2(_without_plane(image) * window))


def waves(y: Real, x: Real, step: tuple[float, float]) -> Waves:
    """Fourier components of a field (rows, columns) with positions ``step`` apart along y and x."""
    from scipy import fft

    rows, columns = y.shape
    spectra = waves_of(np.stack([y, x]))
    return Waves(
        spectra[0],
        spectra[1],
        np.asarray(fft.fftfreq(rows, step[0]))[:, None],
        np.asarray(fft.rfftfreq(columns, step[1])),
        (rows, columns),
    )


def best_turn(field: Waves, transpose: bool) -> Turn:
    """The angle at which a field is closest to a gradient, given its transposition.

    Parameters
    ----------
    field : Waves
        In the axes of the detector.
    transpose : bool
        Whether its components are exchanged first.

    Notes
    -----
    A turn by θ mixes the longitudinal part L and the transverse part T of every wave, so that Σw(|L|² − |T|²) is a
    cosine of 2θ, and its maximum is known at once: 2θ = atan2(2·Σw·Re(L·T*), Σw(|L|² − |T|²)). Least |curl| and
    greatest |div|, which others search in steps of a degree, are the same condition. The error is a jackknife's over
    tiles of frequencies.
    """
    along, across = field.along(*field.turned(0.0, transpose))
    w, tiles = field.weights[field.chosen], field.tiles
    along, across = along[field.chosen], across[field.chosen]
    powers = np.abs(along) ** 2, np.abs(across) ** 2
    mixed = powers[0] - powers[1] + 2j * (along * across.conj()).real
    parts = np.bincount(tiles, w * mixed.real) + 1j * np.bincount(tiles, w * mixed.imag)
    total = np.bincount(tiles, w * (powers[0] + powers[1] - field.noise))
    sum_of_all, rest = parts.sum(), parts.sum() - parts
    power, rest_power = max(total.sum(), 0.0), np.maximum(total.sum() - total, 0.0)
    if not power:
        return Turn(0.0, math.pi / 2, 0.0, np.zeros(len(parts)))
    shares = np.divide(np.abs(rest), rest_power, out=np.zeros(len(rest)), where=rest_power > 0)
    error = jackknife(np.angle(rest * sum_of_all.conj()) / 2)
    return Turn(float(np.angle(sum_of_all)) / 2, error, float(abs(sum_of_all) / power), shares)


def significance(first: Turn, second: Turn) -> float:
    """By how many standard deviations the first turn makes more of a gradient than the second."""
    error = jackknife(first.without - second.without)
    return (first.share - second.share) / error if error else 0.0


def jackknife(without: Real) -> float:
    """Standard deviation of an estimate, from what it is without each of n equal parts of the data."""
    return float(np.sqrt((len(without) - 1) * np.var(without)))


def _wiener(power: Real, noise: float) -> Real:
    from scipy.ndimage import uniform_filter

    seen = uniform_filter(power, LEAKAGE, mode=("wrap", "nearest"))
    return np.asarray(np.clip(1 - np.divide(noise, seen, out=np.ones_like(seen), where=seen > 0), 0.0, 1.0))


def _without_plane(values: Real) -> Real:
    """Values (…, rows, columns) minus the plane that fits them best."""
    rows, columns = values.shape[-2:]
    y, x = np.arange(rows) - (rows - 1) / 2, np.arange(columns) - (columns - 1) / 2
    flat = values - values.mean(axis=(-2, -1), keepdims=True)
    for places in (y[:, None], x[None, :]):
        along = places * np.ones((rows, columns))
        slope = (flat * along).sum(axis=(-2, -1), keepdims=True) / np.square(along).sum()
        flat = flat - slope * along
    return np.asarray(flat)
