"""The shape of a recipe: which keys there are, and what kind of thing each holds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

__all__ = [
    "NAME", "NodeEntry", "ParamEntry", "RecipeModel", "SweepEntry", "ViewEntry",
]  # fmt: skip

NAME = r"^[A-Za-z_][A-Za-z0-9_-]*$"
Name = Annotated[str, StringConstraints(pattern=NAME)]
Number = int | float | str
ItemType = Literal["int", "float", "bool", "str", "path", "angle", "length", "frequency", "energy", "time"]
ParamType = Literal[ItemType, "choice", "list"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ParamEntry(_Entry):
    """A parameter of the recipe."""

    type: ParamType = Field(description="kind of value; angle, length, … are numbers with a unit")
    default: Any = Field(default=None, description="value unless another is given; without a default one must be given")
    unit: str | None = Field(default=None, description="unit of a number; values are then written with a unit")
    help: str = ""
    min: Any = Field(default=None, description="lower bound, itself allowed")
    max: Any = Field(default=None, description="upper bound, itself allowed")
    step: Any = Field(default=None, description="how far a control moves at a time")
    choices: list[Any] | None = Field(default=None, description="values of a choice")
    optional: bool = Field(default=False, description="null is a value")
    items: ItemType | None = Field(default=None, description="type of the items of a list; float by default")
    length: int | None = Field(default=None, ge=1, le=1000, description="number of items of a list")
    odd: bool = False
    log: bool = Field(default=False, description="a control moves on a logarithmic scale")
    group: str = ""


class NodeEntry(_Entry):
    """A node, or a recipe used as one."""

    use: str | None = Field(default=None, description="id of an installed node; `image.com@1` pins its version")
    recipe: str | None = Field(default=None, description="path of a recipe, relative to this one")
    inputs: dict[str, Any] = Field(
        default={}, alias="in", description="what flows into each port: `node` or `node.output`"
    )
    values: dict[str, Any] = Field(default={}, alias="with", description="parameters: literals, or `$name`")


class SweepEntry(_Entry):
    """The same nodes for several values of parameters."""

    over: dict[str, list[Any]] = Field(description="values for each parameter")
    collect: list[str] = Field(description="outputs to stack along the parameters")


class ViewEntry(_Entry):
    """What a figure shows, and what can be moved beside it."""

    show: list[str]
    controls: dict[str, dict[str, Any]] = {}


class RecipeModel(_Entry):
    """A recipe, version 1 of the format."""

    graph4d: Literal[1] = Field(description="version of the recipe format")
    title: str = ""
    params: dict[Name, ParamEntry] = {}
    inputs: dict[Name, str] = Field(default={}, description="ports of a recipe that is used as a node: name and type")
    nodes: dict[Name, NodeEntry]
    sweeps: dict[Name, SweepEntry] = {}
    views: dict[Name, ViewEntry] = {}
    outputs: dict[Name, str] = Field(
        default={}, description="results by name; without them, all that nothing else uses"
    )
