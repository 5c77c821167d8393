"""``graph4d view``: the pictures of a recipe with their controls, as a page in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from graph4d.cli.options import RecipeArgument, SetOption

if TYPE_CHECKING:
    from graph4d.widgets.dashboard import Dashboard

__all__ = ["BrowserOption", "PortOption", "dashboard", "view"]

PortOption = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Of this machine; a free one by default.")
]
BrowserOption = Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")]


def view(
    recipe: RecipeArgument,
    settings: SetOption = None,
    name: Annotated[
        str | None, typer.Option("--view", metavar="VIEW", help="One of the recipe's views; all by default.")
    ] = None,
    port: PortOption = None,
    browser: BrowserOption = True,
) -> None:
    """Play with a recipe in a browser: its pictures, and controls that they follow."""
    from graph4d.session.session import Session
    from graph4d.widgets.serve import serve
    from graph4d.widgets.wanted import wanted

    session = Session(recipe, parameters=_values(settings))
    wanted(session, name)  # what is wrong is said here, not on the page
    arguments = f"{str(recipe.absolute())!r}, {settings or []!r}, {name!r}"
    code = f"from graph4d.cli.viewing import dashboard\ndashboard({arguments})"
    serve(code, session.graph.title or recipe.stem, port, browser)


def dashboard(recipe: str, settings: list[str], view: str | None = None) -> Dashboard:
    """What the page shows: a dashboard with settings as the command line has them."""
    from graph4d.widgets.dashboard import Dashboard

    return Dashboard(recipe, view=view, parameters=_values(settings))


def _values(settings: list[str] | None) -> dict[str, object]:
    from graph4d.recipe.load import read_setting

    return dict(read_setting(text) for text in settings or ())
