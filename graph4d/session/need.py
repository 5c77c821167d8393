"""What would have to be computed for a value that somebody looks at, and how long that would take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from graph4d.ledger import Ledger, is_lazy

if TYPE_CHECKING:
    from graph4d.recipe.graph import Graph, Ref
    from graph4d.run.result import Run
    from graph4d.store import Store

__all__ = ["changed_steps", "handles_of", "missing_steps", "positions_of", "seconds_of"]


def missing_steps(graph: Graph, store: Store, refs: Iterable[Ref]) -> dict[Ref, set[str]]:
    """For each value the steps that would run, as far as that is known before they do; handles are only opened.

    Raises
    ------
    UsageError
        A file that a step reads is missing.
    """
    refs = list(refs)
    ledger = Ledger(graph, store, graph.ancestors(ref.step for ref in refs))
    ledger.advance()
    known: dict[Ref, set[str]] = {}

    def missing(ref: Ref) -> set[str]:
        if ref not in known:
            known[ref] = set()
            digest = ledger.digest(ref)
            step = graph.steps[ref.step]
            if is_lazy(step.node, ref.output):
                known[ref] = set().union(*map(missing, step.inputs.values()))
            elif digest is None or not store.has(digest):
                known[ref] = {ref.step}.union(*map(missing, step.inputs.values()))
        return known[ref]

    return {ref: missing(ref) for ref in refs}


def seconds_of(steps: Iterable[str], known: Mapping[str, float]) -> float:
    """What these steps took last time, together; infinite if one of them never ran."""
    return math.fsum(known.get(step, math.inf) for step in steps)


def handles_of(graph: Graph, refs: Iterable[Ref]) -> dict[str, Ref]:
    """The lazy values that are read for these, by name."""
    steps = graph.ancestors(ref.step for ref in refs)
    inputs = {ref for name in steps for ref in graph.steps[name].inputs.values()}
    return {str(ref): ref for ref in inputs if is_lazy(graph.steps[ref.step].node, ref.output)}


def positions_of(run: Run, handles: Iterable[Ref]) -> int:
    """How many positions the largest of the stacks has that a run read."""
    return max((math.prod(getattr(run.load(ref), "positions", ())) for ref in handles), default=1)


def changed_steps(old: Graph, new: Graph) -> set[str]:
    """Steps of the new graph whose results may differ from those of the old one, and steps that it lacks."""
    differ = [name for name, step in new.steps.items() if not _same(old, new, name)]
    return new.descendants(differ) | (old.steps.keys() - new.steps.keys())


def _same(old: Graph, new: Graph, name: str) -> bool:
    if name not in old.steps:
        return False
    before, after = old.steps[name], new.steps[name]
    return before.node is after.node and before.parameters == after.parameters and before.inputs == after.inputs
