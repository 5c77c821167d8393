"""Peak memory of a fused pass over a scan that is larger than memory, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from benchmarks.row import Options, Row, Target
from benchmarks.scan import noisy_scan, sparse_scan

__all__ = ["rows"]

#: 19 GB of uint16.
HUGE = (1024, 1024, 96, 96)
LARGE = (256, 256, 96, 96)
STATUS = Path("/proc/self/status")


def rows(options: Options) -> list[Row]:
    """Peak of the resident memory, mapped pages of the file included, over that of the same process before the pass."""
    path = sparse_scan(LARGE if options.quick else HUGE)
    command = [sys.executable, "-m", "benchmarks.memory", str(path)]
    try:
        peaks = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    finally:
        path.unlink()
    return [
        _beyond(f"memory for a pass over {path.stem}, uint16", peaks["resident"], Target(1.5)),
        _beyond("  of this, not mapped from files", peaks["anonymous"]),
    ]


def _beyond(what: str, peaks: Sequence[float], target: Target | None = None) -> Row:
    """How much a second peak is above a first one [GB]."""
    before, after = peaks
    return Row(what, after - before, "GB", versus=f"above {before:.2f} GB of the bare process", target=target)


def main(path: Path) -> None:
    """Print peaks [GB] of this process, with a small scan seen and then with a large one."""
    from graph4d_nodes.io.open import open_scan

    from benchmarks.passes import fused_pass

    fused_pass(open_scan(path=noisy_scan((16, 16, 96, 96))))  # imports and compiles all that will be needed
    # Not getrusage's ru_maxrss: a process inherits that from the one that started it.
    resident, anonymous = [_status("VmHWM")], [_status("RssAnon")]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            anonymous.append(_status("RssAnon"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    fused_pass(open_scan(path=path))
    done.set()
    watcher.join()
    resident.append(_status("VmHWM"))
    print(json.dumps({"resident": resident, "anonymous": [anonymous[0], max(anonymous)]}))


def _status(field: str) -> float:
    """A figure of this process from the kernel [GB]."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024 / 1e9


if __name__ == "__main__":
    main(Path(sys.argv[1]))
