"""The grid of a wave: its frequencies, and how many of them a product of two waves leaves right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Grid"]


@dataclass(frozen=True)
class Grid:
    """A periodic grid.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    size : (float, float)
        Of one period along y and x [Å].
    """

    shape: tuple[int, int]
    size: tuple[float, float]

    @property
    def pixel(self) -> tuple[float, float]:
        """Distance of points along y and x [Å]."""
        return self.size[0] / self.shape[0], self.size[1] / self.shape[1]

    @property
    def step(self) -> tuple[float, float]:
        """Distance of frequencies along ky and kx [1/Å]."""
        return 1 / self.size[0], 1 / self.size[1]

    @property
    def frequencies(self) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Frequencies ky (rows, 1) and kx (columns,) [1/Å], in the order of a Fourier transform."""
        (height, width), (y, x) = self.shape, self.pixel
        return np.fft.fftfreq(height, y)[:, None], np.fft.fftfreq(width, x)

    @property
    def band_limit(self) -> float:
        """Largest frequency [1/Å] that is kept: 2/3 of what the coarser axis can hold.

        Two functions limited to it have a product of up to 4/3, and what is too much of that comes back in beyond
        2/3, where the next limit removes it (Kirkland, Advanced Computing in Electron Microscopy, 6.8).
        """
        return min(count / (3 * size) for count, size in zip(self.shape, self.size, strict=True))

    @property
    def band(self) -> NDArray[np.bool_]:
        """(rows, columns): which frequencies are kept."""
        ky, kx = self.frequencies
        return np.asarray(np.hypot(ky, kx) <= self.band_limit)

    @property
    def reach(self) -> tuple[int, int]:
        """Number of the highest row and column of frequencies that holds some of the band."""
        return int(self.band_limit * self.size[0]), int(self.band_limit * self.size[1])
