"""Numba kernels that see blocks of patterns (n, ky, kx) of any real dtype; imported inside the nodes that use them.

A detector is never a mask to multiply with: it is, for every row, the span of columns that it covers, so that only its
own pixels are read. ``zero`` is a zero of the type in which a row is summed (see
:func:`graph4d_nodes.image.detectors.row_sum_zero`): wide enough to be exact for integers, narrow enough to vectorise.
Sums of whole patterns are float64, which holds every integer below 2⁵³.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "add_patterns",
    "gather",
    "keep_maximum",
    "mask_sums",
    "moments",
    "moments_and_rings",
    "radial_sums",
    "ring_sums",
    "segment_sums",
]

Array = NDArray[Any]


@njit(nogil=True, cache=True)
def disc_spans(oy: float, ox: float, aspect: float, radius: float, starts: Array, stops: Array, columns: int) -> None:
    """For every row y the columns ``starts[y] … stops[y]`` with (aspect·(y − oy))² + (x − ox)² < radius².

    The square root only guesses; the inequality itself decides, so that whoever tests it pixel by pixel agrees.
    """
    limit = radius * radius
    first, last = 0.0, float(columns)
    middle = min(max(np.ceil(ox), first), last)
    for y in range(len(starts)):
        across = aspect * (y - oy)
        square = across * across
        half = math.sqrt(max(limit - square, 0.0))
        start = min(max(np.floor(ox - half), first), last)
        stop = min(max(np.ceil(ox + half) + 1.0, first), last)
        # The guess is at most two columns too wide. No branches here: so the loop vectorises.
        for _ in range(2):
            start += 1.0 if square + (start - ox) * (start - ox) >= limit else 0.0
            stop -= 1.0 if square + (stop - 1.0 - ox) * (stop - 1.0 - ox) >= limit else 0.0
        starts[y] = int(start if start < stop else middle)
        stops[y] = int(stop if start < stop else middle)


@njit(nogil=True, cache=True, fastmath={"reassoc"})
def span_sum(row: Array, start: Any, stop: Any, zero: Any) -> Any:
    """Sum of ``row[start:stop]`` in the type of ``zero``.

    It vectorises: sums of floats because they may be reassociated, and all if the limits are unsigned, which spares the
    test for negative indices.
    """
    wide = type(zero)
    total = zero
    for x in range(start, stop):
        total = wide(total + wide(row[x]))
    return total


@njit(nogil=True, cache=True)
def ring_spans(oy: float, ox: float, aspect: float, inner: float, outer: float, spans: Array, columns: int) -> None:
    """For every row y the columns of a ring: from ``spans[0, y]`` to ``spans[1, y]``, and from [2, y] to [3, y]."""
    disc_spans(oy, ox, aspect, outer, spans[0], spans[3], columns)
    disc_spans(oy, ox, aspect, inner, spans[1], spans[2], columns)


@njit(nogil=True, cache=True)
def ring_sums(block: Array, out: Array, origins: Array, inner: float, outer: float, aspect: float, zero: Any) -> None:
    """Sum of every pattern over inner ≤ distance < outer from its origin (row, column)."""
    n, rows, columns = block.shape
    spans = np.empty((4, rows), np.uintp)
    for k in range(n):
        if k == 0 or origins[k, 0] != origins[k - 1, 0] or origins[k, 1] != origins[k - 1, 1]:
            ring_spans(origins[k, 0], origins[k, 1], aspect, inner, outer, spans, columns)
        total = 0.0
        for y in range(rows):
            row = block[k, y]
            if spans[1, y] == spans[2, y]:
                total += span_sum(row, spans[0, y], spans[3, y], zero)
            else:
                total += span_sum(row, spans[0, y], spans[1, y], zero)
                total += span_sum(row, spans[2, y], spans[3, y], zero)
        out[k] = total


@njit(nogil=True, cache=True)
def segment_sums(block: Array, out: Array, origins: Array, edges: Array, aspect: float, zero: Any) -> None:
    """Sums over ring r, edges[r] ≤ distance < edges[r + 1], and quadrant q of the turn, into ``out[k, r, q]``.

    Quadrants are counted clockwise on screen from the direction of x: 0 is right and below the origin.
    """
    n, rows, columns = block.shape
    rings = len(edges) - 1
    starts, stops = np.empty((rings + 1, rows), np.uintp), np.empty((rings + 1, rows), np.uintp)
    for k in range(n):
        oy, ox = origins[k]
        if k == 0 or oy != origins[k - 1, 0] or ox != origins[k - 1, 1]:
            for r in range(rings + 1):
                disc_spans(oy, ox, aspect, edges[r], starts[r], stops[r], columns)
        out[k] = 0
        for y in range(rows):
            row = block[k, y]
            # Quadrant q has the angles q·90° ≤ angle < (q + 1)·90°: each takes the half axis it begins with.
            left, right = (1 if y > oy else 2), (0 if y >= oy else 3)
            border = np.floor(ox) + 1.0 if y > oy else np.ceil(ox)
            split = np.uintp(min(max(border, 0.0), float(columns)))
            for r in range(rings):
                for start, stop in ((starts[r + 1, y], starts[r, y]), (stops[r, y], stops[r + 1, y])):
                    at = min(max(split, start), stop)
                    out[k, r, left] += span_sum(row, start, at, zero)
                    out[k, r, right] += span_sum(row, at, stop, zero)


@njit(nogil=True, cache=True)
def mask_sums(block: Array, out: Array, shifts: Array, spans: Array, zero: Any) -> None:
    """Sums over the spans (row, start, stop) of a mask, moved by each pattern's shift (rows, columns)."""
    n, rows, columns = block.shape
    for k in range(n):
        total = 0.0
        for i in range(len(spans)):
            y = spans[i, 0] + shifts[k, 0]
            if 0 <= y < rows:
                start = min(max(spans[i, 1] + shifts[k, 1], 0), columns)
                stop = min(max(spans[i, 2] + shifts[k, 1], 0), columns)
                total += span_sum(block[k, y], np.uintp(start), np.uintp(stop), zero)
        out[k] = total


