"""Centre of mass of every pattern: the mean momentum that the sample gives to the beam."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from graph4d import Angle, Over, Range, VectorField, node, per_pattern
from graph4d_nodes.geometry import Geometry, applied
from graph4d_nodes.image.detectors import aspect_of, check_ring, origin_list, pixel_radius, rad_per_px, row_sum_zero
from graph4d_nodes.image.together import in_one_go
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.types import Origin
from graph4d_nodes.values import vector_field

__all__ = ["center_of_mass"]


@node("image.com", version=2)
def center_of_mass(
    scan: Scan4D,
    origin: Origin | None = None,
    *,
    zero: Literal["origin", "mean"] = "origin",
    outer: Angle | None = None,
    outer_px: Annotated[float, Range(0)] | None = None,
) -> Over[Scan4D, VectorField]:
    """Centre of mass (COM) of every diffraction pattern, relative to the unscattered beam, in the axes of the scan.

    For a thin object the COM is the gradient of its phase, blurred by the probe: COM = ∇φ/2π.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx).
    origin : Origin, optional
        The unscattered beam at every position [px]. Without it the mean COM of the scan takes its place.
    zero : {"origin", "mean"}
        Where the field is zero: at the origin as it is given, which keeps a deflection that all patterns share; or such
        that its mean is. An origin found in the scan itself says nothing of a shared deflection: then it is "mean",
        or an integral of the field is buried under a ramp.
    outer : float, optional
        Only counts at r < ``outer`` [rad] from the origin (the middle of the pattern if there is none) take part; by
        default all do.
    outer_px : float, optional
        The same in detector pixels along kx.

    Returns
    -------
    VectorField
        (component, y, x), float64, in 1/Å if the detector step is known, else in px; attribute ``energy`` [eV] of the
        electrons where that is known. A pattern without counts says nothing of a deflection: its COM is 0, which
        disturbs an integration less than a hole would. Where a pattern has pixels that are no finite numbers, neither
        is its COM.

    Raises
    ------
    UsageError
        ``outer`` is an angle, but the detector is not calibrated.

    Notes
    -----
    Source: Müller et al., Nature Communications 5 (2014) 5653.
    """
    from graph4d_nodes.image import kernels

    origins, aspect = origin_list(scan, origin), aspect_of(scan.geometry)
    radius = pixel_radius("outer", outer, outer_px, rad_per_px(scan.geometry))
    if radius is not None:
        check_ring(scan, origins, 0.0, radius, "the disc for the COM")

    def finish(sums: NDArray[np.float64]) -> VectorField:
        total = sums[..., 0]
        lit = (total > 0) & np.isfinite(total)
        centre = sums[..., 1:] / np.where(lit, total, np.nan)[..., None]
        deflection = centre - origins.reshape(centre.shape)
        if lit.any() and (origin is None or zero == "mean"):
            deflection -= deflection[lit].mean(axis=0)
        deflection[total <= 0] = 0.0
        return _calibrated(deflection, scan.geometry)

    return per_pattern(
        kernels.moments,
        np.inf if radius is None else radius,
        aspect,
        row_sum_zero(scan.dtype),
        finish=finish,
        shape=(3,),
        along=[origins],
        streams=radius is None,
        together=in_one_go(scan),
    )


def _calibrated(deflection: NDArray[np.float64], geometry: Geometry) -> VectorField:
    """A field from deflections (y, x, [row, column]) in detector pixels."""
    step = geometry.detector_step or (1.0, 1.0)
    turned = applied(geometry.transform, deflection[..., 0] * step[0], deflection[..., 1] * step[1])
    field = vector_field(turned, geometry, "1/Å" if geometry.detector_step else "px", "centre of mass")
    return field if geometry.energy is None else field.assign_attrs(energy=geometry.energy)
