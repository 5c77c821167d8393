"""What a peer's script does beside computing: answer on the standard output, one line of JSON each time it is asked."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["serve"]


def serve(version: str, ways: Mapping[str, Callable[[], NDArray[Any]]], result: Path) -> None:
    """Compute once in every way and save the results; then answer each name of a way with the seconds it takes.

    Parameters
    ----------
    version : str
        Of the peer.
    ways : mapping from name to callable
        What each computes.
    result : Path
        The ``.npz`` file to write.
    """
    # Answers keep the standard output to themselves: whatever the peer prints goes to the standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # Each is called once before it is timed: that compiles, starts workers and fills caches.
    np.savez(result, **{name: compute() for name, compute in ways.items()})
    print(json.dumps({"version": version}), file=answers, flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        ways[line.strip()]()
        print(json.dumps({"seconds": time.perf_counter() - started}), file=answers, flush=True)
