"""``metrics.agreement``: how well several reconstructions of one scan agree with each other, and with the truth."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graph4d import Image, Metrics, UsageError, node
from graph4d_nodes.calibrate.orientation import matrix_of
from graph4d_nodes.geometry import composed, rotation_and_transposition
from graph4d_nodes.metrics.checks import quotient
from graph4d_nodes.metrics.image import noise
from graph4d_nodes.types import Aberrations, Orientation
from graph4d_nodes.values import metrics, sampling

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = ["agreement"]

Numbers = dict[str, tuple[float, str]]


@node("metrics.agreement")
def agreement(
    icom: Image | None = None,
    ricom: Image | None = None,
    ssb: Image | None = None,
    parallax: Image | None = None,
    adf: Image | None = None,
    truth: Image | None = None,
    orientation: Orientation | None = None,
    parallax_orientation: Orientation | None = None,
    aberrations: Aberrations | None = None,
) -> Metrics:
    """Agreement of the images of one scan, each with each and with the truth, and of what was found about the scan.

    Images on a finer grid are compared at the positions of the coarser one, and where both have numbers.

    Parameters
    ----------
    icom, ricom, ssb, parallax, adf : Image, optional
        (y, x) over the same field of view.
    truth : Image, optional
        What the images should show.
    orientation : Orientation, optional
        Of the detector, from the centre of mass.
    parallax_orientation : Orientation, optional
        The same from the shifts of the bright field's images.
    aberrations : Aberrations, optional
        As they were found.

    Returns
    -------
    Metrics
        For each pair: ``icom_ssb_pearson``, Pearson's coefficient [1], and ``icom_ssb_slope``, how much of the first is
        in the second in the least-squares sense [second/first]. For each image: ``icom_contrast``, its standard
        deviation, and ``icom_noise``, see metrics.image [its unit]; with a truth, ``icom_truth_pearson``,
        ``icom_truth_slope``, the response to the truth, 1 if quantitative [image/truth], and ``icom_truth_psnr`` after
        the best affine fit [dB]. Further ``rotation`` [deg], ``transposed``, ``rotation_difference`` [deg] between both
        orientations, NaN if only one of them is transposed, and ``c10``, ``c12`` [Å]. Only what there is an input for.

    Raises
    ------
    UsageError
        Two images have no positions in common, or different steps.
    """
    given = {"icom": icom, "ricom": ricom, "ssb": ssb, "parallax": parallax, "adf": adf}
    images = {name: image for name, image in given.items() if image is not None}
    found: Numbers = {}
    for name, image in images.items():
        found |= _single(name, image)
        if truth is not None:
            found |= _pair("truth", truth, name, image, f"{name}_truth")
            found[f"{name}_truth_psnr"] = _psnr(found[f"{name}_truth_pearson"][0], truth), "dB"
    for (one, first), (other, second) in itertools.combinations(images.items(), 2):
        found |= _pair(one, first, other, second, f"{one}_{other}")
    return metrics(found | _about_the_scan(orientation, parallax_orientation, aberrations))


def _single(name: str, image: DataArray) -> Numbers:
    values, unit = np.asarray(image.values, np.float64), str(image.attrs.get("units", "1"))
    measurable = min(values.shape) >= 3 and bool(np.isfinite(values).all())
    return {
        f"{name}_contrast": (float(np.nanstd(values)) if np.isfinite(values).any() else np.nan, unit),
        f"{name}_noise": (noise(values) if measurable else np.nan, unit),
    }


def _pair(one: str, first: DataArray, other: str, second: DataArray, title: str) -> Numbers:
    """Pearson's coefficient and the slope of ``second`` over ``first``."""
    a, b = _together(one, first, other, second)
    da, db = a - a.mean(), b - b.mean()
    covariance, variance = float(np.mean(da * db)), float(np.mean(da**2))
    spread = math.sqrt(variance * float(np.mean(db**2)))
    return {
        f"{title}_pearson": (covariance / spread if spread else np.nan, "1"),
        f"{title}_slope": (covariance / variance if variance else np.nan, quotient(second, first)),
    }


def _psnr(pearson: float, truth: DataArray) -> float:
    """Of the best affine fit to the truth, the peak being its range: its mean squared error is var·(1 − pearson²)."""
    values = truth.values[np.isfinite(truth.values)]
    squared = float(values.var()) * (1 - pearson**2)
    return 10 * math.log10(float(np.ptp(values)) ** 2 / squared) if squared > 0 else np.nan


def _together(
    one: str, first: DataArray, other: str, second: DataArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values of both where both have some, at the positions of the coarser one."""
    (step, unit), (other_step, other_unit) = sampling(first), sampling(second)
    if first.shape == second.shape:
        if unit == other_unit and not np.allclose(step, other_step, rtol=1e-3):
            raise UsageError(
                f"pixels of `{one}`, {step[0]:g} × {step[1]:g} {unit}, and of `{other}`, {other_step[0]:g} × "
                f"{other_step[1]:g} {unit}, differ; give both the same scan step"
            )
        a, b = first.values, second.values
    else:
        coarse, fine = (first, second) if step >= other_step else (second, first)
        nearest = 0.01 * min(*step, *other_step)
        try:
            at = fine.sel(y=coarse.y, x=coarse.x, method="nearest", tolerance=nearest)
        except KeyError as error:
            raise UsageError(
                f"`{one}` {first.shape} and `{other}` {second.shape} are not images of the same positions; "
                "crop or bin one of them"
            ) from error
        a, b = (coarse.values, at.values) if coarse is first else (at.values, coarse.values)
    both = np.isfinite(a) & np.isfinite(b)
    if not both.any():
        raise UsageError(f"`{one}` and `{other}` have no pixel where both are finite numbers")
    return np.asarray(a[both], np.float64), np.asarray(b[both], np.float64)


def _about_the_scan(
    orientation: Dataset | None, parallax_orientation: Dataset | None, aberrations: Dataset | None
) -> Numbers:
    result: Numbers = {}
    if orientation is not None:
        result |= {"rotation": (float(orientation.rotation), "deg"), "transposed": (float(orientation.transposed), "1")}
    if orientation is not None and parallax_orientation is not None:
        (xx, xy), (yx, yy) = matrix_of(parallax_orientation)
        angle, transposed = rotation_and_transposition(composed(matrix_of(orientation), ((xx, yx), (xy, yy))))
        result["rotation_difference"] = (np.nan if transposed else math.degrees(abs(angle)), "deg")
    if aberrations is not None:
        result |= {name: (float(aberrations[name]), "Å") for name in ("c10", "c12")}
    return result