@njit(nogil=True, cache=True, fastmath={"reassoc"})
def moments(block: Array, out: Array, origins: Array, radius: float, aspect: float, zero: Any) -> None:
    """Sum, and first moments along rows and columns, of every pattern within ``radius`` of its origin: ``out[k, :3]``.

    Moments are about pixel (0, 0), so that they are exact for integers.
    """
    n, rows, columns = block.shape
    wide = type(zero)
    sums = np.full(columns, zero)
    starts, stops = np.empty(rows, np.uintp), np.empty(rows, np.uintp)
    for k in range(n):
        if k == 0 or origins[k, 0] != origins[k - 1, 0] or origins[k, 1] != origins[k - 1, 1]:
            disc_spans(origins[k, 0], origins[k, 1], aspect, radius, starts, stops, columns)
        sums[:] = zero
        total = along_rows = along_columns = 0.0
        for y in range(rows):
            row = block[k, y]
            here = zero
            for x in range(starts[y], stops[y]):
                value = wide(row[x])
                here = wide(here + value)
                sums[x] = wide(sums[x] + value)
            total += float(here)
            along_rows += float(here) * y
        for x in range(columns):
            along_columns += float(sums[x]) * x
        out[k, 0], out[k, 1], out[k, 2] = total, along_rows, along_columns


@njit(nogil=True, cache=True)
def moments_and_rings(
    block: Array, out: Array, origins: Array, limits: Array, aspect: float, origin: Array, known: Array, zero: Any
) -> None:
    """:func:`moments` of whole patterns into ``out[k, :3]``, and :func:`ring_sums` of ring r into ``out[k, 3 + r]``.

    A row comes from memory once, and the rings find it in the nearest cache. ``origins[k, r]`` is the origin of a ring,
    ``limits[r]`` are its inner and outer radius; ``known[r]`` are its spans about ``origin[r]``, which are the right
    ones for all patterns unless the beam moves.
    """
    n, rows, columns = block.shape
    wide = type(zero)
    by_column = np.full(columns, zero)
    origin, spans = origin.copy(), known.copy()
    for k in range(n):
        for r in range(len(limits)):
            oy, ox = origins[k, r]
            if oy != origin[r, 0] or ox != origin[r, 1]:
                ring_spans(oy, ox, aspect, limits[r, 0], limits[r, 1], spans[r], columns)
                origin[r] = origins[k, r]
        by_column[:] = zero
        out[k] = 0.0
        for y in range(rows):
            row = block[k, y]
            here = zero
            for x in range(columns):
                value = wide(row[x])
                here = wide(here + value)
                by_column[x] = wide(by_column[x] + value)
            out[k, 0] += float(here)
            out[k, 1] += float(here) * y
            for r in range(len(limits)):
                start, hole, end, stop = spans[r, 0, y], spans[r, 1, y], spans[r, 2, y], spans[r, 3, y]
                if hole == end:
                    out[k, 3 + r] += span_sum(row, start, stop, zero)
                else:
                    out[k, 3 + r] += span_sum(row, start, hole, zero)
                    out[k, 3 + r] += span_sum(row, end, stop, zero)
        for x in range(columns):
            out[k, 2] += float(by_column[x]) * x


