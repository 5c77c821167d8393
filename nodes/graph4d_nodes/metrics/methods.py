"""The methods that can follow a scan while it is recorded, and what a comparison has published about them."""

from __future__ import annotations

import math
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from graph4d import UsageError
from graph4d_nodes.geometry import Geometry, composed, detector_to_scan
from graph4d_nodes.image.bright_field import bright_field
from graph4d_nodes.image.com import center_of_mass
from graph4d_nodes.image.virtual import virtual_image
from graph4d_nodes.phase.icom import integrate
from graph4d_nodes.phase.ricom import ricom
from graph4d_nodes.phase.ssb import ssb
from graph4d_nodes.scan import Scan4D

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = ["Method", "Published", "cost", "methods", "needs", "pearson"]

ALIKE = 0.99
"""Pearson's coefficient below which two images are not the same."""


@dataclass(frozen=True)
class Published:
    """What is in the comparison of live methods in a doctoral thesis (its Table 5.1)."""

    needs: str = ""
    resolution: str = ""
    speed: str = ""
    memory: str = ""
    time: str = ""


@dataclass(frozen=True)
class Method:
    """A way from a scan to an image."""

    name: str
    published: Published
    image: Callable[[Scan4D], DataArray] | None = None
    """None where the method is not part of this project."""


def methods(origin: DataArray | None, aberrations: Dataset | None, kernel: int) -> list[Method]:
    """All that are compared, for a scan whose geometry is known."""

    def field(scan: Scan4D) -> DataArray:
        return center_of_mass(scan, origin, zero="mean")

    lens = "α, step, energy, rotation"
    return [
        Method(
            "ADF",
            Published("centre, limits", "probe", "30 k (events 100 k)", "O(1)", "O(N)"),
            lambda scan: virtual_image(scan, origin, detector="adf"),
        ),
        Method(
            "SSB",
            Published(lens, "2α", "1 k", "O(N)", "O(N²)"),
            lambda scan: ssb(bright_field(scan, origin), None, aberrations),
        ),
        Method(
            "riCOM",
            Published("kernel size, rotation, optional filter", "probe", "30 k (events 100 k)", "O(1)", "O(N)"),
            lambda scan: ricom(field(scan), kernel=kernel),
        ),
        Method("iCOM", Published(), lambda scan: integrate(field(scan))),
        Method("AIRPI", Published(lens, "collection angle", "4 k", "O(1)", "O(N)")),
    ]


def cost(image: Callable[[Scan4D], DataArray], scan: Scan4D, repeats: int) -> tuple[float, int]:
    """Seconds from the scan to the image, the median of some times, and what NumPy has allocated at most [byte].

    A first time is not counted: it compiles, and brings the file into memory. Memory is watched another time, for
    that takes time; the scan itself is not in it.
    """
    image(scan)
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        image(scan)
        seconds.append(time.perf_counter() - started)
    watched = tracemalloc.is_tracing()
    if not watched:
        tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        image(scan)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not watched:
            tracemalloc.stop()
    return median(seconds), peak - before


def needs(image: Callable[[Scan4D], DataArray], scan: Scan4D) -> list[str]:
    """Calibrations without which there is no image, or with a wrong one of which there is another."""
    known: Geometry = scan.geometry
    reference = image(scan)
    unit = reference.attrs.get("units")
    found = []
    for title, lacking in (
        ("α", replace(known, semiangle=None)),
        ("step", replace(known, scan_step=None)),
        ("pixel", replace(known, detector_step=None)),
        ("energy", replace(known, energy=None)),
    ):
        try:
            without = image(replace(scan, geometry=lacking)).attrs.get("units")
        except UsageError:
            found.append(title)
        else:
            if without != unit:
                found.append(f"{title} for {unit}")
    # A lesser turn would only weaken a gradient's integral.
    turned = replace(known, transform=composed(detector_to_scan(math.pi / 2, False), known.transform))
    if not pearson(image(replace(scan, geometry=turned)), reference) > ALIKE:
        found.append("rotation")
    return found


def pearson(image: DataArray, other: DataArray) -> float:
    """Pearson's coefficient of two images; NaN where one has no contrast."""
    a, b = (np.asarray(part.values, np.float64) - float(part.mean()) for part in (image, other))
    spread = float(np.sqrt(np.sum(a**2) * np.sum(b**2)))
    return float(np.sum(a * b)) / spread if spread else np.nan
