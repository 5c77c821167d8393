"""A run: from the wanted outputs back, only what is missing, each step as soon as its inputs are there."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Container, Mapping, MutableMapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from graph4d.ledger import Ledger
from graph4d.run.cancel import Cancelled, Token, current_token
from graph4d.run.compute import Outcome, Task, compute, compute_pass
from graph4d.run.demand import Demand
from graph4d.run.events import (
    EventLog,
    NotStored,
    PassFinished,
    PassProgress,
    PassStarted,
    StepCancelled,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
    UnitConverted,
)
from graph4d.run.failure import StepError, step_error
from graph4d.run.fused import root_of
from graph4d.run.result import Run
from graph4d.store import StoreError, default_store
from graph4d.why import why

if TYPE_CHECKING:
    from collections.abc import Callable

    from graph4d.recipe.graph import Graph, Ref
    from graph4d.run.events import Event
    from graph4d.store import Store

__all__ = ["execute"]

#: Seconds between looks at the token while nothing finishes.
POLL = 0.05
#: How long an interrupted run waits for its threads [s]. Passes look at the token all the time; a node that does not
#: cannot be stopped, and must not keep a person waiting either.
GRACE = 0.5


def execute(
    graph: Graph,
    store: Store | None = None,
    *,
    wanted: Mapping[str, Ref] | None = None,
    workers: int | None = None,
    token: Token | None = None,
    listener: Callable[[Event], None] | None = None,
    every: int = 1,
    dropped: Container[str] = (),
    opened: MutableMapping[str, Any] | None = None,
) -> Run:
    """Compute what is missing for the wanted outputs.

    Parameters
    ----------
    graph : Graph
    store : Store, optional
        Where results are looked up and kept; by default the one that the command line uses.
    wanted : mapping from name to Ref, optional
        The outputs somebody looks at; those of the recipe by default.
    workers : int, optional
        Threads; all cores by default. Never changes a result.
    token : Token, optional
        To cancel the run.
    listener : callable, optional
        Hears every event as it happens; from several threads.
    every : int
        More than 1 asks for a preview: reductions see every n-th position along each axis, unless their exact result is
        there. Give it a transient store.
    dropped : container of str
        Steps whose results nobody wants any more. It may grow while the run goes on: what they do ends soon, and they
        fail with :class:`Cancelled`, as does what follows from them.
    opened : mutable mapping, optional
        Lazy values by digest. Runs that are given the same one open nothing twice.

    Returns
    -------
    Run
        Also if steps failed: what does not depend on them was finished. See :meth:`Run.raise_for_errors`.

    Raises
    ------
    Cancelled
        The token said so. What was finished is in the store.
    UsageError
        A file that a step reads is missing.
    """
    store = default_store() if store is None else store
    wanted = dict(graph.outputs if wanted is None else wanted)
    ledger = Ledger(graph, store, graph.ancestors(ref.step for ref in wanted.values()), every)
    run = Run(graph, wanted, EventLog(listener), ledger, store, opened={} if opened is None else opened)
    started = time.perf_counter()
    ledger.advance()
    executor = _Executor(run, token or Token(), workers or os.cpu_count() or 1, dropped)
    try:
        executor.run()
    finally:
        run.seconds = time.perf_counter() - started
        executor.close()
    return run


class _Executor:
    """Threads for what is ready, and a note of what they gave."""

    def __init__(self, run: Run, token: Token, workers: int, dropped: Container[str]) -> None:
        self.graph, self.ledger, self.store, self.log = run.graph, run.ledger, run.store, run.log
        self.token, self.workers, self.dropped = token, workers, dropped
        self.history = self.store.history(self.graph.identity)
        self.demand = Demand(run)
        self.load = run.load
        self.pieces: set[Future[list[Outcome]]] = set()

    def run(self) -> None:
        if not (self.demand.ready or self.demand.ready_reductions):
            return
        pool = ThreadPoolExecutor(self.workers, "graph4d")
        try:
            while self.demand.ready or self.demand.ready_reductions or self.pieces:
                self._dispatch(pool)
                self._collect()
        except BaseException:  # whatever ends the run, Ctrl-C among it, ends its threads
            self.token.cancel()
            pool.shutdown(wait=False, cancel_futures=True)
            wait(self.pieces, GRACE)
            raise
        pool.shutdown()

    def close(self) -> None:
        """Keep what each settled step was made of, for saying next time why it runs."""
        self.demand.close()
        actions = self.ledger.actions
        now = {name: actions[name].record for name in self.demand.settled if name in actions}
        if any(self.history.get(name) != record for name, record in now.items()):
            with contextlib.suppress(StoreError):  # the run has its results all the same
                self.store.record(self.graph.identity, {**self.history, **now})

    def _dispatch(self, pool: ThreadPoolExecutor) -> None:
        while self.demand.ready and len(self.pieces) < self.workers:
            self._submit(pool, [self.demand.ready.popleft()], False)
        if self.demand.expects_reductions:
            return  # one that becomes ready may share the pass
        names, self.demand.ready_reductions = self.demand.ready_reductions, []
        for together in self._by_root(names):
            self._submit(pool, together, True)

    def _submit(self, pool: ThreadPoolExecutor, names: Sequence[str], reduces: bool) -> None:
        tasks = [task for name in names if (task := self._task(name)) is not None]
        if tasks:
            self.pieces.add(pool.submit(copy_context().run, self._work, tasks, reduces))

    def _task(self, name: str) -> Task | None:
        if name in self.dropped:
            self._drop(name)
            return None
        inputs = self.demand.inputs(name)
        if inputs is None:
            return None
        looked_at = frozenset(self.demand.looked_at.get(name, ()))
        return Task(self.graph.steps[name], self.ledger.actions[name], inputs, looked_at, lambda: name in self.dropped)

    def _by_root(self, names: Sequence[str]) -> list[list[str]]:
        """Reductions grouped by the stack that is really read, and by how much of it."""
        groups: dict[tuple[int, int], list[str]] = {}
        for name in names:
            step = self.graph.steps[name]
            port = step.node.schema.over
            stack = self.load(step.inputs[port]) if port is not None and port in step.inputs else None
            root = id(step if stack is None else root_of(stack))
            groups.setdefault((root, self.ledger.actions[name].every), []).append(name)
        return list(groups.values())

    def _work(self, tasks: list[Task], reduces: bool) -> list[Outcome]:
        for task in tasks:
            memo = self.store.memo(task.action.key)
            self.log(StepStarted(task.step.name, why(task.action, task.step, self.history.get(task.step.name), memo)))
        if reduces:
            return self._compute_pass(tasks)
        (task,) = tasks
        name = task.step.name
        current_token.set(self.token.child(lambda fraction: self.log(StepProgress(name, fraction)), task.dropped))
        return [compute(task, self.store)]

    def _compute_pass(self, tasks: list[Task]) -> list[Outcome]:
        names = tuple(task.step.name for task in tasks)
        started = time.perf_counter()
        self.log(PassStarted(names))
        token = self.token.child(lambda fraction: self.log(PassProgress(names, fraction)))
        outcomes = compute_pass(tasks, self.store, token, self.workers)
        self.log(PassFinished(names, time.perf_counter() - started))
        return outcomes

    def _collect(self) -> None:
        """Wait for something to finish, and take note of it."""
        done: set[Future[list[Outcome]]] = set()
        while self.pieces and not done:
            self.token.check()
            done, self.pieces = wait(self.pieces, POLL, FIRST_COMPLETED)
        for piece in done:
            for outcome in piece.result():
                self._take_note(outcome)

    def _drop(self, name: str) -> None:
        self.log(StepCancelled(name))
        self.demand.fail(name, StepError(name, f"{name} was cancelled", Cancelled("cancelled")))

    def _take_note(self, outcome: Outcome) -> None:
        step = outcome.task.step
        if isinstance(outcome.error, Cancelled):
            self.token.check()
            self._drop(step.name)
            return
        if outcome.error is not None:
            error = step_error(self.graph, step, outcome.task.inputs, outcome.error)
            self.log(StepFailed(step.name, str(error)))
            self.demand.fail(step.name, error)
            return
        for port, (given, unit) in outcome.converted.items():
            self.log(UnitConverted(step.name, port, given, unit))
        if outcome.not_stored:
            self.log(NotStored(step.name, outcome.not_stored))
        self.log(StepFinished(step.name, outcome.seconds, tuple(outcome.digests.items())))
        self.demand.finish(outcome)
