"""The projected potential of atoms, slice by slice."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError
from graph4d_nodes.geometry import PLANCK_TIMES_C, REST_ENERGY
from graph4d_nodes.simulate.multislice.grid import Grid
from graph4d_nodes.simulate.multislice.lobato import scattering_factor

__all__ = ["projected_slices", "slice_count"]

#: h²/(2π·m·e) [V Å²]: from a scattering factor [Å] to a potential.
SCATTERING_TO_POTENTIAL = PLANCK_TIMES_C**2 / (2 * math.pi * REST_ENERGY)
#: Atoms whose phase factors are held at once.
ATOMS = 2048


def slice_count(height: float, thickness: float) -> int:
    """Number of equal slices, none thicker than ``thickness`` [Å], in a box of some height [Å]."""
    return max(1, math.ceil(height / thickness - 1e-9))


def projected_slices(
    numbers: NDArray[np.integer],
    positions: NDArray[np.floating],
    box: tuple[float, float, float],
    shape: tuple[int, int],
    thickness: float,
    dtype: type[np.floating] = np.float32,
) -> NDArray[np.floating]:
    """The potential of atoms, projected along the beam over slices of equal thickness.

    An atom belongs with all of its potential to the slice in which its nucleus lies. Potentials are summed in Fourier
    space, where an atom may be anywhere between the points of the grid, with all frequencies that the grid can hold.

    Parameters
    ----------
    numbers : ndarray
        (n,) atomic numbers.
    positions : ndarray
        (n, 3): x, y, z [Å]. Periodic in x and y; an atom above or below the box belongs to the slice next to it.
    box : (float, float, float)
        Of x, y, z [Å].
    shape : (int, int)
        Rows (y) and columns (x) of the grid.
    thickness : float
        The largest allowed of a slice [Å]; see :func:`slice_count`.
    dtype : type
        float32 or float64: of the sums, too.

    Returns
    -------
    ndarray
        (slices, rows, columns) [V Å], from z = 0 on.

    Raises
    ------
    UsageError
        A box without extent, or an unknown element.

    Notes
    -----
    ∫V dz = h²/(2πme) · 1/area · Σ f_e(|g|)·exp(2πi g·(r − r_atom)); Kirkland, Advanced Computing in Electron
    Microscopy, appendix C. Its mean is that of neutral atoms in vacuum, and not 0. The potential is not limited to the
    band of waves, only exp(iσV) is: frequencies beyond the band contribute to powers of V within it. For SrTiO₃ at
    0.1 Å, exp(iσV) then differs by 2 % from what a much finer grid gives, and not by 9 %.
    """
    if min(box) <= 0 or thickness <= 0:
        raise UsageError(f"a box of {box} Å in slices of {thickness:g} Å has no extent; make all of them positive")
    ky, kx = Grid(shape, (box[1], box[0])).frequencies
    kx = np.abs(kx[: shape[1] // 2 + 1])  # half of them, for the potential is real
    scale = SCATTERING_TO_POTENTIAL * shape[0] * shape[1] / (box[0] * box[1])
    factors = {
        int(number): (scale * scattering_factor(int(number), np.hypot(ky, kx))).astype(dtype)
        for number in np.unique(numbers)
    }
    count = slice_count(box[2], thickness)
    where = np.clip(np.floor(positions[:, 2] / box[2] * count + 1e-9).astype(int), 0, count - 1)
    slices = np.zeros((count, *shape), dtype)
    for index in np.unique(where):
        spectrum = np.zeros((shape[0], shape[1] // 2 + 1), np.result_type(dtype, np.complex64))
        for number, factor in factors.items():
            chosen = positions[(where == index) & (numbers == number)]
            if len(chosen):
                spectrum += factor * _structure_factor(chosen, ky[:, 0], kx, spectrum.dtype)
        slices[index] = _real(spectrum, shape)
    return slices


def _structure_factor(
    positions: NDArray[np.floating], ky: NDArray[np.floating], kx: NDArray[np.floating], dtype: np.dtype
) -> NDArray[np.complexfloating]:
    """Σ exp(−2πi k·r) over atoms: (rows, columns), as a product of a matrix for y and one for x."""
    total = np.zeros((len(ky), len(kx)), dtype)
    for start in range(0, len(positions), ATOMS):
        x, y = positions[start : start + ATOMS, :2].T
        down, right = np.exp(-2j * np.pi * np.outer(ky, y)), np.exp(-2j * np.pi * np.outer(x, kx))
        if len(ky) % 2 == 0:  # half the sampling frequency stands for +k and −k: a cosine
            down[len(ky) // 2] = down[len(ky) // 2].real
        total += down.astype(dtype) @ right.astype(dtype)
    return total


def _real(spectrum: NDArray[np.complexfloating], shape: tuple[int, int]) -> NDArray[np.floating]:
    from scipy import fft

    return np.asarray(fft.irfft2(spectrum, s=shape, overwrite_x=True))
