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

__all__ = ["Lens", "Method", "Response", "icom", "optimal", "parallax", "responses", "ricom", "ssb"]

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


Method = Callable[[Lens, float, float], tuple[complex, float]]
"""T and V of a method at one frequency (q_y, q_x) [1/Å]."""


def icom(lens: Lens, qy: float, qx: float) -> tuple[complex, float]:
    """Integrated centre of mass, W = k·q / (i|q|²): its transfer is that of the probe's intensity."""
    squared = qy**2 + qx**2
    return _of_centre(lens, qy, qx, -1j * qy / squared, -1j * qx / squared)


def ricom(kernel: tuple[NDArray[np.float64], NDArray[np.float64]], step: float) -> Method:
    """Centre of mass through the window of riCOM, given by its components over offsets of ``step`` [Å].

    Its transform is −i·Σ K(d)·sin(2πq·d), where −i·q/|q|² is that of an infinite window.
    """
    (rows, columns), (along_y, along_x) = kernel[0].shape, kernel
    dy, dx = step * (np.arange(rows)[:, None] - rows // 2), step * (np.arange(columns) - columns // 2)

    def method(lens: Lens, qy: float, qx: float) -> tuple[complex, float]:
        wave = np.sin(2 * np.pi * (dy * qy + dx * qx))
        return _of_centre(lens, qy, qx, -1j * float(np.sum(along_y * wave)), -1j * float(np.sum(along_x * wave)))

    return method


def ssb(power: float = 0.0) -> Method:
    """Single sideband, corrected for aberrations: mean over k where two discs overlap and not three.

    With ``power`` a frequency counts as much as this power of the part of the aperture that they are.
    """

    def method(lens: Lens, qy: float, qx: float) -> tuple[complex, float]:
        first, second = lens.sidebands(qy, qx)
        alone = (first != 0) ^ (second != 0)
        fraction = float(np.count_nonzero(alone)) / len(alone)
        if not fraction:
            return np.nan, np.nan
        return _of_pixels(lens, qy, qx, (1j * (first + second)).conj() * alone * fraction ** (power - 1))

    return method


def parallax(lens: Lens, qy: float, qx: float) -> tuple[complex, float]:
    """Tilt-corrected bright field: each pixel's image moved back by ∇χ/2π, and the sign of sin χ taken out."""
    y, x = lens.aberrations.shift(lens.ky, lens.kx, lens.wavelength)
    sign = np.sign(np.sin(lens.aberrations.phase(np.array(qy), np.array(qx), lens.wavelength)))
    return _of_pixels(lens, qy, qx, np.asarray(sign * np.exp(-2j * np.pi * (qy * y + qx * x))))


def optimal(lens: Lens, qy: float, qx: float) -> tuple[complex, float]:
    """The weight of the best signal-to-noise ratio, for a transfer of 1."""
    first, second = lens.sidebands(qy, qx)
    power = float(np.sum(np.abs(first + second) ** 2))
    if not power:
        return np.nan, np.nan
    return _of_pixels(lens, qy, qx, (1j * (first + second)).conj() * (len(first) / power))


def _of_pixels(lens: Lens, qy: float, qx: float, weights: Complex) -> tuple[complex, float]:
    """T and V of weights W(k)."""
    first, second = lens.sidebands(qy, qx)
    return complex(1j * np.mean(weights * (first + second))), float(np.mean(np.abs(weights) ** 2))


def _of_centre(lens: Lens, qy: float, qx: float, along_y: complex, along_x: complex) -> tuple[complex, float]:
    """T and V of weights that are linear in k, of which only the centre of mass need be known.

    Both sidebands are one, moved by q, so that Σ k·Γ = q·Σ a*(k)·a(k − q): at low frequencies, where they nearly
    cancel, the sum on the right is the exact one.
    """
    overlap = complex(np.mean(lens.sidebands(qy, qx)[0]))
    variance = float(np.mean(np.abs(along_y * lens.ky + along_x * lens.kx) ** 2))
    return 1j * (along_y * qy + along_x * qx) * overlap, variance


@dataclass(frozen=True)
class Response:
    """Of a method to a weak phase, for each frequency."""

    transfer: NDArray[np.float64]
    """Real part of T, mean of all directions: image [rad] per phase [rad]."""
    variance: NDArray[np.float64]
    """V: the variance of a mode for one electron a pattern [rad²]."""
    efficiency: NDArray[np.float64]
    """|T|²/V: squared signal-to-noise ratio per electron for a mode of 1 rad [1/rad²]."""


def responses(lens: Lens, method: Method, frequency: NDArray[np.float64]) -> Response:
    """Transfer and noise of a method at frequencies [1/Å].

    Transfer and variance are means over directions, as measured ones over rings are, and so is the efficiency.
    """
    angles = np.pi * np.arange(AZIMUTHS) / AZIMUTHS
    each = np.array([[method(lens, q * np.sin(a), q * np.cos(a)) for a in angles] for q in frequency])
    transfer, variance = each[..., 0], each[..., 1].real
    efficiency = np.divide(np.abs(transfer) ** 2, variance, out=np.zeros(variance.shape), where=variance > 0)
    return Response(transfer.real.mean(axis=1), variance.mean(axis=1), efficiency.mean(axis=1))
