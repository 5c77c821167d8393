"""How a failed step is told: itself, its place, its inputs, and the chain above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graph4d.errors import GraphError, UsageError

if TYPE_CHECKING:
    from graph4d.recipe.graph import Graph, Step

__all__ = ["RunError", "StepError"]


class StepError(GraphError):
    """A step of a graph failed."""

    def __init__(self, step: str, message: str, cause: BaseException) -> None:
        super().__init__(message)
        self.step, self.cause = step, cause

    @property
    def is_usage(self) -> bool:
        """Whether a recipe, parameter or file is to blame, not the node."""
        return isinstance(self.cause, UsageError)


class RunError(GraphError):
    """At least one wanted output could not be computed. What was finished is in the store."""

    def __init__(self, errors: list[StepError]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


def step_error(graph: Graph, step: Step, inputs: Mapping[str, Any], cause: BaseException) -> StepError:
    """The error of a step, with all a reader needs to find the reason."""
    if isinstance(cause, UsageError):
        return StepError(step.name, f"{step.where}error[input]: {step.name} ({step.node.id}): {cause}", cause)
    lines = [f"{step.where}error[failed]: {step.name} ({step.node.id}) raised {type(cause).__name__}: {cause}"]
    lines += [f"    {port}: {describe(value)}" for port, value in inputs.items()]
    above = graph.ancestors([step.name])
    lines.append("    chain: " + " → ".join(name for name in graph.order() if name in above))
    return StepError(step.name, "\n".join(lines), cause)


def describe(value: object) -> str:
    """A value in one line: type, sizes by dimension, dtype and unit."""
    if value is None:
        return "nothing"
    sizes = getattr(value, "sizes", None) or dict(
        zip(getattr(value, "dims", ()), getattr(value, "shape", ()), strict=False)
    )
    text = type(value).__name__ + "(" + ", ".join(f"{dim}: {size}" for dim, size in sizes.items()) + ")"
    dtype, unit = getattr(value, "dtype", None), getattr(value, "attrs", {}).get("units")
    return text + (f" {dtype}" if dtype is not None else "") + (f" in {unit}" if unit else "")
