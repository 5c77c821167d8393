"""Tiny nodes, and graphs of them built by hand, for tests of plans and runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from graph4d import Image, Length, Over, Scalar, ValueType, accumulate, node, per_pattern
from graph4d.declaration import Node
from graph4d.recipe.graph import Graph, Ref, Step
from graph4d.registry import Registry
from graph4d.run.cancel import report_progress


@dataclass(eq=False)
class Movie:
    """A lazy stack in memory that counts how often each item is read."""

    value_type: ClassVar[ValueType] = ValueType("Movie", ("y", "x", "ky", "kx"), "lazy")

    items: NDArray[Any]
    positions: tuple[int, int]
    parent: Movie | None = None
    factor: int = 1
    reads: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.reads = np.zeros(len(self.items), np.int64)

    alignment = 1

    @property
    def item_shape(self) -> tuple[int, ...]:
        return self.items.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.items.dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        if self.parent is not None:
            return self.transform(self.parent.read(start, stop), start)
        self.reads[start:stop] += 1
        return self.items[start:stop]

    def transform(self, block: NDArray[Any], start: int) -> NDArray[Any]:
        return block * self.factor


def a_movie(rows: int = 20, columns: int = 30, seed: int = 0) -> Movie:
    items = np.random.default_rng(seed).poisson(5.0, (rows * columns, 8, 6)).astype(np.uint16)
    return Movie(items, (rows, columns))


opened: list[Movie] = []


@node("test.movie")
def movie(*, seed: int = 0, rows: int = 20) -> Movie:
    """A stack of random items."""
    opened.append(a_movie(rows, seed=seed))
    return opened[-1]


@node("test.scaled")
def scaled(movie: Movie, *, factor: int = 2) -> Movie:
    """The same stack, every item multiplied."""
    return Movie(movie.items, movie.positions, movie, factor)


def total_kernel(block: NDArray[Any], out: NDArray[Any]) -> None:
    out[:] = block.sum((1, 2))


@node("test.total")
def total(movie: Movie) -> Over[Movie, Image]:
    """Sum of each item."""
    return per_pattern(total_kernel, finish=_image)


@node("test.brightest")
def brightest(movie: Movie, image: Image) -> Over[Movie, Scalar]:
    """The largest number of all, after something that needed a pass before."""
    return accumulate(lambda: 0, lambda m, b: max(m, int(b.max())), max, lambda m, _: _scalar(m))


@node("test.mean")
def mean(movie: Movie) -> Over[Movie, Scalar]:
    """Mean of all numbers, in floating point."""
    return accumulate(
        lambda: np.zeros(()),
        _add_one_by_one,
        lambda a, b: a + b,
        lambda s, n: _scalar(float(s) / n),
    )


def _add_one_by_one(state: NDArray[np.float64], block: NDArray[Any]) -> NDArray[np.float64]:
    for item in block:
        state = state + np.sqrt(item.astype(np.float64)).sum()
    return state


@node("test.number")
def number(*, value: float = 1.0) -> Scalar:
    """A number."""
    return _scalar(value)


@node("test.add")
def add(first: Scalar, second: Scalar | None = None, *, more: float = 0.0) -> Scalar:
    """A sum."""
    return _scalar(float(first) + (0.0 if second is None else float(second)) + more)


@node("test.sign")
def sign(number: Scalar) -> Scalar:
    """-1, 0 or 1: often the same for different inputs."""
    return _scalar(float(np.sign(float(number))))


@node("test.fail")
def fail(number: Scalar) -> Scalar:
    """Always fails."""
    raise RuntimeError("the lens is off")


@node("test.odd_attribute")
def odd_attribute() -> Scalar:
    """A number with something that cannot be stored."""
    return _scalar(1.0).assign_attrs(made_by=object())


@node("test.dice", deterministic=False)
def dice() -> Scalar:
    """Another number at every throw."""
    return _scalar(float(np.random.default_rng().random()))


class Gate:
    """Where a node waits until a test lets it go on."""

    def __init__(self) -> None:
        self.seen: list[float] = []
        self._entered = threading.Semaphore(0)
        self._open = threading.Event()
        self._open.set()

    def pass_through(self, value: float) -> None:
        """For nodes: note a value, and wait while the gate is closed."""
        self.seen.append(value)
        self._entered.release()
        assert self._open.wait(10)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Nobody gets through; who waits goes on afterwards."""
        while self._entered.acquire(blocking=False):
            pass
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    def entered(self) -> None:
        """Wait until a node has come to the gate."""
        assert self._entered.acquire(timeout=10)


