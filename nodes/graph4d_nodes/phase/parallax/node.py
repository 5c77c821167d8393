"""Tilt-corrected bright field, also called parallax: phase contrast of a defocused probe."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph4d import Image, Metrics, Range, node
from graph4d_nodes.calibrate.orientation import matrix_of
from graph4d_nodes.calibrate.orientation import orientation as orientation_value
from graph4d_nodes.geometry import IDENTITY, Geometry, composed
from graph4d_nodes.image.bright_field import Disc, disc_of
from graph4d_nodes.optics.aberrations import Aberrations as Coefficients
from graph4d_nodes.phase.parallax.aligned import aligned_sum, through
from graph4d_nodes.phase.parallax.fit import Fit, fit, higher
from graph4d_nodes.phase.parallax.sign import bright_matter
from graph4d_nodes.phase.parallax.transfer import parallax_transfer
from graph4d_nodes.types import Aberrations, BrightField, Orientation
from graph4d_nodes.values import image, metrics

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = ["Parallax", "parallax"]

Array = NDArray[np.float64]

SURE = 0.95
"""Probability above which something counts as known."""
FINE_ENOUGH = math.radians(3)
"""Error of the rotation below which it counts as known."""
TELLING = 0.2
"""Part of the signal that what is found must explain. With enough electrons it is about 1, and near the noise 1/3."""
VISIBLE = 1.0
"""Phase error [rad] at the edge of the disc below which there is no phase contrast to speak of."""
CERTAIN = 3.0
"""Errors by which C10 or C12 must differ from 0."""


class Parallax(NamedTuple):
    """What :func:`parallax` returns."""

    image: Image
    aligned: Image
    aberrations: Aberrations
    orientation: Orientation
    metrics: Metrics


@node("phase.parallax")
def parallax(
    pixels: BrightField,
    orientation: Orientation | None = None,
    aberrations: Aberrations | None = None,
    *,
    upsampling: Annotated[int, Range(1, 8)] = 1,
    find: bool = True,
    contrast: Literal["sign", "phase"] = "sign",
    damping: Annotated[float, Range(0.001, 1.0)] = 0.1,
) -> Parallax:
    """Phase contrast by tilt-corrected bright field (parallax); finds defocus, astigmatism and rotation by itself.

    With a defocused probe every pixel of the bright-field disc sees the sample from another side, so that its image
    over the scan is shifted. From these shifts defocus, astigmatism, rotation and transposition follow, up to a common
    sign; moved back and added, the images show the phase as a conventional microscope of the same defocus does.

    Parameters
    ----------
    pixels : BrightField
        (y, x, pixel), from image.bright_field.
    orientation : Orientation, optional
        How the detector lies under the scan, as far as it is known. It decides the common sign; the rest is found anew.
    aberrations : Aberrations, optional
        Of the lens: coma, threefold astigmatism and spherical aberration are taken from here, and with ``find: false``
        defocus and twofold astigmatism too.
    upsampling : int
        Pixels of the image from one scan position to the next: shifted images fill the gaps of each other.
    find : bool
        Whether defocus, twofold astigmatism and orientation are found from the pixels.
    contrast : {"sign", "phase"}
        With "sign" frequencies that the lens shows inverted are put right, and the image is relative contrast; with
        "phase" the contrast is also divided by the transfer of a weak phase, and the image is in rad.
    damping : float
        For "phase": transfers below this are not amplified further; of 1 in the best case.

    Returns
    -------
    Parallax
        ``image``: (y, x), bright where matter is; relative contrast, "1", or the phase of a weak object in rad, without
        frequencies that the lens does not transfer. Without defocus there is no phase contrast: then it is the part of
        the electrons that the disc lost. ``aligned``: the sum of the moved images, 1 on average.
        ``aberrations``: what was found, or given. ``orientation``: likewise, with ``rotation_error`` [deg],
        ``transposition_confidence``, ``sign_confidence`` (probabilities from 0.5 to 1; without phase contrast the
        latter is known from a given orientation only) and ``confident``: 1 if the error is below 3° and both
        probabilities are above 0.95.
        ``metrics``: ``c10``, ``c10_error``, ``c12``, ``c12_error`` [Å], ``phi12`` [deg], ``c10_significant`` (1 if
        defocus or astigmatism is surely found, more than three errors, and enough for phase contrast), ``explained``
        (part of the strongest waves' power above the noise that an object with these aberrations explains: near 1, or
        less close to the noise), ``largest_shift`` [Å] and ``pixels``. Errors are one standard deviation; they do not
        contain those of the calibrations. Where nothing stands out of the noise, or the shifts are too large for the
        scan, a warning says so, aberrations and orientation are those that were given, and their errors are infinite.

    Raises
    ------
    UsageError
        Pixels are not finite or have no counts, or their shifts do not fill the finer grid.

    Notes
    -----
    Conventions: pixel k of the disc sees at the position r what lies at r + ∇χ(k)/2π. The fit is described in
    :func:`graph4d_nodes.phase.parallax.fit.fit`, the transfer in
    :func:`graph4d_nodes.phase.parallax.transfer.parallax_transfer`.

    Source: Spoth, Nguyen, Muller & Kourkoutis, Microscopy and Microanalysis 23 (2017) 804; Varnavides et al.,
    arXiv:2309.05250 (2023).
    """
    disc = disc_of(pixels, matrix_of(orientation))
    known = Coefficients.from_value(aberrations)
    if find:
        found = _believed(fit(pixels.values, disc, known), known, disc, pixels.shape)
    else:
        found = Fit(IDENTITY, known, 0.0, 0.0, 0.0, 1.0, np.nan)
    oriented = disc.turned(found.matrix)
    moved = found.aberrations.shift(oriented.ky, oriented.kx, disc.wavelength)
    aligned = aligned_sum(pixels.values, moved[0] / disc.step[0], moved[1] / disc.step[1], upsampling)
    step = disc.step[0] / upsampling, disc.step[1] / upsampling
    visible = _visible(found, disc)
    if visible:
        picture = through(aligned - 1, _filter(aligned.shape, step, disc, found.aberrations, contrast, damping))
        bright = _bright(picture[::upsampling, ::upsampling], pixels, disc, found.aberrations)
    else:
        picture, bright = 1 - aligned, 0.5
    keeps, sure = _direction(found, bright, orientation, free=find and not higher(known))
    if not keeps:
        found, picture = found.reversed(), -picture if visible else picture
    geometry = Geometry(scan_step=step)
    unit = "rad" if contrast == "phase" and visible else "1"
    return Parallax(
        image(picture, geometry, unit, "parallax"),
        image(aligned, geometry, "1", "aligned bright field"),
        found.aberrations.to_value(),
        _orientation(found, sure, orientation),
        _metrics(found, float(np.max(np.hypot(*moved))), pixels.shape[-1], visible=visible),
    )


def _believed(found: Fit | None, known: Coefficients, disc: Disc, shape: tuple[int, ...]) -> Fit:
    """What was found; where the scan does not bear it out, a warning, and what was given."""
    if found is None or found.handedness < SURE:
        trouble = "do not stand out of the noise"
        remedy = "scan with more electrons, or crop the scan to the sample"
    elif found.explained < TELLING or _largest_shift(found, disc) > _farthest(disc, shape):
        trouble = "are not those of a defocus that this scan is large enough for"
        remedy = "scan a larger area or with less defocus, and check `scan_step`, `semiangle` and `energy`"
    else:
        return found
    warnings.warn(
        f"the shifts of the bright-field pixels {trouble}, so defocus and orientation are not found, and none is "
        f"corrected but what is given; {remedy}",
        stacklevel=3,
    )
    return Fit(IDENTITY, known, np.inf, np.inf, np.inf, 0.5, 0.0)


def _largest_shift(found: Fit, disc: Disc) -> float:
    """Of a pixel's image [Å]."""
    return float(np.max(np.hypot(*found.aberrations.shift(disc.ky, disc.kx, disc.wavelength))))


