"""What HyperSpy and RosettaSciIO call ``Acquisition_instrument.TEM``, in eV and rad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph4d_nodes.geometry import Geometry

__all__ = ["geometry_of_microscope"]


def geometry_of_microscope(facts: Mapping[str, Any]) -> Geometry:
    """Energy and convergence semi-angle from ``beam_energy`` [keV] and ``convergence_angle`` [mrad].

    Parameters
    ----------
    facts : mapping
        By name; what is missing or zero is not known.
    """
    energy, semiangle = (float(facts.get(name) or 0.0) for name in ("beam_energy", "convergence_angle"))
    return Geometry(energy=energy * 1e3 or None, semiangle=semiangle * 1e-3 or None)
