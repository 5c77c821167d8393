"""The centre of mass and rings in one go: what one pass is asked for most of the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d.reduction import PerPattern, Together, per_pattern
from graph4d_nodes.scan import Scan4D

__all__ = ["in_one_go"]


def in_one_go(scan: Scan4D) -> Together | None:
    """What reductions of the patterns of ``scan`` name as ``together``.

    None for floats: another way to add them would show in the last bits.
    """
    return _MomentsAndRings(*scan.item_shape) if scan.dtype.kind in "ui" else None


@dataclass(frozen=True)
class _MomentsAndRings:
    """Joins one ``moments`` of whole patterns, of so many rows and columns, and any number of ``ring_sums``."""

    rows: int
    columns: int

    def __call__(self, reductions: Sequence[PerPattern[Any, Any]]) -> PerPattern[Any, Sequence[NDArray[Any]]] | None:
        from graph4d_nodes.image import kernels

        moments = [r for r in reductions if r.kernel is kernels.moments]
        rings = [r for r in reductions if r.kernel is kernels.ring_sums]
        if len(moments) != 1 or len(rings) + 1 != len(reductions):
            return None
        radius, aspect, zero = moments[0].arguments
        if np.isfinite(radius):
            return None
        limits = np.array([r.arguments[:2] for r in rings], np.float64)
        origins = np.stack([r.along[0] for r in rings], axis=1)
        spans = np.empty((len(rings), 4, self.rows), np.uintp)
        for (oy, ox), (inner, outer), ring in zip(origins[0], limits, spans, strict=True):
            kernels.ring_spans(oy, ox, aspect, inner, outer, ring, self.columns)
        columns = [slice(3) if r is moments[0] else 3 + rings.index(r) for r in reductions]
        return per_pattern(
            kernels.moments_and_rings,
            limits,
            aspect,
            origins[0],
            spans,
            zero,
            finish=lambda sums: [sums[..., column] for column in columns],
            shape=(3 + len(rings),),
            along=[origins],
            streams=True,
        )
