"""The mean and the maximum of all patterns."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d import Over, Pattern, accumulate, node
from graph4d_nodes.image.detectors import mean_origin, row_sum_zero
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.types import Origin
from graph4d_nodes.values import pattern

__all__ = ["maximum_pattern", "mean_pattern"]

Sums = NDArray[Any]


@node("image.mean_pattern")
def mean_pattern(scan: Scan4D, origin: Origin | None = None) -> Over[Scan4D, Pattern]:
    """Mean of all diffraction patterns, also called PACBED (position-averaged) pattern.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx).
    origin : Origin, optional
        Its mean is where the axes are zero; the middle of the detector by default. Patterns are not shifted.

    Returns
    -------
    Pattern
        (ky, kx), float64, in counts; of the exact sum where patterns are integers.
    """
    from graph4d_nodes.image import kernels

    narrow, middle = row_sum_zero(scan.dtype).dtype, mean_origin(scan, origin)
    # The 2048 patterns that are folded into one state at most cannot overflow 32 bits, a whole scan can.
    wide = np.dtype(f"{narrow.kind}8")

    def merge(first: Sums, second: Sums) -> Sums:
        first = first.astype(wide, copy=False)
        first += second
        return first

    def finish(state: Sums, count: int) -> Pattern:
        return pattern(state / max(count, 1), scan.geometry, "counts", "mean pattern", middle)

    empty = partial(np.zeros, scan.item_shape, narrow)
    return accumulate(empty, kernels.add_patterns, merge, finish)


@node("image.max_pattern")
def maximum_pattern(scan: Scan4D, origin: Origin | None = None) -> Over[Scan4D, Pattern]:
    """Largest count of every detector pixel over all patterns: shows Bragg discs that few positions have.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx).
    origin : Origin, optional
        Its mean is where the axes are zero; the middle of the detector by default. Patterns are not shifted.

    Returns
    -------
    Pattern
        (ky, kx) in the scan's own dtype, in counts.
    """
    from graph4d_nodes.image import kernels

    middle = mean_origin(scan, origin)
    lowest = -np.inf if scan.dtype.kind == "f" else np.iinfo(scan.dtype).min

    def finish(state: Sums, _count: int) -> Pattern:
        return pattern(state, scan.geometry, "counts", "maximum pattern", middle)

    return accumulate(partial(np.full, scan.item_shape, lowest, scan.dtype), kernels.keep_maximum, np.maximum, finish)
