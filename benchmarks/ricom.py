"""riCOM of a Merlin file, from the file in the system's file cache to the picture, by a recipe without a store."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.plain_read import plain_read
from benchmarks.resident import Peak, watched
from benchmarks.row import Options, Row, Target
from benchmarks.scan import DATA, FULL, SMALL, noisy_scan, read_once
from benchmarks.timing import medians, seconds
from graph4d import load
from graph4d.run.execute import execute
from graph4d.store import MemoryStore, Store

__all__ = ["rows"]

#: Patterns a second of the reference program in C++, with the same window, measured on a machine like this one.
REFERENCE = 8200
WANTED = 50_000
HEADER = b"MQ1,000001,00384,01,0256,0256,U16,   1x1,01,2026-11-20,0.001,MQ1A,1000ns,12,".ljust(384)
#: Positions of scans whose peaks of memory are compared.
FEW, MANY = (64, 64), (256, 256)
RECIPE = """
graph4d: 1
title: riCOM of a Merlin file
nodes:
  scan:
    use: io.open
    with: {{path: {path}, scan_shape: [{rows}, {columns}], scan_step: 0.2 Å, energy: 300 keV, detector_step: 0.02 1/Å}}
  com: {{use: image.com, in: {{scan: scan}}}}
  phase: {{use: phase.ricom, in: {{com: com}}, with: {{kernel: 61}}}}
outputs: {{phase: phase}}
"""


def rows(options: Options) -> list[Row]:
    """Time of a pattern, beside the reference program and a plain read, and memory beyond that of a small scan."""
    shape = SMALL if options.quick else FULL
    path = merlin_file(shape)
    read_once(path)
    work = {"ours": seconds(partial(phase_of, path, *shape[:2])), "plain read": seconds(lambda: plain_read(path, 2)())}
    took = medians(work, 3 if options.quick else 9)
    count = shape[0] * shape[1]
    what = f"riCOM, window 61, {count} patterns of 256 × 256, Merlin u16"
    each = took["ours"] / count * 1e6
    few, many = (_peak((32, 32) if options.quick else FEW), _peak(FEW if options.quick else MANY))
    return [
        Row(what, each, "µs/pattern", 1e6 / REFERENCE, "the reference program, elsewhere", Target(1e6 / WANTED)),
        Row("  all of it", took["ours"] * 1e3, "ms", took["plain read"] * 1e3, "plain read, mapped anew"),
        Row(
            "  peak of memory",
            many.anonymous,
            "GB",
            few.anonymous,
            f"a scan of 1/{4 if options.quick else 16} the size",
            Target(1.1, "more"),
        ),
    ]


def phase_of(path: Path, positions_y: int, positions_x: int) -> None:
    """What is measured; nothing is found in a store, and the file is opened anew."""
    recipe = RECIPE.format(path=path, rows=positions_y, columns=positions_x)
    execute(load(recipe, allow_outside=True), Store(MemoryStore())).raise_for_errors()


def merlin_file(shape: tuple[int, int, int, int]) -> Path:
    """The noisy scan of this shape as a Merlin file: big-endian, a header before every frame."""
    source = noisy_scan(shape)
    path = source.with_suffix(".mib")
    if path.is_file():
        return path
    patterns = np.load(source, mmap_mode="r").reshape(-1, *shape[2:])
    draft = path.with_suffix(".part")
    with draft.open("wb") as file:
        for pattern in patterns:
            file.write(HEADER)
            pattern.astype(">u2").tofile(file)
    draft.rename(path)
    return path


@contextmanager
def _empty_file(positions: tuple[int, int]) -> Iterator[Path]:
    """A Merlin file of zeros that takes no room on the disk."""
    path = DATA / f"zeros-{positions[0]}x{positions[1]}.mib"
    with path.open("wb") as file:
        file.write(HEADER)
        file.truncate(positions[0] * positions[1] * (len(HEADER) + 2 * 256 * 256))
    try:
        yield path
    finally:
        path.unlink()


def _peak(positions: tuple[int, int]) -> Peak:
    """Of a process of its own that does nothing else."""
    with _empty_file(positions) as path:
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.ricom", str(path), *map(str, positions)])
        with watched(process.pid) as peak:
            process.wait()
    return peak


if __name__ == "__main__":
    phase_of(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
