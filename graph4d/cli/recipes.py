"""Commands about recipe files: check, schema, freeze, migrate, new."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from graph4d.cli.options import RecipeArgument, SetOption, open_graph
from graph4d.errors import UsageError

WRONG_INPUT = 2

TEMPLATE = """\
# yaml-language-server: $schema=./graph4d-recipe-1.json
graph4d: 1
title: {title}
params:
  scan: {{type: path, help: the scan to look at}}
nodes:
  load: {{use: io.open, with: {{path: $scan}}}}
  mean: {{use: image.mean_pattern, in: {{scan: load}}}}
outputs: {{mean_pattern: mean}}
"""


def check(recipe: RecipeArgument) -> None:
    """Say everything that is wrong with a recipe, with line and column, without running it."""
    from graph4d.recipe.load import check as find_problems

    problems = find_problems(recipe)
    for problem in problems:
        print(problem, file=sys.stderr)
    errors = sum(problem.is_error for problem in problems)
    if errors:
        print(f"{errors} error{'s' if errors > 1 else ''}", file=sys.stderr)
        raise typer.Exit(WRONG_INPUT)
    print(f"{recipe}: all good")


def schema(
    out: Annotated[Path | None, typer.Option("--out", help="Write to this file instead of the terminal.")] = None,
) -> None:
    """Give the JSON Schema of recipes with the nodes that are installed, for editors."""
    from graph4d.recipe.json_schema import recipe_schema

    text = json.dumps(recipe_schema(), indent=1, ensure_ascii=False)
    if out is None:
        print(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")


def freeze(
    recipe: RecipeArgument,
    settings: SetOption = None,
    compare: Annotated[bool, typer.Option("--check", help="Say what changed since, and write nothing.")] = False,
) -> None:
    """Write RECIPE.lock.yml: versions, code and data as they are now."""
    from graph4d.recipe.freeze import check_lock
    from graph4d.recipe.freeze import freeze as write_lock

    graph = open_graph(recipe, settings)
    if not compare:
        print(f"wrote {write_lock(graph)}")
        return
    differences = check_lock(graph)
    print("\n".join(differences) or "nothing changed since it was frozen")
    if differences:
        raise typer.Exit(WRONG_INPUT)


def migrate(recipe: RecipeArgument) -> None:
    """Bring a recipe's pinned nodes to the versions that are installed, keeping its comments."""
    from graph4d.recipe.migrate import migrate as rewrite

    for line in rewrite(recipe):
        print(line)


def new(path: Annotated[Path, typer.Argument(help="The recipe to write.", metavar="RECIPE")]) -> None:
    """Write a small recipe to begin with."""
    if path.exists():
        raise UsageError(f"{path} is there already; choose another name or remove it first")
    path.write_text(TEMPLATE.format(title=path.stem.replace("_", " ")), encoding="utf-8")
    print(f"wrote {path}; try: graph4d run {shlex.quote(str(path))} --set scan=FILE --report report.html")
