"""Mean pattern, centre of mass and rings in one go: what one pass is asked for most of the time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d.reduction import Call, Together

__all__ = ["in_one_go"]


def in_one_go(dtype: np.dtype[Any]) -> Together | None:
    """What reductions over patterns of ``dtype`` name as ``together``.

    None for floats: adding them in another order would show in the last bits.
    """
    return _together if dtype.kind in "ui" else None


def _together(block: NDArray[Any], calls: Sequence[Call]) -> bool:
    """Carry out one ``add_patterns``, one ``moments`` of whole patterns and any number of ``ring_sums``."""
    from graph4d_nodes.image import kernels

    totals = [call for call in calls if call.kernel is kernels.add_patterns]
    moments = [call for call in calls if call.kernel is kernels.moments]
    rings = [call for call in calls if call.kernel is kernels.ring_sums]
    if len(totals) != 1 or len(moments) != 1 or 2 + len(rings) != len(calls):
        return False
    origins, radius, aspect, zero = moments[0].arguments
    if radius != np.inf:
        return False
    sums = np.empty((len(rings), len(block)))
    kernels.total_moments_rings(
        block,
        totals[0].out,
        moments[0].out,
        sums,
        np.stack([*(call.arguments[0] for call in rings), origins]),
        np.array([call.arguments[1:3] for call in rings], np.float64).reshape(-1, 2),
        aspect,
        zero,
    )
    for call, values in zip(rings, sums, strict=True):
        call.out[:] = values
    return True
