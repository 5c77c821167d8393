"""``metrics.predicted_transfer``: contrast and noise that a phase method should have, from the lens and the step."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np

from graph4d import Angle, Frequency, Odd, Range, UsageError, node
from graph4d_nodes.geometry import wavelength
from graph4d_nodes.metrics import weak_phase
from graph4d_nodes.metrics.rings import curve
from graph4d_nodes.optics.aberrations import Aberrations as Coefficients
from graph4d_nodes.phase.ricom import kernel_vectors
from graph4d_nodes.phase.ssb import POWERS, Weighting
from graph4d_nodes.types import Aberrations, BeamEnergy, Curve, Sampling

__all__ = ["Prediction", "predicted_transfer"]


class Prediction(NamedTuple):
    """What :func:`predicted_transfer` returns."""

    transfer: Curve
    noise: Curve
    efficiency: Curve


@node("metrics.predicted_transfer")
def predicted_transfer(
    aberrations: Aberrations | None = None,
    like: Curve | None = None,
    *,
    method: Literal["icom", "ricom", "ssb", "parallax", "optimal"],
    energy: BeamEnergy,
    semiangle: Angle,
    scan_step: Sampling | None = None,
    kernel: Annotated[int, Odd, Range(3, 401)] = 41,
    low: Frequency | None = None,
    high: Frequency | None = None,
    weighting: Weighting = "mean",
    points: Annotated[int, Range(2, 1000)] = 64,
) -> Prediction:
    """Contrast transfer and noise of a phase method for a weak phase object, with the whole detector recorded.

    Parameters
    ----------
    aberrations : Aberrations, optional
        Of the lens; none by default.
    like : Curve, optional
        The frequencies of a measured curve [1/Å]; by default ``points`` of them up to twice the semi-angle, where all
        transfer ends, or to Nyquist's if a scan step is given.
    method : {"icom", "ricom", "ssb", "parallax", "optimal"}
        Integrated centre of mass, within a window, single sideband (corrected for aberrations),
        tilt-corrected bright field (its contrast relative to the mean intensity, the sign of sin χ taken out), or the
        best that any linear method can do.
    energy : float
        Of the electrons [eV].
    semiangle : float
        Convergence semi-angle [rad].
    scan_step : float, optional
        Distance of scan positions [Å]; riCOM needs it.
    kernel : int
        Window of riCOM.
    low, high : float, optional
        Band of riCOM [1/Å].
    weighting : {"mean", "white", "matched"}
        Of phase.ssb.
    points : int
        Number of frequencies.

    Returns
    -------
    Prediction
        Over spatial frequency, all directions together: ``transfer``, image [rad] per phase [rad]; ``noise``, standard
        deviation of a mode (of a unitary transform) for one electron a pattern [rad], which falls with the root of the
        electrons; ``efficiency`` = transfer²/noise², the squared signal-to-noise ratio per electron for a mode of 1 rad
        [1/rad²].

    Raises
    ------
    UsageError
        riCOM without a scan step, tilt-corrected bright field without aberrations, or a curve not in 1/Å.

    Notes
    -----
    Formulas and sources: :mod:`graph4d_nodes.metrics.weak_phase`.
    """
    lens = weak_phase.Lens(wavelength(energy), semiangle, Coefficients.from_value(aberrations))
    if method == "ricom":
        if scan_step is None:
            raise UsageError("the window of riCOM is counted in scan positions; give `scan_step`")
        along_y, along_x = kernel_vectors(kernel, (scan_step, scan_step), low, high)
        of = weak_phase.ricom((along_y, along_x), scan_step)
    elif method == "parallax" and lens.aberrations == Coefficients():
        raise UsageError("tilt-corrected bright field has no contrast in focus; connect `aberrations`")
    else:
        of = {
            "icom": weak_phase.icom,
            "ssb": weak_phase.ssb(POWERS[weighting]),
            "parallax": weak_phase.parallax,
            "optimal": weak_phase.optimal,
        }[method]
    if like is None:
        limit = min(2 * lens.radius, np.inf if scan_step is None else 0.5 / scan_step)
        frequency = (np.arange(points) + 0.5) / points * limit
    elif like.frequency.attrs.get("units") != "1/Å":
        raise UsageError(f"`like` is over {like.frequency.attrs.get('units')}, not 1/Å; give its image a scan step")
    else:
        frequency = np.asarray(like.frequency.values, np.float64)
    found = weak_phase.responses(lens, of, frequency)
    return Prediction(
        curve(found.transfer, frequency, "Å", "1", "transfer"),
        curve(np.sqrt(found.variance), frequency, "Å", "rad", "noise"),
        curve(found.efficiency, frequency, "Å", "1/rad**2", "efficiency"),
    )
