"""Neighbouring bright-field pixels taken together, and the waves of the scan as each group of them sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.image.bright_field import Disc

__all__ = ["Groups", "grouped"]

Array = NDArray[np.float64]

CHUNK_BYTES = 32 << 20
"""Of pixels that are cast at a time."""
SMOOTH = 2.0
"""Standard deviation, in periods over the scan, of the blur through which it is judged how strong waves are."""
LOWEST = 2.5
"""Periods over the scan below which a Hann window does not tell a wave from the mean."""


@dataclass(frozen=True)
class Groups:
    """Waves of the scan as groups of pixels see them, the strongest ones only.

    Attributes
    ----------
    waves : ndarray
        (q, group): Fourier coefficients of the counts, over the root of the group's mean, so that all have equal noise.
    qy, qx : ndarray
        (q,): their frequencies [1/Å] in the axes of the scan.
    signal : ndarray
        (q,): part of their power that is not noise, from 0 to 1.
    ky, kx : ndarray
        (group,): mean frequency [1/Å] in the axes that the detector is taken to have.
    light : ndarray
        (group,): mean counts.
    width : float
        Of a group [1/Å].
    """

    waves: NDArray[np.complex64]
    qy: NDArray[np.float64]
    qx: NDArray[np.float64]
    signal: NDArray[np.float64]
    ky: NDArray[np.float64]
    kx: NDArray[np.float64]
    light: NDArray[np.float64]
    width: float

    def up_to(self, limit: float, most: int) -> Groups:
        """Waves below a frequency: the ``most`` telling ones of the last octave, and as many of all below."""
        q = np.hypot(self.qy, self.qx)
        parts = [np.flatnonzero((q > limit / 2) & (q <= limit)), np.flatnonzero(q <= limit / 2)]
        best = [part[np.argsort(-self.signal[part], kind="stable")[:most]] for part in parts]
        chosen = np.sort(np.concatenate(best))
        return Groups(
            self.waves[chosen],
            self.qy[chosen],
            self.qx[chosen],
            self.signal[chosen],
            self.ky,
            self.kx,
            self.light,
            self.width,
        )


def grouped(
    values: NDArray[np.number],
    disc: Disc,
    across: int,
    most: int,
    moved: Callable[[Array, Array], tuple[Array, Array]] | None = None,
) -> Groups:
    """Groups of pixels, about ``across`` of them over the disc's diameter, and the ``most`` telling waves.

    Parameters
    ----------
    values : ndarray
        (y, x, pixel), counts.
    disc : Disc
        What they are.
    across : int
        Where the disc has fewer pixels, every pixel is a group.
    most : int
        Number of waves per octave of frequency, at most.
    moved : callable, optional
        Shift (y, x) [Å] that an image of given frequencies (ky, kx) is expected to have. All are then seen through the
        same window on the sample; through the same window on the scan they look less shifted than they are.
    """
    from scipy import fft
    from scipy.ndimage import gaussian_filter

    rows, columns, count = values.shape
    width = 2 * disc.radius / across
    cells = np.stack([np.floor(disc.ky / width + 0.5), np.floor(disc.kx / width + 0.5)], axis=1)
    _, member = np.unique(cells, axis=0, return_inverse=True)
    sizes = np.bincount(member)
    belongs = (member[:, None] == np.arange(len(sizes))).astype(np.float32)
    images = np.empty((rows, columns, len(sizes)), np.float32)
    step = max(1, CHUNK_BYTES // (4 * columns * count))
    for start in range(0, rows, step):
        part = slice(start, start + step)
        images[part] = values[part].astype(np.float32) @ belongs
    light = images.mean(axis=(0, 1), dtype=np.float64)
    lit = light > 0
    images, light = images[..., lit], light[lit]
    ky, kx = (np.bincount(member, k)[lit] / sizes[lit] for k in (disc.ky, disc.kx))
    shifts = (np.zeros_like(ky), np.zeros_like(kx)) if moved is None else moved(ky, kx)
    images -= light.astype(np.float32)
    images *= _hann(rows, disc.step[0], shifts[0])[:, None, :] / np.sqrt(light).astype(np.float32)
    images *= _hann(columns, disc.step[1], shifts[1])
    spectra = fft.rfft2(images, axes=(0, 1), overwrite_x=True)
    qy, qx = np.meshgrid(fft.fftfreq(rows, disc.step[0]), fft.rfftfreq(columns, disc.step[1]), indexing="ij")
    q = np.hypot(qy, qx)
    periods = np.hypot(qy * rows * disc.step[0], qx * columns * disc.step[1])
    # Of the waves on the axis of the half plane every one is there twice.
    seen = (periods >= LOWEST) & (q <= 2 * disc.radius) & ((qx > 0) | (qy > 0))
    power = np.einsum("yxk,yxk->yx", spectra.real, spectra.real) + np.einsum("yxk,yxk->yx", spectra.imag, spectra.imag)
    # A single number of a weak wave is mostly chance; that of its neighbours together is less so.
    power = gaussian_filter(power, SMOOTH, mode=("wrap", "nearest"))
    floor = float(np.median(power[seen])) if seen.any() else 0.0
    signal = np.divide(power - floor, power, out=np.zeros_like(power), where=seen & (power > floor))
    chosen = _best_of_octaves(q, signal, most)
    return Groups(spectra[chosen], qy[chosen], qx[chosen], signal[chosen], ky, kx, light, width)


def _hann(count: int, step: float, shifts: Array) -> NDArray[np.float32]:
    """Windows (position, group) that move with the images and end within the scan."""
    middle = step * (count - 1) / 2
    half = max(middle + step - float(np.abs(shifts).max(initial=0.0)), middle / 2 + step)
    places = step * np.arange(count)[:, None] - middle + shifts
    return np.where(np.abs(places) < half, np.cos(np.pi / 2 * places / half) ** 2, 0.0).astype(np.float32)


def _best_of_octaves(q: Array, signal: Array, most: int) -> tuple[NDArray[np.intp], ...]:
    """Places in ``q`` of the ``most`` strongest waves of each octave."""
    kept = []
    upper = float(q.max())
    for _ in range(12):
        inside = np.flatnonzero(((q > upper / 2) & (q <= upper) & (signal > 0)).ravel())
        kept.append(inside[np.argsort(-signal.ravel()[inside], kind="stable")[:most]])
        upper /= 2
    return np.unravel_index(np.sort(np.concatenate(kept)), q.shape)
