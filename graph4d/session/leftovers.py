"""What moves leave behind, and when it goes: memory stays as it is however long somebody plays."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from graph4d.run.events import StepFinished

if TYPE_CHECKING:
    from graph4d.run.result import Run
    from graph4d.store import MemoryStore

__all__ = ["Leftovers"]

RECENT = 16
"""So many moves are remembered, so that going back and forth computes nothing."""
HANDLES = 8
"""So many files stay open."""


class Leftovers:
    """Values in memory that only moves have made, and handles that were opened. Not safe under threads by itself.

    Parameters
    ----------
    memory : MemoryStore

    Attributes
    ----------
    opened : dict from digest to handle
        For runs to share.
    """

    def __init__(self, memory: MemoryStore) -> None:
        self.opened: dict[str, Any] = {}
        self._memory = memory
        self._recent: deque[set[str]] = deque()  # digests that the last moves used
        self._made: set[str] = set()

    def take(self, run: Run, *, passing: bool) -> None:
        """Take note of a run, ``passing`` if it was for a move, and let go of what was not used for long."""
        used = {digest for outputs in run.ledger.outputs.values() for digest in outputs.values()}
        if passing:
            self._made |= {digest for e in run.log if isinstance(e, StepFinished) for _, digest in e.outputs}
            self._recent.append(used)
        while len(self._recent) > RECENT:
            old = (self._recent.popleft() & self._made).difference(*self._recent)
            self._memory.discard(old)
            self._made -= old
        others = [digest for digest in list(self.opened) if digest not in used]
        for digest in others[: max(0, len(self.opened) - HANDLES)]:
            self.opened.pop(digest, None)

    def clear(self) -> None:
        """Let go of everything; what still runs keeps its handles until it ends."""
        self.opened = {}
        self._memory.discard(self._made)
        self._recent.clear()
        self._made.clear()
