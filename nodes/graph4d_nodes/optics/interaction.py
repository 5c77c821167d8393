"""How strongly a potential acts on a fast electron."""

from __future__ import annotations

import math

from graph4d_nodes.geometry import PLANCK_TIMES_C, REST_ENERGY, wavelength

__all__ = ["interaction"]


def interaction(energy: float) -> float:
    """Phase that an electron gains in a projected potential.

    Parameters
    ----------
    energy : float
        Kinetic energy [eV].

    Returns
    -------
    float
        σ = 2π·m·e·λ/h² [rad/(V·Å)], m being the relativistic mass.
    """
    return 2 * math.pi * (REST_ENERGY + energy) * wavelength(energy) / PLANCK_TIMES_C**2
