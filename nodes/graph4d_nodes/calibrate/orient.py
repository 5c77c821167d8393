"""``calibrate.orient``: a scan that knows how the detector lies under it."""

from __future__ import annotations

from graph4d import node
from graph4d_nodes.calibrate.orientation import matrix_of
from graph4d_nodes.geometry import composed
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.types import Orientation

__all__ = ["orient"]


@node("calibrate.orient")
def orient(scan: Scan4D, orientation: Orientation) -> Scan4D:
    """The same scan with a rotation and transposition that were found, for all nodes that come after.

    Parameters
    ----------
    scan : Scan4D
        The one in which the orientation was found.
    orientation : Orientation
        To be applied after what the scan already knew.

    Returns
    -------
    Scan4D
        Nothing is read; only the geometry is another one.
    """
    return scan.calibrated(transform=composed(matrix_of(orientation), scan.geometry.transform))
