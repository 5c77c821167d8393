"""Two threads and a widget set values of one dashboard as fast as they can; then it must show what they set last.

``python -m benchmarks.hammer [--seconds 30] [--seed 0]``. It uses the recipe that needs no data.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from graph4d import Dashboard, MemoryStore, Session, Store

__all__ = ["hammer"]

QUICKSTART = Path(__file__).parents[1] / "recipes" / "quickstart.yml"
KERNELS = range(3, 101, 2)
DOSES = (100.0, 1000.0, 10000.0)


class Heard(logging.Handler):
    """Keeps what is logged as an error: sessions log what goes wrong in their threads."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.messages.append(record.getMessage())


def hammer(seconds: float, seed: int) -> list[str]:
    """What went wrong."""
    heard = Heard()
    logging.getLogger().addHandler(heard)
    wrong: list[str] = []
    end = time.monotonic() + seconds
    dashboard = Dashboard(QUICKSTART, store=Store(MemoryStore()))
    counts: list[int] = []

    def play(move: Callable[[random.Random], object], number: int) -> None:
        rng, count = random.Random(seed + number), 0
        try:
            while time.monotonic() < end:
                move(rng)
                count += 1
                time.sleep(rng.random() * 0.01)
        except Exception as error:  # this is what is looked for
            wrong.append(f"{type(error).__name__}: {error}")
        counts.append(count)

    moves: list[Callable[[random.Random], object]] = [
        lambda rng: dashboard.session.set(kernel=rng.choice(KERNELS), moving=rng.random() < 0.9),
        lambda rng: dashboard.session.set(dose=rng.choice(DOSES), moving=rng.random() < 0.9),
    ]
    threads = [threading.Thread(target=play, args=(move, number)) for number, move in enumerate(moves)]
    for thread in threads:
        thread.start()
    field = dashboard.controls.controls["kernel"].editor.field.widget
    play(lambda rng: setattr(field, "value", str(rng.choice(KERNELS))), len(moves))
    for thread in threads:
        thread.join()
    dashboard.session.set(kernel=21, dose=DOSES[-1])
    dashboard.wait(120)
    print(f"{sum(counts)} changes, revision {dashboard.session.revision}")
    fresh = Session(QUICKSTART, parameters={"kernel": 21, "dose": DOSES[-1]}, store=Store(MemoryStore()))
    for title, picture in dashboard.pictures.items():
        assert picture.figure is not None
        seen = picture.figure.source.data["image"][0]
        if not np.array_equal(seen, fresh.value(title).values.astype(seen.dtype)):
            wrong.append(f"{title} is not what a fresh computation gives")
    dashboard.close()
    return wrong + heard.messages


def main() -> None:
    """Run it, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    wrong = hammer(options.seconds, options.seed)
    print("\n".join(wrong) or "all is well")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
