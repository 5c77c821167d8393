"""What is remembered of an action, apart from the values it gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Memo"]


@dataclass(frozen=True)
class Memo:
    """An action and what it gave."""

    outputs: Mapping[str, str]
    """Digest of each output, by name; the value itself may be in the store, or not."""
    seconds: float
    """What it took."""
    bytes: int
    """Size of all outputs."""
    node: str = ""
    """Id and version of the node."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Versions of what the result was computed with."""
    kept: bool = True
    """Whether the values were worth a place on the disk; others are computed again when they are needed."""
    converted: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Units before and after, of the inputs that were brought to the unit of their port."""