@njit(nogil=True, cache=True)
def radial_sums(block: Array, out: Array, origins: Array, aspect: float, width: float) -> None:
    """Sums within each radius i·width of the origin, into ``out[k, i]``; the last must be beyond all pixels."""
    n, rows, columns = block.shape
    bins = out.shape[1]
    numbers = np.empty((rows, columns), np.int32)
    for k in range(n):
        oy, ox = origins[k]
        if k == 0 or oy != origins[k - 1, 0] or ox != origins[k - 1, 1]:
            for y in range(rows):
                square = (aspect * (y - oy)) * (aspect * (y - oy))
                for x in range(columns):
                    distance = square + (x - ox) * (x - ox)
                    number = int(math.sqrt(distance) / width)
                    # The rounded root may reach an edge that the distance itself, as spans test it, does not.
                    edge = number * width
                    beyond = (number + 1) * width
                    if distance < edge * edge:
                        number -= 1
                    elif distance >= beyond * beyond:
                        number += 1
                    numbers[y, x] = number
        counts = np.zeros(bins, out.dtype)
        for y in range(rows):
            for x in range(columns):
                counts[numbers[y, x]] += block[k, y, x]
        out[k, 0] = 0
        for i in range(1, bins):
            out[k, i] = out[k, i - 1] + counts[i - 1]


@njit(nogil=True, cache=True)
def add_patterns(total: Array, block: Array) -> Array:
    """Add every pattern of the block to ``total``, one after the other; eight at a time, to spare memory traffic."""
    n, rows, columns = block.shape
    wide = total.dtype.type
    whole = n - n % 8
    for k in range(0, whole, 8):
        for y in range(rows):
            sums = total[y]
            a, b, c, d = block[k, y], block[k + 1, y], block[k + 2, y], block[k + 3, y]
            e, f, g, h = block[k + 4, y], block[k + 5, y], block[k + 6, y], block[k + 7, y]
            for x in range(columns):
                four = wide(wide(wide(wide(sums[x] + wide(a[x])) + wide(b[x])) + wide(c[x])) + wide(d[x]))
                sums[x] = wide(wide(wide(wide(four + wide(e[x])) + wide(f[x])) + wide(g[x])) + wide(h[x]))
    for k in range(whole, n):
        for y in range(rows):
            sums, a = total[y], block[k, y]
            for x in range(columns):
                sums[x] = wide(sums[x] + wide(a[x]))
    return total


@njit(nogil=True, cache=True)
def keep_maximum(best: Array, block: Array) -> Array:
    """Raise every pixel of ``best`` to the largest of the block's."""
    n, rows, columns = block.shape
    for k in range(n):
        for y in range(rows):
            top, row = best[y], block[k, y]
            for x in range(columns):
                top[x] = max(top[x], row[x])
    return best


@njit(nogil=True, cache=True)
def gather(
    block: NDArray[Any],
    out: NDArray[Any],
    moves: NDArray[np.int64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
) -> None:
    """Fill ``out`` (n, pixels) with the pixels of each pattern at ``rows`` and ``columns``, moved by ``moves``."""
    for i in range(block.shape[0]):
        pattern, down, across = block[i], moves[i, 0], moves[i, 1]
        for p in range(rows.shape[0]):
            out[i, p] = pattern[rows[p] + down, columns[p] + across]
