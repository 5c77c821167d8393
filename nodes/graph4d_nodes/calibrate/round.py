"""``calibrate.round``: patterns in which circles are round."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d import Metrics, UsageError, node
from graph4d_nodes.calibrate.orientation import matrix_of
from graph4d_nodes.geometry import applied
from graph4d_nodes.image.detectors import aspect_of
from graph4d_nodes.scan import Scan4D

__all__ = ["make_round"]


@node("calibrate.round")
def make_round(scan: Scan4D, ellipse: Metrics) -> Scan4D:
    """A scan whose patterns are freed of the ellipse that the projector lenses made of circles.

    Every pattern is drawn anew when it is read, so that all nodes that come after see round discs and rings.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx), of the detector on which the ellipse was measured.
    ellipse : Metrics
        From calibrate.ellipse.

    Returns
    -------
    Scan4D
        In float32 (float64 for counts of more than 16 bits), interpolated linearly between pixels, with 0 beyond the
        border. Areas, and so the sum of counts, are the same; the noise of neighbours is no longer independent.

    Raises
    ------
    UsageError
        The value is not that of an ellipse, or its centre does not lie on the detector.
    """
    from graph4d_nodes.calibrate.kernels import resampled

    missing = [name for name in ("row", "column", "xx", "xy", "yx", "yy") if name not in ellipse]
    if missing:
        raise UsageError(f"`ellipse` has no {', '.join(missing)}; connect calibrate.ellipse")
    row, column = float(ellipse["row"]), float(ellipse["column"])
    height, width = scan.item_shape
    if not (0 <= row < height and 0 <= column < width):
        raise UsageError(
            f"the ellipse is about row {row:.1f}, column {column:.1f}, but the patterns of {scan.title} have "
            f"{height} × {width} px; measure it after cropping and binning"
        )
    aspect = aspect_of(scan.geometry)
    y, x = np.meshgrid((np.arange(height) - row) * aspect, np.arange(width) - column, indexing="ij")
    down, right = applied(np.linalg.inv(matrix_of(ellipse)), y, x)
    dtype = np.result_type(scan.dtype, np.float32)
    corners, weights = _interpolation(row + down / aspect, column + right, dtype)

    def drawn(block: NDArray[Any], start: int) -> NDArray[Any]:
        del start  # all patterns are distorted alike
        out = np.empty(block.shape, dtype)
        resampled(block, corners, weights, out)
        return out

    return scan.map_blocks(drawn, dtype=dtype)


def _interpolation(
    rows: NDArray[np.float64], columns: NDArray[np.float64], dtype: np.dtype[Any]
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """What the kernel needs to draw pixels at places (rows, columns) of a pattern of the same shape."""
    height, width = rows.shape
    # A pixel reaches half of its width beyond its middle.
    beyond = (np.abs(rows - (height - 1) / 2) > height / 2) | (np.abs(columns - (width - 1) / 2) > width / 2)
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    # A place on the last row or column lies in the cell before it, with all weight on its far side.
    top = np.minimum(rows.astype(np.int64), height - 2)
    left = np.minimum(columns.astype(np.int64), width - 2)
    down, right = rows - top, columns - left
    weights = np.stack([(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right], axis=-1)
    weights[beyond] = 0.0
    return (top * width + left).ravel(), weights.reshape(-1, 4).astype(dtype)
