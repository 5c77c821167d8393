"""How coarse a preview must be to be there in a blink."""

from __future__ import annotations

import math

__all__ = ["Stride"]

FRAME = 0.025
"""What a preview should take [s]."""
FIRST = 1024
"""Positions that the first preview sees, about."""
FEWEST = 64
"""Positions that every preview sees, about, however slow it is: from fewer there is nothing to be seen."""


class Stride:
    """The n of previews from every n-th position along each axis.

    Attributes
    ----------
    every : int
        0 before anything is known of the stack.
    """

    def __init__(self) -> None:
        self.every = 0
        self._positions = 0

    def begin(self, positions: int) -> None:
        """Choose for a scan of so many positions."""
        self._positions = positions
        self.every = max(2, math.ceil(math.sqrt(positions / FIRST)))

    def learn(self, seconds: float) -> None:
        """A preview took that long, or was given up after it."""
        if seconds <= 0:
            return
        # Work goes with the square of the stride, or less where patterns are stored together; it is approached in
        # steps, for the first preview also loads code, and a stride that changed all the time would flicker.
        factor = min(max(math.sqrt(seconds / FRAME), 0.5), 2.0)
        every = self.every if 0.6 < factor < 1.3 else round(self.every * factor)
        self.every = max(2, min(every, math.isqrt(self._positions // FEWEST)))
