"""riCOM as patterns arrive: each vector is spread over the window around its position at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.phase.field import check_band, phase_image, turned_back
from graph4d_nodes.phase.ricom import kernel_vectors
from graph4d_nodes.values import sampling, vector_field

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["LiveRicom"]


class LiveRicom:
    """A riCOM image that grows: the sum of what each vector adds, in whatever order and portions they come.

    When all have come it equals ``phase.ricom`` of the whole field. It holds one number a position, and the work for a
    vector depends on the window alone.

    Parameters
    ----------
    positions : (int, int)
        Scan rows and columns.
    geometry : Geometry
        Gives the scan step, and whether vectors are in 1/Å (the detector step is known) or in px.
    kernel, low, high, rotation
        As of ``phase.ricom``.

    Raises
    ------
    UsageError
        A limit is given though the scan step is not known, or limits leave nothing.
    """

    def __init__(
        self,
        positions: tuple[int, int],
        geometry: Geometry,
        *,
        kernel: int = 41,
        low: float | None = None,
        high: float | None = None,
        rotation: float = 0.0,
    ) -> None:
        unit = "1/Å" if geometry.detector_step else "px"
        self._like = vector_field(np.zeros((2, *positions)), geometry, unit)
        step, length = sampling(self._like)
        check_band(low, high, length)
        self._kernel = kernel_vectors(kernel, step, low, high)
        self._rotation = rotation
        self._phase = np.zeros(positions)
        self._lock = threading.Lock()

    def add(self, start: int, vectors: NDArray[np.float64]) -> None:
        """Add centres of mass that have arrived; from any thread.

        Parameters
        ----------
        start : int
            Number of the position of the first, counted row by row; the others follow it.
        vectors : ndarray
            (2, n), the y component first, in the axes of the scan. One that is not finite adds nothing.

        Raises
        ------
        UsageError
            They do not all lie on the scan.
        """
        from graph4d_nodes.phase.live.kernels import scatter

        y, x = np.ascontiguousarray(vectors, dtype=np.float64)
        if not 0 <= start <= start + len(y) <= self._phase.size:
            raise UsageError(
                f"vectors for positions {start} … {start + len(y)} do not fit on a scan of {self._phase.shape[0]} × "
                f"{self._phase.shape[1]} positions; check the scan's shape"
            )
        y, x = turned_back(y, x, self._rotation)
        with self._lock:
            scatter(self._phase, *self._kernel, start, y, x)

    def image(self) -> DataArray:
        """The ``Image`` so far, (y, x): in rad if vectors are in 1/Å and the scan step is known, else in "1"."""
        with self._lock:
            return phase_image(self._phase.copy(), self._like, "ricom")
