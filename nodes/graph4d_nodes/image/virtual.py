"""Virtual detectors: an image of the counts that fall on a region of the detector."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from graph4d import Angle, Image, Over, Pattern, Range, Stack, UsageError, node, per_pattern
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.image.detectors import (
    aspect_of,
    check_ring,
    edge_radius,
    mask_spans,
    origin_list,
    pixel_radius,
    probe_radius,
    rad_per_px,
    row_sum_zero,
)
from graph4d_nodes.image.together import in_one_go
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.types import Origin
from graph4d_nodes.values import image, scan_coords

__all__ = ["segment_images", "virtual_image"]

Detector = Literal[
    "bf", "abf", "adf", "haadf", "outside", "disc", "annulus", "rectangle", "quadrant", "segments", "mask"
]
Pixels = Annotated[float, Range(0)]

PRESETS: dict[str, tuple[float, float | None]] = {
    "bf": (0.0, 1.0),
    "abf": (0.5, 1.0),
    "adf": (1.2, None),
    "haadf": (3.0, None),
}
"""Inner and outer radius in convergence semi-angles; None is the edge of the detector.

Dark fields begin a fifth beyond the bright disc, whose blurred rim would otherwise outshine it.
"""


@node("image.virtual")
def virtual_image(
    scan: Scan4D,
    origin: Origin | None = None,
    mask: Pattern | None = None,
    *,
    detector: Detector = "bf",
    inner: Angle | None = None,
    outer: Angle | None = None,
    inner_px: Pixels | None = None,
    outer_px: Pixels | None = None,
    rectangle: tuple[int, int, int, int] | None = None,
    segment: Annotated[int, Range(0, 15)] = 0,
    offset: tuple[float, float] = (0.0, 0.0),
) -> Over[Scan4D, Image]:
    """Image of the counts on a virtual detector.

    A pixel of the detector counts if its centre lies inside, inner ≤ r < outer, whole or not at all: annuli that touch
    add up exactly. Sums of integers are exact.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx).
    origin : Origin, optional
        Centre of the detector at every position [px]; by default the middle of the recorded pattern. A rectangle or
        mask moves with the origin by whole pixels, so that at the mean origin it lies where it was drawn.
    mask : Pattern, optional
        For ``detector="mask"``: what is not zero counts, as in a value of ``io.mask``.
    detector : str
        With the convergence semi-angle α and the largest circle on the detector as the edge: "bf" 0 … α; "abf"
        α/2 … α; "adf" 1.2 α … edge; "haadf" 3 α … edge; "outside" all pixels from 1.2 α on, the corners too, and
        zeros if there are none; "disc" 0 … ``outer``; "annulus" ``inner`` … ``outer``; "quadrant" and "segments" one
        ``segment`` of 1 or 4 rings of equal width from ``inner`` (0) to ``outer`` (edge); "rectangle"; "mask".
    inner, outer : float, optional
        Radii as angles [rad], in place of those above.
    inner_px, outer_px : float, optional
        The same in detector pixels along kx, for a detector that is not calibrated.
    rectangle : (int, int, int, int), optional
        First row, last row + 1, first column, last column + 1.
    segment : int
        Number of the quadrant, clockwise on screen from the one right and below; of 16 segments 4·ring + quadrant,
        from the innermost ring.
    offset : (float, float)
        From the origin to the centre of the detector, along rows and columns [px], as for dark field from one
        reflection; a rectangle or mask moves by it from where it was drawn.

    Returns
    -------
    Image
        (y, x), float64, in counts.

    Raises
    ------
    UsageError
        A radius that is needed is not given, or the detector lies outside of the recorded pattern.
    """
    from graph4d_nodes.image import kernels

    origins, zero = origin_list(scan, origin), row_sum_zero(scan.dtype)
    centres = origins + np.asarray(offset)

    def finish(counts: NDArray[np.float64]) -> Image:
        return image(counts, scan.geometry, "counts", detector)

    if detector in ("mask", "rectangle"):
        drawn = _drawn(scan, mask) if detector == "mask" else _rectangle(scan, rectangle)
        moves = np.rint(centres - origins.mean(axis=0)).astype(np.int64)
        return per_pattern(kernels.mask_sums, mask_spans(drawn), zero, finish=finish, along=[moves])
    angle = rad_per_px(scan.geometry)
    radii = pixel_radius("inner", inner, inner_px, angle), pixel_radius("outer", outer, outer_px, angle)
    low, high = _ring(scan, centres, detector, *radii)
    aspect = aspect_of(scan.geometry)
    if detector in ("quadrant", "segments"):
        rings = 1 if detector == "quadrant" else 4
        if segment >= 4 * rings:
            raise UsageError(f"segment {segment} of a quadrant detector; expected 0 to 3")
        edges = np.linspace(low, high, rings + 1)[segment // 4 : segment // 4 + 2]
        quadrant = segment % 4
        return per_pattern(
            kernels.segment_sums,
            edges,
            aspect,
            zero,
            finish=lambda counts: finish(counts[..., 0, quadrant]),
            shape=(1, 4),
            along=[centres],
        )
    together = in_one_go(scan)
    return per_pattern(kernels.ring_sums, low, high, aspect, zero, finish=finish, along=[centres], together=together)


@node("image.segments", version=2)
def segment_images(
    scan: Scan4D,
    origin: Origin | None = None,
    *,
    rings: Annotated[int, Range(1, 64)] = 4,
    inner: Angle | None = None,
    outer: Angle | None = None,
    inner_px: Pixels | None = None,
    outer_px: Pixels | None = None,
) -> Over[Scan4D, Stack]:
    """Images of all segments of a segmented detector at once: rings of equal width, cut into quadrants.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx).
    origin : Origin, optional
        Centre of the detector at every position [px]; by default the middle of the recorded pattern.
    rings : int
        4 give the usual 16 segments.
    inner, outer : float, optional
        Radii as angles [rad]: 0 and the largest circle on the detector by default.
    inner_px, outer_px : float, optional
        The same in detector pixels along kx.

    Returns
    -------
    Stack
        (segment, y, x), float64, in counts; segment 4·ring + quadrant as in ``image.virtual``. What is known of its
        scan is in the attributes, for ``phase.dpc``: ``energy`` [eV], ``semiangle`` [rad], ``transform`` (four numbers,
        see Geometry), ``detector_step`` and the ``edges`` of the rings [1/Å].

    Raises
    ------
    UsageError
        An angle is given although the detector is not calibrated, or nothing of the detector is on the pattern.
    """
    from graph4d_nodes.image import kernels

    origins, zero = origin_list(scan, origin), row_sum_zero(scan.dtype)
    angle = rad_per_px(scan.geometry)
    radii = pixel_radius("inner", inner, inner_px, angle), pixel_radius("outer", outer, outer_px, angle)
    edges = np.linspace(*_ring(scan, origins, "segments", *radii), rings + 1)

    def finish(counts: NDArray[np.float64]) -> Stack:
        import xarray as xr

        rows, columns = scan.positions
        images = np.moveaxis(counts.reshape(rows, columns, 4 * rings), -1, 0)
        coords = {"segment": np.arange(4 * rings), **scan_coords(scan.geometry, rows, columns)}
        attrs = {"units": "counts", **_known(scan.geometry, edges)}
        return xr.DataArray(images, dims=("segment", "y", "x"), coords=coords, attrs=attrs, name="segments")

    return per_pattern(
        kernels.segment_sums,
        edges,
        aspect_of(scan.geometry),
        zero,
        finish=finish,
        shape=(rings, 4),
        along=[origins],
    )


def _known(geometry: Geometry, edges: NDArray[np.float64]) -> dict[str, Any]:
    """Attributes of segments: what of their geometry is known."""
    known: dict[str, Any] = {"transform": [number for row in geometry.transform for number in row]}
    if geometry.detector_step is not None:
        known["detector_step"] = list(geometry.detector_step)
        known["edges"] = (edges * geometry.detector_step[1]).tolist()
    named = {"energy": geometry.energy, "semiangle": geometry.semiangle}
    return known | {name: number for name, number in named.items() if number is not None}


def _ring(
    scan: Scan4D, centres: NDArray[np.float64], detector: str, inner: float | None, outer: float | None
) -> tuple[float, float]:
    """Inner and outer radius [px]: given ones first, then those of the preset, then all of the detector."""
    low, high = (PRESETS["adf"][0], np.inf) if detector == "outside" else PRESETS.get(detector, (None, None))
    if inner is None and low:
        inner = low * _probe(scan, detector)
    if outer is None and high:
        outer = high * _probe(scan, detector)
    if detector == "outside" and outer == np.inf:
        rows, columns = scan.item_shape
        return inner or 0.0, float(np.hypot(rows * aspect_of(scan.geometry), columns) + np.abs(centres).max())
    if detector == "disc" and inner:
        raise UsageError("a disc has no inner radius; use `detector: annulus`")
    if (detector in ("disc", "annulus") and outer is None) or (detector == "annulus" and inner is None):
        missing = "outer" if outer is None else "inner"
        raise UsageError(
            f"detector {detector} needs a radius: give `{missing}` as an angle or `{missing}_px` in pixels"
        )
    ring = inner or 0.0, edge_radius(scan, centres) if outer is None else outer
    check_ring(scan, centres, *ring, f"detector {detector}")
    return ring


def _probe(scan: Scan4D, detector: str) -> float:
    radius = probe_radius(scan.geometry)
    if radius is None:
        raise UsageError(
            f"detector {detector} needs the probe's disc: give `semiangle`, `energy` and `detector_step` to io.open, "
            "or `inner_px` and `outer_px` here"
        )
    return radius


def _drawn(scan: Scan4D, mask: Pattern | None) -> NDArray[np.bool_]:
    if mask is None:
        raise UsageError("detector mask needs a mask: connect a node such as io.mask to port `mask`")
    if mask.shape != scan.item_shape:
        raise UsageError(f"the mask has {mask.shape} pixels, the patterns of {scan.title} have {scan.item_shape}")
    drawn = np.asarray(mask.values != 0)
    if not drawn.any():
        raise UsageError("the mask is zero everywhere; draw the pixels to count as 1")
    return drawn


def _rectangle(scan: Scan4D, corners: tuple[int, int, int, int] | None) -> NDArray[np.bool_]:
    if corners is None:
        raise UsageError(
            "detector rectangle needs `rectangle: [first row, last row + 1, first column, last column + 1]`"
        )
    top, bottom, left, right = corners
    rows, columns = scan.item_shape
    if not (0 <= top < bottom <= rows and 0 <= left < right <= columns):
        raise UsageError(f"rectangle {list(corners)} does not lie on a detector of {rows} × {columns} px")
    drawn = np.zeros(scan.item_shape, np.bool_)
    drawn[top:bottom, left:right] = True
    return drawn
