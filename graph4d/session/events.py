"""What happens in a session, as typed events; those of its runs come in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graph4d.run.events import Event

if TYPE_CHECKING:
    from graph4d.session.state import Status

__all__ = ["Changed", "Published", "StatusChanged"]


@dataclass(frozen=True)
class Changed(Event):
    """Parameters have new values."""

    revision: int
    values: tuple[tuple[str, Any], ...]
    """Pairs of name and value of those that differ from the last revision, in base units."""


@dataclass(frozen=True)
class StatusChanged(Event):
    """A watched value is more or less current than before."""

    name: str
    status: Status


@dataclass(frozen=True)
class Published(Event):
    """There is something new to look at: ``session.state(name).shown``."""

    name: str
    revision: int
    every: int
    """1 for an exact result, n for a preview from every n-th position."""
    reused: bool