gate = Gate()


@node("test.gated")
def gated(number: Scalar) -> Scalar:
    """The same number, after a gate."""
    gate.pass_through(float(number))
    report_progress(0.5)
    return _scalar(float(number))


@node("test.stubborn")
def stubborn(number: Scalar) -> Scalar:
    """The same number, after a gate, whether anybody wants it or not."""
    gate.pass_through(float(number))
    return _scalar(float(number))


@node("test.dear", cost="expensive")
def dear(number: Scalar) -> Scalar:
    """Twice a number, at some expense."""
    return _scalar(2 * float(number))


@node("test.dear_gated", cost="expensive")
def dear_gated(number: Scalar) -> Scalar:
    """The same number, at some expense and after a gate."""
    gate.pass_through(float(number))
    return _scalar(float(number))


written: list[float] = []


@node("test.writes", effects="writes")
def writes(number: Scalar) -> Scalar:
    """The same number, put into a list outside."""
    written.append(float(number))
    return _scalar(float(number))


@node("test.root")
def root(number: Scalar) -> Scalar:
    """The square root of a number that has one."""
    if float(number) < 0:
        raise ValueError(f"{float(number)} has no root")
    return _scalar(float(number) ** 0.5)


def factor_kernel(block: NDArray[Any], out: NDArray[Any], factor: float) -> None:
    out[:] = factor * block.sum((1, 2))


@node("test.weighted")
def weighted(movie: Movie, *, factor: float = 1.0) -> Over[Movie, Image]:
    """Sum of each item, times a factor."""
    return per_pattern(factor_kernel, factor, finish=_image)


def gated_kernel(block: NDArray[Any], out: NDArray[Any], factor: float) -> None:
    gate.pass_through(factor)
    out[:] = factor * block.sum((1, 2))


@node("test.gated_pass")
def gated_pass(movie: Movie, *, factor: float = 1.0) -> Over[Movie, Image]:
    """Sum of each item, times a factor, after a gate."""
    return per_pattern(gated_kernel, factor, finish=_image)


@node("test.shifted")
def shifted(image: Image, *, by: float = 0.0) -> Image:
    """An image with a constant added."""
    return (image + by).assign_attrs(units="1")


@node("test.long")
def long(*, length: Length = 1.0) -> Scalar:
    """A length."""
    return _scalar(length)


NODES = [
    add, brightest, dear, dear_gated, dice, fail, gated, gated_pass, long, mean, movie, number, root, scaled, shifted,
    sign, stubborn, total, weighted, writes,
]  # fmt: skip


def registry() -> Registry:
    """A registry that holds the nodes above and nothing else."""
    result = Registry(group=None)
    for each in NODES:
        result.register(each)
    return result


def _image(values: NDArray[Any]) -> Image:
    return xr.DataArray(values, dims=("y", "x"), attrs={"units": "1"})


def _scalar(value: float) -> Scalar:
    return xr.DataArray(float(value), attrs={"units": "1"})


def step(name: str, of: Node[..., Any], inputs: dict[str, str] | None = None, **parameters: Any) -> Step:
    """A step whose inputs are named ``step`` or ``step.output``."""
    refs = {}
    for port, text in (inputs or {}).items():
        source, _, output = text.partition(".")
        refs[port] = Ref(source, output or "out")
    return Step(name, of, of.validate(parameters), refs, frozenset(parameters))


def graph(*steps: Step, outputs: str = "", identity: str = "a graph") -> Graph:
    """A graph of steps given in order; ``outputs`` names those that are looked at, by default the last."""
    names = outputs.split() or [steps[-1].name]
    return Graph("a test", {s.name: s for s in steps}, {n: Ref(n, "out") for n in names}, identity=identity)
