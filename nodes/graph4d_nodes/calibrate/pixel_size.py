"""``calibrate.pixel_size`` and ``calibrate.semiangle``: what is not known of a detector, from what is seen on it."""

from __future__ import annotations

from typing import NamedTuple

from graph4d import Length, Metrics, UsageError, node
from graph4d_nodes.geometry import wavelength
from graph4d_nodes.image.detectors import aspect_of
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.values import metrics

__all__ = ["Calibrated", "measure_pixel", "measure_semiangle"]


class Calibrated(NamedTuple):
    """A scan that knows more, and what it learnt."""

    scan: Scan4D
    metrics: Metrics


@node("calibrate.pixel_size")
def measure_pixel(scan: Scan4D, measured: Metrics, *, spacing: Length | None = None) -> Calibrated:
    """Size of a detector pixel, from the bright disc and the convergence semi-angle, or from a known ring.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx); a size that it already has is replaced, but the shape of its pixels is kept.
    measured : Metrics
        With ``radius`` [px], on the same detector: of the disc, from calibrate.disc; or of a ring, from
        calibrate.ellipse.
    spacing : float, optional
        Of the lattice planes that make the ring [Å]. Without it the radius is that of the bright disc.

    Returns
    -------
    Calibrated
        ``scan``: the same one with its detector step. ``metrics``: ``detector_step`` [1/Å] along kx; ``change`` [1],
        the new over the old one, if there was one; and with the energy ``detector_angle`` [mrad].

    Raises
    ------
    UsageError
        There is no radius, or neither a spacing nor energy and semi-angle.

    Notes
    -----
    A ring lies at k = 1/d, the edge of the disc at k = α/λ.
    """
    known = scan.geometry
    if spacing is not None:
        size = 1 / spacing
    elif known.energy is not None and known.semiangle is not None:
        size = known.semiangle / wavelength(known.energy)
    else:
        raise UsageError(
            "how large the disc is in 1/Å is not known; give `energy` and `semiangle` to io.open, "
            "or measure a ring and give its `spacing`"
        )
    step = size / _radius(measured)
    learnt = {"detector_step": (step, "1/Å")}
    if known.detector_step is not None:
        learnt["change"] = (step / known.detector_step[1], "1")
    if known.wavelength is not None:
        learnt["detector_angle"] = (step * known.wavelength * 1e3, "mrad")
    return Calibrated(scan.calibrated(detector_step=(step * aspect_of(known), step)), metrics(learnt))


@node("calibrate.semiangle")
def measure_semiangle(scan: Scan4D, measured: Metrics) -> Calibrated:
    """Convergence semi-angle, from the bright disc on a calibrated detector.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx), with energy and detector step known; a semi-angle that it already has is replaced.
    measured : Metrics
        With ``radius`` [px] of the disc, on the same detector, from calibrate.disc.

    Returns
    -------
    Calibrated
        ``scan``: the same one with its semi-angle. ``metrics``: ``semiangle`` [mrad]; and ``change`` [1], the new over
        the old one, if there was one.

    Raises
    ------
    UsageError
        There is no radius, or energy or detector step is not known.
    """
    angle = scan.geometry.detector_angle
    if angle is None:
        raise UsageError("the angle of a detector pixel is not known; give `energy` and `detector_step` to io.open")
    semiangle = _radius(measured) * angle[1]
    learnt = {"semiangle": (semiangle * 1e3, "mrad")}
    if scan.geometry.semiangle:
        learnt["change"] = (semiangle / scan.geometry.semiangle, "1")
    return Calibrated(scan.calibrated(semiangle=semiangle), metrics(learnt))


def _radius(measured: Metrics) -> float:
    """In pixels along kx."""
    if "radius" not in measured or measured["radius"].attrs.get("units") != "px":
        raise UsageError("`measured` has no `radius` in px; connect calibrate.disc or calibrate.ellipse")
    return float(measured["radius"])