def _farthest(disc: Disc, shape: tuple[int, ...]) -> float:
    """Half of the scan's smaller side [Å]: shifted by more, opposite pixels see nothing of the sample in common."""
    return min(shape[0] * disc.step[0], shape[1] * disc.step[1]) / 2


def _visible(found: Fit, disc: Disc) -> bool:
    """Whether there is defocus, or another aberration, that makes phases visible."""
    lens = found.aberrations
    strongest, error = max((abs(lens.c10), found.error_c10), (lens.c12, found.error_c12))
    edge = np.pi * strongest * disc.wavelength * disc.radius**2
    significant = edge > VISIBLE and strongest > CERTAIN * error
    return found.handedness >= SURE and (significant or higher(lens))


def _filter(
    shape: tuple[int, ...],
    step: tuple[float, float],
    disc: Disc,
    aberrations: Coefficients,
    contrast: Literal["sign", "phase"],
    damping: float,
) -> NDArray[np.complex128]:
    """What turns the aligned contrast into the image, for :func:`through`."""
    qy, qx = np.fft.fftfreq(2 * shape[0], step[0]), np.fft.rfftfreq(2 * shape[1], step[1])
    transfer = parallax_transfer(
        np.asarray(qy[:, None], np.float64), np.asarray(qx, np.float64), disc.radius, disc.wavelength, aberrations
    )
    size = np.abs(transfer)
    divisor = size**2 + damping**2 if contrast == "phase" else size
    return np.divide(transfer.conj(), divisor, out=np.zeros_like(transfer), where=size > 0)


