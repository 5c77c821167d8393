"""Aberrations of the probe-forming lens: the phase that they add to the wave, and the shifts that they make."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.values import metrics

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = ["Aberrations"]

#: Name, radial order n, azimuthal order m of each coefficient C_nm.
TERMS = (("c10", 1, 0), ("c12", 1, 2), ("c21", 2, 1), ("c23", 2, 3), ("c30", 3, 0), ("c50", 5, 0))


@dataclass(frozen=True)
class Aberrations:
    """Coefficients C_nm of the phase error, in the notation of Krivanek.

    χ = 2π/λ · Σ θⁿ⁺¹/(n + 1) · C_nm · cos(m·(φ − φ_nm)), where θ = λ·|k| and φ is the azimuth of k in the axes of the
    scan, from x towards y, clockwise on screen. The wave in the aperture is multiplied by exp(−iχ).

    Parameters
    ----------
    c10 : float
        Defocus [Å], positive for overfocus: C10 = −defocus in the most common sign.
    c12, phi12 : float
        Twofold astigmatism [Å] and its azimuth [rad].
    c21, phi21 : float
        Axial coma [Å] and its azimuth [rad].
    c23, phi23 : float
        Threefold astigmatism [Å] and its azimuth [rad].
    c30, c50 : float
        Spherical aberration of third and fifth order [Å].

    Notes
    -----
    Source: Krivanek, Dellby & Lupini, Ultramicroscopy 78 (1999) 1.
    """

    c10: float = 0.0
    c12: float = 0.0
    phi12: float = 0.0
    c21: float = 0.0
    phi21: float = 0.0
    c23: float = 0.0
    phi23: float = 0.0
    c30: float = 0.0
    c50: float = 0.0

    @classmethod
    def from_value(cls, value: Dataset | None) -> Aberrations:
        """The coefficients in an ``Aberrations`` value; none of them where there is no value."""
        if value is None:
            return cls()
        return cls(**{part.name: float(value[part.name]) for part in fields(cls) if part.name in value})

    def to_value(self) -> Dataset:
        """An ``Aberrations`` value: a number for every coefficient [Å] and azimuth [rad]."""
        return metrics(
            {
                part.name: (getattr(self, part.name), "rad" if part.name.startswith("phi") else "Å")
                for part in fields(self)
            }
        )

    def phase(self, ky: NDArray[np.floating], kx: NDArray[np.floating], wavelength: float) -> NDArray[np.float64]:
        """Phase error χ [rad].

        Parameters
        ----------
        ky, kx : ndarray
            Spatial frequency [1/Å] in the axes of the scan; broadcast against each other.
        wavelength : float
            Of the electrons [Å].
        """
        k = np.asarray(kx) + 1j * np.asarray(ky)
        squared = k.real**2 + k.imag**2
        total = np.zeros(k.shape)
        for factor, p, m in self.terms(wavelength):
            total += squared**p * (factor * k**m).real
        return total

    def shift(
        self, ky: NDArray[np.floating], kx: NDArray[np.floating], wavelength: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Geometrical aberration ∇χ/2π: how far from the axis a ray at ``k`` meets the sample.

        Parameters
        ----------
        ky, kx, wavelength
            As for :meth:`phase`.

        Returns
        -------
        y, x : ndarray
            ∂χ/∂k_y and ∂χ/∂k_x over 2π [Å].
        """
        k = np.asarray(kx) + 1j * np.asarray(ky)
        total = np.zeros(k.shape, complex)
        # ∂/∂x + i∂/∂y = 2∂/∂k̄ of |k|²ᵖ·Re(factor·kᵐ), whose real part has the two halves kᵖ⁺ᵐ·k̄ᵖ and kᵖ·k̄ᵖ⁺ᵐ.
        for factor, p, m in self.terms(wavelength):
            total += p * factor * k ** (p + m) * k.conj() ** max(p - 1, 0)
            total += (p + m) * factor.conjugate() * k**p * k.conj() ** (p + m - 1)
        return total.imag / (2 * np.pi), total.real / (2 * np.pi)

    def terms(self, wavelength: float) -> list[tuple[complex, int, int]]:
        """The phase error as a sum, χ = Σ |k|²ᵖ·Re(factor·(kx + i·ky)ᵐ): (factor, p, m) of each that is not 0.

        Parameters
        ----------
        wavelength : float
            Of the electrons [Å].
        """
        result = []
        for name, n, m in TERMS:
            coefficient = float(getattr(self, name))
            if coefficient:
                azimuth = float(getattr(self, f"phi{name[1:]}", 0.0))
                size = 2 * np.pi * wavelength**n / (n + 1) * coefficient
                result.append((size * complex(np.exp(-1j * m * azimuth)), (n + 1 - m) // 2, m))
        return result
