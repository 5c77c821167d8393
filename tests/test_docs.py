"""What the documentation shows works: its code, its commands, its recipes, its links, its lists."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from graph4d_nodes.io.formats.discover import FORMATS
from typer.main import get_group
from typer.testing import CliRunner

import graph4d.types
from graph4d.planning import Status
from graph4d.recipe.load import check
from graph4d.types import type_of

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced piece of a page."""

    language: str
    text: str
    line: int
    file: str | None
    """Name of the file it shows: the only thing in the line above."""


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"(?:^`([\w.]+)`\n\n)?^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        yield Block(found[2], found[3], text.count("\n", 0, found.start(3)), found[1])


def pages_with(language: str) -> list[object]:
    found = [page for page in PAGES if any(block.language == language for block in blocks(page))]
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in found]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory that looks like a clone."""
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", pages_with("python"))
def test_the_code_on_a_page_runs_from_top_to_bottom(page: Path, folder: Path) -> None:
    names: dict[str, object] = {"__name__": "docs"}
    for block in blocks(page):
        if block.file is not None:
            (folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            padded = "\n" * block.line + block.text  # so that an error names the line of the page
            exec(compile(padded, str(page), "exec"), names)


@pytest.mark.parametrize("page", pages_with("yaml"))
def test_the_recipes_on_a_page_are_right(page: Path, folder: Path) -> None:
    for block in blocks(page):
        if block.language == "yaml" and block.text.startswith("graph4d:"):
            path = folder / (block.file or "shown.yml")
            path.write_text(block.text, encoding="utf-8")
            assert [str(problem) for problem in check(path)] == []


def test_the_commands_in_the_readme_run(folder: Path) -> None:
    write_scan(folder / "my_scan.h5")
    commands = [line for block in blocks(README) if block.language == "sh" for line in block.text.splitlines()]
    ours = [line.removeprefix(".venv/bin/") for line in commands if line.startswith((".venv/bin/graph4d ", "graph4d "))]
    assert len(ours) >= 5
    outputs = [run(line) for line in ours]
    assert "ricom" in outputs[-1]
    assert (folder / "out" / "report.html").stat().st_size > 0
    assert (folder / "out" / "icom.nc").exists()


def run(line: str) -> str:
    from graph4d.cli.app import app

    done = CliRunner().invoke(app, shlex.split(line)[1:])
    assert done.exit_code == 0, f"{line}\n{done.output}"
    return done.output


def write_scan(path: Path) -> None:
    import h5py
    from graph4d_nodes.simulate.phase_object import phase_object

    scan = phase_object(positions=(16, 16), detector=64).scan
    with h5py.File(path, "w") as file:
        file["data"] = scan.read(0, 256).reshape(scan.shape)


def test_the_makefile_and_the_readme_install_the_same_way() -> None:
    readme, makefile = README.read_text(encoding="utf-8"), (ROOT / "Makefile").read_text(encoding="utf-8")
    for words in (
        "torch==2.13.0",
        "-e '.[test]'",
        "graph4d run recipes/quickstart.yml --out out --report out/report.html",
    ):
        assert words in readme
        assert words in makefile


def test_the_readme_lists_all_commands() -> None:
    from graph4d.cli.app import app

    table = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| `graph4d ")]
    listed = [line.split("`")[1].split()[1] for line in table]
    assert sorted(listed) == sorted(get_group(app).commands)


def test_the_package_on_the_page_about_writing_nodes_is_the_one_that_is_tested() -> None:
    shown = {block.file: block.text for block in blocks(ROOT / "docs" / "writing-a-node.md") if block.file}
    assert set(shown) == {"pyproject.toml", "threshold_nodes.py"}
    for name, text in shown.items():
        assert text == (ROOT / "tests" / "third_party" / name).read_text(encoding="utf-8")


def test_the_page_of_nodes_is_current() -> None:
    written = (ROOT / "docs" / "nodes.md").read_text(encoding="utf-8")
    assert written == make_nodes().page(), "run: python docs/make_nodes.py"


def make_nodes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_nodes", ROOT / "docs" / "make_nodes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_every_term_has_a_page_and_is_in_the_list() -> None:
    terms = ROOT / "docs" / "terms"
    listed = re.findall(r"^\| \[(\w+)\]\((\w+)\.md\)", (terms / "README.md").read_text(encoding="utf-8"), re.M)
    assert sorted(name for _, name in listed) == sorted(
        page.stem for page in terms.glob("*.md") if page.stem != "README"
    )
    assert all(word == name for word, name in listed)


def test_the_page_about_plans_explains_every_status() -> None:
    rows = re.findall(r"^\| `([a-z ]+)` \|", (ROOT / "docs" / "terms" / "plan.md").read_text(encoding="utf-8"), re.M)
    assert sorted(rows) == sorted(Status)


def test_the_page_about_types_names_every_type_of_the_engine() -> None:
    text = (ROOT / "docs" / "terms" / "type.md").read_text(encoding="utf-8")
    known = {found.name for name in vars(graph4d.types) if (found := type_of(getattr(graph4d.types, name)))}
    assert {name for name in known if f"`{name}`" not in text} == set()


def test_the_page_about_formats_names_every_extension() -> None:
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert {extension for known in FORMATS for extension in known.extensions if f"`{extension}`" not in text} == set()


def test_the_readme_lists_all_extras() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    table = README.read_text(encoding="utf-8").partition("## Extras")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.M)) == sorted(extras)
