"""What tilt-corrected bright field shows of a weak object: its contrast transfer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from graph4d_nodes.optics.aberrations import Aberrations

__all__ = ["disc_overlap", "parallax_transfer"]

#: Points across the disc over which the transfer of aberrations other than defocus and astigmatism is averaged.
ACROSS = 16


def disc_overlap(q: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Part of the disc that a disc moved by ``q`` overlaps: from 1 at 0 to 0 at twice the ``radius``."""
    half = np.clip(q / (2 * radius), 0.0, 1.0)
    return np.asarray(2 / np.pi * (np.arccos(half) - half * np.sqrt(1 - half**2)))


def parallax_transfer(
    qy: NDArray[np.float64], qx: NDArray[np.float64], radius: float, wavelength: float, aberrations: Aberrations
) -> NDArray[np.complex128]:
    """Contrast of the aligned sum of all bright-field pixels per phase of a weak phase object.

    Parameters
    ----------
    qy, qx : ndarray
        Spatial frequency [1/Å] in the axes of the scan; broadcast against each other.
    radius : float
        Convergence semi-angle / wavelength [1/Å].
    wavelength : float
        Of the electrons [Å].
    aberrations : Aberrations
        Of the lens, all corrected by the alignment.

    Returns
    -------
    ndarray
        T(q), such that the relative intensity is 1 + F⁻¹[T·φ̂]. Without coma and threefold astigmatism it is real.

    Notes
    -----
    The image that the pixel k records over the scan is, for a weak phase φ,

        Î(k, q) = i·φ̂(q)·[A(k − q)·exp(i(χ(k) − χ(k − q))) − A(k + q)·exp(−i(χ(k) − χ(k + q)))],

    and T is the mean of it times exp(−iq·∇χ(k)), which moves it back, over the k in the disc. Defocus and twofold
    astigmatism are quadratic, χ(k) − χ(k − q) = q·∇χ(k) − χ(q), so that T = 2·o(q)·sin χ(q) with the overlap o of two
    discs at a distance q. For a thin absorption σ the transfer is −2·o(q)·cos χ(q) likewise.

    Source: Rodenburg, McCallum & Nellist, Ultramicroscopy 48 (1993) 304, for Î; Spoth, Nguyen, Muller & Kourkoutis,
    Microscopy and Microanalysis 23 (2017) 804, for the method.
    """
    qy, qx = np.broadcast_arrays(qy, qx)
    rest = replace(aberrations, c10=0.0, c12=0.0)
    if rest == replace(Aberrations(), phi12=rest.phi12, phi21=rest.phi21, phi23=rest.phi23):
        overlap = disc_overlap(np.hypot(qy, qx), radius)
        return np.asarray(2 * overlap * np.sin(aberrations.phase(qy, qx, wavelength)), np.complex128)
    line = (np.arange(ACROSS) + 0.5) / ACROSS * 2 * radius - radius
    ky, kx = (part.ravel() for part in np.meshgrid(line, line, indexing="ij"))
    inside = np.hypot(ky, kx) <= radius
    total = np.zeros(qy.shape, np.complex128)
    for y, x in zip(ky[inside], kx[inside], strict=True):
        own = aberrations.phase(y, x, wavelength)
        along_y, along_x = aberrations.shift(y, x, wavelength)
        moved = 2 * np.pi * (qy * along_y + qx * along_x)
        for sign in (1, -1):
            other_y, other_x = y - sign * qy, x - sign * qx
            lit = np.hypot(other_y, other_x) <= radius
            phase = sign * (own - aberrations.phase(other_y, other_x, wavelength)) - moved
            total += sign * 1j * np.where(lit, np.exp(1j * phase), 0.0)
    return np.asarray(total / np.count_nonzero(inside), np.complex128)
