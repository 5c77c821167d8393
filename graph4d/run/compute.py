"""One step computed: inputs from the store, the node's function, and its outputs into the store."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graph4d.keys import output_key
from graph4d.ledger import is_lazy, is_repeatable
from graph4d.reduction import Over
from graph4d.run.cancel import Cancelled, Token
from graph4d.run.fused import run_pass
from graph4d.run.job import Job
from graph4d.run.ports import checked_inputs, checked_outputs, conversions
from graph4d.store import Encoded, Memo, StoreError, digest_of, encode_value, worth_storing

if TYPE_CHECKING:
    from graph4d.ledger import Action
    from graph4d.recipe.graph import Step
    from graph4d.store import Store

__all__ = ["Outcome", "Task", "compute", "compute_pass"]


@dataclass
class Task:
    """A step that is ready, with its action and its inputs."""

    step: Step
    action: Action
    inputs: Mapping[str, Any]
    looked_at: frozenset[str] = frozenset()
    """The outputs that somebody asked for: they are stored even if they are cheap."""
    dropped: Callable[[], bool] = bool
    """Whether nobody wants the results any more."""


@dataclass
class Outcome:
    """What became of a task: values and digests by output name, or an error."""

    task: Task
    values: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    to_hold: set[str] = field(default_factory=set)
    """Names of the outputs that the store does not hold, so that the run must."""
    converted: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Units before and after, of the inputs that were brought to the unit of their port."""
    seconds: float = 0.0
    error: BaseException | None = None
    not_stored: str = ""


def compute(task: Task, store: Store) -> Outcome:
    """Compute a step that is no reduction."""
    return _outcome(task, store, lambda: task.step.node.compute(task.inputs, task.step.parameters), 0.0)


def compute_pass(tasks: Sequence[Task], store: Store, token: Token, threads: int) -> list[Outcome]:
    """Compute steps that reduce stacks of one root, in one reading of it.

    The seconds of the pass are shared out evenly: what one of them would take alone is not known.
    """
    jobs: list[Job | BaseException] = []
    for task in tasks:
        try:
            jobs.append(_job(task))
        except (Exception, SystemExit) as error:  # a node may raise anything; it is told with its step
            jobs.append(error)
    good = [job for job in jobs if isinstance(job, Job)]
    started = time.perf_counter()
    try:
        run_pass(good, threads=threads, token=token)
    except Cancelled:
        raise
    # Reading may raise anything: then nobody in this pass has a result, but others have.
    except (Exception, SystemExit) as error:
        for job in good:
            job.error = job.error or error
    share = (time.perf_counter() - started) / max(1, len(good))
    return [_outcome(task, store, _result_of(job), share) for task, job in zip(tasks, jobs, strict=True)]


def _job(task: Task) -> Job:
    node = task.step.node
    inputs = checked_inputs(node, task.inputs)
    reduction = node.function(**inputs, **task.step.parameters)
    over = node.schema.over
    if over is None or not isinstance(reduction, Over):
        raise TypeError(f"{node.id} promises `Over[…]`, but returned {type(reduction).__name__}")
    return Job(reduction, inputs[over], task.action.every, task.dropped)


def _result_of(job: Job | BaseException) -> Callable[[], Any]:
    def result() -> Any:
        if isinstance(job, BaseException):
            raise job
        if job.error is not None:
            raise job.error
        return job.value

    return result


def _outcome(task: Task, store: Store, result: Callable[[], Any], seconds: float) -> Outcome:
    outcome = Outcome(task)
    started = time.perf_counter()
    try:
        outcome.values = checked_outputs(task.step.node, result())
        outcome.seconds = seconds + time.perf_counter() - started
        outcome.converted = conversions(task.step.node, task.inputs)
        _keep(outcome, store)
    # A node may raise anything, end the process, and give what cannot be read or stored: it is told with its step.
    except (Exception, SystemExit) as error:
        outcome.error = error
    return outcome


def _keep(outcome: Outcome, store: Store) -> None:
    """Put the outputs into the store, and note what the action gave."""
    task, node = outcome.task, outcome.task.step.node
    stored: dict[str, str] = {}
    size, kept = 0, True
    for name, value in outcome.values.items():
        if is_lazy(node, name):
            outcome.digests[name] = output_key(task.action.key, name)
            outcome.to_hold.add(name)
            continue
        encoded = encode_value(value)
        outcome.digests[name] = stored[name] = digest_of(encoded, task.action.key, name)
        size += encoded.nbytes
        # What recomputes faster than it loads need not outlive the process, unless somebody asked for it.
        worth = name in task.looked_at or worth_storing(outcome.seconds, encoded.nbytes)
        kept = kept and worth
        if not _put(stored[name], encoded, worth, outcome, store):
            outcome.to_hold.add(name)
    if not (stored and is_repeatable(node)):
        return
    try:
        memo = Memo(stored, outcome.seconds, size, str(node), environment(), kept, outcome.converted)
        store.remember(task.action.key, memo)
    except StoreError as error:
        outcome.not_stored = str(error)


def _put(digest: str, encoded: Encoded, on_disk: bool, outcome: Outcome, store: Store) -> bool:
    """Whether the store holds the value now."""
    if not on_disk or store.disk is None or store.transient:
        return store.memory.put(digest, encoded, seconds=outcome.seconds)
    try:
        there = store.put(digest, encoded, seconds=outcome.seconds)
    except StoreError as error:
        outcome.not_stored = str(error)
        return store.memory.has(digest)
    if not store.disk.has(digest):
        needed, budget = (f"{nbytes / 2**20:.1f} MiB" for nbytes in (encoded.nbytes, store.disk.budget))
        outcome.not_stored = f"its {needed} do not fit into the store's {budget} beside what is in use"
    return there


def environment() -> dict[str, str]:
    """Versions of what takes part in computing, as far as it was imported."""
    names = ("numpy", "numba", "scipy", "xarray", "torch", "h5py")
    loaded = {name: getattr(sys.modules[name], "__version__", "") for name in names if name in sys.modules}
    return {"python": ".".join(map(str, sys.version_info[:3])), **loaded}
