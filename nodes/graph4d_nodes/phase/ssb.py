"""Single-sideband ptychography (SSB): the phase from where the direct beam interferes with one diffracted beam."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graph4d import Frequency, Image, UsageError, node, report_progress
from graph4d_nodes.calibrate.orientation import matrix_of
from graph4d_nodes.image.bright_field import Disc, disc_of
from graph4d_nodes.optics.aberrations import Aberrations as Coefficients
from graph4d_nodes.phase.field import check_band
from graph4d_nodes.types import Aberrations, BrightField, Orientation

__all__ = ["Sidebands", "sidebands", "ssb"]

#: What the transforms of a few pixels at a time may take, but of so many that memory is read in whole lines.
CHUNK_BYTES = 64 << 20
CHUNK_PIXELS = 16

#: Steps within what the probe resolves, above which the scan step is rather wrong.
TOO_FINE = 10

Weighting = Literal["mean", "white", "matched"]
#: Power of the sidebands' area with which a frequency counts.
POWERS = {"mean": 0.0, "white": 0.5, "matched": 1.0}


@node("phase.ssb")
def ssb(
    pixels: BrightField,
    orientation: Orientation | None = None,
    aberrations: Aberrations | None = None,
    *,
    weighting: Weighting = "mean",
    low: Frequency | None = None,
    high: Frequency | None = None,
) -> Image:
    """Phase by single-sideband ptychography (SSB), up to twice the convergence semi-angle.

    For every frequency of the scan it looks at those pixels where the direct disc overlaps with one diffracted disc
    only. Atoms come out bright. The object is taken to be thin and weak, and to repeat outside the scan.

    Parameters
    ----------
    pixels : BrightField
        (y, x, pixel), from image.bright_field.
    orientation : Orientation, optional
        How the detector lies under the scan, if io.open was not told.
    aberrations : Aberrations, optional
        Of the lens; what they do to the phase is undone.
    weighting : {"mean", "white", "matched"}
        What a frequency counts. With "mean" all do alike, so that the phase of a weak object comes out as it is;
        with "matched" each as much as the pixels that show it, which lets most of the signal through the noise, but
        dampens low and high frequencies; with "white" as the root of that, so that noise is the same at all.
    low, high : float, optional
        Spatial frequencies [1/Å] between which waves pass; None leaves a side open.

    Returns
    -------
    Image
        (y, x) in rad, with mean 0.

    Raises
    ------
    UsageError
        Pixels are not finite or all dark, the scan is too small or the detector too coarse to show an overlap, or
        nothing lies between ``low`` and ``high``.

    Notes
    -----
    The phase is the angle of 1 + F⁻¹T, with T as in :func:`sidebands`, where the fraction f of the disc's pixels that
    are in either sideband of q is the transfer of "matched", √f that of "white". The angle of the whole transmission
    stays closer to a phase that is not weak than the odd part of T does.

    Source: Rodenburg, McCallum & Nellist, Ultramicroscopy 48 (1993) 304; weights: Yang, Ercius, Nellist & Ophus,
    Ultramicroscopy 171 (2016) 117.
    """
    disc = disc_of(pixels, matrix_of(orientation))
    check_band(low, high, "Å")
    _check_step(disc, pixels.shape[:2])
    found = sidebands(pixels.values, disc, Coefficients.from_value(aberrations), low=low, high=high)
    transmission = 1 + np.fft.ifft2(found.transform * found.fraction ** POWERS[weighting], norm="forward")
    phase = np.angle(transmission)
    result = pixels.isel(pixel=0).drop_vars(["ky", "kx"]).copy(data=phase - phase.mean())
    result.attrs = {"units": "rad"}
    return result.rename("ssb")


def _check_step(disc: Disc, positions: tuple[int, ...]) -> None:
    """Warn of a scan step that does not fit to the probe."""
    resolved = 0.5 / disc.radius
    step = max((step for step, count in zip(disc.step, positions, strict=True) if count > 1), default=resolved)
    if step > resolved:
        warnings.warn(
            f"a scan step of {step:.3g} Å is too coarse for what this probe resolves, which folds back into "
            f"the phase; check `scan_step`, or scan with steps of {resolved:.3g} Å or less",
            stacklevel=3,
        )
    elif step < resolved / TOO_FINE:
        warnings.warn(
            f"a scan step of {step:.3g} Å is {resolved / step:.0f} times finer than what this probe "
            "resolves; check `scan_step`, `semiangle` and `energy`",
            stacklevel=3,
        )


@dataclass(frozen=True)
class Sidebands:
    """What :func:`sidebands` finds, over the frequencies (y, x) of the scan in the order of ``fftfreq``."""

    transform: NDArray[np.complex128]
    """T, the transform of the object's transmission relative to its mean; 0 at q = 0 and where nothing is known."""
    fraction: NDArray[np.float64]
    """Part of the disc's pixels that lie in either sideband of q, 0 … 0.78."""


