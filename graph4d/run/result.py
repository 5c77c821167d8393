"""What a run gave: values by name, errors by step, and the log of what happened."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from graph4d.errors import GraphError
from graph4d.ledger import is_lazy
from graph4d.run.failure import RunError, StepError
from graph4d.store import own_attributes

if TYPE_CHECKING:
    from graph4d.ledger import Ledger
    from graph4d.recipe.graph import Graph, Ref
    from graph4d.run.events import EventLog
    from graph4d.store import Store

__all__ = ["Run"]


@dataclass
class Run:
    """What a run gave; for as long as it lives, the store does not evict what was wanted.

    Parameters
    ----------
    graph : Graph
    wanted : mapping from name to Ref
    log : EventLog
        All that happened.
    ledger : Ledger
        Actions and digests of all steps that were looked at.
    store : Store
    errors : dict from step to StepError
        Empty if all went well; a step that could not run because of another has the error of that one.
    started : datetime
        In UTC.
    seconds : float
        Of the whole run.
    opened : dict from digest to handle
        Lazy values; runs that share it open nothing twice.
    """

    graph: Graph
    wanted: Mapping[str, Ref]
    log: EventLog
    ledger: Ledger
    store: Store
    errors: dict[str, StepError] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    opened: MutableMapping[str, Any] = field(default_factory=dict)
    _held: dict[Ref, Any] = field(default_factory=dict)
    _pinned: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        weakref.finalize(self, self.store.unpin, self._pinned).atexit = False

    def value(self, name: str) -> Any:
        """The value of a wanted output (or of any step that has one), loaded when asked for.

        Raises
        ------
        RunError
            It could not be computed.
        GraphError
            It was not wanted, or another process has evicted it since.
        UsageError
            The graph has nothing of that name.
        """
        ref = self.wanted[name] if name in self.wanted else self.graph.find(name)
        value = self.load(ref)
        if value is None and ref.step in self.errors:
            raise RunError([self.errors[ref.step]])
        if value is None:
            raise GraphError(f"{name} has no value in this run; ask for it and run again")
        return value

    __getitem__ = value

    def digest(self, name: str) -> str | None:
        """Digest of a wanted output; None if it could not be computed."""
        return self.ledger.digest(self.wanted[name])

    def raise_for_errors(self) -> None:
        """Raise :class:`RunError` if any step failed."""
        if self.errors:
            raise RunError(list(dict.fromkeys(self.errors.values())))

    def hold(self, ref: Ref, value: Any) -> None:
        """Keep a value that the store does not."""
        digest = self.ledger.digest(ref)
        if digest is not None and self._is_lazy(ref):
            self.opened[digest] = value
        else:
            self._held[ref] = value

    def pin(self, ref: Ref) -> None:
        """Keep the store from evicting a value while this run lives."""
        digest = self.ledger.digest(ref)
        if digest is not None:
            self.store.pin([digest])
            self._pinned.append(digest)

    def holds(self, ref: Ref) -> bool:
        """Whether the run itself keeps the value."""
        return ref in self._held or (self._is_lazy(ref) and self.ledger.digest(ref) in self.opened)

    def load(self, ref: Ref) -> Any:
        """A value, or None if it is not there."""
        if ref in self._held:
            return own_attributes(self._held[ref])
        digest = self.ledger.digest(ref)
        if digest is None:
            return None
        return self.opened.get(digest) if self._is_lazy(ref) else self.store.get(digest)

    def _is_lazy(self, ref: Ref) -> bool:
        return is_lazy(self.graph.steps[ref.step].node, ref.output)
