"""``scan.thin``: fewer electrons, as if the scan had been recorded at a lower dose."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from graph4d import Range, UsageError, node
from graph4d_nodes.scan import Scan4D

__all__ = ["mean_counts", "thin"]

SAMPLE = 256
"""So many patterns, evenly spread over the scan, tell the dose that it was recorded with."""
THINNING = (1,)
"""Makes other random numbers of a seed than those with which a scan was simulated: else what is kept of a pattern
would depend on its noise."""


@node("scan.thin")
def thin(
    scan: Scan4D,
    *,
    dose: Annotated[float, Range(1e-3)] | None = None,
    keep: Annotated[float, Range(1e-9, 1.0)] | None = None,
    half: Literal["both", "first", "second"] = "both",
    seed: Annotated[int, Range(0)] = 0,
) -> Scan4D:
    """A scan with fewer counts: each electron is kept by chance, or goes to one of two halves.

    Thinned Poisson counts are Poisson counts, and the two halves are independent: this is what a scan with less dose
    would have given, and two scans of the same thing, from one.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx) of counts.
    dose : float, optional
        Mean number of counts that are kept of a pattern, of both halves together.
    keep : float, optional
        The same as a part of all counts; all by default.
    half : {"both", "first", "second"}
        Which of the two halves, to each of which a kept electron goes with a probability of ½.
    seed : int
        Of the random numbers: together with a pattern's number it says what is kept.

    Returns
    -------
    Scan4D
        Of the same dtype, made when it is read.

    Raises
    ------
    UsageError
        The scan has no whole counts, has fewer than are to be kept, or both ``dose`` and ``keep`` are given.
    """
    if scan.dtype.kind not in "iu":
        raise UsageError(
            f"{scan.title} holds {scan.dtype} numbers, and only whole counts can be thinned; give a scan of electrons"
        )
    if dose is not None and keep is not None:
        raise UsageError("`dose` and `keep` say the same thing; give one of them")
    part = 1.0 if keep is None else keep
    if dose is not None:
        present = mean_counts(scan)
        if dose > present * (1 + 1e-9):
            raise UsageError(f"`dose` = {dose:g}, but {scan.title} has {present:.4g} counts a pattern; choose less")
        part = dose / present

    def thinned(block: NDArray[Any], start: int) -> NDArray[Any]:
        result = np.zeros_like(block)
        for i, pattern in enumerate(block):
            random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(start + i, *THINNING)))
            lit = np.nonzero(pattern)
            result[i][lit] = _share(pattern[lit], part, half, random)
        return result

    return replace(scan.map_blocks(thinned), metadata={**scan.metadata, "thinned": part, "half": half})


def mean_counts(scan: Scan4D) -> float:
    """Mean number of counts of a pattern, of 256 of them at most, evenly spread over the scan."""
    patterns = scan.positions[0] * scan.positions[1]
    chosen = np.unique(np.linspace(0, patterns - 1, SAMPLE).astype(int)).tolist()
    return float(np.mean([scan.read(index, index + 1).sum(dtype=np.float64) for index in chosen]))


def _share(counts: NDArray[Any], part: float, half: str, random: np.random.Generator) -> NDArray[np.int64]:
    if counts.dtype.kind == "i" and counts.min(initial=0) < 0:
        raise UsageError(
            "the scan has negative counts, which cannot be thinned; open it without dark-field subtraction"
        )
    kept = random.binomial(counts.astype(np.int64), part)
    if half == "both":
        return kept
    first = random.binomial(kept, 0.5)
    return first if half == "first" else kept - first
