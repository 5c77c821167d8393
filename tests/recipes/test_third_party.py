"""A package that this project has never heard of brings a node, and the node works once the package is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "third_party"

RECIPE = """\
graph4d: 1
title: A stranger's node
nodes:
  sample: {use: simulate.phase_object, with: {positions: [8, 8], detector: 48}}
  bright: {use: threshold.above, in: {image: sample.phase}, with: {fraction: 0.8}}
outputs: {bright: bright}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", str(target), str(PACKAGE)], check=True)
    return target


def graph4d(*args: str, site: Path | None = None, cwd: Path) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(site)] if site else [])
    environment = {**os.environ, "PYTHONPATH": paths}
    command = [sys.executable, "-c", "from graph4d.cli import main; main()", *args]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_an_installed_package_brings_its_node(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.yml").write_text(RECIPE)
    done = graph4d("run", "recipe.yml", "--out", "out", "--json", site=installed, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)["steps"]
    assert steps["bright"]["status"] == "computed"
    assert "threshold.above" in graph4d("nodes", site=installed, cwd=tmp_path).stdout


def test_without_the_package_the_recipe_says_which_node_is_missing(tmp_path: Path) -> None:
    (tmp_path / "recipe.yml").write_text(RECIPE)
    done = graph4d("run", "recipe.yml", cwd=tmp_path)
    assert done.returncode == 2
    assert "recipe.yml:5:17" in done.stderr
    assert "threshold.above" in done.stderr
    assert "Traceback" not in done.stderr
