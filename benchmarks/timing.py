"""Durations that can be compared: measured in turns, so that whatever else the machine does hits all alike."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

__all__ = ["medians", "run_seconds", "seconds"]

#: Measures one duration [s], by whatever clock.
Stopwatch = Callable[[], float]


def medians(stopwatches: Mapping[str, Stopwatch], repeats: int) -> dict[str, float]:
    """Median durations [s], of measurements taken in turns.

    Parameters
    ----------
    stopwatches : mapping from name to callable
        Each is called once before, for what is compiled, imported or read the first time.
    repeats : int
        Measurements of each.
    """
    for measure in stopwatches.values():
        measure()
    rounds = [{name: measure() for name, measure in stopwatches.items()} for _ in range(repeats)]
    return {name: median(each[name] for each in rounds) for name in stopwatches}


def seconds(work: Callable[[], object]) -> Stopwatch:
    """Measures a call in this process."""

    def measure() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return measure


def run_seconds(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Stopwatch:
    """Measures a process from start to end; ``environment`` is added to this one's."""
    variables = {**os.environ, **(environment or {})}
    return seconds(lambda: subprocess.run(command, env=variables, check=True, stdout=subprocess.DEVNULL))
