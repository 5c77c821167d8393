"""The geometry of a scan: steps, energy, convergence semi-angle, and how the detector lies under the scan."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "IDENTITY",
    "PLANCK_TIMES_C",
    "REST_ENERGY",
    "Geometry",
    "Matrix",
    "applied",
    "composed",
    "detector_to_scan",
    "rotation_and_transposition",
    "wavelength",
]

Matrix = tuple[tuple[float, float], tuple[float, float]]

IDENTITY: Matrix = ((1.0, 0.0), (0.0, 1.0))
"""Of a detector that lies as the scan does."""

PLANCK_TIMES_C = 12398.419843320026
"""h·c [eV Å], CODATA 2018."""
REST_ENERGY = 510998.95
"""Of an electron, m·c² [eV], CODATA 2018."""


@dataclass(frozen=True)
class Geometry:
    """What is known of the microscope; None where it is not. (0, 0) is top-left, y points down, x right.

    Parameters
    ----------
    energy : float, optional
        Of the electrons [eV].
    semiangle : float, optional
        Convergence semi-angle of the probe [rad].
    scan_step : (float, float), optional
        Distance of scan positions along y and x [Å].
    detector_step : (float, float), optional
        Size of a detector pixel along ky and kx [1/Å, no 2π].
    transform : 2 × 2 tuple
        Takes a vector (x, y) on the detector to (x, y) in the scan. The matrix is what counts; angles are derived from
        it for display only.
    """

    energy: float | None = None
    semiangle: float | None = None
    scan_step: tuple[float, float] | None = None
    detector_step: tuple[float, float] | None = None
    transform: Matrix = IDENTITY

    def updated(self, **known: Any) -> Geometry:
        """A copy in which every given value that is not None replaces the present one."""
        return replace(self, **{name: value for name, value in known.items() if value is not None})

    @property
    def wavelength(self) -> float | None:
        """Of the electrons [Å]."""
        return None if self.energy is None else wavelength(self.energy)

    @property
    def detector_angle(self) -> tuple[float, float] | None:
        """Size of a detector pixel along ky and kx as an angle [rad]; small-angle, k·λ."""
        if self.detector_step is None or self.energy is None:
            return None
        return self.detector_step[0] * wavelength(self.energy), self.detector_step[1] * wavelength(self.energy)


def wavelength(energy: float) -> float:
    """Relativistic de Broglie wavelength of an electron.

    Parameters
    ----------
    energy : float
        Kinetic energy [eV].

    Returns
    -------
    float
        h·c / √(E·(2·m·c² + E)) [Å].
    """
    return PLANCK_TIMES_C / math.sqrt(energy * (2 * REST_ENERGY + energy))


def detector_to_scan(rotation: float, transpose: bool) -> Matrix:
    """The matrix from a vector (x, y) on the detector to (x, y) in the scan.

    Parameters
    ----------
    rotation : float
        Angle [rad] by which the scan's axes appear turned on the detector, clockwise on screen: a scan vector falls on
        the detector turned by +rotation, so a detector vector is turned back by it.
    transpose : bool
        The detector's rows and columns are exchanged; undone first.

    Returns
    -------
    tuple
        R(−rotation) · Tᵗʳᵃⁿˢᵖᵒˢᵉ with R(θ) = [[cos θ, −sin θ], [sin θ, cos θ]] on (x, y), y down.
    """
    c, s = math.cos(rotation), math.sin(rotation)
    matrix: NDArray[np.float64] = np.array([[c, s], [-s, c]])
    if transpose:
        matrix = matrix @ np.array([[0.0, 1.0], [1.0, 0.0]])
    return _rows(matrix)


def rotation_and_transposition(transform: Matrix) -> tuple[float, bool]:
    """The angle [rad], −π … π, and the transposition of which :func:`detector_to_scan` makes this matrix."""
    (xx, xy), (yx, yy) = transform
    if xx * yy - xy * yx < 0:
        return math.atan2(xx, xy), True
    return math.atan2(xy, xx), False


def applied(matrix: Matrix | NDArray[np.floating], y: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
    """Vectors turned by a matrix on (x, y).

    Parameters
    ----------
    matrix : 2 × 2 tuple or ndarray
        Such as a Geometry's ``transform``, from the detector to the scan.
    y, x : ndarray
        Components along y and x, real or complex; broadcast against each other.

    Returns
    -------
    ndarray
        (2, …): the components along y and x.
    """
    (xx, xy), (yx, yy) = matrix
    return np.stack([yx * x + yy * y, xx * x + xy * y])


def composed(second: Matrix, first: Matrix) -> Matrix:
    """The matrix that turns a vector as ``first`` and then ``second`` do."""
    return _rows(np.array(second) @ np.array(first))


def _rows(matrix: NDArray[np.float64]) -> Matrix:
    matrix = matrix + 0.0  # no -0.0 to puzzle over
    return (float(matrix[0, 0]), float(matrix[0, 1])), (float(matrix[1, 0]), float(matrix[1, 1]))
