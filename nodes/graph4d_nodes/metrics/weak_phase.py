"""What linear phase methods see of a weak phase object: the contrast that they transfer, and the noise.

With a(k) the wave in the aperture, Σ|a|² = 1, and a weak phase φ, every detector pixel k shows over the scan

    Ĝ(k, q) = i·φ̂(q)·Γ(k, q),    Γ(k, q) = a*(k)·a(k − q) − a(k)·a*(k + q),

relative to the number of electrons. A linear method is a weight W(k, q) on it: it transfers T(q) = i·Σ W·Γ, and with N
electrons a pattern its modes have the variance V(q)/N with V = Σ|W|²·|a|². So |T|²/V is what an electron tells of φ̂(q);
no weight does better than W ∝ (iΓ)*/|a|².

Sources: Rodenburg, McCallum & Nellist, Ultramicroscopy 48 (1993) 304, for Γ; Lazić, Bosch & Lazar, Ultramicroscopy 160
(2016) 265, for iCOM; Pennycook et al., Ultramicroscopy 151 (2015) 160, for single sideband; Seki, Ikuhara & Shibata,
Ultramicroscopy 193 (2018) 118, for noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.optics.aberrations import Aberrations

__all__ = ["Lens", "Response", "icom", "optimal", "parallax", "response_at", "responses", "ricom", "ssb"]

Complex = NDArray[np.complex128]
PIXELS = 40
"""Radius of the aperture in points of the sums over k: areas are right to 0.3 %."""
AZIMUTHS = 12
"""Directions of q over half a turn that are averaged."""


class Lens:
    """The aperture, on a square grid of the k inside it.

    Parameters
    ----------
    wavelength : float
        Of the electrons [Å].
    semiangle : float
        Convergence semi-angle [rad].
    aberrations : Aberrations, optional
    pixels : int
        Radius of the aperture in grid points.
    """

    def __init__(
        self, wavelength: float, semiangle: float, aberrations: Aberrations | None = None, pixels: int = PIXELS
    ) -> None:
        self.wavelength, self.radius = wavelength, semiangle / wavelength
        self.aberrations = aberrations or Aberrations()
        line = (np.arange(-pixels, pixels) + 0.5) / pixels * self.radius
        ky, kx = np.meshgrid(line, line, indexing="ij")
        inside = np.hypot(ky, kx) <= self.radius
        self.ky, self.kx = ky[inside], kx[inside]
        self.phase = self.aberrations.phase(self.ky, self.kx, wavelength)

    def sidebands(self, qy: float, qx: float) -> tuple[Complex, Complex]:
        """Both terms of Γ at one frequency [1/Å], times the number of k."""
        plus, minus = self._wave(self.ky + qy, self.kx + qx), self._wave(self.ky - qy, self.kx - qx)
        own = np.exp(-1j * self.phase)
        return np.asarray(own.conj() * minus), np.asarray(-own * plus.conj())

    def _wave(self, ky: NDArray[np.float64], kx: NDArray[np.float64]) -> Complex:
        inside = np.hypot(ky, kx) <= self.radius
        return np.asarray(inside * np.exp(-1j * self.aberrations.phase(ky, kx, self.wavelength)))


Weight = Callable[[Lens, float, float], Complex]
"""W(k, q) for all k of the lens at one frequency (q_y, q_x) [1/Å]."""


def icom(lens: Lens, qy: float, qx: float) -> Complex:
    """Integrated centre of mass: k·q / (i|q|²), whose transfer is that of the probe's intensity."""
    return np.asarray((lens.ky * qy + lens.kx * qx) / (1j * (qy**2 + qx**2)))


def ricom(kernel: tuple[NDArray[np.float64], NDArray[np.float64]], step: float) -> Weight:
    """Centre of mass through the window of riCOM, given by its components over offsets of ``step`` [Å].

    Its transform is −i·Σ K(d)·sin(2πq·d), where −i·q/|q|² is that of an infinite window.
    """
    (rows, columns), (along_y, along_x) = kernel[0].shape, kernel
    dy, dx = step * (np.arange(rows)[:, None] - rows // 2), step * (np.arange(columns) - columns // 2)

    def weight(lens: Lens, qy: float, qx: float) -> Complex:
        wave = np.sin(2 * np.pi * (dy * qy + dx * qx))
        return np.asarray(-1j * (np.sum(along_y * wave) * lens.ky + np.sum(along_x * wave) * lens.kx))

    return weight


def ssb(power: float = 0.0) -> Weight:
    """Single sideband, corrected for aberrations: mean over k where two discs overlap and not three.

    With ``power`` a frequency counts as much as this power of the part of the aperture that they are.
    """

    def weight(lens: Lens, qy: float, qx: float) -> Complex:
        first, second = lens.sidebands(qy, qx)
        alone = (first != 0) ^ (second != 0)
        fraction = np.count_nonzero(alone) / len(alone)
        if not fraction:
            return np.full(first.shape, np.nan, complex)
        return np.asarray((1j * (first + second)).conj() * alone * fraction ** (power - 1))

    return weight


def parallax(lens: Lens, qy: float, qx: float) -> Complex:
    """Tilt-corrected bright field: each pixel's image moved back by ∇χ/2π, and the sign of sin χ taken out."""
    y, x = lens.aberrations.shift(lens.ky, lens.kx, lens.wavelength)
    sign = np.sign(np.sin(lens.aberrations.phase(np.array(qy), np.array(qx), lens.wavelength)))
    return np.asarray(sign * np.exp(-2j * np.pi * (qy * y + qx * x)))


def optimal(lens: Lens, qy: float, qx: float) -> Complex:
    """The weight of the best signal-to-noise ratio, for a transfer of 1."""
    first, second = lens.sidebands(qy, qx)
    power = float(np.sum(np.abs(first + second) ** 2))
    return np.asarray((1j * (first + second)).conj() * (len(first) / power if power else np.nan))


@dataclass(frozen=True)
class Response:
    """Of a method to a weak phase, for each frequency."""

    transfer: NDArray[np.float64]
    """Real part of T, mean of all directions: image [rad] per phase [rad]."""
    variance: NDArray[np.float64]
    """V: the variance of a mode for one electron a pattern [rad²]."""
    efficiency: NDArray[np.float64]
    """|T|²/V: squared signal-to-noise ratio per electron for a mode of 1 rad [1/rad²]."""


def response_at(lens: Lens, weight: Weight, qy: float, qx: float) -> tuple[complex, complex]:
    """T and V of a method at one frequency [1/Å]; V is real."""
    weights = weight(lens, qy, qx)
    count = len(weights)
    first, second = lens.sidebands(qy, qx)
    return complex(1j * np.sum(weights * (first + second)) / count), complex(np.sum(np.abs(weights) ** 2) / count)


def responses(lens: Lens, weight: Weight, frequency: NDArray[np.float64]) -> Response:
    """Transfer and noise of a method at frequencies [1/Å].

    Transfer and variance are means over directions, as measured ones over rings are, and so is the efficiency.
    """
    angles = np.pi * np.arange(AZIMUTHS) / AZIMUTHS
    each = np.array([[response_at(lens, weight, q * np.sin(a), q * np.cos(a)) for a in angles] for q in frequency])
    transfer, variance = each[..., 0], each[..., 1]
    efficiency = np.divide(np.abs(transfer) ** 2, variance.real, out=np.zeros(each.shape[:2]), where=variance.real > 0)
    return Response(transfer.real.mean(axis=1), variance.real.mean(axis=1), efficiency.mean(axis=1))
