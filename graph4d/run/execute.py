"""A run: from the wanted outputs back, only what is missing, each step as soon as its inputs are there.

A step is *settled* once its wanted outputs can be had. Settling looks for its digests first: a step whose key is known
is a hit or ready to run; one whose key is not known waits for just those steps that keep it from being known, because
their results may turn out to be the same as before, and then it is a hit after all.
"""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from graph4d.ledger import Ledger, is_lazy
from graph4d.recipe.graph import Ref
from graph4d.run.cancel import Cancelled, Token, current_token
from graph4d.run.compute import Outcome, Task, compute, compute_pass
from graph4d.run.events import (
    EventLog,
    NotStored,
    PassFinished,
    PassProgress,
    PassStarted,
    StepFailed,
    StepFinished,
    StepReused,
    StepSkipped,
    StepStarted,
)
from graph4d.run.failure import RunError, StepError, step_error
from graph4d.run.fused import root_of
from graph4d.why import why

if TYPE_CHECKING:
    from collections.abc import Callable

    from graph4d.recipe.graph import Graph, Step
    from graph4d.run.events import Event
    from graph4d.store import Store

__all__ = ["Run", "execute"]

#: Seconds between looks at the token while nothing finishes.
POLL = 0.05


@dataclass
class Run:
    """What a run gave.

    Parameters
    ----------
    graph : Graph
    wanted : mapping from name to Ref
    log : EventLog
        All that happened.
    ledger : Ledger
        Actions and digests of all steps that were looked at.
    errors : dict from step to StepError
        Empty if all went well; a step that could not run because of another has the error of that one.
    started : datetime
        In UTC.
    seconds : float
        Of the whole run.
    """

    graph: Graph
    wanted: Mapping[str, Ref]
    log: EventLog
    ledger: Ledger
    store: Store
    errors: dict[str, StepError] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    _held: dict[Ref, Any] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """The value of a wanted output (or of any step that has one), loaded when asked for.

        Raises
        ------
        RunError
            It could not be computed.
        KeyError
            It was not wanted, or its object has been evicted since.
        """
        ref = self.wanted[name] if name in self.wanted else self.graph.find(name)
        if ref in self._held:
            return self._held[ref]
        if ref.step in self.errors:
            raise RunError([self.errors[ref.step]])
        digest = self.ledger.digest(ref)
        value = self.store.get(digest) if digest is not None else None
        if value is None:
            raise KeyError(f"{name} has no value in this run; ask for it and run again")
        return value

    __getitem__ = value

    def digest(self, name: str) -> str | None:
        """Digest of a wanted output; None if it could not be computed."""
        return self.ledger.digest(self.wanted[name])

    def raise_for_errors(self) -> None:
        """Raise :class:`RunError` if any step failed."""
        if self.errors:
            raise RunError(list(dict.fromkeys(self.errors.values())))


