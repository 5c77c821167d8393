"""Integrated centre of mass (iCOM): the phase whose gradient is the measured field, solved in Fourier space."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graph4d import Frequency, Image, VectorField, node
from graph4d_nodes.phase.field import check_band, gradient, phase_image

__all__ = ["integrate", "integrate_gradient"]

Border = Literal["mirror", "zero", "periodic"]


@node("phase.icom")
def integrate(
    com: VectorField,
    *,
    low: Frequency | None = None,
    high: Frequency | None = None,
    border: Border = "mirror",
) -> Image:
    """Phase by integration of the whole centre-of-mass field: iCOM, also known as integrated DPC.

    Atoms, which attract electrons, come out bright. For a thin object the result is the phase blurred by the intensity
    of the probe.

    Parameters
    ----------
    com : VectorField
        Centre of mass in the axes of the scan, (component, y, x), finite everywhere.
    low, high : float, optional
        Spatial frequencies [1/Å] between which waves pass; None leaves a side open.
    border : {"mirror", "zero", "periodic"}
        What lies outside the scan. With "mirror" the phase goes on as in a mirror, so that it has no jump anywhere;
        with "zero" the field ends; "periodic" is right for whole unit cells only, and fastest.

    Returns
    -------
    Image
        (y, x) with mean 0: in rad if the field is in 1/Å and the scan step is known in Å, else in arbitrary units, "1".

    Raises
    ------
    UsageError
        The field is not finite everywhere, or a limit is given though the scan step is not known.

    Notes
    -----
    With COM = ∇φ/2π the least-squares solution is φ̂ = (f_y·Ĉ_y + f_x·Ĉ_x) / (i·|f|²).
    Source: Lazić, Bosch & Lazar, Ultramicroscopy 160 (2016) 265, there without the factor 2π.
    """
    field = gradient(com)
    check_band(low, high, field.unit)
    phase = integrate_gradient(field.y, field.x, field.step, low=low, high=high, border=border)
    return phase_image(phase, com, "icom")


def integrate_gradient(
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    step: tuple[float, float],
    *,
    low: float | None = None,
    high: float | None = None,
    border: Border = "mirror",
) -> NDArray[np.float64]:
    """The scalar field with mean 0 whose gradient is closest to 2π·(y, x) in the least-squares sense.

    Parameters
    ----------
    y, x : ndarray
        Components (rows, columns) of the gradient, in cycles per unit of length.
    step : (float, float)
        Distance of pixels along y and x.
    low, high : float, optional
        Limits of the spatial frequency, in cycles per unit of length.
    border : {"mirror", "zero", "periodic"}
        See :func:`integrate`.

    Returns
    -------
    ndarray
        (rows, columns), in rad.
    """
    from scipy import fft

    rows, columns = y.shape
    if border == "mirror":
        # The phase is even about the border, so the component across it is odd.
        y = np.block([[y, y[:, ::-1]], [-y[::-1], -y[::-1, ::-1]]])
        x = np.block([[x, -x[:, ::-1]], [x[::-1], -x[::-1, ::-1]]])
    elif border == "zero":
        y, x = (np.pad(part, ((0, rows), (0, columns))) for part in (y, x))
    fy, fx = fft.fftfreq(y.shape[0], step[0])[:, None], fft.rfftfreq(y.shape[1], step[1])
    squared = fy**2 + fx**2
    passes = squared > 0
    if low is not None:
        passes &= squared >= low**2
    if high is not None:
        passes &= squared <= high**2
    # A wave at the Nyquist frequency has a derivative that vanishes on all pixels: it says nothing about the phase.
    fy, fx = _without_nyquist(fy, step[0]), _without_nyquist(fx, step[1])
    flux = fy * fft.rfft2(y) + fx * fft.rfft2(x)
    spectrum = np.divide(flux, 1j * squared, out=np.zeros_like(flux), where=passes)
    phase = fft.irfft2(spectrum, s=y.shape)[:rows, :columns]
    return np.asarray(phase - phase.mean())


def _without_nyquist(frequencies: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    return np.where(np.isclose(np.abs(frequencies) * step, 0.5), 0.0, frequencies)
