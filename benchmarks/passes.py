"""One fused pass over a scan, beside a plain read of the same bytes and beside other packages, which do part of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from graph4d_nodes.image.com import center_of_mass
from graph4d_nodes.image.mean import mean_pattern
from graph4d_nodes.image.virtual import virtual_image
from graph4d_nodes.io.open import open_scan
from graph4d_nodes.scan import Scan4D

from benchmarks.peers import Peer, peer
from benchmarks.plain_read import plain_read
from benchmarks.row import Options, Row, Target
from benchmarks.scan import FULL, SMALL, noisy_scan, read_once
from benchmarks.timing import Stopwatch, medians, seconds
from graph4d import Node
from graph4d.run.fused import run_pass
from graph4d.run.job import Job

__all__ = ["com_alone", "fused_pass", "rows"]

THREADS = 2
#: How many times faster a whole fused pass should be than each peer's centre of mass alone.
PEERS = {"libertem": 3.0, "py4dstem": 30.0}


def rows(options: Options) -> list[Row]:
    """Times of a fused pass and of a centre of mass alone."""
    path = noisy_scan(SMALL if options.quick else FULL)
    read_once(path)
    scan = open_scan(path=path)
    repeats = 3 if options.quick else 7
    ours: dict[str, Stopwatch] = {"pass": seconds(partial(fused_pass, scan)), "COM": seconds(partial(com_alone, scan))}
    # The limit has rounds of its own, before any peer is there: what follows a peer's call finds cold caches, and a
    # limit that does so would flatter everything that is compared with it.
    took = medians({"plain read": seconds(plain_read(path, THREADS)), **ours}, repeats)
    size = f"{path.stat().st_size / 1e9:.2f} GB"
    measured = [
        _beside(f"mean pattern + BF + ADF + COM, {size}", took, "pass", "plain read", Target(1.5, "more")),
        _beside("COM alone", took, "COM", "plain read"),
    ]
    for name, factor in PEERS.items() if options.peers else ():
        with peer(name, "com", path) as other:
            theirs = {_title(other, way): partial(other.seconds, way) for way in other.results}
            took = medians({**ours, **theirs}, repeats)
            measured += _beside_peer(other, took, Target(factor, "less"), scan)
    return measured


def fused_pass(scan: Scan4D) -> tuple[Any, ...]:
    """Mean pattern, bright field, annular dark field and centre of mass in one reading of the scan."""
    radius = min(scan.item_shape) / 6
    return _reduced(
        _job(mean_pattern, scan),
        _job(virtual_image, scan, detector="disc", outer_px=radius),
        _job(virtual_image, scan, detector="annulus", inner_px=1.2 * radius, outer_px=3 * radius),
        _job(center_of_mass, scan),
    )


def com_alone(scan: Scan4D) -> Any:
    """The centre of mass [px] relative to its mean."""
    return _reduced(_job(center_of_mass, scan))[0]


def _job(node: Node[..., Any], scan: Scan4D, **parameters: Any) -> Job:
    return Job(node.function(scan, **node.validate(parameters)), scan)


def _reduced(*jobs: Job) -> tuple[Any, ...]:
    run_pass(jobs, threads=THREADS)
    for job in jobs:
        if job.error is not None:
            raise job.error
    return tuple(job.value for job in jobs)


def _beside(what: str, took: Mapping[str, float], ours: str, other: str, target: Target | None = None) -> Row:
    return Row(what, took[ours] * 1e3, "ms", took[other] * 1e3, other, target)


def _beside_peer(other: Peer, took: Mapping[str, float], target: Target, scan: Scan4D) -> list[Row]:
    """The whole pass and the COM alone beside each of a peer's ways, and how far apart the results are."""
    measured = []
    for way in sorted(other.results, key=lambda way: took[_title(other, way)]):
        measured.append(_beside("mean pattern + BF + ADF + COM", took, "pass", _title(other, way), target))
        measured.append(_beside("COM alone", took, "COM", _title(other, way)))
    ours = com_alone(scan).values
    relative = [com - com.mean(axis=(1, 2), keepdims=True) for com in other.results.values()]
    difference = max(float(np.abs(com - ours).max()) for com in relative)
    return [*measured, Row(f"largest difference from {other.version}", difference, "px", target=Target(1e-3))]


def _title(other: Peer, way: str) -> str:
    return f"COM, {other.version}, {way}"
