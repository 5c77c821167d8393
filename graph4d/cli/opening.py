"""``graph4d open``: look into a file, without a recipe, on a page in a browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graph4d.cli.viewing import BrowserOption, PortOption

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["APPS", "open_file"]

APPS, NAME = "graph4d.apps", "open"
"""Group and name of the entry point that a package of nodes has for this command.

It is a function ``code(path, settings)`` that checks both and returns the Python code of a cell that displays the file.
"""


def open_file(
    file: Annotated[Path, typer.Argument(help="A file of data.", metavar="FILE", show_default=False)],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help='What the file does not say, such as energy="300 keV".'),
    ] = None,
    port: PortOption = None,
    browser: BrowserOption = True,
) -> None:
    """Look into a file in a browser, no recipe needed."""
    from graph4d.recipe.load import read_setting
    from graph4d.widgets.serve import serve

    given = {name: setting.value for name, setting in map(read_setting, settings or ())}
    serve(_code_for()(file, given), file.name, port, browser)


def _code_for() -> Callable[[Path, Mapping[str, object]], str]:
    from importlib.metadata import entry_points

    from graph4d.errors import UsageError

    found: list[EntryPoint] = list(entry_points(group=APPS, name=NAME))
    if not found:
        raise UsageError(f"no installed package knows how to open files: none has an entry point `{NAME}` in {APPS}")
    code: Callable[[Path, Mapping[str, object]], str] = found[0].load()
    return code
