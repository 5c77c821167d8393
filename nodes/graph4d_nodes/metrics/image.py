"""Numbers that describe one image by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph4d import Image, Metrics, UsageError, node
from graph4d_nodes.metrics.checks import finite_values
from graph4d_nodes.values import metrics

__all__ = ["describe", "noise"]


@node("metrics.image")
def describe(image: Image) -> Metrics:
    """Brightness, contrast, information and noise of an image.

    Parameters
    ----------
    image : Image
        (y, x), at least 3 × 3 pixels.

    Returns
    -------
    Metrics
        ``mean``, ``std``, ``min``, ``max`` [unit of the image]; ``rms_contrast`` = std/|mean| [1]; ``michelson`` =
        (p₉₉ − p₁)/(p₉₉ + p₁) of the percentiles [1], NaN where they are negative; ``entropy`` of the histogram in 256
        equal bins from min to max [bit]; ``noise`` [unit of the image], see :func:`noise`; ``snr`` =
        √(std² − noise²)/noise [1]. Fractions with a denominator of 0 are NaN.

    Raises
    ------
    UsageError
        The image is too small, or a pixel is not finite.
    """
    values = finite_values(image, "image")
    if min(values.shape) < 3:
        raise UsageError(f"an image of {values.shape[0]} × {values.shape[1]} pixels is too small; 3 × 3 are needed")
    unit = str(image.attrs.get("units", "1"))
    mean, std, sigma = float(values.mean()), float(values.std()), noise(values)
    dark, bright = np.percentile(values, (1, 99))
    return metrics(
        {
            "mean": (mean, unit),
            "std": (std, unit),
            "min": (float(values.min()), unit),
            "max": (float(values.max()), unit),
            "rms_contrast": (std / abs(mean) if mean else np.nan, "1"),
            "michelson": (float((bright - dark) / (bright + dark)) if bright > 0 and dark >= 0 else np.nan, "1"),
            "entropy": (_entropy(values), "bit"),
            "noise": (sigma, unit),
            "snr": (max(std**2 - sigma**2, 0.0) ** 0.5 / sigma if sigma else np.nan, "1"),
        }
    )


def noise(values: NDArray[np.float64]) -> float:
    """Standard deviation of white noise, estimated from what is left when all that is smooth is taken out.

    Detail as fine as a pixel counts as noise, so it is an upper bound.

    Parameters
    ----------
    values : ndarray
        (rows, columns), at least 3 × 3.

    Notes
    -----
    σ = √(π/2)/6 · mean |image ⊗ N|, where N is the difference of two Laplacians.
    Source: Immerkær, Comput. Vis. Image Underst. 64 (1996) 300.
    """
    rest = np.diff(np.diff(values, n=2, axis=0), n=2, axis=1)
    return float(np.sqrt(np.pi / 2) / 6 * np.mean(np.abs(rest)))


def _entropy(values: NDArray[np.float64]) -> float:
    counts, _ = np.histogram(values, bins=256)
    share = counts[counts > 0] / values.size
    return float(-np.sum(share * np.log2(share))) + 0.0
