"""``calibrate.geometry``: all that is known of how a scan was recorded, in one table."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from graph4d import Metrics, node
from graph4d_nodes.calibrate.orientation import matrix_of
from graph4d_nodes.calibrate.orientation import orientation as as_orientation
from graph4d_nodes.geometry import Geometry, composed
from graph4d_nodes.image.detectors import origin_list, probe_radius
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.types import Aberrations, Orientation, Origin
from graph4d_nodes.values import metrics

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = ["report"]

ALIKE = 0.05
"""Difference of two radii of the disc, as a part of them, that measurement explains."""
FAR = 10.0
"""Difference [deg] of a given and a found rotation that no distortion explains."""

Numbers = dict[str, tuple[float, str]]


@node("calibrate.geometry")
def report(
    scan: Scan4D,
    origin: Origin | None = None,
    orientation: Orientation | None = None,
    aberrations: Aberrations | None = None,
    disc: Metrics | None = None,
) -> Metrics:
    """Everything that is known of a scan's calibration; what is not known is not in it.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx).
    origin : Origin, optional
        Of the unscattered beam [px].
    orientation : Orientation, optional
        Found in this scan, and not yet part of it by calibrate.orient.
    aberrations : Aberrations, optional
        Of the lens.
    disc : Metrics, optional
        From calibrate.disc.

    Returns
    -------
    Metrics
        Of the scan: ``energy`` [keV], ``wavelength`` [Å], ``semiangle`` [mrad], ``scan_step_y``, ``scan_step_x`` [Å],
        ``detector_step_y``, ``detector_step_x`` [1/Å], ``detector_angle`` [mrad] of a pixel along kx; ``rotation``
        [deg], ``transposed`` (0 or 1) and the matrix ``xx, xy, yx, yy`` from the detector to the scan, and what else
        the orientation tells. Of the origin: its mean ``origin_row``, ``origin_column`` [px], and its descan, by how
        much it moves over the whole scan: ``descan_row_y`` is that of the row along y [px], and so on. Of the disc:
        ``disc_radius`` [px]; ``disc_ratio`` [1], measured over expected from the semi-angle; and ``disc_agrees``, 0 if
        they differ by more than 5 %, which means that energy, semi-angle or detector step is wrong. Of the lens: all
        coefficients that are not 0, in Å and deg.
    """
    geometry = scan.geometry
    known = _of_scan(geometry)
    turned = as_orientation(composed(matrix_of(orientation), geometry.transform))
    known |= _numbers(turned)
    if orientation is not None:
        _check(orientation)
        known |= {name: number for name, number in _numbers(orientation).items() if name not in turned}
    if origin is not None:
        known |= _of_origin(scan, origin)
    if disc is not None and "radius" in disc:
        known |= _of_disc(geometry, float(disc["radius"]))
    if aberrations is not None:
        known |= _of_lens(aberrations)
    return metrics(known)


def _check(orientation: Dataset) -> None:
    """Warn if an orientation was found that is not sure, or one was given that cannot be right."""
    if not {"found_rotation", "confident"} <= set(orientation):
        return
    numbers = ("rotation", "found_rotation", "rotation_error", "transposition_confidence", "sign_confidence")
    angle, found, error, flip, sign = (float(orientation[name]) for name in numbers)
    mirrored = bool(orientation["transposed"] != orientation["found_transposed"])
    apart = abs(math.remainder(angle - found, 360))
    sure = bool(orientation["confident"])
    state = "transposed" if orientation["found_transposed"] else "not transposed"
    if not sure and apart < 1e-6 and not mirrored:
        warnings.warn(
            f"how the detector lies under the scan is not sure: {found:.1f}° with an error of {error:.2g}°, {state} "
            f"with a probability of {flip:.2f}, and atoms bright, not dark, with {sign:.2f}; give `rotation` and "
            "`transpose`, found on another scan",
            stacklevel=3,
        )
    elif sure and (mirrored or apart > FAR):
        warnings.warn(
            f"the scan itself says that the detector lies under it at {found:.1f}°, {state}, and is sure; check the "
            "`rotation` and `transpose` that are given",
            stacklevel=3,
        )


def _of_scan(geometry: Geometry) -> Numbers:
    known: Numbers = {}
    if geometry.energy is not None and geometry.wavelength is not None:
        known |= {"energy": (geometry.energy / 1e3, "keV"), "wavelength": (geometry.wavelength, "Å")}
    if geometry.semiangle is not None:
        known["semiangle"] = (geometry.semiangle * 1e3, "mrad")
    for name, step, unit in (("scan", geometry.scan_step, "Å"), ("detector", geometry.detector_step, "1/Å")):
        if step is not None:
            known |= {f"{name}_step_y": (step[0], unit), f"{name}_step_x": (step[1], unit)}
    if geometry.detector_angle is not None:
        known["detector_angle"] = (geometry.detector_angle[1] * 1e3, "mrad")
    return known


def _of_origin(scan: Scan4D, origin: DataArray) -> Numbers:
    rows, columns = scan.positions
    places = origin_list(scan, origin)
    y, x = (
        along.ravel()
        for along in np.meshgrid(np.linspace(-0.5, 0.5, rows), np.linspace(-0.5, 0.5, columns), indexing="ij")
    )
    mean = places.mean(axis=0)
    known: Numbers = {"origin_row": (float(mean[0]), "px"), "origin_column": (float(mean[1]), "px")}
    for along, places_along, count in (("y", y, rows), ("x", x, columns)):
        if count > 1:
            slopes = places_along @ (places - mean) / np.square(places_along).sum()
            known |= {
                f"descan_row_{along}": (float(slopes[0]), "px"),
                f"descan_column_{along}": (float(slopes[1]), "px"),
            }
    return known


def _of_disc(geometry: Geometry, radius: float) -> Numbers:
    known: Numbers = {"disc_radius": (radius, "px")}
    expected = probe_radius(geometry)
    if expected:
        ratio = radius / expected
        if abs(ratio - 1) > ALIKE:
            warnings.warn(
                f"the bright disc has a radius of {radius:.1f} px, but by energy, semi-angle and detector step it "
                f"should have {expected:.1f} px; check `semiangle`, `detector_step` and `energy`",
                stacklevel=2,
            )
        known |= {"disc_ratio": (ratio, "1"), "disc_agrees": (float(abs(ratio - 1) <= ALIKE), "1")}
    return known


def _of_lens(aberrations: Dataset) -> Numbers:
    known: Numbers = {}
    for name, (number, unit) in _numbers(aberrations).items():
        # The azimuth of a coefficient that is 0 means nothing.
        if number and float(aberrations.get(name.replace("phi", "c"), 1.0)):
            known[name] = (math.degrees(number), "deg") if unit == "rad" else (number, unit)
    return known


def _numbers(value: Dataset) -> Numbers:
    return {str(name): (float(number), str(number.attrs["units"])) for name, number in value.items()}
