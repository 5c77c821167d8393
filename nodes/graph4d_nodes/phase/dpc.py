"""Differential phase contrast (DPC): the deflection of the beam from a few segments of a detector."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from graph4d import Stack, UsageError, VectorField, node
from graph4d_nodes.geometry import Matrix, applied, wavelength

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["dpc"]

#: Of the four quadrants, clockwise on screen from the one right and below: on which side of the centre they lie.
SIDE_Y, SIDE_X = np.array([1, 1, -1, -1]), np.array([1, -1, -1, 1])
#: How far the disc's edge may be blurred to either side [px].
RIM = 1.5


@node("phase.dpc")
def dpc(segments: Stack, *, zero: Literal["origin", "mean"] = "mean") -> VectorField:
    """Deflection of the beam from the segments of a detector: what a camera gives as its centre of mass.

    Right for an object that changes slowly over the width of the probe, and deflects the bright-field disc as a whole
    by a small part of its radius. Where atoms are resolved, light moves within the disc, and a few segments exaggerate
    the fine details by some 20 %.

    Parameters
    ----------
    segments : Stack
        (segment, y, x) of ``image.segments``, of a scan with energy, convergence semi-angle and detector step known.
        The edge of the disc must lie on them, for all that a disc as a whole tells is there; rings inside of it bring
        the result closer to a centre of mass where light moves within the disc.
    zero : {"origin", "mean"}
        Where the field is zero: at the centre of the segments, which is sure to half a pixel of the detector, as each
        pixel belongs to one segment as a whole; or such that its mean is.

    Returns
    -------
    VectorField
        (component, y, x) in 1/Å, in the axes of the scan; attribute ``energy`` [eV]. 0 where there are no counts, and
        not finite where those of a segment are not.

    Raises
    ------
    UsageError
        These are no segments of a calibrated detector, or none of them sees the edge of the disc.

    Notes
    -----
    Each segment pulls towards its centroid. A disc of radius R and even brightness that moves by s brings 2R·s of its
    area to one half of its edge and takes it from the other, so that with one ring
    s = π·R/4 · (right − left)/sum; with several, the ring that the edge lies on decides the factor.
    Source: Lazić, Bosch & Lazar, Ultramicroscopy 160 (2016) 265; the factor follows from the geometry.
    """
    detector = _detector(segments)
    quadrants = np.asarray(segments.values, np.float64).reshape(-1, 4, *segments.shape[1:])
    total = quadrants.sum(axis=(0, 1))
    pull = np.tensordot(detector.arms, quadrants, axes=1)
    dark = total == 0
    scale = np.where(dark, 1.0, total) * detector.response
    along_ky, along_kx = (np.tensordot(side, pull, axes=1) / scale for side in (SIDE_Y, SIDE_X))
    values = applied(detector.transform, along_ky, along_kx)
    lit = ~dark & np.isfinite(total)
    if zero == "mean" and lit.any():
        values = np.where(dark, 0.0, values - values[:, lit].mean(axis=1)[:, None, None])
    return _field(values, segments)


@dataclass(frozen=True)
class _Detector:
    arms: NDArray[np.float64]
    """Of each ring: distance of a quadrant's centroid from either axis [1/Å]."""
    response: float
    """What the segments say of a disc that moves by 1/Å, per 1/Å."""
    transform: Matrix


def _detector(segments: DataArray) -> _Detector:
    known = segments.attrs
    if "transform" not in known or segments.ndim != 3 or segments.shape[0] % 4:
        raise UsageError("DPC needs the segments of a detector as image.segments gives them; connect it to `segments`")
    if missing := sorted({"energy", "semiangle", "detector_step"} - set(known)):
        raise UsageError(f"DPC needs the bright-field disc on the detector; give {', '.join(missing)} to io.open")
    edges, radius = np.array(known["edges"]), known["semiangle"] / wavelength(known["energy"])
    # Pixels and the camera blur the disc's edge: rings that see some of it must pull alike, or its place among them
    # would decide the response.
    rim = RIM * max(known["detector_step"])
    if not edges[0] <= radius - rim < radius + rim <= edges[-1]:
        raise UsageError(
            f"the segments reach from {edges[0]:.3g} to {edges[-1]:.3g} 1/Å, and the edge of the bright-field disc at "
            f"{radius:.3g} 1/Å must lie between, with {rim:.2g} 1/Å to spare; change `inner` and `outer` of "
            "image.segments"
        )
    limits = edges[: np.searchsorted(edges, radius - rim, "right")]
    limits = np.append(limits, radius)
    # 4/3π is the centroid of a quarter of a disc of radius 1.
    arms = 4 / (3 * math.pi) * np.diff(limits**3) / np.diff(limits**2)
    response = 4 * arms[-1] * radius / (math.pi * (radius**2 - edges[0] ** 2))
    arms = np.pad(arms, (0, len(edges) - len(limits)), mode="edge")
    xx, xy, yx, yy = known["transform"]
    return _Detector(arms, response, ((xx, xy), (yx, yy)))


def _field(values: NDArray[np.float64], segments: DataArray) -> DataArray:
    import xarray as xr

    coords = {
        "component": ["y", "x"],
        **{name: segments.coords[name] for name in ("y", "x") if name in segments.coords},
    }
    attrs = {"units": "1/Å", "energy": segments.attrs["energy"]}
    return xr.DataArray(values, coords, ("component", "y", "x"), "differential phase contrast", attrs)
