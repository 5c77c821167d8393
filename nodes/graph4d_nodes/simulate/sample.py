"""Samples whose projected phase is a sum of round Gaussians: exact at any point, under any rotation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Gaussians", "atoms", "blobs"]


@dataclass(frozen=True)
class Gaussians:
    """Bumps of the projected phase; all arrays have one entry a bump.

    Parameters
    ----------
    y, x : ndarray
        Places [Å], y down, in the axes of the scan with its first position at (0, 0).
    height : ndarray
        Phase in the middle [rad].
    sigma : ndarray
        Standard deviation [Å].
    """

    y: NDArray[np.float64]
    x: NDArray[np.float64]
    height: NDArray[np.float64]
    sigma: NDArray[np.float64]

    def on_grid(self, y: NDArray[np.floating], x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Phase [rad] at all crossings of the lines ``y`` and ``x`` [Å], as (len(y), len(x))."""
        rows, columns = (
            np.exp(-((along[:, None] - centres) ** 2) / (2 * self.sigma**2))
            for along, centres in ((y, self.y), (x, self.x))
        )
        return np.asarray((rows * self.height) @ columns.T)

    def only(self, chosen: NDArray[np.bool_]) -> Gaussians:
        """The bumps that are ``chosen``."""
        return Gaussians(self.y[chosen], self.x[chosen], self.height[chosen], self.sigma[chosen])

    def without_disc(self, y: float, x: float, radius: float) -> Gaussians:
        """All but those within ``radius`` of (y, x) [Å]: a pore."""
        return self.only(np.hypot(self.y - y, self.x - x) >= radius)


def atoms(low: tuple[float, float], high: tuple[float, float], spacing: float, height: float) -> Gaussians:
    """Columns of a square crystal with a heavy atom at the corners of its cell and a light one in the middle.

    Parameters
    ----------
    low, high : (float, float)
        Corners (y, x) of the rectangle to be filled [Å].
    spacing : float
        Lattice constant [Å].
    height : float
        Phase of the heavy columns [rad]; the light ones have 0.4 of it.
    """
    ranges = (np.arange(np.floor(a / spacing), np.ceil(b / spacing) + 1) for a, b in zip(low, high, strict=True))
    y, x = (cells.ravel() * spacing for cells in np.meshgrid(*ranges, indexing="ij"))
    both_y, both_x = np.concatenate([y, y + spacing / 2]), np.concatenate([x, x + spacing / 2])
    heights = np.repeat([height, 0.4 * height], len(y))
    return Gaussians(both_y, both_x, heights, np.full(len(both_y), 0.1 * spacing))


def blobs(low: tuple[float, float], high: tuple[float, float], spacing: float, height: float, seed: int) -> Gaussians:
    """Particles of random place, height and size: an amorphous or biological sample.

    Parameters
    ----------
    low, high : (float, float)
        Corners (y, x) of the rectangle to be filled [Å].
    spacing : float
        Mean distance of neighbours [Å]; standard deviations lie between a quarter and a half of it.
    height : float
        Largest phase of one particle [rad].
    seed : int
        Of the random numbers.
    """
    random = np.random.default_rng(seed)
    count = max(1, round((high[0] - low[0]) * (high[1] - low[1]) / spacing**2))
    y, x = random.uniform(np.array(low)[:, None], np.array(high)[:, None], (2, count))
    heights, sizes = random.uniform((0.3, 0.25), (1.0, 0.5), (count, 2)).T
    return Gaussians(y, x, height * heights, spacing * sizes)