def sidebands(
    values: NDArray[np.number],
    disc: Disc,
    aberrations: Coefficients,
    *,
    low: float | None = None,
    high: float | None = None,
) -> Sidebands:
    """Transform of the transmission of a thin object, by its interference with the direct beam.

    Parameters
    ----------
    values : ndarray
        (y, x, pixel), counts.
    disc : Disc
        What ``values`` are.
    aberrations : Aberrations
        Of the lens; undone.
    low, high : float, optional
        Frequencies [1/Å] within which T is wanted.

    Raises
    ------
    UsageError
        See :func:`ssb`.

    Notes
    -----
    Where the waves a(k) = A(k)·exp(−iχ(k)) of the aperture A and a(k − q) overlap, and a(k + q) does not, the
    transform of the pixel k over the scan is |A|²·exp(i(χ(k) − χ(k − q)))·T(q). T(q) is the mean over these pixels.
    The other sideband, where k + q lies in the disc, gives T(−q) likewise. For a weak phase φ, T = iφ̂.

    Only one plane (y, x) for each of a few pixels is transformed at a time, and whether a pixel belongs to a sideband
    is decided when it is needed: beyond ``values`` this takes some 64 MiB, or 256 bytes a scan position if that is
    more.
    """
    from graph4d_nodes.phase.kernels import add_sidebands

    rows, columns, count = values.shape
    places, frequencies = _frequencies(rows, columns, disc, low, high)
    sums, counts = np.zeros(places.shape, complex), np.zeros(places.shape, np.int64)
    # A pixel on the edge of the disc shall be in it, however the axes are turned.
    radius = disc.radius * (1 + 1e-9)
    within = np.hypot(disc.ky, disc.kx) <= radius
    terms = aberrations.terms(disc.wavelength)
    lens = (
        np.array([term[0] for term in terms], complex),
        np.array([term[1:] for term in terms], np.int64).reshape(-1, 2),
    )
    light = 0.0
    cores = os.cpu_count() or 1
    # Each thread has frequencies of its own, and sees all pixels in their order: how many there are does not show.
    shares = [np.array_split(part, cores) for part in (places, frequencies, sums, counts)]
    with ThreadPoolExecutor(cores) as pool:
        for part, spectrum in _transforms(values, int(places[:, 1].max()) + 1, cores):
            light += float(spectrum[0, 0, within[part]].real.sum(dtype=np.float64))
            add = partial(add_sidebands, spectrum, disc.ky[part], disc.kx[part], radius, *lens)
            for _ in pool.map(add, *shares):
                pass
            report_progress(min(part.stop, count) / count)
    return _assembled(places, sums, counts, light, int(np.count_nonzero(within)), (rows, columns))


def _frequencies(
    rows: int, columns: int, disc: Disc, low: float | None, high: float | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Those of half the plane of which something can be known: places (n, 2) in ``rfft2``, and q along y and x."""
    from scipy import fft

    qy, qx = fft.fftfreq(rows, disc.step[0]), fft.rfftfreq(columns, disc.step[1])
    q = np.hypot(qy[:, None], qx)
    overlap = (q > 0) & (q < 2 * disc.radius)
    if not overlap.any():
        raise UsageError(
            f"the discs do not overlap at any frequency of a scan that is {rows * disc.step[0]:.3g} × "
            f"{columns * disc.step[1]:.3g} Å large; it takes more than {0.5 / disc.radius:.3g} Å: scan a larger area, "
            "or check `scan_step`, `semiangle` and `energy`"
        )
    passes = overlap & (q >= (low or 0.0)) & (q <= (np.inf if high is None else high))
    # At the Nyquist frequency q and −q are the same: nothing tells the sidebands apart.
    passes &= ~(np.isclose(np.abs(qy) * disc.step[0], 0.5)[:, None] | np.isclose(qx * disc.step[1], 0.5))
    if not passes.any():
        raise UsageError(
            f"no frequency of the scan below {2 * disc.radius:.3g} 1/Å, twice the semi-angle, lies between `low` and "
            "`high`; widen the band, or scan a larger area"
        )
    places = np.argwhere(passes)
    return places, np.stack([qy[places[:, 0]], qx[places[:, 1]]], axis=1)


def _transforms(
    values: NDArray[np.number], needed: int, cores: int
) -> Iterator[tuple[slice, NDArray[np.complexfloating]]]:
    """Which pixels, and their transforms (y, x, pixel) over the scan, the first ``needed`` frequencies along x."""
    from scipy import fft

    rows, columns, count = values.shape
    chunk = max(CHUNK_PIXELS, CHUNK_BYTES // (16 * rows * columns))
    for start in range(0, count, chunk):
        part = slice(start, start + chunk)
        planes = values[..., part].astype(np.result_type(values.dtype, np.float32), copy=False)
        halves = fft.rfft(planes, axis=1, workers=cores)[:, :needed]
        yield part, fft.fft(halves, axis=0, workers=cores)


def _assembled(
    places: NDArray[np.int64],
    sums: NDArray[np.complex128],
    counts: NDArray[np.int64],
    light: float,
    size: int,
    shape: tuple[int, int],
) -> Sidebands:
    """Means of the sidebands, each at its own frequency, from ``light`` counts in all ``size`` pixels of the disc."""
    known = counts.all(axis=1)
    if not known.any():
        raise UsageError(
            f"no detector pixel lies where two discs overlap: the disc of {size} pixels is too coarse for the "
            "frequencies of this scan; use a longer camera length, bin less, or scan with a smaller step"
        )
    if not light > 0:
        raise UsageError("there are no counts in the bright-field disc; check the origin and `semiangle`")
    (i, j), sums, counts = places[known].T, sums[known], counts[known]
    means = sums / counts / (light / size)
    transform, fraction = np.zeros(shape, complex), np.zeros(shape)
    transform[i, j], transform[-i, -j] = means[:, 0], means[:, 1].conj()
    fraction[i, j] = fraction[-i, -j] = counts.sum(axis=1) / size
    return Sidebands(transform, fraction)
