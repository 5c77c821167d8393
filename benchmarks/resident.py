"""How much memory a process takes at most, seen from outside while it works."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Peak", "watched"]

INTERVAL = 0.01


@dataclass
class Peak:
    """Largest memory [GB] of a process so far."""

    resident: float = 0.0
    """All of it: pages that it maps from files too, though these are the system's file cache."""
    anonymous: float = 0.0
    """Not mapped from files."""


@contextmanager
def watched(process: int) -> Iterator[Peak]:
    """Look at a process, by its id, every hundredth of a second while the context lasts."""
    peak, done = Peak(), threading.Event()

    def watch() -> None:
        while not done.wait(INTERVAL):
            fields = dict(line.split(":") for line in Path(f"/proc/{process}/status").read_text().splitlines())
            if "VmRSS" not in fields:  # it has ended
                return
            resident, anonymous = (int(fields[name].split()[0]) * 1024 / 1e9 for name in ("VmRSS", "RssAnon"))
            peak.resident, peak.anonymous = max(peak.resident, resident), max(peak.anonymous, anonymous)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
