"""Arguments that several commands share, and the graph they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from graph4d.recipe.graph import Graph

__all__ = ["RecipeArgument", "SetOption", "open_graph"]

RecipeArgument = Annotated[Path, typer.Argument(help="The recipe, a YAML file.", metavar="RECIPE", show_default=False)]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help='A parameter of the recipe, such as energy="300 keV". Repeatable.'
    ),
]


def open_graph(recipe: Path, settings: list[str] | None, *, incomplete: bool = False) -> Graph:
    """The recipe with its parameters set, checked; those without a default may be missing if it is only looked at.

    Raises
    ------
    UsageError
        Everything that is wrong with the recipe or the settings.
    """
    from graph4d.recipe.load import load, read_setting  # half of the time of `graph4d --help`

    return load(recipe, parameters=dict(read_setting(text) for text in settings or ()), incomplete=incomplete)
