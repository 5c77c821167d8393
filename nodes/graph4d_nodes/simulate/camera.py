"""What a camera makes of intensities: descan that is not quite right, point spread, and counted electrons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Camera"]


@dataclass(frozen=True)
class Camera:
    """How intensities are recorded.

    Parameters
    ----------
    positions : (int, int)
        Scan rows and columns.
    dose : float
        Electrons of the beam a pattern; 0 for intensities without noise.
    point_spread : float
        Standard deviation of the Gaussian over which an electron is spread [px].
    descan : (float, float, float, float)
        Shift of the patterns along ky and kx a scan row, and along ky and kx a scan column [px]; 0 in the scan's
        middle.
    seed : int
        Of the noise: together with a position's number it determines the pattern.
    """

    positions: tuple[int, int]
    dose: float
    point_spread: float
    descan: tuple[float, float, float, float]
    seed: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of what is recorded."""
        return np.dtype((np.uint16 if self.dose < 2**15 else np.uint32) if self.dose else np.float32)

    def recorded(self, intensities: NDArray[np.float32], first: int) -> NDArray[Any]:
        """Patterns (n, ky, kx) from their intensities; the first is number ``first``."""
        from scipy.ndimage import gaussian_filter, shift

        patterns: NDArray[Any] = intensities
        if any(self.descan):
            moves = self._shifts(np.arange(first, first + len(patterns)))
            # Linear between pixels, as pixels with an area see it: nothing is negative, the COM moves as it should.
            patterns = np.stack([shift(each, move, order=1) for each, move in zip(patterns, moves, strict=True)])
        if self.point_spread:
            patterns = gaussian_filter(patterns, (0, self.point_spread, self.point_spread), mode="constant")
        if not self.dose:
            return patterns
        counts = np.empty(patterns.shape, self.dtype)
        for index, pattern in enumerate(patterns):
            random = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(first + index,)))
            counts[index] = random.poisson(pattern * self.dose)
        return counts

    def _shifts(self, index: NDArray[np.int64]) -> NDArray[np.float64]:
        """Along ky and kx [px] of each pattern: (n, 2)."""
        row, column = np.divmod(index, self.positions[1])
        middle = (np.array(self.positions) - 1) / 2
        away = np.stack([row - middle[0], column - middle[1]], axis=1)
        return np.asarray(away @ np.reshape(self.descan, (2, 2)))
