"""What happens while a control moves, and what the engine itself costs."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from graph4d_nodes.image.radial import annulus, cumulative_radial_sums
from graph4d_nodes.io.open import open_scan
from graph4d_nodes.phase.ricom import ricom

from benchmarks.row import Options, Row, Target
from benchmarks.scan import noisy_scan
from benchmarks.timing import Stopwatch, medians, seconds
from graph4d import Scalar, node
from graph4d.recipe.graph import Graph, Ref, Step
from graph4d.run.execute import execute
from graph4d.store import MemoryStore, Store

__all__ = ["rows"]

NODES = 100


def rows(options: Options) -> list[Row]:
    """An annulus, a riCOM, and a chain of nodes that do nothing."""
    took = medians({"annulus": _annulus(), "riCOM": _ricom()}, 5 if options.quick else 21)
    with tempfile.TemporaryDirectory() as folder:
        chains = {"graph4d, reused": _reused_chain(), "graph4d, computed": _computed_chain()}
        if options.peers:
            chains |= {"joblib.Memory": _joblib_chain(Path(folder)), "dask.delayed": _dask_chain()}
        took |= medians(chains, 5 if options.quick else 21)
    measured = [
        Row("an annulus from radial sums, 128 × 128", took["annulus"] * 1e3, "ms", target=Target(20)),
        Row("riCOM, window 61, 512 × 512", took["riCOM"] * 1e3, "ms", target=Target(50)),
    ]
    what, warm = f"{NODES} trivial nodes, warm", took["graph4d, reused"] * 1e3
    measured.append(Row(what, warm, "ms", took["graph4d, computed"] * 1e3, "the same computed", Target(10)))
    for name in list(chains)[2:]:
        measured.append(Row(what, warm, "ms", took[name] * 1e3, name))
    return measured


def _annulus() -> Stopwatch:
    sums = cumulative_radial_sums(open_scan(path=noisy_scan((128, 128, 64, 64))))
    radii = itertools.cycle(range(1, 20))
    return seconds(lambda: annulus(sums, inner_px=next(radii), outer_px=30))


def _ricom() -> Stopwatch:
    field = np.random.default_rng(0).normal(size=(2, 512, 512))
    com = xr.DataArray(field, dims=("component", "y", "x"), coords={"component": ["y", "x"]}, attrs={"units": "px"})
    return seconds(lambda: ricom(com, kernel=61))


@node("bench.zero")
def zero() -> Scalar:
    """A number to begin with."""
    return xr.DataArray(0.0, attrs={"units": "1"})


@node("bench.next")
def successor(number: Scalar) -> Scalar:
    """The next number."""
    return number + 1


def _chain() -> Graph:
    steps = {"0": Step("0", zero, {}, {})}
    for i in range(1, NODES):
        steps[str(i)] = Step(str(i), successor, {}, {"number": Ref(str(i - 1), "out")})
    return Graph("a chain", steps, {"last": Ref(str(NODES - 1), "out")})


def _reused_chain() -> Stopwatch:
    graph, store = _chain(), Store(MemoryStore())
    return seconds(lambda: execute(graph, store)["last"])


def _computed_chain() -> Stopwatch:
    graph = _chain()
    return seconds(lambda: execute(graph, Store(MemoryStore()))["last"])


def _plain_successor(number: Any) -> Any:
    return number + 1


def _joblib_chain(folder: Path) -> Stopwatch:
    from joblib import Memory

    remembered = Memory(folder, verbose=0).cache(_plain_successor)

    def chain() -> None:
        number = 0
        for _ in range(NODES):
            number = remembered(number)

    return seconds(chain)


def _dask_chain() -> Stopwatch:
    from dask.delayed import delayed

    def chain() -> None:
        number = delayed(0)
        for _ in range(NODES):
            number = delayed(_plain_successor)(number)
        number.compute()

    return seconds(chain)
