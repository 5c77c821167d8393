"""What has to be had for the wanted outputs: which steps are settled, which are ready, and which wait for which.

A step is *settled* once its wanted outputs can be had. Settling looks for its digests first: a step whose key is known
is a hit or ready to run; one whose key is not known waits for just those steps that keep it from being known, because
their results may turn out to be the same as before, and then it is a hit after all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from graph4d.ledger import is_lazy
from graph4d.recipe.graph import Ref
from graph4d.run.events import StepReused, StepSkipped

if TYPE_CHECKING:
    from graph4d.recipe.graph import Step
    from graph4d.run.compute import Outcome
    from graph4d.run.failure import StepError
    from graph4d.run.result import Run

__all__ = ["Demand"]


class Demand:
    """The steps of a run from the wanted outputs back. Not safe under threads: one thread decides."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._graph, self._ledger, self._store, self._log = run.graph, run.ledger, run.store, run.log
        self.looked_at: dict[str, set[str]] = {}
        """Outputs that somebody asked for, by step."""
        for ref in run.wanted.values():
            self.looked_at.setdefault(ref.step, set()).add(ref.output)
        self.settled: set[str] = set()
        self.ready: deque[str] = deque()
        """Steps that can run, apart from reductions."""
        self.ready_reductions: list[str] = []
        self._busy: set[str] = set()  # ready or running
        self._doing: dict[str, str] = {}  # which of them by action: nothing is computed twice under two names
        self._before_reductions = self._steps_before_reductions()
        self._computed: set[str] = set()
        self._needed = {name: set(outputs) for name, outputs in self.looked_at.items()}  # for whatever reason
        self._waiting: dict[str, set[str]] = {}  # who waits for a step
        self._pinned: dict[str, list[str]] = {}  # inputs that must not be evicted before a step has had them
        self._settle(reversed(self.looked_at))  # the last is looked at first

    @property
    def expects_reductions(self) -> bool:
        """Whether something is going on after which further reductions may become ready."""
        return not self._busy.isdisjoint(self._before_reductions)

    def inputs(self, name: str) -> dict[str, Any] | None:
        """What a ready step is given; None if something turned out to be broken, so that it is not ready after all."""
        inputs = {port: self._run.load(ref) for port, ref in self._graph.steps[name].inputs.items()}
        if any(value is None for value in inputs.values()):
            self._leave(name)
            self._settle([name])
            return None
        return inputs

    def finish(self, outcome: Outcome) -> None:
        """Take note of what a step gave."""
        name, digests = outcome.task.step.name, outcome.digests
        twins = [twin for twin in self._waiting.get(name, ()) if self._doing_of(twin) == name]
        self._leave(name)
        self._computed.add(name)
        for twin in (name, *twins):
            self._ledger.settle(twin, digests)
        # Another thread's result must not push these out before those who wait for them have pinned them.
        self._store.pin(digests.values())
        for output, value in outcome.values.items():
            if output in outcome.to_hold or not self._store.has(digests[output]):
                for twin in (name, *twins):
                    self._run.hold(Ref(twin, output), value)
        self._settle([name])
        self._store.unpin(digests.values())

    def fail(self, name: str, error: StepError) -> None:
        """Take note of a failure, and give up all that waits for it."""
        self._leave(name)
        self._run.errors[name] = error
        pending = [name]
        while pending:
            for other in self._waiting.pop(pending.pop(), set()):
                if other not in self._run.errors:
                    self._skip(other, error)
                    pending.append(other)

    def close(self) -> None:
        """Let go of everything."""
        for name in list(self._pinned):
            self._leave(name)

    def _settle(self, names: Iterable[str]) -> None:
        stack = list(names)
        while stack:
            name = stack.pop()
            if name in self._busy or name in self._run.errors:
                continue
            step = self._graph.steps[name]
            if all(self._available(Ref(name, output)) for output in self._needed[name]):
                stack += self._settled(name)
                continue
            self.settled.discard(name)
            self._pin_inputs(step)
            missing = self._missing_inputs(step)
            failed = next((self._run.errors[ref.step] for ref in missing if ref.step in self._run.errors), None)
            if failed is not None:
                self._skip(name, failed)
                stack += self._waiting.pop(name, set())
                continue
            for ref in missing:
                self._needed.setdefault(ref.step, set()).add(ref.output)
                self._waiting.setdefault(ref.step, set()).add(name)
                stack.append(ref.step)
            if missing:
                continue
            twin = self._doing.setdefault(self._ledger.actions[name].key, name)
            if twin != name:
                self._waiting.setdefault(twin, set()).add(name)
            else:
                self._busy.add(name)
                (self.ready if step.node.schema.over is None else self.ready_reductions).append(name)

    def _settled(self, name: str) -> set[str]:
        if name not in self.settled:
            self.settled.add(name)
            self._leave(name)
            for output in self.looked_at.get(name, ()):
                self._run.pin(Ref(name, output))
            if name not in self._computed:
                self._log(StepReused(name, tuple(self._ledger.outputs[name].items())))
        return self._waiting.pop(name, set())

    def _skip(self, name: str, error: StepError) -> None:
        self._leave(name)
        self._run.errors[name] = error
        self._log(StepSkipped(name, error.step))

    def _missing_inputs(self, step: Step) -> list[Ref]:
        refs = list(dict.fromkeys(step.inputs.values()))
        unknown = [ref for ref in refs if self._ledger.digest(ref) is None]
        return unknown or [ref for ref in refs if not self._available(ref)]

    def _available(self, ref: Ref) -> bool:
        if self._run.holds(ref):
            return True
        digest = self._ledger.digest(ref)
        if digest is None or is_lazy(self._graph.steps[ref.step].node, ref.output):
            return False
        # What somebody looks at is verified, not just there: a damaged object is computed anew.
        looked_at = ref.output in self.looked_at.get(ref.step, ())
        return self._store.check(digest) if looked_at else self._store.has(digest)

    def _pin_inputs(self, step: Step) -> None:
        """Keep what a step waits with: or, in a small store, its inputs would evict each other for ever."""
        known = {self._ledger.digest(ref) for ref in step.inputs.values()}
        pinned = self._pinned.setdefault(step.name, [])
        new = [digest for digest in known if digest is not None and digest not in pinned]
        self._store.pin(new)
        pinned += new

    def _doing_of(self, name: str) -> str | None:
        """The step that is ready or running for the action of this one."""
        action = self._ledger.actions.get(name)
        return self._doing.get(action.key) if action else None

    def _leave(self, name: str) -> None:
        self._busy.discard(name)
        if self._doing_of(name) == name:
            del self._doing[self._ledger.actions[name].key]
        self._store.unpin(self._pinned.pop(name, ()))

    def _steps_before_reductions(self) -> set[str]:
        needed = self._graph.ancestors(self.looked_at)
        reductions = {name for name in needed if self._graph.steps[name].node.schema.over is not None}
        return self._graph.ancestors(reductions) - reductions
