"""One recipe file with its names looked up: what each member takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graph4d.declaration import Node, Port
from graph4d.parameters import Parameter
from graph4d.recipe.model import RecipeModel, SweepEntry
from graph4d.recipe.source import Document
from graph4d.types import ValueType

__all__ = ["Level", "Member", "Source"]


@dataclass(frozen=True)
class Source:
    """An output of a member."""

    member: str
    output: str


@dataclass
class Member:
    """Something with a name that values flow from: an input of the recipe, a node, a sub-recipe or a sweep."""

    name: str
    what: str
    """What it is, for messages: ``phase.ricom``, ``the recipe denoise.yml``."""
    content: Node[..., Any] | Level | SweepEntry | None
    """None for an input."""
    outputs: dict[str, ValueType | None] = field(default_factory=dict)
    """None for a type that is not known because of another problem."""
    ports: Mapping[str, Port] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    written: dict[str, Any] = field(default_factory=dict)
    """``with:``, brought to the present version of the node."""
    literals: dict[str, Any] = field(default_factory=dict)
    """Those of ``written`` that are values and fit."""
    references: dict[str, str] = field(default_factory=dict)
    """Those that are ``$name``: recipe parameter by parameter."""
    inputs: dict[str, Source] = field(default_factory=dict)
    """What flows into each port."""
    collects: dict[str, Source] = field(default_factory=dict)
    """Of a sweep: what it stacks, by output."""

    @property
    def needs(self) -> list[str]:
        """Names of the members it takes values from."""
        return [source.member for source in (*self.inputs.values(), *self.collects.values())]


@dataclass
class Level:
    """One recipe file."""

    document: Document
    model: RecipeModel
    base: Path
    parameters: dict[str, Parameter] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    """Members, each after those it needs."""
    outputs: dict[str, Source] = field(default_factory=dict)
    views: dict[str, tuple[Source, ...]] = field(default_factory=dict)
    points: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """For each sweep, the values of its parameters at every point."""

    @property
    def broken(self) -> set[str]:
        """Names that the text has, but that could not be understood: references to them are no second mistake."""
        return {name for key in ("inputs", "nodes", "sweeps") for name in self.document.section(key)} - set(
            self.members
        )

    def type_of(self, source: Source) -> ValueType | None:
        """Type of a member's output, if it is known."""
        return self.members[source.member].outputs[source.output]
