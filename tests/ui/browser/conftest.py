"""One browser and one JupyterLab for all tests of this folder; a page or console error fails the test it appears in."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from ui.browser.harness import HINT, Lab, Notebook, Screen, chromium, find_chromium, jupyterlab, voila

HERE = Path(__file__).parent
WINDOW = {"width": 1300, "height": 1000}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker of pytest-xdist runs all these tests, so that one browser and one server are enough."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


def pytest_runtest_setup() -> None:
    # Not in a fixture, for pytest tells of a hook's skips in one line.
    if find_chromium() is None:
        told = f"{HINT}: figures and widgets were not looked at in a browser"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with jupyterlab(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="package")
def lab_page(browser: Browser) -> Iterator[Notebook]:
    with browser.new_context(viewport=WINDOW) as context:
        yield Notebook(context.new_page())


@pytest.fixture
def lab(lab_server: Lab, lab_page: Notebook) -> Iterator[Callable[..., Notebook]]:
    """``lab(*cells)`` opens a notebook of these cells in JupyterLab and runs it, if ``fresh`` on a page loaded anew."""
    lab_page.errors.clear()
    opened = 0

    def run(*cells: str, fresh: bool = False) -> Notebook:
        nonlocal opened
        lab_page.open(lab_server, cells, fresh)
        opened += 1
        lab_page.run_all()
        return lab_page

    yield run
    errors = list(lab_page.errors)
    for _ in range(opened):
        lab_page.close()
    assert not errors


@pytest.fixture
def served(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Screen]]:
    """``served(*cells)`` opens the page that Voila makes of a notebook of these cells."""
    screens: list[Screen] = []
    with ExitStack() as stack:

        def serve(*cells: str) -> Screen:
            address = stack.enter_context(voila(tmp_path / f"voila{len(screens)}", cells))
            context = stack.enter_context(browser.new_context(viewport=WINDOW))
            screens.append(Screen(context.new_page()))
            screens[-1].page.goto(address)
            return screens[-1]

        yield serve
        assert not [error for screen in screens for error in screen.errors]
