"""``Scan4D``: a lazy handle on a 4D-STEM scan, (y, x, ky, kx) with a diffraction pattern at every scan position."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from graph4d.types import ValueType
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.values import detector_coords, scan_coords

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["Frames", "Scan4D"]


class Frames(Protocol):
    """What a file format gives: a stack of patterns in the order in which they were recorded."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of patterns, rows and columns of a pattern."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the patterns as ``read`` returns them: in native byte order, never widened."""

    @property
    def alignment(self) -> int:
        """Patterns that are stored (compressed) together; 1 if any can be read by itself."""

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Patterns ``start … stop``, C-contiguous; a view of the file if possible. Called from several threads."""


@dataclass(frozen=True, eq=False)
class Scan4D:
    """A scan that is never loaded whole.

    Parameters
    ----------
    frames : Frames
        The recorded patterns of a root; of a mapped scan, those of its root.
    positions : (int, int)
        Scan rows and columns.
    geometry : Geometry
        Calibrations that are known.
    first : int
        Number of the recorded pattern at position (0, 0).
    row_stride : int
        Recorded patterns from one scan row to the next: more than columns where the flyback was recorded too.
    parent, mapping, item_shape, dtype
        Of a mapped scan: see :meth:`map_blocks`.
    title : str
        What to call it in messages and figures.
    metadata : mapping
        What else the file says.
    """

    value_type: ClassVar[ValueType] = ValueType("Scan4D", ("y", "x", "ky", "kx"), "lazy")

    frames: Frames
    positions: tuple[int, int]
    item_shape: tuple[int, int]
    dtype: np.dtype[Any]
    geometry: Geometry = field(default_factory=Geometry)
    first: int = 0
    row_stride: int = 0
    parent: Scan4D | None = None
    mapping: Callable[[NDArray[Any], int], NDArray[Any]] | None = None
    title: str = "scan"
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_frames(
        cls,
        frames: Frames,
        positions: tuple[int, int],
        *,
        geometry: Geometry | None = None,
        first: int = 0,
        row_stride: int | None = None,
        title: str = "scan",
        metadata: Mapping[str, Any] | None = None,
    ) -> Scan4D:
        """A scan over recorded patterns."""
        return cls(
            frames,
            positions,
            frames.shape[1:],
            frames.dtype,
            geometry or Geometry(),
            first,
            row_stride or positions[1],
            title=title,
            metadata=metadata or {},
        )

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(y, x, ky, kx)."""
        return (*self.positions, *self.item_shape)

    @property
    def dims(self) -> tuple[str, str, str, str]:
        """Names of the axes."""
        return ("y", "x", "ky", "kx")

    @property
    def coords(self) -> dict[str, Any]:
        """Coordinates of all axes for xarray: in Å and 1/Å, or px where that is not known; k = 0 in the middle."""
        return {**scan_coords(self.geometry, *self.positions), **detector_coords(self.geometry, *self.item_shape)}

    @property
    def alignment(self) -> int:
        """Patterns that are stored together."""
        return self.frames.alignment

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Patterns ``start … stop``, counted through all positions row by row, as (n, ky, kx) in native byte order.

        Recorded patterns cannot be written to: they may be a view of the file.
        """
        if self.parent is not None:
            return self.transform(self.parent.read(start, stop), start)
        block = self._recorded(start, stop)
        block.flags.writeable = False
        return block

    def _recorded(self, start: int, stop: int) -> NDArray[Any]:
        columns = self.positions[1]
        if self.row_stride == columns:
            return self.frames.read(self.first + start, self.first + stop)
        pieces: list[NDArray[Any]] = []
        while start < stop:
            row, column = divmod(start, columns)
            count = min(columns - column, stop - start)
            at = self.first + row * self.row_stride + column
            pieces.append(self.frames.read(at, at + count))
            start += count
        return np.concatenate(pieces) if len(pieces) > 1 else pieces[0]

    def transform(self, block: NDArray[Any], start: int) -> NDArray[Any]:
        """This scan's patterns from the same patterns of ``parent``; ``start`` is the number of the first."""
        return block if self.mapping is None else self.mapping(block, start)

    def map_blocks(
        self,
        mapping: Callable[[NDArray[Any], int], NDArray[Any]],
        *,
        item_shape: tuple[int, int] | None = None,
        dtype: np.dtype[Any] | None = None,
        geometry: Geometry | None = None,
    ) -> Scan4D:
        """A scan whose patterns are made from this one's when they are read.

        Parameters
        ----------
        mapping : callable
            ``mapping(block, start)`` turns patterns (n, ky, kx), the first of which is number ``start``, into n others.
        item_shape, dtype, geometry
            Of the new patterns, where they differ.
        """
        return replace(
            self,
            item_shape=item_shape or self.item_shape,
            dtype=dtype or self.dtype,
            geometry=geometry or self.geometry,
            parent=self,
            mapping=mapping,
        )

    def calibrated(self, **known: Any) -> Scan4D:
        """A scan of the same patterns with other calibrations; see :meth:`Geometry.updated`."""
        return replace(self, geometry=self.geometry.updated(**known), parent=self, mapping=None)

    def pattern(self, y: int, x: int) -> NDArray[Any]:
        """The pattern at one scan position."""
        rows, columns = self.positions
        if not (0 <= y < rows and 0 <= x < columns):
            raise IndexError(f"position ({y}, {x}) lies outside the scan of {rows} × {columns}")
        index = y * columns + x
        return np.asarray(self.read(index, index + 1)[0])

    def to_xarray(self) -> DataArray:
        """A ``DataArray`` (y, x, ky, kx) in counts, backed by dask, one chunk a scan row; needs the extra ``dask``."""
        import dask.array as da
        import xarray as xr
        from dask.delayed import delayed

        rows, columns = self.positions
        dask_array: Any = da
        row = delayed(self.read, pure=False)
        shape = (columns, *self.item_shape)
        parts = [dask_array.from_delayed(row(y * columns, (y + 1) * columns), shape, self.dtype) for y in range(rows)]
        stacked = dask_array.stack(parts)
        return xr.DataArray(stacked, self.coords, self.dims, self.title, {"units": "counts"})
