"""``image.bright_field``: the pixels of the bright-field disc, for methods that look at each of them over the scan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from graph4d import Over, Range, UsageError, node, per_pattern
from graph4d_nodes.geometry import IDENTITY, Matrix, applied, composed, wavelength
from graph4d_nodes.image.detectors import origin_list
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.types import BrightField, Origin
from graph4d_nodes.values import sampling, scan_coords

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["Disc", "bright_field", "disc_of"]


@node("image.bright_field")
def bright_field(
    scan: Scan4D, origin: Origin | None = None, *, radius: Annotated[float, Range(0.1, 1.5)] = 1.0
) -> Over[Scan4D, BrightField]:
    """The counts of all detector pixels inside the bright-field disc.

    The disc moves with the origin by whole pixels; those at its edge that the rest of a motion carries out of it, at
    whatever position, are left out.

    Parameters
    ----------
    scan : Scan4D
        (y, x, ky, kx), with energy, convergence semi-angle, scan step and detector step known.
    origin : Origin, optional
        Centre of the disc at every position [px]: connect calibrate.origin. By default the middle of the detector,
        (n − 1)/2; half a pixel that it is off is seen at low frequencies of single-sideband images.
    radius : float
        Of what is taken, in convergence semi-angles.

    Returns
    -------
    BrightField
        (y, x, pixel) in the scan's own dtype, in counts. Coordinates ``ky`` and ``kx`` of the pixels [1/Å], in the axes
        of the detector and relative to the mean origin; attributes ``energy`` [eV], ``semiangle`` [rad], ``transform``
        (four numbers, see Geometry) and ``detector_step`` [1/Å].

    Raises
    ------
    UsageError
        A calibration is missing, or the disc does not lie on the detector or has less than three pixels.
    """
    from graph4d_nodes.image.kernels import gather

    semiangle, length, step = _calibrations(scan)
    origins = origin_list(scan, origin)
    moves = np.rint(origins - np.rint(origins.mean(axis=0))).astype(np.int64)
    centre = (origins - moves).mean(axis=0)
    rows, columns = np.indices(scan.item_shape)
    ky, kx = (rows - centre[0]) * step[0], (columns - centre[1]) * step[1]
    # What is left of the descan carries pixels at the edge into the disc and out of it, which is no contrast.
    rest = float(np.hypot(*((origins - moves - centre) * step).T).max())
    inside = np.hypot(ky, kx) <= radius * semiangle / length - rest
    count = int(np.count_nonzero(inside))
    _check(scan, centre, moves, radius * semiangle / length, count)

    def finish(values: NDArray[Any]) -> BrightField:
        import xarray as xr

        geometry = scan.geometry
        coords = {
            **scan_coords(geometry, *scan.positions),
            "ky": ("pixel", ky[inside], {"units": "1/Å"}),
            "kx": ("pixel", kx[inside], {"units": "1/Å"}),
        }
        attrs = {
            "units": "counts",
            "energy": geometry.energy,
            "semiangle": geometry.semiangle,
            "detector_step": list(step),
            "transform": [number for row in geometry.transform for number in row],
        }
        return xr.DataArray(values, dims=("y", "x", "pixel"), coords=coords, attrs=attrs, name="bright field")

    places = rows[inside], columns[inside]
    return per_pattern(gather, *places, finish=finish, shape=(count,), dtype=scan.dtype, along=[moves])


@dataclass(frozen=True)
class Disc:
    """What a ``BrightField`` knows besides its counts, ready to compute with."""

    ky: NDArray[np.float64]
    """Of the pixels [1/Å], in the axes of the scan."""
    kx: NDArray[np.float64]
    step: tuple[float, float]
    """Of the scan [Å]."""
    wavelength: float
    """Of the electrons [Å]."""
    radius: float
    """Convergence semi-angle / wavelength [1/Å]."""

    def turned(self, matrix: Matrix) -> Disc:
        """The same disc in axes to which a matrix on (x, y) leads."""
        ky, kx = applied(matrix, self.ky, self.kx)
        return replace(self, ky=ky, kx=kx)


def disc_of(pixels: DataArray, orientation: Matrix = IDENTITY) -> Disc:
    """Frequencies of a ``BrightField``'s pixels in the axes of the scan, and its calibrations.

    Parameters
    ----------
    pixels : DataArray
        (y, x, pixel).
    orientation : 2 × 2 tuple
        To be applied after the scan's own transform.

    Raises
    ------
    UsageError
        A pattern has pixels in the disc that are no finite numbers: a transform over the scan would spread them. Or
        there are no counts.
    """
    if pixels.dtype.kind == "f":
        bad = sum(int(np.count_nonzero(~np.isfinite(row).all(axis=-1))) for row in pixels.values)
        if bad:
            raise UsageError(
                f"{bad} of {pixels.shape[0] * pixels.shape[1]} patterns have pixels in the bright-field disc that are "
                "no finite numbers; repair them with scan.hot_pixels, or crop the scan"
            )
    if not pixels.values.sum(dtype=np.float64) > 0:
        raise UsageError("there are no counts in the bright-field disc; check the origin and `semiangle`")
    xx, xy, yx, yy = pixels.attrs["transform"]
    to_scan = composed(orientation, ((xx, xy), (yx, yy)))
    ky, kx = applied(to_scan, pixels.coords["ky"].values, pixels.coords["kx"].values)
    length = wavelength(pixels.attrs["energy"])
    return Disc(ky, kx, sampling(pixels)[0], length, pixels.attrs["semiangle"] / length)


def _calibrations(scan: Scan4D) -> tuple[float, float, tuple[float, float]]:
    """Convergence semi-angle [rad], wavelength [Å], detector step [1/Å]."""
    known = scan.geometry
    names = ("energy", "semiangle", "scan_step", "detector_step")
    missing = [name for name in names if getattr(known, name) is None]
    if missing:
        raise UsageError(
            f"what the bright-field disc of {scan.title} means is not known without {', '.join(missing)}; "
            f"give {'it' if len(missing) == 1 else 'them'} to io.open"
        )
    assert known.semiangle is not None
    assert known.energy is not None
    assert known.detector_step is not None
    return known.semiangle, wavelength(known.energy), known.detector_step


def _check(scan: Scan4D, centre: NDArray[np.float64], moves: NDArray[np.int64], radius: float, count: int) -> None:
    """Raise unless the disc has pixels, and lies on the detector wherever it moves."""
    step = np.array(scan.geometry.detector_step)
    size = np.array(scan.item_shape)
    room = np.minimum(centre + moves.min(axis=0), size - 1 - centre - moves.max(axis=0)) + 0.5
    if np.any(radius / step > room):
        angle = float(np.min(room * step)) * wavelength(scan.geometry.energy or 0.0) * 1e3
        raise UsageError(
            f"the bright-field disc has a radius of {radius / step[0]:.1f} px, but the detector of {size[0]} × "
            f"{size[1]} px has room for {room.min():.1f} px about the origin, which is {angle:.3g} mrad; check "
            "`semiangle`, `detector_step` and `energy`"
        )
    if count < 3:
        raise UsageError(
            f"the bright-field disc has {count} pixels, for its radius is {radius / step[0]:.2g} px; "
            "check `semiangle`, `detector_step` and `energy`"
        )
