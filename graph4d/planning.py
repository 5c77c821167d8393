"""What a run would do, and why: from the wanted outputs back, hit or run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from graph4d.ledger import Ledger, is_lazy
from graph4d.store import default_store
from graph4d.why import why

if TYPE_CHECKING:
    from graph4d.recipe.graph import Graph, Ref, Step
    from graph4d.store import Store

__all__ = ["Plan", "Planned", "Status", "plan"]


class Status(StrEnum):
    """What a run would do with a step."""

    REUSE = "reuse"
    RUN = "run"
    MAYBE = "maybe"
    OPEN = "open"
    IDLE = "not needed"


@dataclass(frozen=True)
class Planned:
    """One step of a plan."""

    step: str
    node: str
    status: Status
    reason: str
    action: str | None


@dataclass(frozen=True)
class Plan:
    """All steps of a graph in order, with what a run would do and why."""

    steps: tuple[Planned, ...]

    def __getitem__(self, name: str) -> Planned:
        for planned in self.steps:
            if planned.step == name:
                return planned
        raise KeyError(name)

    def named(self, status: Status) -> list[str]:
        """Names of the steps of one status, in order."""
        return [planned.step for planned in self.steps if planned.status is status]


def plan(graph: Graph, store: Store | None = None, wanted: Iterable[Ref] | None = None) -> Plan:
    """What a run would do with every step, computing nothing.

    Parameters
    ----------
    graph : Graph
    store : Store, optional
        Where results are looked up; by default the one that the command line uses.
    wanted : iterable of Ref, optional
        The outputs somebody looks at; those of the recipe by default.

    Returns
    -------
    Plan

    Raises
    ------
    UsageError
        A file that a step reads is missing.
    """
    store = default_store() if store is None else store
    queue = deque(graph.outputs.values() if wanted is None else wanted)
    ledger = Ledger(graph, store, graph.ancestors(ref.step for ref in queue))
    ledger.advance()
    history = store.history(graph.identity)
    statuses: dict[str, Status] = {}
    while queue:
        ref = queue.popleft()
        step = graph.steps[ref.step]
        digest = ledger.digest(ref)
        if digest is not None and not is_lazy(step.node, ref.output) and store.has(digest):
            statuses.setdefault(ref.step, Status.REUSE)
            continue
        unknown = [r for r in step.inputs.values() if ledger.digest(r) is None]
        status = _status(step, ref, history, bool(unknown))
        known = statuses.get(ref.step, Status.REUSE)
        if known not in (Status.REUSE, Status.OPEN) or status is known:
            continue
        statuses[ref.step] = status
        queue.extend(unknown or step.inputs.values())
    planned = []
    for name, step in graph.steps.items():
        status = statuses.get(name, Status.IDLE)
        action = ledger.actions.get(name)
        reason = _reason(status, step, ledger, history)
        planned.append(Planned(name, step.node.id, status, reason, action.key if action else None))
    return Plan(tuple(planned))


def _status(step: Step, ref: Ref, history: Mapping[str, Any], waits: bool) -> Status:
    if is_lazy(step.node, ref.output):
        return Status.OPEN
    return Status.MAYBE if waits and step.name in history else Status.RUN


def _reason(status: Status, step: Step, ledger: Ledger, history: Mapping[str, Any]) -> str:
    if status is Status.REUSE:
        return "nothing changed"
    if status is Status.IDLE:
        return "its result is not needed"
    if status is Status.OPEN:
        return "opened, not read, until a step needs it"
    action = ledger.actions.get(step.name)
    if action is None:
        waiting = sorted({ref.step for ref in step.inputs.values() if ledger.digest(ref) is None})
        names = ", ".join(waiting)
        return (
            f"runs only if the result of {names} changes" if status is Status.MAYBE else f"never ran; waits for {names}"
        )
    return why(action, step, history.get(step.name), ledger.store.memo(action.key))
