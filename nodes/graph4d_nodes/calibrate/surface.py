"""Robust fits of smooth surfaces over the scan."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["fit_surface"]

ROUNDS = 20
BISQUARE = 4.685
"""Residual, in standard deviations, beyond which a value is ignored: 95 % efficient on Gaussian noise."""


def fit_surface(values: NDArray[np.float64], known: NDArray[np.bool_], degree: int) -> NDArray[np.float64]:
    """Fit a polynomial to vectors over the scan by iteratively reweighted least squares.

    Parameters
    ----------
    values : ndarray
        (y, x, components).
    known : ndarray of bool
        (y, x): which of them to use, at least one.
    degree : int
        Of the polynomial in y and x: 0 for a constant, 1 for a plane, 2 for a parabola.

    Returns
    -------
    ndarray
        (components, y, x): the fitted surfaces.

    Notes
    -----
    Weights are Tukey's bisquare of the length of the residual over its scale, 1.48 times the median length of the
    residuals per component. Source: Beaton & Tukey, Technometrics 16 (1974) 147.
    """
    rows, columns = known.shape
    y, x = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    terms = np.stack([y**i * x**j for i in range(degree + 1) for j in range(degree + 1 - i)], axis=-1)
    design, target = terms[known], values[known]
    # The median is a start that outliers do not move; weighted rounds take it to the surface.
    coefficients: NDArray[Any] = np.zeros((terms.shape[-1], values.shape[-1]))
    coefficients[0] = np.median(target, axis=0)
    weights = np.ones(len(target))
    for _ in range(ROUNDS):
        root = np.sqrt(weights)[:, None]
        before, coefficients = coefficients, np.linalg.lstsq(design * root, target * root)[0]
        residual = np.linalg.norm(target - design @ coefficients, axis=1)
        scale = 1.48 * np.median(residual)
        if scale == 0 or np.allclose(before, coefficients, rtol=0, atol=1e-9):
            break
        weights = np.square(1 - np.minimum(residual / (BISQUARE * scale), 1) ** 2)
    return np.moveaxis(terms @ coefficients, -1, 0)
