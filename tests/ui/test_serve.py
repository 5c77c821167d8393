"""Serving a page: what is wrong is told on the command line, in one line, before anything is served."""

import importlib.util
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from graph4d.cli.app import app
from graph4d.widgets import serve as serving

RECIPE = """\
graph4d: 1
title: A small crystal
params: {dose: {type: float, default: 0.0}}
nodes: {sample: {use: simulate.phase_object, with: {positions: [8, 8], detector: 48, dose: $dose}}}
outputs: {phase: sample.phase}
"""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The notebooks that would have been served."""
    pages: list[dict[str, Any]] = []
    monkeypatch.setattr(serving, "_run", lambda page, port, token: pages.append(json.loads(page.read_text())))
    monkeypatch.setattr(serving, "_announce", lambda *_: None)
    return pages


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("recipe.yml").write_text(RECIPE)
    return "recipe.yml"


def told(*arguments: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(app, ["view", *arguments, "--no-browser"])
    return result.exit_code, result.stderr.splitlines()


def test_the_page_is_a_cell_that_makes_the_dashboard_where_the_command_was_given(
    served: list[dict[str, Any]], recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(recipe, "--set", "dose=10") == (0, [])
    (notebook,) = served
    assert notebook["metadata"]["title"] == "A small crystal"
    here = Path.cwd()
    monkeypatch.chdir("/")
    names: dict[str, Any] = {}
    *lines, last = notebook["cells"][0]["source"].splitlines()
    exec("\n".join([*lines, f"shown = {last}"]), names)
    assert Path.cwd() == here
    assert names["shown"].session.values["dose"] == 10
    names["shown"].close()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["missing.yml"], "missing.yml"),
        (["recipe.yml", "--set", "dos=1"], "dos"),
        (["recipe.yml", "--set", "dose=much"], "dose"),
        (["recipe.yml", "--view", "main"], "no view `main`"),
    ],
)
def test_wrong_input_is_told_before_anything_is_served(
    served: list[dict[str, Any]], recipe: str, arguments: list[str], what: str
) -> None:
    code, lines = told(*arguments)
    assert code == 2
    assert what in lines[0]
    assert served == []


def test_a_port_that_is_taken_is_told_in_one_line(served: list[dict[str, Any]], recipe: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, lines = told(recipe, "--port", str(port))
    assert code == 2
    assert len(lines) == 1
    assert f"port {port} cannot be used" in lines[0]


@pytest.mark.parametrize("lacking", ["voila", "ipykernel"])
def test_without_voila_or_a_kernel_one_line_says_what_to_install(
    served: list[dict[str, Any]], recipe: str, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == lacking else find(name, *more))
    code, lines = told(recipe)
    assert code == 2
    assert lines == [f"graph4d: serving a page needs {lacking}; install with: pip install 'graph4d[app]'"]
    assert served == []
