"""What a change of a node's code makes run again, each run in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NODES = """\
import xarray as xr
from graph4d import Scalar, node
from editable_helpers import amount


@node("edit.first")
def first() -> Scalar:
    \"\"\"A number.\"\"\"
    return xr.DataArray(float(amount()), attrs={"units": "1"})


@node("edit.second")
def second(number: Scalar) -> Scalar:
    \"\"\"Twice the number.\"\"\"
    return (number * 2).assign_attrs(units="1")
"""
HELPERS = """\
def amount():
    return 20 + 1


def unrelated():
    return 1
"""
RECIPE = """\
graph4d: 1
title: Code that changes
nodes:
  first: {use: edit.first}
  second: {use: edit.second, in: {number: first}}
outputs: {second: second}
"""
ENTRY_POINTS = """\
[graph4d.nodes]
edit.first = editable.nodes:first
edit.second = editable.nodes:second
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    package, facts = tmp_path / "site" / "editable", tmp_path / "site" / "editable-1.0.dist-info"
    package.mkdir(parents=True)
    facts.mkdir()
    (package / "__init__.py").touch()
    (package / "nodes.py").write_text(NODES.replace("editable_helpers", "editable.helpers"))
    (package / "helpers.py").write_text(HELPERS)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: editable\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "recipe.yml").write_text(RECIPE)
    return tmp_path / "site"


def steps_of_a_run(site: Path) -> dict[str, dict[str, str]]:
    code = "from graph4d.cli import main; main()"
    command = [sys.executable, "-B", "-c", code, "run", str(site.parent / "recipe.yml"), "--json"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["steps"]


def statuses(steps: dict[str, dict[str, str]]) -> list[str]:
    return [steps["first"]["status"], steps["second"]["status"]]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_comments_docstrings_and_unrelated_helpers_make_nothing_run(site):
    assert statuses(steps_of_a_run(site)) == ["computed", "computed"]
    edit(site / "editable" / "nodes.py", '"""A number."""', '"""One number, no more."""  # as before')
    edit(site / "editable" / "helpers.py", "return 1\n", "return 2\n")
    assert statuses(steps_of_a_run(site)) == ["not needed", "reused"]


def test_a_helper_that_changes_makes_its_node_run_and_nothing_after_it_if_the_result_is_the_same(site):
    steps_of_a_run(site)
    edit(site / "editable" / "helpers.py", "20 + 1", "3 * 7")
    steps = steps_of_a_run(site)
    assert statuses(steps) == ["computed", "reused"]
    assert steps["first"]["reason"] == "code changed"


def test_a_helper_that_changes_the_result_makes_all_that_follows_run(site):
    steps_of_a_run(site)
    edit(site / "editable" / "helpers.py", "20 + 1", "20 + 2")
    steps = steps_of_a_run(site)
    assert statuses(steps) == ["computed", "computed"]
    assert steps["second"]["reason"] == "input first changed"
