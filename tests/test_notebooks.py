"""Notebooks as they are kept: nothing that a run left behind, and nothing that works on one machine only.

That they run is tested by nbmake.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))

MACHINE = re.compile(
    r"""(?:^|["'\s(=])(?:~|file:/|[A-Za-z]:\\|/(?:home|root|Users|tmp|var|mnt|media|work|opt|usr|data)\b)"""
)
FETCHING = re.compile(r"^\s*[!%]|https?://|\b(?:subprocess|urllib|requests|pooch|output_notebook)\b", re.MULTILINE)


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture
def notebook(path: Path) -> NotebookNode:
    read = nbformat.read(str(path), as_version=4)
    nbformat.validate(read)
    return read


def code(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_the_tutorials_are_there_in_order() -> None:
    assert [path.stem[:2] for path in PATHS] == ["00", "01", "02", "03", "04", "05"]


def test_nothing_is_kept_of_a_run(notebook: NotebookNode) -> None:
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in cells] == [[]] * len(cells)
    assert [cell.execution_count for cell in cells] == [None] * len(cells)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}  # no state of widgets
    assert [dict(cell.metadata) for cell in notebook.cells] == [{}] * len(notebook.cells)


def test_a_notebook_is_small(path: Path) -> None:
    assert path.stat().st_size < 100_000


def test_it_names_its_kernel_so_that_nobody_is_asked(notebook: NotebookNode) -> None:
    assert notebook.metadata.kernelspec.name == "python3"


def test_it_says_first_what_it_shows(notebook: NotebookNode) -> None:
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")


def test_it_ends_by_waiting_and_raising_what_went_wrong(notebook: NotebookNode) -> None:
    assert notebook.cells[-1].cell_type == "code"
    assert re.search(r"\.wait\(\)|\.raise_for_errors\(\)", notebook.cells[-1].source)


def test_every_widget_is_waited_for(notebook: NotebookNode) -> None:
    """Or an error in a thread behind it would pass unseen."""
    widgets = {name for text in code(notebook) for name in re.findall(r"(\w+) = (?:Dashboard|explore)\(", text)}
    assert {name for name in widgets if not any(f"{name}.wait()" in text for text in code(notebook))} == set()


def test_it_works_on_any_machine(notebook: NotebookNode) -> None:
    assert [found[0] for cell in notebook.cells for found in MACHINE.finditer(cell.source)] == []


def test_it_installs_and_downloads_nothing(notebook: NotebookNode) -> None:
    assert [found[0] for text in code(notebook) for found in FETCHING.finditer(text)] == []
