"""How well an image agrees with the truth, as it is and after the best affine correction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from graph4d import Image, Metrics, UsageError, node
from graph4d.units import UnitsError, convert
from graph4d_nodes.metrics.checks import finite_values, quotient
from graph4d_nodes.values import metrics

__all__ = ["compare"]

#: Width of the window in which structural similarity is measured: 3.5 σ of 1.5 pixels to both sides.
SSIM_PIXELS = 11


@node("metrics.compare")
def compare(image: Image, truth: Image) -> Metrics:
    """Agreement of an image with the truth: Pearson's coefficient, PSNR, SSIM and mean absolute error.

    Many reconstructions are right up to a factor and an offset. So all numbers that these change are given twice: of
    the image as it is, and, with the ending ``_affine``, of ``scale``·image + ``offset``, the best fit to the truth.

    Parameters
    ----------
    image : Image
        What is to be judged, (y, x).
    truth : Image
        What it should be, of the same shape, (y, x).

    Returns
    -------
    Metrics
        ``pearson`` [1]; ``psnr``, ``psnr_affine`` [dB], where the peak is the range of the truth; ``ssim``,
        ``ssim_affine`` [1], with a Gaussian window of σ = 1.5 pixels; ``mae``, ``mae_affine`` [unit of the truth];
        ``slope`` [image/truth], the response to the truth, 1 if quantitative; ``scale`` [truth/image] and ``offset``
        [unit of the truth] of the fit. NaN where a number has no meaning: everything relative for a constant image or
        truth, what is not affine if the units do not match, SSIM of images smaller than its window of 11 pixels.

    Raises
    ------
    UsageError
        The shapes differ, or a pixel is not finite.

    Notes
    -----
    SSIM: Wang, Bovik, Sheikh & Simoncelli, IEEE Trans. Image Process. 13 (2004) 600.
    """
    if image.shape != truth.shape:
        raise UsageError(f"image {image.shape} and truth {truth.shape} differ in shape; crop or bin one of them")
    unit = str(truth.attrs.get("units", "1"))
    image_unit = str(image.attrs.get("units", "1"))
    a, b = finite_values(image, "image"), finite_values(truth, "truth")
    da, db = a - a.mean(), b - b.mean()
    covariance = float(np.mean(da * db))
    scale = _ratio(covariance, float(np.mean(da**2)))
    offset = float(b.mean() - scale * a.mean())
    raw, fitted = _errors(a * _factor(image_unit, unit), b), _errors(scale * a + offset, b)
    return metrics(
        {
            "pearson": (_ratio(covariance, float(a.std() * b.std())), "1"),
            "psnr": (raw[0], "dB"),
            "psnr_affine": (fitted[0], "dB"),
            "ssim": (raw[1], "1"),
            "ssim_affine": (fitted[1], "1"),
            "mae": (raw[2], unit),
            "mae_affine": (fitted[2], unit),
            "slope": (_ratio(covariance, float(np.mean(db**2))), quotient(image, truth)),
            "scale": (scale, quotient(truth, image)),
            "offset": (offset, unit),
        }
    )


def _errors(image: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, float, float]:
    """PSNR [dB], SSIM and mean absolute error; NaN where undefined."""
    from skimage.metrics import structural_similarity

    span = float(np.ptp(truth))
    squared = float(np.mean((image - truth) ** 2))
    with np.errstate(divide="ignore"):
        psnr = float(10 * np.log10(_ratio(span**2, squared))) if squared else np.inf
    similarity = np.nan
    measure: Callable[..., float] = structural_similarity
    if span and np.isfinite(squared) and min(truth.shape) >= SSIM_PIXELS:
        similarity = measure(
            truth, image, data_range=span, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
    return (psnr if span else np.nan), float(similarity), float(np.mean(np.abs(image - truth)))


def _ratio(a: float, b: float) -> float:
    return a / b if b else np.nan


def _factor(unit: str, wanted: str) -> float:
    """From one unit to the other; NaN if they cannot be compared."""
    try:
        return convert(unit, wanted)
    except UnitsError:
        return np.nan
