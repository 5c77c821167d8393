"""Sampling steps in the spellings of other programs become Å and 1/Å: at the file boundary, and nowhere else."""

from __future__ import annotations

import math
import re

from graph4d_nodes.geometry import wavelength

__all__ = ["Step", "detector_step", "length"]

Step = tuple[float, str]
"""Distance of neighbouring samples, and its unit."""

ANGSTROM = {"m": 1e10, "mm": 1e7, "µm": 1e4, "um": 1e4, "nm": 10.0, "Å": 1.0, "A": 1.0, "pm": 0.01}


def length(value: float, unit: str) -> float | None:
    """A step in Å, or None if it has no length (pixels, no unit, zero).

    Parameters
    ----------
    value : float
        In ``unit``.
    unit : str
        Such as ``nm``, ``µm`` or ``[n_m]``.
    """
    return _positive(value * ANGSTROM.get(_plain(unit), 0.0))


def detector_step(value: float, unit: str, energy: float | None = None) -> float | None:
    """The size of a detector pixel in 1/Å, or None if it is not known.

    Parameters
    ----------
    value : float
        In ``unit``.
    unit : str
        Such as ``1/nm``, ``A^-1``, ``$A^{-1}$`` or ``mrad``.
    energy : float, optional
        Of the electrons [eV]; an angle needs it.
    """
    plain = _plain(unit)
    if plain in ("mrad", "rad"):
        angle = value * (1e-3 if plain == "mrad" else 1.0)
        return None if energy is None else _positive(angle / wavelength(energy))
    inverse = re.fullmatch(r"1/(.+)|(.+)\^-1", plain)
    if inverse is None:
        return None
    scale = ANGSTROM.get(inverse[1] or inverse[2])
    return None if scale is None else _positive(value / scale)


def _plain(unit: str) -> str:
    """Without the decoration of TeX and EMD; one µ and one Å for the two that Unicode has of each."""
    text = re.sub(r"[\s\[\]{}$_]", "", unit).replace("\u00b5", "µ").replace("\u03bc", "µ").replace("\u212b", "Å")
    return {"Angstrom": "Å", "angstrom": "Å"}.get(text, text)


def _positive(value: float) -> float | None:
    return value if value > 0 and math.isfinite(value) else None
