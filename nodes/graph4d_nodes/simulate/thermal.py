"""How far heat displaces the atoms of each element."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError
from graph4d.units import UnitsError, to_number
from graph4d_nodes.simulate.elements import SYMBOLS, atomic_number

__all__ = ["displacements"]


def displacements(numbers: NDArray[np.int64], common: float, exceptions: Sequence[str]) -> dict[int, float]:
    """Root-mean-square displacement along each axis [Å] for every element of a structure.

    Parameters
    ----------
    numbers : ndarray
        Atomic numbers.
    common : float
        That of elements of which nothing else is said [Å].
    exceptions : sequence of str
        Such as "Sr 0.088 Å".

    Raises
    ------
    UsageError
        An exception cannot be understood, or its element is not there.
    """
    result = dict.fromkeys((int(number) for number in np.unique(numbers)), common)
    for text in exceptions:
        symbol, _, length = text.strip().partition(" ")
        number = atomic_number(symbol)
        if number not in result:
            there = ", ".join(SYMBOLS[number - 1] for number in result)
            raise UsageError(
                f"displacement_of: {text!r} is of an element that the structure does not have; it has {there}"
            )
        try:
            result[number] = to_number(length, "Å")
        except UnitsError as error:
            raise UsageError(f"displacement_of: {text!r}: {error}; write for example Sr 0.088 Å") from error
        if result[number] < 0:
            raise UsageError(f"displacement_of: {text!r} is negative; a root-mean-square displacement is not")
    return result
