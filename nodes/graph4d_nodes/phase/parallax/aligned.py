"""Tilt-corrected bright field, its picture: pixels moved to their places and added, and the contrast put right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError

__all__ = ["aligned_sum", "through"]

LEAST = 0.25
"""What is left of less than this part of a wave is not amplified further."""


def aligned_sum(
    values: NDArray[np.number], y: NDArray[np.float64], x: NDArray[np.float64], fine: int
) -> NDArray[np.float64]:
    """Sum of the images of all pixels, moved to their places, relative to what a flat sample would give.

    Parameters
    ----------
    values : ndarray
        (y, x, pixel), counts.
    y, x : ndarray
        (pixel,): by how much each image is moved, in scan positions.
    fine : int
        Points of the result from one scan position to the next: samples of different pixels fall between each other.

    Returns
    -------
    ndarray
        ((rows − 1)·fine + 1, (columns − 1)·fine + 1), around 1. Nothing comes in again at the other side: at the border
        fewer pixels are averaged.

    Raises
    ------
    UsageError
        The shifts are too alike to fill a finer grid.
    """
    from graph4d_nodes.phase.parallax.kernels import deposit

    rows, columns, _ = values.shape
    shape = (rows - 1) * fine + 1, (columns - 1) * fine + 1
    top, left = np.floor(y * fine).astype(np.int64), np.floor(x * fine).astype(np.int64)
    below, right = y * fine - top, x * fine - left
    weights = np.einsum("ik,jk->kij", np.stack([1 - below, below]), np.stack([1 - right, right]))
    sums = np.zeros(shape)
    deposit(values, top, left, weights, fine, sums)
    mean = values.mean(axis=(0, 1), dtype=np.float64)
    flat = (_covered(rows, fine, top, below) * mean) @ _covered(columns, fine, left, right).T
    if float(flat.min()) < 1e-3 * float(mean.sum()) / fine**2:
        raise UsageError(
            f"the shifts of the bright-field pixels do not fill a grid {fine} times finer than the scan: without "
            "defocus they all see the same; use `upsampling: 1`"
        )
    damped = np.outer(_damping(2 * shape[0], below, mean), _damping(2 * shape[1], right, mean)[: shape[1] + 1])
    return through(sums / flat, 1 / np.maximum(damped, LEAST))


def _damping(count: int, beyond: NDArray[np.float64], light: NDArray[np.float64]) -> NDArray[np.float64]:
    """What sharing samples between two points leaves of waves along one axis, in the order of ``fftfreq``.

    Of samples that fall anywhere between the points this is sinc², and 1 where they fall on them.
    """
    turn = 2j * np.pi * np.fft.fftfreq(count)[:, None]
    waves = (1 - beyond) * np.exp(turn * beyond) + beyond * np.exp(turn * (beyond - 1))
    return np.asarray(waves.real @ light / light.sum())


def _covered(count: int, fine: int, first: NDArray[np.int64], beyond: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often each point of a line is hit by the samples of each pixel: (point, pixel)."""
    hits = np.zeros(((count - 1) * fine + 1, len(first)))
    pixel = np.arange(len(first))
    for offset, share in ((0, 1 - beyond), (1, beyond)):
        for sample in range(count):
            at = sample * fine + first + offset
            inside = (at >= 0) & (at < len(hits))
            hits[at[inside], pixel[inside]] += share[inside]
    return hits


def through(image: NDArray[np.float64], filtered: NDArray[np.number]) -> NDArray[np.float64]:
    """An image multiplied by ``filtered`` in Fourier space, as if it went on in a mirror beyond its borders.

    Parameters
    ----------
    image : ndarray
        (rows, columns).
    filtered : ndarray
        (2·rows, columns + 1): over the frequencies of ``rfft2`` for twice the rows and columns.
    """
    from scipy import fft

    rows, columns = image.shape
    both = np.pad(image, ((0, rows), (0, columns)), mode="symmetric")
    return np.asarray(fft.irfft2(fft.rfft2(both) * filtered, s=both.shape)[:rows, :columns])
