"""One browser and one JupyterLab for all tests of this folder; a page or console error fails the test it appears in."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from ui.browser.harness import HINT, Lab, Notebook, Screen, chromium, find_chromium, jupyterlab, voila

HERE = Path(__file__).parent
WINDOW = {"width": 1300, "height": 1000}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker of pytest-xdist runs all these tests, so that one browser and one server are enough."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if find_chromium() is None:
        told = f"{HINT}: figures and widgets were not looked at in a browser"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def lab_server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with jupyterlab(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new page; nothing is left of it afterwards."""
    with browser.new_context(viewport=WINDOW, accept_downloads=True) as context:
        yield context.new_page()


@pytest.fixture
def lab(lab_server: Lab, page: Page) -> Iterator[Callable[..., Notebook]]:
    """``lab(*cells)`` opens a notebook of these cells in JupyterLab and runs it."""
    opened: list[Notebook] = []

    def run(*cells: str) -> Notebook:
        opened.append(lab_server.open(page, cells))
        opened[-1].run_all()
        return opened[-1]

    yield run
    for notebook in opened:
        errors = list(notebook.errors)
        notebook.close()
        assert not errors


@pytest.fixture
def served(page: Page, tmp_path: Path) -> Iterator[Callable[..., Screen]]:
    """``served(*cells)`` opens the page that Voila makes of a notebook of these cells."""
    screens: list[Screen] = []
    with ExitStack() as servers:

        def serve(*cells: str) -> Screen:
            address = servers.enter_context(voila(tmp_path / "voila", cells))
            screens.append(Screen(page))
            page.goto(address)
            return screens[-1]

        yield serve
        for screen in screens:
            assert not screen.errors
