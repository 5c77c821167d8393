"""Who computes what in a session, and when: previews while a control moves, exact results when it rests.

One worker looks at the newest revision only: what came and went meanwhile is never computed. What takes no time it
computes at once. For the rest it makes a preview, from a part of the stack that it can see in a blink; the exact result
is left to a thread of its own, so that the worker stays free for the next move. Both end when there is nothing to do.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from graph4d.errors import GraphError, UsageError
from graph4d.run.cancel import Cancelled, Token
from graph4d.run.events import PassFinished, PassProgress, StepFinished, StepProgress
from graph4d.run.execute import execute
from graph4d.run.failure import StepError
from graph4d.session.leftovers import Leftovers
from graph4d.session.moment import Moment
from graph4d.session.need import handles_of, missing_steps, positions_of, seconds_of
from graph4d.session.state import Shown, Status
from graph4d.session.stride import Stride
from graph4d.store import Store

if TYPE_CHECKING:
    from graph4d.recipe.graph import Ref, Step
    from graph4d.run.events import Event
    from graph4d.run.result import Run
    from graph4d.session.board import Board
    from graph4d.session.notify import Notifier

__all__ = ["Scheduler"]

QUICK = 0.1
"""What takes no longer is computed exactly for every move [s]."""
REST = 0.2
"""A control that has not moved for so long is at rest [s]."""
BLINK = 0.5
"""What the worker has not shown by then, because a disk is slow for instance, makes room for what is newer [s]."""
PATIENCE = 1.0
"""A computation that takes longer is given up when its result is not wanted any more [s]."""

log = logging.getLogger(__name__)


@dataclass
class Exact:
    """A run for exact results in a thread of its own."""

    moment: Moment
    seconds: float
    """It is expected to take."""
    token: Token = field(default_factory=Token)
    dropped: set[str] = field(default_factory=set)


class Scheduler:
    """Keeps what is on a board up to date.

    Parameters
    ----------
    board : Board
    notifier : Notifier
    store : Store
    workers : int, optional
        Threads of a run.
    moment : callable
        ``moment(names)`` says what is wanted now; called under the lock.
    """

    def __init__(
        self,
        board: Board,
        notifier: Notifier,
        store: Store,
        workers: int | None,
        moment: Callable[[Iterable[str]], Moment],
    ) -> None:
        self.changed = threading.Condition(threading.RLock())
        """The lock of the session; told whenever something has changed."""
        self._board, self._notifier, self._moment = board, notifier, moment
        self._store, self._workers = store, workers
        # While a hand moves, half of the cores are left to the browser that is to show it.
        self._spare = max(1, (workers or os.cpu_count() or 1) // 2)
        self._passing = Store(store.memory, store.disk, transient=True)
        self._worker: threading.Thread | None = None
        self._exact: Exact | None = None
        self._glanced = False  # nothing has changed since the worker last looked
        self._previewed = False  # what is shown follows the moves, so that the exact result can wait for a rest
        self._rests_at = 0.0
        self._ahead = math.inf  # seconds that the exact results are expected to take
        self._quick = Token()
        self._looking_since = 0.0
        self._seconds: dict[str, float] = {}
        self._stride = Stride()
        self._leftovers = Leftovers(store.memory)

    def wake(self) -> None:
        """Something has changed. Call with the lock held."""
        self._glanced = False
        if time.monotonic() - self._looking_since > BLINK:
            self._quick.cancel()
        if self._worker is None and self._board.pending():
            self._worker = threading.Thread(target=self._work, name="graph4d session", daemon=True)
            self._worker.start()
        self.changed.notify_all()

    def rest(self, at: float = 0.0) -> None:
        """Say when the control that moves can be taken to rest, by the monotonic clock. Call with the lock held."""
        self._rests_at = at
        self.changed.notify_all()

    def drop(self, steps: Iterable[str]) -> None:
        """Nobody wants the former results of these steps any more. Call with the lock held."""
        if self._exact is not None and self._exact.seconds > PATIENCE:
            self._exact.dropped.update(steps)

    def cancel(self) -> None:
        """Stop what runs. Call with the lock held."""
        self._quick.cancel()
        if self._exact is not None:
            self._exact.token.cancel()

    def close(self) -> None:
        """Let go of files and of what moves have left in memory. Call with the lock held."""
        self.cancel()
        self._leftovers.clear()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            task()
            self._notifier.deliver()

    def _next(self) -> Callable[[], None] | None:
        with self.changed:
            while True:
                names = self._board.pending()
                if not names:
                    self._worker = None
                    return None
                moment = self._moment(names)
                if not self._glanced:
                    self._glanced, self._quick, self._looking_since = True, Token(), time.monotonic()
                    return lambda: self._guarded(moment, self._glance)
                rest = self._rests_at - time.monotonic() if self._previewed else 0.0
                if self._exact is None and rest <= 0:
                    return self._exactly(moment)
                self.changed.wait(rest if self._exact is None else None)

    def _glance(self, moment: Moment) -> None:
        """Show at once what can be had at once."""
        refs = moment.wanted(moment.names)
        steps = moment.graph.steps
        missing = missing_steps(moment.graph, self._store, refs.values())
        asking = {name for name, step in steps.items() if step.node.cost == "expensive" or _writes(step)}
        late = {name for name, ref in refs.items() if name not in moment.applied and missing[ref] & asking}
        with self.changed:
            if self._glanced:  # or somebody may just have asked for them
                self._board.set_status(late, Status.STALE)
                self.changed.notify_all()
        refs = {name: ref for name, ref in refs.items() if name not in late}
        self._ahead = seconds_of(set().union(*(missing[ref] for ref in refs.values())), self._seconds)
        reductions = {name for name, step in steps.items() if step.node.schema.over is not None}
        busy = self._under_way()
        quick = {
            name: ref
            for name, ref in refs.items()
            if seconds_of(missing[ref], self._seconds) <= QUICK or (busy and missing[ref].isdisjoint(busy | reductions))
        }
        if quick:
            self._publish(moment, self._run(moment, quick, self._passing, self._quick))
        partly = {
            name: ref
            for name, ref in refs.items()
            if name not in quick
            and missing[ref] & reductions
            and not any(_writes(steps[step]) for step in missing[ref])
            and seconds_of(missing[ref] - reductions, self._seconds) <= QUICK
        }
        with self.changed:
            self._previewed = bool(partly)
        if partly:
            self._preview(moment, partly, reductions)

    def _under_way(self) -> set[str]:
        """Steps of the exact run. What needs none of them need not wait for its end, whatever it takes."""
        with self.changed:
            if self._exact is None:
                return set()
            moment = self._exact.moment
        return moment.graph.ancestors(ref.step for ref in moment.wanted(moment.names).values())

    def _preview(self, moment: Moment, refs: Mapping[str, Ref], reductions: set[str]) -> None:
        handles = handles_of(moment.graph, refs.values())
        if self._stride.every == 0:  # open what will be read, to see how much there is of it
            opened = self._run(moment, handles, self._passing, self._quick)
            self._stride.begin(positions_of(opened, handles.values()))
        started = time.monotonic()
        try:
            run = self._run(moment, refs, self._passing, self._quick, every=self._stride.every)
        except Cancelled:
            self._stride.learn(time.monotonic() - started)
            raise
        self._publish(moment, run, previews=reductions)
        self._stride.learn(sum(event.seconds for event in run.log if isinstance(event, PassFinished)))

    def _exactly(self, moment: Moment) -> Callable[[], None]:
        """How to begin an exact run. Call with the lock held: from now on it can be cancelled, and is the only one."""
        exact = self._exact = Exact(moment, self._ahead)
        queued = [name for name in moment.names if self._board.state(name).status is Status.QUEUED]
        self._board.set_status(queued, Status.RUNNING)

        def work() -> None:
            try:
                self._guarded(moment, lambda moment: self._compute(exact, moment))
            finally:
                with self.changed:
                    self._exact = None
                    self.changed.notify_all()
            self._notifier.deliver()

        return threading.Thread(target=work, name="graph4d session, exact", daemon=True).start

    def _compute(self, exact: Exact, moment: Moment) -> None:
        """The exact results, each shown as soon as it is there."""
        refs = moment.wanted(moment.names)

        def follow(event: Event) -> None:
            if isinstance(event, StepProgress | PassProgress):
                self._tell_progress(moment, refs, event)
            elif isinstance(event, StepFinished):
                self._show_early(moment, refs, event)

        run = self._run(moment, refs, self._store, exact.token, follow, dropped=exact.dropped)
        self._publish(moment, run)

    def _run(
        self,
        moment: Moment,
        refs: Mapping[str, Ref],
        store: Store,
        token: Token,
        follow: Callable[[Event], None] | None = None,
        **options: Any,
    ) -> Run:
        def listener(event: Event) -> None:
            self._notifier.add(event)
            if follow is not None:
                follow(event)
            self._notifier.deliver()

        return execute(
            moment.graph,
            store,
            wanted=refs,
            workers=self._spare if store is self._passing else self._workers,
            token=token,
            listener=listener,
            opened=self._leftovers.opened,
            **options,
        )

    def _show_early(self, moment: Moment, refs: Mapping[str, Ref], event: StepFinished) -> None:
        digests = dict(event.outputs)
        for name, ref in refs.items():
            value = self._store.get(digests[ref.output]) if ref.step == event.step else None
            if value is not None:
                with self.changed:
                    self._show(moment, name, ref, value, 1, False)

    def _show(self, moment: Moment, name: str, ref: Ref, value: Any, every: int, reused: bool) -> None:
        seconds = time.monotonic() - moment.since
        shown = Shown(value, moment.graph.type_of(ref), moment.revision, every, seconds, reused)
        self._board.publish(name, shown)

    def _tell_progress(self, moment: Moment, refs: Mapping[str, Ref], event: StepProgress | PassProgress) -> None:
        steps = moment.graph.descendants([event.step] if isinstance(event, StepProgress) else event.steps)
        with self.changed:
            names = [name for name, ref in refs.items() if ref.step in steps]
            self._board.set_progress(names, moment.revision, event.fraction)

    def _publish(self, moment: Moment, run: Run, previews: Iterable[str] = ()) -> None:
        """Show what a run gave, and remember what it took."""
        finished = {event.step: event for event in run.log if isinstance(event, StepFinished)}
        self._seconds |= {name: event.seconds for name, event in finished.items() if name not in previews}
        strides = {name: action.every for name, action in run.ledger.actions.items() if action.every > 1}
        partial = run.graph.descendants(strides)
        values = {name: run.load(ref) for name, ref in run.wanted.items()}
        with self.changed:
            for name, ref in run.wanted.items():
                error = run.errors.get(ref.step)
                if values[name] is not None:
                    every = max(strides.values()) if ref.step in partial else 1
                    self._show(moment, name, ref, values[name], every, ref.step not in finished)
                elif isinstance(error, StepError) and isinstance(error.cause, Cancelled):
                    continue  # it was dropped for a newer revision, which will be looked at
                elif not strides:
                    self._board.fail(name, moment.revision, error or GraphError(f"{name} was evicted from the store"))
            self._leftovers.take(run, passing=run.store is self._passing)
            self.changed.notify_all()

    def _guarded(self, moment: Moment, action: Callable[[Moment], None]) -> None:
        """Whatever goes wrong ends up with the values it was meant for: nothing may hang."""
        try:
            action(moment)
            return
        except Cancelled:
            return  # who cancelled has said so on the board
        except UsageError as error:  # a file is missing, for instance
            failure: GraphError = error
        except Exception as error:  # whatever it is
            log.exception("a session failed")
            failure = GraphError(f"{type(error).__name__}: {error}")
        if len(moment.names) > 1:  # the others may be had all the same
            for name in moment.names:
                self._guarded(replace(moment, names=(name,)), action)
            return
        with self.changed:
            self._board.fail(moment.names[0], moment.revision, failure)
            self.changed.notify_all()


def _writes(step: Step) -> bool:
    """Whether running a step changes somebody's files."""
    return step.node.effects == "writes"
