"""A part of a scan: fewer positions, fewer detector pixels, or both."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from graph4d import UsageError, node
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.scan_maps.reread import Reread

__all__ = ["crop"]

Span = tuple[int, int]


@node("scan.crop")
def crop(
    scan: Scan4D,
    *,
    rows: tuple[int, int] | None = None,
    columns: tuple[int, int] | None = None,
    ky: tuple[int, int] | None = None,
    kx: tuple[int, int] | None = None,
) -> Scan4D:
    """The part of a scan between the given limits; nothing is read until somebody reads the part.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx).
    rows, columns : (int, int), optional
        First scan row and column, and the first that are left out; all by default.
    ky, kx : (int, int), optional
        The same for rows and columns of the detector.

    Returns
    -------
    Scan4D
        With the same calibrations, and its axes starting at 0 again.

    Raises
    ------
    UsageError
        A pair of limits encloses nothing, or lies outside the scan.
    """
    top, bottom = _span("rows", rows, scan.positions[0])
    left, right = _span("columns", columns, scan.positions[1])
    up, down = _span("ky", ky, scan.item_shape[0])
    near, far = _span("kx", kx, scan.item_shape[1])
    positions, item_shape = (bottom - top, right - left), (down - up, far - near)
    if positions != scan.positions:
        stride = scan.positions[1]
        scan = Scan4D.from_frames(
            Reread(scan),
            positions,
            geometry=scan.geometry,
            first=top * stride + left,
            row_stride=stride,
            title=scan.title,
            metadata=scan.metadata,
        )
    if item_shape == scan.item_shape:
        return scan

    def window(block: NDArray[Any], start: int) -> NDArray[Any]:
        del start  # all patterns are cut alike
        return block[:, up:down, near:far]

    return scan.map_blocks(window, item_shape=item_shape)


def _span(name: str, given: Span | None, size: int) -> Span:
    start, stop = given or (0, size)
    if not 0 <= start < stop <= size:
        raise UsageError(
            f"`{name}` = [{start}, {stop}] is no part of 0 … {size}; give the first and the one after the last"
        )
    return start, stop
