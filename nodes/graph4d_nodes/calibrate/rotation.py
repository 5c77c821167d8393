"""``calibrate.rotation``: how the detector lies under the scan, from the centre-of-mass field."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph4d import Image, UsageError, VectorField, node
from graph4d_nodes.calibrate.longitudinal import best_turn, significance, waves
from graph4d_nodes.calibrate.orientation import orientation
from graph4d_nodes.calibrate.polarity import polarity
from graph4d_nodes.geometry import applied, detector_to_scan
from graph4d_nodes.phase.field import gradient
from graph4d_nodes.types import Orientation, Rotation

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["Oriented", "find_rotation"]

SURE = 0.99
"""Probability above which something counts as known."""
FINE_ENOUGH = math.radians(1.5)
"""Error of the angle below which it counts as known: twice of it is 3°."""
SMALLEST = 8
"""Rows and columns of a scan in which waves can be told apart."""
TRUST = {"rotation_error": "deg", "transposition_confidence": "1", "sign_confidence": "1", "confident": "1"}
"""What an orientation tells of itself, and its units."""


class Oriented(NamedTuple):
    """What :func:`find_rotation` returns."""

    field: VectorField
    orientation: Orientation


@node("calibrate.rotation")
def find_rotation(
    com: VectorField,
    dark_field: Image | None = None,
    shifts: Orientation | None = None,
    *,
    rotation: Rotation | None = None,
    transpose: bool | None = None,
) -> Oriented:
    """Rotation and transposition between scan and detector, and the field in the true axes of the scan.

    The centre of mass is the gradient of a phase, which has no curl: this fixes the angle up to 180° and tells whether
    the detector is transposed. Of the two opposite directions the one is taken in which matter is bright, as electrons
    are attracted by atoms: where the dark field is bright the phase must be, and peaks are rather bright than dark.

    Parameters
    ----------
    com : VectorField
        Centre of mass in the axes that the scan has so far, (component, y, x), finite everywhere; its zero does not
        matter, nor does a plane in it.
    dark_field : Image, optional
        (y, x): counts beyond the bright disc, of the same scan. Without it the direction remains a guess.
    shifts : Orientation, optional
        From phase.parallax. A defocused probe blurs the field, but shifts the images of the bright field's pixels the
        more: where the field leaves the orientation unsure, and they do not, theirs is taken.
    rotation : float, optional
        Angle [rad] by which the scan's axes appear turned on the detector, clockwise on screen; None finds it.
    transpose : bool, optional
        Whether the detector's rows and columns are exchanged; None finds it.

    Returns
    -------
    Oriented
        ``field``: the same field, turned. ``orientation``: the matrix that turned it, and what was found whatever is
        given: ``found_rotation`` [deg], ``found_transposed`` (0 or 1), ``rotation_error`` [deg] (one standard
        deviation), ``gradient_share`` (1 for a field without curl, after noise), ``transposition_confidence`` and
        ``sign_confidence`` (probabilities from 0.5 to 1), and ``confident``: 1 if the error is below 1.5° and both
        probabilities are above 0.99.

    Raises
    ------
    UsageError
        The field is not finite everywhere, or the dark field is of another scan, or the field has fewer than 8 rows or
        columns, and rotation and transposition are not both given.

    Notes
    -----
    Known limits: a crystal of which only one set of four equivalent waves is seen looks the same when it is transposed;
    magnetic fields have no curl either, but their phase need not be positive, which ``sign_confidence`` shows; and with
    a strongly defocused probe, absorption acts on the centre of mass as a phase of the sign of the defocus.
    """
    from scipy.special import ndtr

    field = gradient(com)
    rows, columns = field.y.shape
    if min(rows, columns) < SMALLEST:
        if rotation is None or transpose is None:
            raise UsageError(
                f"a field of {rows} × {columns} positions is too small to find its rotation in; at least {SMALLEST} × "
                f"{SMALLEST} are needed, or give `rotation` and `transpose`"
            )
        given = detector_to_scan(rotation, transpose)
        return Oriented(com.copy(data=applied(given, *com.values)), orientation(given))
    dark = None if dark_field is None else _same_scan(dark_field, com)
    spectrum = waves(field.y, field.x, field.step)
    turns = {flip: best_turn(spectrum, flip) for flip in (False, True)}
    deviations = significance(turns[True], turns[False])
    found = deviations > 0
    flip = found if transpose is None else transpose
    bright = {each: polarity(spectrum, turns[each].angle, each, dark) for each in {found, flip}}
    angle = {each: turns[each].angle + (0.0 if bright[each] >= 0.5 else math.pi) for each in bright}
    sure_of_flip, sure_of_sign = float(ndtr(abs(deviations))), max(bright[found], 1 - bright[found])
    confident = turns[found].error < FINE_ENOUGH and min(sure_of_flip, sure_of_sign) > SURE
    further = {
        "found_rotation": (math.degrees(math.remainder(angle[found], math.tau)), "deg"),
        "found_transposed": (float(found), "1"),
        "rotation_error": (math.degrees(turns[found].error), "deg"),
        "gradient_share": (turns[found].share, "1"),
        "transposition_confidence": (sure_of_flip, "1"),
        "sign_confidence": (sure_of_sign, "1"),
        "confident": (float(confident), "1"),
    }
    if shifts is not None and not confident and float(shifts["confident"]):
        theirs = bool(shifts["transposed"])
        angle[theirs] = math.radians(float(shifts["rotation"]))
        flip = theirs if transpose is None else transpose
        further |= {"found_rotation": (float(shifts["rotation"]), "deg"), "found_transposed": (float(theirs), "1")}
        further |= {name: (float(shifts[name]), unit) for name, unit in TRUST.items()}
    matrix = detector_to_scan(angle[flip] if rotation is None else rotation, flip)
    return Oriented(com.copy(data=applied(matrix, *com.values)), orientation(matrix, further))


def _same_scan(dark_field: DataArray, com: DataArray) -> NDArray[np.float64]:
    """Values of a dark-field image, checked."""
    values = np.asarray(dark_field.values, dtype=np.float64)
    if values.shape != com.shape[1:]:
        raise UsageError(
            f"the dark field has {values.shape[0]} × {values.shape[1]} positions, but the field {com.shape[1]} × "
            f"{com.shape[2]}; make both from the same scan"
        )
    if not np.isfinite(values).all():
        raise UsageError("the dark field is not finite everywhere; repair the scan with scan.hot_pixels, or crop it")
    return values
