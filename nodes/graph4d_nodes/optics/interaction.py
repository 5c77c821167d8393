"""How strongly a potential acts on a fast electron."""

from __future__ import annotations

import math

from graph4d_nodes.geometry import wavelength

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
    planck_times_c, rest = 12398.419843320026, 510998.95  # eV Å, eV; CODATA 2018
    return 2 * math.pi * (rest + energy) * wavelength(energy) / planck_times_c**2
