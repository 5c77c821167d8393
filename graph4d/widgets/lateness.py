"""When a picture that is not current is said to be old: not at once, for what follows soon need not flicker."""

from __future__ import annotations

import time

from graph4d.session.state import Status

__all__ = ["NOTICED", "PENDING", "Lateness"]

PENDING = (Status.QUEUED, Status.RUNNING)
NOTICED = 0.3
"""A picture that is older than the parameters for longer than this is dimmed [s]."""


class Lateness:
    """Since when the values with these names have been on their way."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def note(self, name: str, status: Status) -> bool:
        """Take note of a status; returns whether the value has been on its way for a time that is noticed."""
        if status not in PENDING:
            self._since.pop(name, None)
            return False
        now = time.monotonic()
        return now - self._since.setdefault(name, now) >= NOTICED