def _bright(picture: Array, pixels: DataArray, disc: Disc, aberrations: Coefficients) -> float:
    """Probability that matter is bright, from the contrast alone."""
    total = pixels.values.sum(axis=-1, dtype=np.float64)
    # The first zero in the transfer of a probe that is a disc of this radius.
    blur = max(abs(aberrations.c10) * disc.radius * disc.wavelength, 0.3 / disc.radius)
    return bright_matter(picture, total, disc.step, 0.6 / blur)


def _direction(found: Fit, bright: float, given: Dataset | None, *, free: bool) -> tuple[bool, float]:
    """Whether the common sign is right as it is, and the probability of what is chosen.

    The contrast and a given orientation may both tell; the surer one decides.
    """
    if not free:
        return True, bright
    keeps, sure = bright >= 0.5, max(bright, 1 - bright)
    if given is None:
        return keeps, sure
    (xx, xy), (yx, yy) = found.matrix
    if xx * yy - xy * yx < 0:
        warnings.warn(
            "the shifts of the bright-field pixels say that the detector is transposed with respect to the orientation "
            "that was given; the shifts are believed, and the contrast decides the sign",
            stacklevel=3,
        )
        return keeps, sure
    told = float(given["sign_confidence"]) if "sign_confidence" in given else 1.0
    return (xx + yy > 0, told) if told >= sure else (keeps, sure)


def _orientation(found: Fit, sure: float, given: Dataset | None) -> Dataset:
    confident = found.error_rotation < FINE_ENOUGH and min(found.handedness, sure) > SURE
    return orientation_value(
        composed(found.matrix, matrix_of(given)),
        {
            "rotation_error": (math.degrees(found.error_rotation), "deg"),
            "transposition_confidence": (found.handedness, "1"),
            "sign_confidence": (sure, "1"),
            "confident": (float(confident), "1"),
        },
    )


def _metrics(found: Fit, largest: float, count: int, *, visible: bool) -> Dataset:
    """What was found in numbers."""
    return metrics(
        {
            "c10": (found.aberrations.c10, "Å"),
            "c10_error": (found.error_c10, "Å"),
            "c12": (found.aberrations.c12, "Å"),
            "c12_error": (found.error_c12, "Å"),
            "phi12": (math.degrees(found.aberrations.phi12), "deg"),
            "c10_significant": (float(visible), "1"),
            "explained": (found.explained, "1"),
            "largest_shift": (largest, "Å"),
            "pixels": (count, "1"),
        }
    )
