"""What a user waits for before anything happens: processes from start to end, beside a bare one."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.row import Options, Row, Target
from benchmarks.scan import noisy_scan
from benchmarks.timing import medians, run_seconds

__all__ = ["rows"]

PYTHON = sys.executable
GRAPH4D = str(Path(PYTHON).with_name("graph4d"))
EXPLORE = Path(__file__).parents[1] / "recipes" / "explore.yml"
GEOMETRY = ("energy=300 keV", "semiangle=20 mrad", "scan_step=0.2 Å", "detector_step=0.075 1/Å")
#: What each may take [ms].
TARGETS = {"import graph4d": 300, "graph4d --help": 500, "graph4d run explore.yml, all reused": 1000}
BARE = "a bare Python"


def rows(options: Options) -> list[Row]:
    """Durations of ``import graph4d``, ``graph4d --help`` and of a run that computes nothing."""
    settings = [f"--set={setting}" for setting in (f"scan={noisy_scan((32, 32, 80, 80))}", *GEOMETRY)]
    with tempfile.TemporaryDirectory() as folder:
        run = [GRAPH4D, "run", str(EXPLORE), *settings, "--out", f"{folder}/out"]
        commands = ([PYTHON, "-c", "import graph4d"], [GRAPH4D, "--help"], run)
        store = {"GRAPH4D_CACHE": f"{folder}/store"}
        stopwatches = {name: run_seconds(command, store) for name, command in zip(TARGETS, commands, strict=True)}
        stopwatches[BARE] = run_seconds([PYTHON, "-c", "pass"])
        took = medians(stopwatches, 3 if options.quick else 9)
    return [Row(what, took[what] * 1e3, "ms", took[BARE] * 1e3, BARE, Target(most)) for what, most in TARGETS.items()]
