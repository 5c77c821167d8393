"""One pass over a stack for all reductions wanted on it.

The stack is cut into segments of a fixed number of items. Threads take segments from a common counter; inside a segment
the items come in order, a cache-sized tile at a time, and every reduction sees a tile while it is hot. States of
segments are merged in order, so that neither the number of threads nor the size of tiles shows in a result.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d.reduction import Blocked, Over
from graph4d.run.cancel import Token
from graph4d.run.job import Job, joined
from graph4d.run.sampling import Items, gather, sampled

__all__ = ["reduce_now", "root_of", "run_pass"]

#: What is folded into one state before states are merged: so many bytes, but at most so many items. Both are part of
#: the meaning of results on floats, not tuning knobs.
SEGMENT_BYTES = 64 << 20
SEGMENT_ITEMS = 2048
#: What is read at a time where items are stored together, and what all reductions see before the next is touched: the
#: tiles of all threads fit into the cache that cores share, and one is long enough for the calls of its kernels not to
#: count.
READ_BYTES = 16 << 20
TILE_BYTES = 2 << 20


def reduce_now(reduction: Over[Any, Any], stack: Blocked) -> Any:
    """The value of a single reduction, computed at once with all cores."""
    job = Job(reduction, stack)
    run_pass([job])
    if job.error is not None:
        raise job.error
    return job.value


def root_of(stack: Blocked) -> Blocked:
    """The stack that is really read when ``stack`` is."""
    while stack.parent is not None:
        stack = stack.parent
    return stack


def run_pass(
    jobs: Sequence[Job],
    *,
    threads: int | None = None,
    token: Token | None = None,
    read_bytes: int = READ_BYTES,
    tile_bytes: int = TILE_BYTES,
) -> None:
    """Carry out all jobs, which must share a root, in one reading of it.

    Parameters
    ----------
    jobs : sequence of Job
        Each gets its value or its own error: one that fails, or that nobody wants any more, does not stop the others.
        All see the same items: every one, or those for a preview.
    threads : int, optional
        All cores by default. Never changes a result.
    token : Token, optional
        To cancel between tiles and to hear of progress.
    read_bytes, tile_bytes : int
        Sizes of blocks; never change a result.

    Raises
    ------
    Cancelled
        The token said so; no job has a value then.
    OSError
        The root could not be read.
    """
    if jobs:
        _Pass(jobs, token or Token(), read_bytes, tile_bytes).run(threads or os.cpu_count() or 1)


class _Pass:
    def __init__(self, jobs: Sequence[Job], token: Token, read_bytes: int, tile_bytes: int) -> None:
        self.asked = jobs
        self.jobs = sorted(joined(jobs), key=lambda job: not job.seen.streams)
        self.token = token
        self.root = root_of(jobs[0].stack)
        every = jobs[0].every
        self.items = sampled(self.root.positions, every) if every > 1 else None
        self.count = prod(self.root.positions) if self.items is None else len(self.items)
        item_bytes = max(1, prod(self.root.item_shape) * self.root.dtype.itemsize)
        self.segment_items = min(max(1, SEGMENT_BYTES // item_bytes), SEGMENT_ITEMS)
        self.tile_items = max(1, tile_bytes // item_bytes)
        # A reader that converts fills new memory: a tile of it is still in the cache when it is looked at.
        self.read_items = self.tile_items if self.root.alignment == 1 else max(1, read_bytes // item_bytes)
        self.segments = -(-self.count // self.segment_items)
        # A strip of segments goes to one thread: what is stored together is then unpacked by one reader.
        self.strip = max(1, -(-self.root.alignment // self.segment_items)) if self.items is None else 1
        self.stacks = _in_order_of_making(jobs)
        self.next_segment = 0
        self.done = 0
        self.failure: BaseException | None = None
        self.lock = threading.Lock()

    def run(self, threads: int) -> None:
        for job in self.jobs:
            job.attempt(job.seen.prepare)
        strips = -(-self.segments // self.strip)
        others = [threading.Thread(target=self._work, daemon=True) for _ in range(min(threads, strips) - 1)]
        for thread in others:
            thread.start()
        self._work()
        for thread in others:
            thread.join()
        if self.failure is not None:
            raise self.failure
        for job in self.asked:
            job.finish()

    def _work(self) -> None:
        try:
            while (strip := self._take()) is not None:
                for segment in strip:
                    self._go_through(segment)
        except BaseException as error:  # raised again by the thread that waits
            with self.lock:
                self.failure = self.failure or error

    def _take(self) -> range | None:
        with self.lock:
            if self.failure is not None or self.next_segment >= self.segments:
                return None
            first = self.next_segment
            self.next_segment = min(first + self.strip, self.segments)
            return range(first, self.next_segment)

    def _go_through(self, segment: int) -> None:
        first = segment * self.segment_items
        last = min(first + self.segment_items, self.count)
        states = [job.attempt(job.seen.begin) for job in self.jobs]
        for start in range(first, last, self.read_items):
            if all(job.over for job in self.jobs):
                self._skip_rest()
                return
            for tile, items in self._tiles(start, min(start + self.read_items, last)):
                self.token.check()
                self._see(tile, items, states)
        with self.lock:
            for job, state in zip(self.jobs, states, strict=True):
                job.attempt(job.seen.merge, segment, state, last - first)
            self.done += 1
            done = self.done
        self.token.progress(done / self.segments)

    def _skip_rest(self) -> None:
        with self.lock:
            self.next_segment = self.segments

    def _tiles(self, start: int, stop: int) -> Iterator[tuple[NDArray[Any], Items]]:
        """Blocks that fit into the cache, and the numbers of their items."""
        if self.items is None:
            block = self.root.read(start, stop)
            for offset in range(0, len(block), self.tile_items):
                tile = block[offset : offset + self.tile_items]
                yield tile, slice(start + offset, start + offset + len(tile))
            return
        for first in range(start, stop, self.tile_items):
            items = self.items[first : min(first + self.tile_items, stop)]
            yield gather(self.root.read, items, self.root.alignment), items

    def _see(self, tile: NDArray[Any], items: Items, states: list[Any]) -> None:
        """Show a tile to all jobs, and update their states."""
        # Kernels are several times faster on items without gaps, and most blocks have none.
        blocks: dict[int, NDArray[Any] | Exception] = {id(self.root): np.ascontiguousarray(tile)}
        for stack in self.stacks:
            blocks[id(stack)] = _transformed(stack, blocks[id(stack.parent)], items)
        for i, job in enumerate(self.jobs):
            block = blocks[id(job.stack)]
            if isinstance(block, Exception):
                job.error = job.error or block
            elif not job.over:
                states[i] = job.attempt(job.seen.see, states[i], block, items)


def _transformed(stack: Blocked, source: NDArray[Any] | Exception, items: Items) -> NDArray[Any] | Exception:
    """The block of a mapped stack; an error goes to the jobs on that stack alone, so it is handed on."""
    if isinstance(source, Exception):
        return source
    try:
        if isinstance(items, slice):
            return np.ascontiguousarray(stack.transform(source, items.start))
        single = [stack.transform(source[i : i + 1], int(item)) for i, item in enumerate(items)]
        return np.concatenate(single)
    except Exception as error:  # code of a node may raise anything
        return error


def _in_order_of_making(jobs: Sequence[Job]) -> list[Blocked]:
    """The mapped stacks the jobs need, parents before children, each once."""
    made: dict[int, Blocked] = {}
    for job in jobs:
        chain: list[Blocked] = []
        stack = job.stack
        while stack.parent is not None:
            chain.append(stack)
            stack = stack.parent
        for mapped in reversed(chain):
            made.setdefault(id(mapped), mapped)
    return list(made.values())
