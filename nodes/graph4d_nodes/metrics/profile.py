"""A line across an image, and the contrast between its ends."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph4d import Image, Metrics, Profile, Range, UsageError, node
from graph4d_nodes.metrics.checks import finite_values
from graph4d_nodes.values import metrics, sampling

__all__ = ["LineProfile", "contrast", "line_profile", "profile"]


class LineProfile(NamedTuple):
    """What :func:`profile` returns."""

    profile: Profile
    metrics: Metrics


@node("metrics.profile")
def profile(
    image: Image,
    *,
    start: tuple[float, float],
    stop: tuple[float, float],
    width: Annotated[float, Range(0.0)] = 1.0,
    unit: Literal["px", "Å"] = "px",
    ends: Annotated[float, Range(0.01, 0.5)] = 0.25,
    baseline: Literal["zero", "minimum"] = "zero",
) -> LineProfile:
    """Values along a line, averaged across its width, and the contrast between the regions at its two ends.

    Parameters
    ----------
    image : Image
        (y, x).
    start, stop : (float, float)
        Ends (y, x) of the line, in ``unit``; pixel (0, 0) is the middle of the one at the top left.
    width : float
        Of the band that is averaged, in ``unit``.
    unit : {"px", "Å"}
        Of ``start``, ``stop`` and ``width``. In Å they are measured along the image's own axes.
    ends : float
        Part of the line, at each end, that belongs to one region.
    baseline : {"zero", "minimum"}
        What counts as no intensity: 0, as for counts, or the image's smallest value, as for phases, whose zero is
        arbitrary. The maximum of the image is 1.

    Returns
    -------
    LineProfile
        ``profile``: values along ``distance`` [unit] in the unit of the image; and ``metrics``: with a the mean of the
        brighter end and b of the darker one, both normalised, ``bright`` = a, ``dark`` = b, ``relative`` = (a − b)/a,
        ``michelson`` = (a − b)/(a + b), and ``noise_aware`` = (a − b)/σ, where σ is the standard deviation within the
        ends; all [1], NaN where a denominator is 0, or an intensity below the baseline.

    Raises
    ------
    UsageError
        The line has no length or leaves the image, or Å are given for an image that is not calibrated.
    """
    values = finite_values(image, "image")
    step, known = sampling(image)
    if unit == "Å" and known != "Å":
        raise UsageError(
            f"the line is given in Å, but the image's axes are in {known}; give it in px, or give a scan step"
        )
    corner = (float(image.coords[dim][0]) if unit == "Å" else 0.0 for dim in ("y", "x"))
    step = step if unit == "Å" else (1.0, 1.0)
    y0, x0 = corner
    distance, line = line_profile(values, (start[0] - y0, start[1] - x0), (stop[0] - y0, stop[1] - x0), width, step)

    import xarray as xr

    floor = 0.0 if baseline == "zero" else float(values.min())
    span = float(values.max()) - floor
    along = {"distance": ("distance", distance, {"units": unit})}
    return LineProfile(
        xr.DataArray(line, dims="distance", coords=along, attrs={"units": image.attrs.get("units", "1")}),
        metrics({name: (number, "1") for name, number in contrast((line - floor) / (span or np.nan), ends).items()}),
    )


def line_profile(
    values: NDArray[np.float64],
    start: tuple[float, float],
    stop: tuple[float, float],
    width: float,
    step: tuple[float, float] = (1.0, 1.0),
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values along a line, interpolated linearly at steps of about one pixel.

    Parameters
    ----------
    values : ndarray
        (rows, columns).
    start, stop : (float, float)
        Ends (y, x), in the unit of ``step``, from the middle of pixel (0, 0).
    width : float
        Of the band that is averaged; less than a pixel is a single line.
    step : (float, float)
        Size of a pixel along y and x.

    Returns
    -------
    distance, values : ndarray
        From ``start``, in the unit of ``step``, and the means across the band.

    Raises
    ------
    UsageError
        The line has no length or leaves the image.
    """
    from scipy.ndimage import map_coordinates

    first, last, size = np.array(start), np.array(stop), np.array(step)
    length = float(np.hypot(*(last - first)))
    if not length:
        raise UsageError(f"the line from {start} to {stop} has no length")
    for end in (first, last):
        if np.any(end < -0.5 * size) or np.any(end > (np.array(values.shape) - 0.5) * size):
            raise UsageError(
                f"the line from {start} to {stop} leaves the image of {values.shape[0]} × {values.shape[1]}"
            )
    pixel = float(size.min())
    distance = np.linspace(0.0, length, round(length / pixel) + 1)
    count = max(1, round(width / pixel))
    across = (np.arange(count) - (count - 1) / 2) * pixel
    along = (last - first) / length
    normal = np.array([along[1], -along[0]])
    points = first[:, None, None] + along[:, None, None] * distance + normal[:, None, None] * across[:, None]
    sampled = map_coordinates(values, points / size[:, None, None], order=1, mode="nearest")
    return distance, np.asarray(sampled.mean(axis=0))


def contrast(line: NDArray[np.float64], ends: float) -> dict[str, float]:
    """Contrast between the two ends of a line of normalised intensities; see :func:`profile`."""
    count = max(1, round(ends * len(line)))
    one, other = line[:count], line[-count:]
    a, b = sorted((float(one.mean()), float(other.mean())), reverse=True)
    sigma = float(np.sqrt((one.var() + other.var()) / 2))
    meaningful = a > 0 and b >= 0
    return {
        "bright": a,
        "dark": b,
        "relative": (a - b) / a if meaningful else np.nan,
        "michelson": (a - b) / (a + b) if meaningful else np.nan,
        "noise_aware": (a - b) / sigma if sigma > 0 else np.nan,
    }
