"""One pass over a stack for all reductions wanted on it.

The stack is cut into segments of a fixed number of items. Threads take segments from a common counter; inside a segment
the items come in order, a cache-sized tile at a time, and every reduction sees a tile while it is hot. States of
segments are merged in order, so that neither the number of threads nor the size of tiles shows in a result.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d.reduction import Accumulate, Blocked, Over, PerPattern
from graph4d.run.cancel import Token

__all__ = ["Job", "reduce_now", "root_of", "run_pass"]

#: Items folded into one state before states are merged. Part of the meaning of results on floats: not a tuning knob.
SEGMENT = 256
#: What is read at a time, and what all reductions see before the next is touched (about half of a core's L2 cache).
READ_BYTES = 8 << 20
TILE_BYTES = 512 << 10


@dataclass(eq=False)
class Job:
    """One reduction on one stack; after the pass it holds the value or the error."""

    reduction: Over[Any, Any]
    stack: Blocked
    value: Any = None
    error: BaseException | None = None
    _out: NDArray[Any] | None = None
    _state: Any = None
    _merged: int = 0
    _waiting: dict[int, Any] = field(default_factory=dict)

    def partial(self) -> Any:
        """The value of what has been seen so far; for pictures while a pass runs."""
        return self._finish(self._merged * SEGMENT)

    def _finish(self, count: int) -> Any:
        if isinstance(self.reduction, PerPattern):
            assert self._out is not None
            shape = (*self.stack.positions, *self.reduction.shape)
            return self.reduction.finish(self._out.reshape(shape))
        assert isinstance(self.reduction, Accumulate)
        return self.reduction.finish(self._state, count)


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
        Each gets its value or its own error: one that fails does not stop the others.
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
        self.jobs, self.token = jobs, token
        self.root = root_of(jobs[0].stack)
        self.count = int(np.prod(self.root.positions))
        item_bytes = max(1, int(np.prod(self.root.item_shape)) * self.root.dtype.itemsize)
        self.read_items = max(1, read_bytes // item_bytes)
        self.tile_items = max(1, tile_bytes // item_bytes)
        self.segments = -(-self.count // SEGMENT)
        # A strip of segments goes to one thread: what is stored together is then unpacked by one reader.
        self.strip = max(1, -(-self.root.alignment // SEGMENT))
        self.stacks = _in_order_of_making(jobs)
        self.next_segment = 0
        self.done = 0
        self.failure: BaseException | None = None
        self.lock = threading.Lock()
        for job in jobs:
            self._prepare(job)

    def _prepare(self, job: Job) -> None:
        if isinstance(job.reduction, PerPattern):
            reduction = job.reduction
            empty = np.nan if reduction.dtype.kind in "fc" else 0
            job._out = np.full((self.count, *reduction.shape), empty, reduction.dtype)
        elif isinstance(job.reduction, Accumulate):
            job._state = job.reduction.init()

    def run(self, threads: int) -> None:
        strips = -(-self.segments // self.strip)
        others = [threading.Thread(target=self._work, daemon=True) for _ in range(min(threads, strips) - 1)]
        for thread in others:
            thread.start()
        self._work()
        for thread in others:
            thread.join()
        if self.failure is not None:
            raise self.failure
        for job in self.jobs:
            if job.error is None:
                try:
                    job.value = job._finish(self.count)
                except Exception as error:  # belongs to that node alone
                    job.error = error

    def _work(self) -> None:
        try:
            while (strip := self._take()) is not None:
                for segment in strip:
                    self._fold(segment)
        except BaseException as error:
            with self.lock:
                self.failure = self.failure or error

    def _take(self) -> range | None:
        with self.lock:
            if self.failure is not None or self.next_segment >= self.segments:
                return None
            first = self.next_segment
            self.next_segment = min(first + self.strip, self.segments)
            return range(first, self.next_segment)

    def _fold(self, segment: int) -> None:
        start, stop = segment * SEGMENT, min((segment + 1) * SEGMENT, self.count)
        states = {id(job): job.reduction.init() for job in self.jobs if isinstance(job.reduction, Accumulate)}
        for at in range(start, stop, self.read_items):
            block = self.root.read(at, min(at + self.read_items, stop))
            for offset in range(0, len(block), self.tile_items):
                self.token.check()
                self._see(block[offset : offset + self.tile_items], at + offset, states)
        with self.lock:
            for job in self.jobs:
                if id(job) in states and job.error is None:
                    _merge_in_order(job, segment, states[id(job)])
            self.done += 1
            done = self.done
        self.token.progress(done / self.segments)

    def _see(self, tile: NDArray[Any], start: int, states: dict[int, Any]) -> None:
        made: dict[int, Any] = {id(self.root): tile}
        for stack in self.stacks:
            source = made[id(stack.parent)]
            if isinstance(source, Exception):
                made[id(stack)] = source
                continue
            try:
                made[id(stack)] = stack.transform(source, start)
            except Exception as error:  # belongs to the jobs on that stack alone
                made[id(stack)] = error
        for job in self.jobs:
            if job.error is not None:
                continue
            block = made[id(job.stack)]
            if isinstance(block, Exception):
                job.error = block
                continue
            try:
                if isinstance(job.reduction, PerPattern):
                    assert job._out is not None
                    here = slice(start, start + len(block))
                    along = [values[here] for values in job.reduction.along]
                    job.reduction.kernel(block, job._out[here], *along, *job.reduction.arguments)
                elif isinstance(job.reduction, Accumulate):
                    states[id(job)] = job.reduction.update(states[id(job)], block)
            except Exception as error:  # belongs to that node alone
                job.error = error


def _in_order_of_making(jobs: Sequence[Job]) -> list[Blocked]:
    """The mapped stacks the jobs need, parents before children, each once."""
    chains: dict[int, Blocked] = {}
    for job in jobs:
        chain: list[Blocked] = []
        stack = job.stack
        while stack.parent is not None:
            chain.append(stack)
            stack = stack.parent
        for made in reversed(chain):
            chains.setdefault(id(made), made)
    return list(chains.values())


def _merge_in_order(job: Job, segment: int, state: Any) -> None:
    job._waiting[segment] = state
    assert isinstance(job.reduction, Accumulate)
    try:
        while job._merged in job._waiting:
            job._state = job.reduction.merge(job._state, job._waiting.pop(job._merged))
            job._merged += 1
    except Exception as error:  # belongs to that node alone
        job.error = error
