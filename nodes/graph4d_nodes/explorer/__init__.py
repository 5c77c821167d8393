"""The 4D explorer: a scan, a detector and a position to move, and what they give."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graph4d import Store
    from graph4d_nodes.explorer.explorer import Explorer

__all__ = ["explore"]


def explore(path: str | Path, *, store: Store | None = None, **calibrations: Any) -> Explorer:
    """Look into a scan: patterns at positions, images from virtual detectors, centre of mass, riCOM.

    Parameters
    ----------
    path : str or Path
        A file of any format that ``io.open`` reads.
    store : Store, optional
        Where results are kept; by default the one that the command line uses.
    **calibrations
        Parameters of ``io.open``, such as ``energy="300 keV"`` or ``scan_shape=[128, 128]``; what is not known can be
        set on the page, and without any of them all is in pixels.

    Returns
    -------
    Explorer
        A widget: the last line of a notebook's cell shows it.

    Raises
    ------
    ParameterErrors
        A calibration that there is not, or one with a wrong value.
    """
    from graph4d_nodes.explorer.explorer import Explorer

    return Explorer(Path(path), calibrations, store=store)
