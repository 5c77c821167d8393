"""Integrated centre of mass (iCOM): the phase whose gradient is the measured field, solved in Fourier space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from graph4d import Frequency, Image, UsageError, VectorField, node
from graph4d_nodes.phase.field import check_band, gradient, phase_image
from graph4d_nodes.phase.free_border import integrate_free

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["integrate", "integrate_gradient"]

FourierBorder = Literal["mirror", "zero", "periodic"]
Border = Literal["mirror", "zero", "periodic", "free"]


@node("phase.icom")
def integrate(
    com: VectorField,
    weight: Image | None = None,
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
        Centre of mass in the axes of the scan, (component, y, x), finite everywhere unless the border is "free".
    weight : Image, optional
        (y, x), for ``border="free"``: how much the vector at each position counts, 0 for not at all. What has
        weight 0, or is not finite, is bridged by vectors interpolated between its neighbours.
    low, high : float, optional
        Spatial frequencies [1/Å] between which waves pass; None leaves a side open.
    border : {"mirror", "zero", "periodic", "free"}
        What lies outside the scan. With "mirror" the phase goes on as in a mirror, so that it has no jump anywhere;
        with "zero" the field ends; "periodic" is right for whole unit cells only, and fastest. With "free" nothing is
        supposed: the most exact one for what changes slowly, while waves of less than four pixels fade.

    Returns
    -------
    Image
        (y, x) with mean 0: in rad if the field is in 1/Å and the scan step is known in Å, else in arbitrary units, "1".

    Raises
    ------
    UsageError
        The field is not finite everywhere, a limit is given though the scan step is not known, or a weight though the
        border is not free, or the weights are no such numbers.

    Notes
    -----
    With COM = ∇φ/2π the least-squares solution is φ̂ = (f_y·Ĉ_y + f_x·Ĉ_x) / (i·|f|²). With "free" the differences of
    neighbouring pixels are fitted to integrals of a cubic spline through the vectors.
    Source: Lazić, Bosch & Lazar, Ultramicroscopy 160 (2016) 265, there without the factor 2π.
    """
    field = gradient(com, complete=border != "free")
    check_band(low, high, field.unit)
    if border == "free":
        phase = integrate_free(field.y, field.x, field.step, _weights(weight, com), low, high)
    elif weight is None:
        phase = integrate_gradient(field.y, field.x, field.step, low=low, high=high, border=border)
    else:
        raise UsageError(f"weights need `border: free`, and the border is {border}; change it, or disconnect `weight`")
    return phase_image(phase, com, "icom")


def _weights(weight: DataArray | None, com: DataArray) -> NDArray[np.float64]:
    """Of each position; 0 where there is no vector."""
    known = np.isfinite(com.values).all(axis=0)
    given = np.ones(known.shape) if weight is None else np.asarray(weight.values, np.float64)
    if given.shape != known.shape:
        raise UsageError(
            f"the weights have {given.shape[0]} × {given.shape[1]} positions, but the field {known.shape[0]} × "
            f"{known.shape[1]}; make both from the same scan"
        )
    if not (np.isfinite(given) & (given >= 0)).all():
        raise UsageError("weights are to be numbers from 0 on, and some are not; 0 leaves a position out")
    weights: NDArray[np.float64] = np.where(known, given, 0.0)
    if not weights.any():
        raise UsageError("no position has a vector with a weight above 0; nothing is left to integrate")
    return weights


def integrate_gradient(
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    step: tuple[float, float],
    *,
    low: float | None = None,
    high: float | None = None,
    border: FourierBorder = "mirror",
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
