"""What a file format gives for a single image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from graph4d_nodes.io.steps import Step, detector_step, length

__all__ = ["Picture", "picture_of"]


@dataclass(frozen=True)
class Picture:
    """An image and its sampling.

    Parameters
    ----------
    values : ndarray
        (y, x), as stored, in native byte order.
    steps : (float, float), optional
        Size of a pixel along y and x; None where the file does not say.
    unit : str
        Of the steps: ``Å``, or ``1/Å`` for a diffraction pattern.
    value_unit : str, optional
        Of the values; None where the file does not say.
    """

    values: NDArray[Any]
    steps: tuple[float, float] | None = None
    unit: str = "Å"
    value_unit: str | None = None


def picture_of(values: NDArray[Any], steps: Sequence[Step] = (), value_unit: str | None = None) -> Picture:
    """A picture from an array and the steps of its axes in any unit.

    Parameters
    ----------
    values : ndarray
        (y, x), of any byte order.
    steps : sequence of (float, str)
        Step and unit along y and x; left out of account if they are neither lengths nor spatial frequencies.
    value_unit : str, optional
        Of the values.
    """
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    for unit, converted in (("Å", length), ("1/Å", detector_step)):
        known = [step for step in (converted(*given) for given in steps) if step is not None]
        if len(known) == 2:
            return Picture(native, (known[0], known[1]), unit, value_unit)
    return Picture(native, value_unit=value_unit)
