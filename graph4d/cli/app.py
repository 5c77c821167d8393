"""The commands, gathered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

import graph4d
from graph4d.cli import cache, inspecting, opening, recipes, running, viewing
from graph4d.cli.telling import told

__all__ = ["app"]

app = typer.Typer(
    name="graph4d",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"graph4d {graph4d.__version__}")
        raise typer.Exit


@app.callback()
def graph4d_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version and exit.")
    ] = False,
) -> None:
    """Run, check and explain recipes: graphs of typed nodes over 4D-STEM scans."""


commands: dict[str, Callable[..., None]] = {
    "run": running.run,
    "view": viewing.view,
    "open": opening.open_file,
    "check": recipes.check,
    "plan": inspecting.plan,
    "why": inspecting.why,
    "show": inspecting.show,
    "diff": inspecting.diff,
    "nodes": inspecting.nodes,
    "schema": recipes.schema,
    "freeze": recipes.freeze,
    "migrate": recipes.migrate,
    "new": recipes.new,
}
for name, command in commands.items():
    app.command(name)(told(command))
app.add_typer(cache.app, name="cache")
