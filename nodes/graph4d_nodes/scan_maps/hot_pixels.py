"""Detector pixels that are always too bright or too dark, replaced by their neighbours."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from graph4d import Range, UsageError, node
from graph4d_nodes.scan import Scan4D

__all__ = ["outliers", "remove_hot_pixels"]


@node("scan.hot_pixels", version=2)
def remove_hot_pixels(
    scan: Scan4D,
    *,
    pixels: list[tuple[int, int]] | None = None,
    threshold: Annotated[float, Range(1.0)] = 8.0,
    sample: Annotated[int, Range(1, 4096)] = 64,
) -> Scan4D:
    """Replace detector pixels that are hot or dead by the median of their neighbours.

    So is, in patterns of floating-point numbers, what is not finite, wherever it is.

    A diffraction spot that is sharper than two pixels looks like a hot pixel: for such scans, list the pixels.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx).
    pixels : list of (int, int), optional
        Rows and columns of the bad pixels. If not given, they are found in the mean of some patterns.
    threshold : float
        How far, in standard deviations, a bad pixel lies beyond all but one of its eight neighbours.
    sample : int
        How many patterns, evenly spread over the scan, the mean is taken of.

    Returns
    -------
    Scan4D
        Repaired when it is read. ``metadata["hot_pixels"]`` lists the pixels.

    Raises
    ------
    UsageError
        A listed pixel lies outside the detector, or no pixel would be left.
    """
    if pixels is None:
        bad = outliers(*_sampled(scan, sample), threshold)
    else:
        bad = np.zeros(scan.item_shape, dtype=bool)
        for y, x in pixels:
            if not (0 <= y < bad.shape[0] and 0 <= x < bad.shape[1]):
                raise UsageError(f"pixel [{y}, {x}] lies outside the detector of {bad.shape[0]} × {bad.shape[1]}")
            bad[y, x] = True
    if not bad.any() and scan.dtype.kind != "f":
        return scan
    if bad.all():
        raise UsageError("all pixels of the detector are bad; some must be left to repair them from")
    places = [(int(y), int(x)) for y, x in np.argwhere(bad)]
    neighbours = [_neighbours(bad, y, x) for y, x in places]

    def repaired(block: NDArray[Any], start: int) -> NDArray[Any]:
        del start  # all patterns are repaired alike
        result = block.copy()
        for (y, x), around in zip(places, neighbours, strict=True):
            values = np.sort(block[:, around[0], around[1]], axis=1)
            # Of two in the middle the lower one: a mean would need another dtype.
            result[:, y, x] = values[:, (values.shape[1] - 1) // 2]
        if scan.dtype.kind == "f":
            _fill(result)
        return result

    return replace(scan.map_blocks(repaired), metadata={**scan.metadata, "hot_pixels": tuple(places)})


def _fill(patterns: NDArray[Any]) -> None:
    """Replace what is not finite by the median of what is around it, if a pattern has anything that is."""
    missing = ~np.isfinite(patterns)
    for n in np.flatnonzero(missing.any(axis=(1, 2))):
        if not missing[n].all():
            for y, x in np.argwhere(missing[n]):
                around = _neighbours(missing[n], int(y), int(x))
                patterns[n, y, x] = np.median(patterns[n][around])


def outliers(mean: NDArray[np.float64], variance: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Pixels that lie beyond all but one of their eight neighbours, so that a pair of hot pixels is found too.

    What is not finite is an outlier always.

    Parameters
    ----------
    mean, variance : ndarray
        (ky, kx), mean of some patterns and its expected variance; at least 2 × 2.
    threshold : float
        In standard deviations: of the typical difference of neighbours, and of the noise.
    """
    finite = np.isfinite(mean)
    if not finite.any():
        return ~finite
    # Its neighbours see something ordinary in its place.
    mean, variance = (np.where(finite, a, np.median(a[finite])) for a in (mean, variance))
    around = _sorted_neighbours(mean)
    middle = (around[3] + around[4]) / 2
    spread = 1.4826 * float(np.median(np.abs(mean - middle)[finite]))
    # A dead pixel has no noise, its neighbours have; a single electron in the dark has more noise than they.
    noise = np.maximum(variance, np.median(_sorted_neighbours(variance), axis=0))
    beyond = np.maximum(mean - around[-2], around[1] - mean)
    return np.asarray(~finite | (beyond > threshold * np.sqrt(spread**2 + noise)))


def _sorted_neighbours(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The eight around each pixel, the smallest first: (8, ky, kx)."""
    padded = np.pad(values, 1, mode="reflect")
    rows, columns = values.shape
    shifts = [(dy, dx) for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1)]
    return np.sort([padded[dy : dy + rows, dx : dx + columns] for dy, dx in shifts], axis=0)


def _sampled(scan: Scan4D, sample: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of some patterns, and the variance that it has: Poisson's of integers, else that of the sample."""
    chosen = np.unique(np.linspace(0, scan.positions[0] * scan.positions[1] - 1, sample).astype(int))
    count = len(chosen)
    total, squares = np.zeros(scan.item_shape), np.zeros(scan.item_shape)
    for index in chosen.tolist():
        pattern = scan.read(index, index + 1)[0].astype(np.float64)
        total += pattern
        squares += pattern**2
    mean = total / count
    if scan.dtype.kind in "iu":
        # The variance of a sum is never below 1: a single electron is no surprise.
        return mean, np.maximum(mean, 1 / count) / count
    with np.errstate(invalid="ignore"):  # of pixels that are not finite
        return mean, np.maximum(squares / count - mean**2, 0) / count


def _neighbours(bad: NDArray[np.bool_], y: int, x: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the good pixels around a bad one, from the smallest square that has any."""
    for reach in range(1, max(bad.shape)):
        top, left = max(0, y - reach), max(0, x - reach)
        rows, columns = np.nonzero(~bad[top : y + reach + 1, left : x + reach + 1])
        if len(rows):
            return rows + top, columns + left
    raise AssertionError("a detector without a good pixel was refused before")
