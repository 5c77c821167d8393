"""Multislice beside abTEM: how far apart their results are, and how many probes a second they compute."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.simulate.multislice.multislice import Multislice
from graph4d_nodes.simulate.multislice.potential import projected_slices
from numpy.typing import NDArray

from benchmarks.peers import peer
from benchmarks.row import Options, Row, Target
from benchmarks.timing import medians, seconds

__all__ = ["rows"]

THREADS = 2
#: Atomic numbers and fractional coordinates x, y, z.
STRONTIUM_TITANATE = (
    (38, 0.0, 0.0, 0.0),
    (22, 0.5, 0.5, 0.5),
    (8, 0.5, 0.5, 0.0),
    (8, 0.5, 0.0, 0.5),
    (8, 0.0, 0.5, 0.5),
)
#: 2H in a cell with right angles, a × √3·a: each metal atom between two of sulphur, 1.56 Å above and below.
MOLYBDENUM_DISULPHIDE = tuple(
    (number, x + shift, y + shift, z)
    for shift in (0.0, 0.5)
    for number, x, y, z in ((42, 0.0, 0.0, 0.5), (16, 0.5, 1 / 6, 0.26), (16, 0.5, 1 / 6, 0.74))
)


def rows(options: Options) -> list[Row]:
    """SrTiO₃ and MoS₂, with every atom on a point of the grid: abTEM interpolates between points, where we do not."""
    probes = 32 if options.quick else 256
    problems = {
        "SrTiO₃": _problem(STRONTIUM_TITANATE, (3.905, 3.905, 3.905), (7, 7, 3), (280, 280), 2, 300e3, 20e-3, probes),
        "MoS₂": _problem(
            MOLYBDENUM_DISULPHIDE, (3.16, 3.16 * 3**0.5, 6.5), (9, 5, 1), (300, 324), 2, 80e3, 25e-3, probes
        ),
    }
    return [row for name, problem in problems.items() for row in _rows(name, problem, options)]


def _rows(name: str, problem: Mapping[str, NDArray[Any]], options: Options) -> list[Row]:
    simulation, positions = _simulation(problem), problem["probes"]
    ours = {"ours": seconds(partial(simulation.patterns, positions, THREADS))}
    what = f"{name}, {len(positions)} probes, {'×'.join(map(str, problem['shape']))}, {problem['slices']} slices"
    repeats = 2 if options.quick else 5
    if not options.peers:
        return [Row(what, medians(ours, repeats)["ours"] / len(positions) * 1e3, "ms/probe")]
    with TemporaryDirectory() as folder:
        given = Path(folder) / "problem.npz"
        np.savez(given, **problem)
        with peer("abtem", "multislice", given) as other:
            theirs = {way: partial(other.seconds, way) for way in other.results if way.startswith("patterns")}
            took = {way: s / len(positions) * 1e3 for way, s in medians({**ours, **theirs}, repeats).items()}
    speeds = [
        Row(what, took["ours"], "ms/probe", took[way], f"{other.version}, {way}", Target(2.0, "less")) for way in theirs
    ]
    results = {
        "potential": _potential(problem),
        "probe": simulation.probe(),
        "patterns, eager": simulation.patterns(positions),
    }
    targets = {"potential": Target(1.0), "probe": Target(1.0), "patterns, eager": Target(2.0)}
    apart = [
        Row(
            f"{name}, {way}: apart from {other.version}",
            100 * _apart(result, other.results[way]),
            "%",
            target=targets[way],
        )
        for way, result in results.items()
    ]
    return [*speeds, *apart]


def _problem(
    cell: tuple[tuple[float, ...], ...],
    size: tuple[float, float, float],
    repeats: tuple[int, int, int],
    shape: tuple[int, int],
    slices: int,
    energy: float,
    semiangle: float,
    probes: int,
) -> dict[str, NDArray[Any]]:
    """What both packages are given: atoms, the grid, the lens and positions of the probe."""
    box = np.multiply(size, repeats)
    corners = np.indices(repeats).reshape(3, -1).T * size
    positions = np.concatenate([corners + np.multiply(size, [x, y, z]) for _, x, y, z in cell])
    # Off the slices' borders, where rounding would decide.
    positions[:, 2] = (positions[:, 2] + 0.01) % box[2]
    values = {
        "numbers": np.repeat([int(atom[0]) for atom in cell], len(corners)),
        "positions": positions,
        "box": box,
        "shape": shape,
        "slices": slices,
        "energy": energy,
        "semiangle": semiangle,
        "c10": -100.0,
        "c12": 60.0,
        "phi12": 0.5,
        "probes": np.random.default_rng(0).uniform(0, box[[1, 0]], (probes, 2)),
    }
    return {name: np.asarray(value) for name, value in values.items()}


def _potential(problem: Mapping[str, NDArray[Any]]) -> NDArray[np.floating]:
    box, thickness = tuple(problem["box"].tolist()), float(problem["box"][2] / problem["slices"])
    return projected_slices(problem["numbers"], problem["positions"], box, tuple(problem["shape"].tolist()), thickness)


def _simulation(problem: Mapping[str, NDArray[Any]]) -> Multislice:
    lens = Aberrations(**{name: float(problem[name]) for name in ("c10", "c12", "phi12")})
    energy, semiangle = float(problem["energy"]), float(problem["semiangle"])
    return Multislice(_potential(problem), tuple(problem["box"].tolist()), energy, semiangle, lens)


def _apart(ours: NDArray[Any], theirs: NDArray[Any]) -> float:
    """Relative L2 distance, of patterns on the pixels that both have, of waves normalised; of the worst one."""
    rows, columns = (min(a, b) for a, b in zip(ours.shape[-2:], theirs.shape[-2:], strict=True))
    worst = 0.0
    for one, other in zip(_each(ours, rows, columns), _each(theirs, rows, columns), strict=True):
        worst = max(worst, float(np.linalg.norm(one - other) / np.linalg.norm(other)))
    return worst


def _each(pictures: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """The middle of each picture, k = 0 at its [rows // 2, columns // 2]."""
    top, left = pictures.shape[-2] // 2 - rows // 2, pictures.shape[-1] // 2 - columns // 2
    middle = pictures[..., top : top + rows, left : left + columns].reshape(-1, rows, columns)
    return middle / np.linalg.norm(middle, axis=(1, 2), keepdims=True) if np.iscomplexobj(middle) else middle
