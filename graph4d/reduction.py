"""Reductions: how a node asks to see every item of a lazy stack without touching it.

A node that returns one leaves the reading to the engine, which gives all reductions wanted on one stack a single pass,
and with it threads, progress, cancellation between blocks and partial results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from graph4d.types import ValueType

__all__ = ["Accumulate", "Blocked", "Over", "PerPattern", "Together", "accumulate", "per_pattern"]

S = TypeVar("S")
T = TypeVar("T")


class Blocked(Protocol):
    """A lazy stack of equal items, such as the patterns of a scan, read block by block.

    Items are numbered through all positions in C order. Stacks with the same positions can be chained: ``parent`` is
    the stack whose blocks ``transform`` turns into this one's, so that one read of the root serves them all.
    """

    value_type: ClassVar[ValueType]

    @property
    def positions(self) -> tuple[int, ...]:
        """Shape of the leading axes."""

    @property
    def item_shape(self) -> tuple[int, ...]:
        """Shape of one item."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers, in native byte order."""

    @property
    def alignment(self) -> int:
        """Items that are stored together: reading a multiple of them at a time reads nothing twice."""

    @property
    def parent(self) -> Blocked | None:
        """The stack this one maps, or None for a root."""

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Items ``start … stop`` as ``(stop - start, *item_shape)``; a view where the storage allows. Thread-safe."""

    def transform(self, block: NDArray[Any], start: int) -> NDArray[Any]:
        """This stack's block from the same block of ``parent``, whose first item is number ``start``."""


class Over(Generic[S, T]):
    """A result of type ``T`` that the engine will compute in a pass over a stack of type ``S``."""


@dataclass(frozen=True, eq=False)
class PerPattern(Over[S, T]):
    """One result a pattern; see :func:`per_pattern`."""

    kernel: Callable[..., object]
    arguments: tuple[Any, ...]
    finish: Callable[[NDArray[Any]], T]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    along: tuple[NDArray[Any], ...]
    streams: bool
    together: Together | None


Together = Callable[[Sequence[PerPattern[Any, Any]]], "PerPattern[Any, Sequence[NDArray[Any]]] | None"]
"""``together(reductions)`` joins several reductions on one stack into a single one, or returns None.

Its ``finish`` gives what the kernel of each would have filled in, in their order; that they were joined must not show
in a single bit.
"""


@dataclass(frozen=True, eq=False)
class Accumulate(Over[S, T]):
    """One result of all patterns; see :func:`accumulate`."""

    init: Callable[[], Any]
    update: Callable[[Any, NDArray[Any]], Any]
    merge: Callable[[Any, Any], Any]
    finish: Callable[[Any, int], T]


def per_pattern(
    kernel: Callable[..., object],
    *arguments: Any,
    finish: Callable[[NDArray[Any]], T],
    shape: tuple[int, ...] = (),
    dtype: DTypeLike = np.float64,
    along: Sequence[NDArray[Any]] = (),
    streams: bool = False,
    together: Together | None = None,
) -> PerPattern[Any, T]:
    """A reduction that computes something of each pattern by itself.

    Parameters
    ----------
    kernel : callable
        ``kernel(block, out, *along, *arguments)`` fills ``out``, of shape ``(n, *shape)``, from ``block``, of shape
        ``(n, *item_shape)``, C-contiguous and in the stack's own dtype. It is called from several threads at once, on
        any split into blocks: ``out[i]`` may depend on ``block[i]``, ``along[…][i]`` and the arguments only. Best a
        numba function with ``nogil``.
    *arguments
        Passed on, typically masks and weights.
    finish : callable
        Turns the array of all results, of shape ``(*positions, *shape)``, into the node's value. Positions not yet seen
        are NaN (0 for integers) when it is called for a partial result.
    shape, dtype
        Of one pattern's result.
    along : sequence of ndarray
        Values that go with the patterns, such as an origin for each: of shape ``(number of patterns, …)``, cut as the
        blocks are.
    streams : bool
        The kernel reads every number of a block, in the order of memory. Such kernels see a block before others: they
        bring it into the cache the fastest way.
    together : callable, optional
        Reductions of one pass that name the same (an equal) function are offered to it, to be computed by one kernel
        that reads the patterns once; see :data:`Together`.

    Returns
    -------
    PerPattern
        To be returned by the node.
    """
    return PerPattern(kernel, arguments, finish, tuple(shape), np.dtype(dtype), tuple(along), streams, together)


def accumulate(
    init: Callable[[], Any],
    update: Callable[[Any, NDArray[Any]], Any],
    merge: Callable[[Any, Any], Any],
    finish: Callable[[Any, int], T],
) -> Over[Any, T]:
    """A reduction that folds all patterns into one state.

    The engine folds segments of a fixed number of patterns, 2048 at most, each from ``init()`` and in order, and merges
    their states in order: the result does not depend on the number of threads, nor on the block size if ``update`` adds
    pattern after pattern.

    Parameters
    ----------
    init : callable
        ``init()`` makes an empty state.
    update : callable
        ``update(state, block)`` returns the state after the patterns of ``block``; it may change ``state`` in place.
    merge : callable
        ``merge(first, second)`` returns the state of both; it may change ``first`` in place.
    finish : callable
        ``finish(state, n)`` turns the state of ``n`` patterns into the node's value.

    Returns
    -------
    Over
        To be returned by the node.
    """
    return Accumulate(init, update, merge, finish)
