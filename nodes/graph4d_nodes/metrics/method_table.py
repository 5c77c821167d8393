"""``metrics.method_table``: what live imaging methods need, resolve and cost, measured beside what was published."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from graph4d import Image, Odd, Range, Table, UsageError, node, report_progress
from graph4d_nodes.metrics.frc import frc
from graph4d_nodes.metrics.methods import Method, cost, methods, needs, pearson
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.scan_maps.crop import crop
from graph4d_nodes.scan_maps.thin import mean_counts, thin
from graph4d_nodes.types import Aberrations, Origin

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["dose_at_part", "method_table"]

PART = 0.9
"""Of Pearson's coefficient at the full dose, at which a method has begun to suffer."""
ROWS = 32
DOSES_PER_DECADE = 2
LOWEST_DOSE = 3.0
UNITS = {
    "resolution": "Å",
    "robust_to": "electron",
    "speed": "1/s",
    "memory": "MB",
    "memory_exponent": "1",
    "time_exponent": "1",
}


@node("metrics.method_table", deterministic=False, cost="heavy")
def method_table(
    scan: Scan4D,
    origin: Origin | None = None,
    truth: Image | None = None,
    aberrations: Aberrations | None = None,
    *,
    kernel: Annotated[int, Odd, Range(3, 401)] = 41,
    crossing: Literal["first", "last"] = "first",
    repeats: Annotated[int, Range(1, 100)] = 3,
    seed: Annotated[int, Range(0)] = 0,
) -> Table:
    """ADF, single sideband, riCOM and iCOM on one scan: what each needs, resolves and costs on this machine.

    Nothing else should run at the same time. Measured again whenever it is asked for.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx) of counts, with all calibrations known; at least 32 × 8 positions.
    origin : Origin, optional
        The unscattered beam at every position.
    truth : Image, optional
        What the images should show, for the robustness to low doses.
    aberrations : Aberrations, optional
        Of the lens, for SSB.
    kernel : int
        Window of riCOM.
    crossing : {"first", "last"}
        Where the resolution is read off; see metrics.frc.
    repeats : int
        Times that each image is made; the median counts.
    seed : int
        Of the electrons that are kept at lower doses.

    Returns
    -------
    Table
        A row for each method. ``needs``: the calibrations without which it gives no image or another one;
        ``resolution`` at the dose of the scan, by ring correlation of its halves at half a bit [Å]; ``robust_to``: the
        dose [electrons a pattern] at which Pearson's coefficient with the truth is 90 % of that at the full dose;
        ``speed`` from the file, if it is in memory, to the image [patterns/s]; ``memory`` at most beside the scan [MB];
        ``memory_exponent`` and ``time_exponent``: with which power of the number of patterns they grow, from a quarter
        of the scan to the whole. Beside them ``published_…``. NaN for what cannot be measured, without a truth or
        without whole counts for example, and "" for what was not published.

    Raises
    ------
    UsageError
        The scan is too small.

    Notes
    -----
    Memory is what NumPy allocates: blocks that are read from a file which cannot be mapped, and the images, which grow
    with the scan. What compiled code takes for itself is not in it, and neither are mapped pages of the file. Short
    scans take longer a pattern: exponents of time are below 1 then.

    Published are the numbers for live processing, pattern after pattern, in a doctoral thesis (its Table 5.1), on other
    scans and another machine. AIRPI is not part of this project. The resolution limits there are those of an infinite
    dose.
    """
    import xarray as xr

    rows, columns = scan.positions
    if rows < ROWS or columns < ROWS // 4:
        raise UsageError(
            f"a scan of {rows} × {columns} positions is too small to compare methods on, as a whole and a quarter of "
            f"it; {ROWS} × {ROWS // 4} are needed"
        )
    compared = methods(origin, aberrations, kernel)
    # Of whole rows, for they are read like the scan itself.
    quarter = crop(scan, rows=(0, rows // 4))
    on_quarter = methods(origin if origin is None else origin.isel(y=slice(rows // 4)), aberrations, kernel)
    table = []
    for i, (method, smaller) in enumerate(zip(compared, on_quarter, strict=True)):
        report_progress(i / len(compared))
        measured: dict[str, Any] = {"needs": "", **dict.fromkeys(UNITS, np.nan)}
        if method.image is not None and smaller.image is not None:
            measured = {
                "needs": ", ".join(needs(smaller.image, quarter)),
                "resolution": _resolution(method.image, scan, crossing, seed),
                "robust_to": np.nan if truth is None else _robustness(method.image, scan, truth, seed),
                **_cost(method.image, scan, smaller.image, quarter, repeats),
            }
        table.append({"method": method.name, **_beside(method, measured)})
    return xr.Dataset(
        {name: ("row", np.array([line[name] for line in table]), {"units": UNITS.get(name, "1")}) for name in table[0]}
    )


def _beside(method: Method, measured: dict[str, Any]) -> dict[str, Any]:
    """Measured columns, each followed by the published one."""
    published = {
        "needs": method.published.needs,
        "resolution": method.published.resolution,
        "speed": method.published.speed,
        "memory_exponent": method.published.memory,
        "time_exponent": method.published.time,
    }
    renamed = {"memory_exponent": "memory", "time_exponent": "time"}
    line: dict[str, Any] = {}
    for name, value in measured.items():
        line[name] = value
        if name in published:
            line[f"published_{renamed.get(name, name)}"] = published[name]
    return line


def _cost(
    image: Callable[[Scan4D], DataArray],
    scan: Scan4D,
    smaller: Callable[[Scan4D], DataArray],
    quarter: Scan4D,
    repeats: int,
) -> dict[str, float]:
    seconds, memory = cost(image, scan, repeats)
    less_seconds, less_memory = cost(smaller, quarter, repeats)
    patterns, fewer = (part.positions[0] * part.positions[1] for part in (scan, quarter))
    growth = math.log(patterns / fewer)
    return {
        "speed": patterns / seconds,
        "memory": memory / 1e6,
        "memory_exponent": math.log(memory / less_memory) / growth,
        "time_exponent": math.log(seconds / less_seconds) / growth,
    }


def _resolution(
    image: Callable[[Scan4D], DataArray], scan: Scan4D, crossing: Literal["first", "last"], seed: int
) -> float:
    if scan.dtype.kind not in "iu":
        return np.nan
    one, other = (image(thin(scan, half=half, seed=seed)) for half in ("first", "second"))
    return float(frc(one, other, crossing=crossing).metrics.resolution_half_bit)


def _robustness(image: Callable[[Scan4D], DataArray], scan: Scan4D, truth: DataArray, seed: int) -> float:
    if scan.dtype.kind not in "iu":
        return np.nan
    present = mean_counts(scan)
    count = max(2, round(DOSES_PER_DECADE * math.log10(present / LOWEST_DOSE)) + 1)
    doses = np.geomspace(present, min(LOWEST_DOSE, present / 2), count).tolist()
    quality = [pearson(image(scan), truth)]
    for dose in doses[1:]:
        quality.append(pearson(image(thin(scan, dose=dose, seed=seed)), truth))
        if not quality[-1] >= PART * quality[0]:
            break
    return dose_at_part(doses[: len(quality)], quality)


def dose_at_part(doses: Sequence[float], quality: Sequence[float]) -> float:
    """The dose at which a quality is 90 % of that at the first, highest one; by interpolation over log(dose).

    The lowest dose where it is never less: an upper bound.
    """
    limit = PART * quality[0]
    for i in range(1, len(quality)):
        if not quality[i] >= limit:
            lower = quality[i] if math.isfinite(quality[i]) else 0.0
            share = (limit - lower) / (quality[i - 1] - lower)
            return float(doses[i] * (doses[i - 1] / doses[i]) ** share)
    return float(doses[len(quality) - 1])
