"""``calibrate.aberrations``: what is known of the lens, given by hand or found."""

from __future__ import annotations

from dataclasses import replace

from graph4d import Length, node
from graph4d_nodes.optics.aberrations import Aberrations as Coefficients
from graph4d_nodes.types import Aberrations, Rotation

__all__ = ["aberrations"]


@node("calibrate.aberrations")
def aberrations(
    found: Aberrations | None = None,
    *,
    c10: Length | None = None,
    c12: Length | None = None,
    phi12: Rotation | None = None,
    c21: Length | None = None,
    phi21: Rotation | None = None,
    c23: Length | None = None,
    phi23: Rotation | None = None,
    c30: Length | None = None,
    c50: Length | None = None,
) -> Aberrations:
    """Aberrations of the probe-forming lens, in the notation of Krivanek.

    Parameters
    ----------
    found : Aberrations, optional
        Fitted ones; those given below win. What is neither found nor given is 0.
    c10 : float, optional
        Defocus [Å], positive for overfocus: C10 = −defocus in the most common sign.
    c12, phi12 : float, optional
        Twofold astigmatism [Å] and its azimuth in the scan [rad], clockwise on screen from x.
    c21, phi21 : float, optional
        Axial coma [Å] and its azimuth [rad].
    c23, phi23 : float, optional
        Threefold astigmatism [Å] and its azimuth [rad].
    c30, c50 : float, optional
        Spherical aberration of third and fifth order [Å].

    Returns
    -------
    Aberrations
        A number for every coefficient.
    """
    given = {
        "c10": c10,
        "c12": c12,
        "phi12": phi12,
        "c21": c21,
        "phi21": phi21,
        "c23": c23,
        "phi23": phi23,
        "c30": c30,
        "c50": c50,
    }
    known = {name: value for name, value in given.items() if value is not None}
    return replace(Coefficients.from_value(found), **known).to_value()
