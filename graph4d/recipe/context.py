"""What is shared while a recipe and its sub-recipes are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d.parameters import Parameter, ParameterErrors
from graph4d.recipe.problem import Place, Problem
from graph4d.recipe.values import UNKNOWN, Argument, absolute, fit, paths_in
from graph4d.registry import Registry

if TYPE_CHECKING:
    from graph4d.recipe.level import Level

__all__ = ["Context"]


@dataclass
class Context:
    """The registry, the fence around paths, and what has been found wrong so far."""

    registry: Registry
    fence: Path | None
    """The folder that the recipe's own paths must stay under; None if they may lead anywhere."""
    problems: list[Problem] = field(default_factory=list)
    levels: dict[Path, Level] = field(default_factory=dict)
    """Sub-recipes that have been read, by path."""

    def add(self, kind: str, message: str, place: Place | None, hint: str = "", source: str = "<recipe>") -> None:
        """Note a problem; its hint may begin with the ``; `` of :func:`graph4d.errors.suggestion`."""
        self.problems.append(Problem(kind, message, place, hint.removeprefix("; "), source))

    def literal(self, parameter: Parameter, value: Any, base: Path, place: Place | None) -> Any:
        """A value written in a recipe, with absolute paths, or UNKNOWN after noting why it does not fit."""
        value = absolute(parameter, value, base)
        inside = [self.check_fence(path, f"parameter `{parameter.name}`", place) for path in paths_in(value)]
        return value if self.fits(parameter, Argument(value), place) and all(inside) else UNKNOWN

    def fits(self, parameter: Parameter, argument: Argument, place: Place | None) -> bool:
        """Whether a value fits a parameter; notes why if it does not."""
        try:
            fit(parameter, argument)
        except ParameterErrors as errors:
            for problem in errors.problems:
                self.add(problem.kind, problem.message, place, argument.origin)
            return False
        return True

    def check_fence(self, path: Path, what: str, place: Place | None) -> bool:
        """Whether a path that stands in a recipe is one, and stays under the recipe's folder."""
        try:
            real = path.resolve()
        except (ValueError, OSError, RuntimeError):  # a null byte, a letter that is none, links in a circle
            self.add("path", f"{what}: this is no path", place)
            return False
        if self.fence is None or real.is_relative_to(self.fence.resolve()):
            return True
        message = f"{what}: the path leads out of the recipe's folder"
        self.add("path", message, place, "pass it as a parameter (--set), or load with allow_outside")
        return False
