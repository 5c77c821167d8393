"""What a pass does: reductions, some of which are computed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graph4d.reduction import Blocked, Over, PerPattern
from graph4d.run.cancel import Cancelled
from graph4d.run.seen import nothing_seen

__all__ = ["Job", "joined"]


class Job:
    """One reduction on one stack; after the pass it holds the value or the error.

    Parameters
    ----------
    reduction : Over
    stack : Blocked
    every : int
        1, or n for a preview that sees the items at every n-th position along each axis.
    dropped : callable, optional
        Whether nobody wants the result any more; asked now and then from any thread.
    """

    def __init__(
        self, reduction: Over[Any, Any], stack: Blocked, every: int = 1, dropped: Callable[[], bool] | None = None
    ) -> None:
        self.reduction = reduction
        self.stack = stack
        self.every = every
        self.value: Any = None
        self.error: BaseException | None = None
        self.seen: Any = nothing_seen(reduction, stack.positions, every)
        self.parts: list[Job] = []
        """The jobs whose work this one does, if it stands for several."""
        self._dropped = dropped

    @property
    def over(self) -> bool:
        """Whether there is nothing left to see for: the job failed, or nobody wants it or any of its parts."""
        if self.error is None and self._dropped is not None and self._dropped():
            self.error = Cancelled("cancelled")
        return self.error is not None or (bool(self.parts) and all(part.over for part in self.parts))

    def partial(self) -> Any:
        """The value of what has been seen so far; for pictures while a pass runs."""
        return self.seen.value()

    def attempt(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """What ``action`` returns; what it raises becomes this job's error and leaves the others alone."""
        if self.error is None:
            try:
                return action(*arguments)
            except (Exception, SystemExit) as error:  # code of a node may raise anything, and end the process
                self.error = error
        return None

    def finish(self) -> None:
        """Take the value of all that was seen, or the error of the job that saw it for this one."""
        if isinstance(self.seen, Part):
            self.error = self.error or self.seen.job.error
        self.value = self.attempt(self.partial)


class Part:
    """The results of one :class:`PerPattern` among those that a single job fills in for several."""

    def __init__(self, reduction: PerPattern[Any, Any], job: Job, number: int) -> None:
        self.job = job
        self._reduction, self._number = reduction, number

    def value(self) -> Any:
        """The node's value; empty where items have not been seen."""
        return self._reduction.finish(self.job.partial()[self._number])


def joined(jobs: Sequence[Job]) -> list[Job]:
    """The jobs that really see blocks: one in place of several that can be done together."""
    groups: dict[tuple[object, ...], list[Job]] = {}
    for job in jobs:
        together = job.reduction.together if isinstance(job.reduction, PerPattern) else None
        groups.setdefault((job,) if together is None else (together, id(job.stack)), []).append(job)
    return [leader for members in groups.values() for leader in _leaders(members)]


def _leaders(members: list[Job]) -> list[Job]:
    reductions = [job.reduction for job in members if isinstance(job.reduction, PerPattern)]
    if len(reductions) < 2 or reductions[0].together is None:
        return members
    joint = reductions[0].together(reductions)
    if joint is None:
        return members
    leader = Job(joint, members[0].stack, members[0].every)
    leader.parts = members
    for number, (job, reduction) in enumerate(zip(members, reductions, strict=True)):
        job.seen = Part(reduction, leader, number)
    return [leader]