def execute(
    graph: Graph,
    store: Store,
    *,
    wanted: Mapping[str, Ref] | None = None,
    workers: int | None = None,
    token: Token | None = None,
    listener: Callable[[Event], None] | None = None,
) -> Run:
    """Compute what is missing for the wanted outputs.

    Parameters
    ----------
    graph : Graph
    store : Store
        Where results are looked up and kept.
    wanted : mapping from name to Ref, optional
        The outputs somebody looks at; those of the recipe by default.
    workers : int, optional
        Threads; all cores by default. Never changes a result.
    token : Token, optional
        To cancel the run.
    listener : callable, optional
        Hears every event as it happens; from several threads.

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
    wanted = dict(graph.outputs if wanted is None else wanted)
    run = Run(graph, wanted, EventLog(listener), Ledger(graph, store), store)
    started = time.perf_counter()
    run.ledger.advance()
    executor = _Executor(run, token or Token(), workers or os.cpu_count() or 1)
    try:
        executor.run()
    finally:
        run.seconds = time.perf_counter() - started
        executor.record_history()
    return run


class _Executor:
    def __init__(self, run: Run, token: Token, workers: int) -> None:
        self.run_, self.token, self.workers = run, token, workers
        self.graph, self.ledger, self.store, self.log = run.graph, run.ledger, run.store, run.log
        self.looked_at = set(run.wanted.values())
        self.wanted: dict[str, set[str]] = {}  # outputs that are needed for those, by step
        self.computed: set[str] = set()
        self.settled: set[str] = set()
        self.running: set[str] = set()
        self.ready: list[str] = []
        self.waiting: dict[str, set[str]] = {}
        self.finished: queue.Queue[list[Outcome] | BaseException] = queue.Queue()
        self.history = dict(self.store.history(self.graph.identity) or {})
        self.reduces_later = self._steps_before_reductions()

    def run(self) -> None:
        for ref in self.run_.wanted.values():
            self._want(ref)
        if not self.ready:
            return
        with ThreadPoolExecutor(self.workers, "graph4d") as pool:
            try:
                while self.ready or self.running:
                    self._dispatch(pool)
                    self._collect()
            except BaseException:
                self.token.cancel()  # the pool is waited for on the way out
                raise

    def record_history(self) -> None:
        """Keep what each settled step was made of, for saying next time why it runs."""
        now = {name: self.ledger.actions[name].record for name in self.settled if name in self.ledger.actions}
        if any(self.history.get(name) != record for name, record in now.items()):
            self.store.record(self.graph.identity, {**self.history, **now})

    # What is needed

    def _want(self, ref: Ref) -> None:
        self.wanted.setdefault(ref.step, set()).add(ref.output)
        self._settle([ref.step])

    def _settle(self, names: Iterable[str]) -> None:
        stack = list(names)
        while stack:
            name = stack.pop()
            if name in self.running or name in self.ready or name in self.run_.errors:
                continue
            step = self.graph.steps[name]
            if all(self._available(step, output) for output in self.wanted[name]):
                stack += self._settled(name)
                continue
            self.settled.discard(name)
            for ref in self._missing_inputs(step):
                self.wanted.setdefault(ref.step, set()).add(ref.output)
                self.waiting.setdefault(ref.step, set()).add(name)
                if ref.step in self.run_.errors:
                    self._skip(name, self.run_.errors[ref.step])
                    break
                stack.append(ref.step)
            else:
                if not self._missing_inputs(step):
                    self.ready.append(name)

    def _missing_inputs(self, step: Step) -> list[Ref]:
        refs = list(dict.fromkeys(step.inputs.values()))
        unknown = [ref for ref in refs if self.ledger.digest(ref) is None]
        return unknown or [ref for ref in refs if not self._available(self.graph.steps[ref.step], ref.output)]

    def _available(self, step: Step, output: str) -> bool:
        ref = Ref(step.name, output)
        if ref in self.run_._held:
            return True
        digest = self.ledger.digest(ref)
        if digest is None or is_lazy(step.node, output):
            return False
        # What somebody looks at is verified, not just there: a damaged object is computed anew.
        return self.store.check(digest) if ref in self.looked_at else self.store.has(digest)

    def _settled(self, name: str) -> set[str]:
        if name not in self.settled:
            self.settled.add(name)
            if name not in self.computed:
                self.log(StepReused(name, tuple(self.ledger.outputs[name].items())))
        return self.waiting.pop(name, set())

    def _skip(self, name: str, error: StepError) -> None:
        self.log(StepSkipped(name, error.step))
        self._fail(name, error)

    def _fail(self, name: str, error: StepError) -> None:
        self.run_.errors[name] = error
        for other in self.waiting.pop(name, set()):
            if other not in self.run_.errors:
                self._skip(other, error)

    # What runs

    def _dispatch(self, pool: ThreadPoolExecutor) -> None:
        plain = [name for name in self.ready if self.graph.steps[name].node.schema.over is None]
        for name in plain:
            self._submit(pool, [name], False)
        busy = self.running | set(self.ready)
        if any(name in self.reduces_later for name in busy if self.graph.steps[name].node.schema.over is None):
            return  # another reduction may become ready and share the pass
        for names in self._by_root(self.ready):
            self._submit(pool, names, True)

    def _submit(self, pool: ThreadPoolExecutor, names: Sequence[str], reduces: bool) -> None:
        tasks = [task for name in names if (task := self._task(name)) is not None]
        if not tasks:
            return
        context = copy_context()
        context.run(current_token.set, self.token)
        pool.submit(context.run, self._work, tasks, reduces)

    def _task(self, name: str) -> Task | None:
        """The step with its inputs; None if an input turned out to be broken and must be computed first."""
        self.ready.remove(name)
        step = self.graph.steps[name]
        inputs = {}
        for port, ref in step.inputs.items():
            value = self._load(ref)
            if value is None:
                self._settle([name])
                return None
            inputs[port] = value
        self.running.add(name)
        return Task(step, self.ledger.actions[name], inputs, self._outputs_looked_at(step))

    def _outputs_looked_at(self, step: Step) -> frozenset[str]:
        return frozenset(ref.output for ref in self.looked_at if ref.step == step.name)

    def _load(self, ref: Ref) -> Any:
        if ref in self.run_._held:
            return self.run_._held[ref]
        digest = self.ledger.digest(ref)
        return None if digest is None else self.store.get(digest)

    def _by_root(self, names: Sequence[str]) -> list[list[str]]:
        """Reductions grouped by the stack that is really read."""
        groups: dict[int, list[str]] = {}
        for name in names:
            step = self.graph.steps[name]
            port = step.node.schema.over
            stack = self._load(step.inputs[port]) if port is not None and port in step.inputs else None
            groups.setdefault(id(root_of(stack)) if stack is not None else id(step), []).append(name)
        return list(groups.values())

    def _work(self, tasks: list[Task], reduces: bool) -> None:
        try:
            for task in tasks:
                before = self.history.get(task.step.name)
                self.log(StepStarted(task.step.name, why(task.action, task.step, before)))
            self.finished.put(self._compute_pass(tasks) if reduces else [compute(tasks[0], self.store)])
        except BaseException as error:  # handed to the thread that waits
            self.finished.put(error)

    def _compute_pass(self, tasks: list[Task]) -> list[Outcome]:
        names = tuple(task.step.name for task in tasks)
        started = time.perf_counter()
        self.log(PassStarted(names))
        token = _child(self.token, lambda fraction: self.log(PassProgress(names, fraction)))
        outcomes = compute_pass(tasks, self.store, token, self.workers)
        self.log(PassFinished(names, time.perf_counter() - started))
        return outcomes

    def _collect(self) -> None:
        """Wait for something to finish, and take note of it."""
        if not self.running:
            return
        while True:
            self.token.check()
            try:
                outcomes = self.finished.get(timeout=POLL)
                break
            except queue.Empty:
                continue
        if isinstance(outcomes, BaseException):
            raise outcomes
        for outcome in outcomes:
            self._take_note(outcome)

    def _take_note(self, outcome: Outcome) -> None:
        step = outcome.task.step
        self.running.discard(step.name)
        if isinstance(outcome.error, Cancelled):
            raise outcome.error
        if outcome.error is not None:
            error = step_error(self.graph, step, outcome.task.inputs, outcome.error)
            self.log(StepFailed(step.name, str(error)))
            self._fail(step.name, error)
            return
        self.run_._held.update({Ref(step.name, output): value for output, value in outcome.kept.items()})
        if outcome.not_stored:
            self.log(NotStored(step.name, outcome.not_stored))
        self.computed.add(step.name)
        self.log(StepFinished(step.name, outcome.seconds, tuple(outcome.digests.items())))
        self.ledger.settle(step.name, outcome.digests)
        self._settle([step.name])

    def _steps_before_reductions(self) -> set[str]:
        reductions = [name for name, step in self.graph.steps.items() if step.node.schema.over is not None]
        return self.graph.ancestors(reductions)


def _child(token: Token, on_progress: Callable[[float], None]) -> Token:
    """A token that is cancelled with its parent, and hears its own progress."""
    return Token(on_progress, token._stopped)
