"""What a person sees who has no data yet, no good terminal, or a wrong folder."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import graph4d

RECIPES = Path(__file__).resolve().parents[2] / "recipes"


def test_a_recipe_is_shown_before_its_data_are_named(cli):
    said = cli("show", RECIPES / "explore.yml")
    assert said.code == 0
    lines = [line.split() for line in said.out.splitlines()]
    assert ["scan", "to", "be", "given"] in [line[:4] for line in lines]
    assert ["reads", "to", "be", "given"] in lines
    assert ["rotation", "0", "deg"] in [line[:3] for line in lines]


def test_recipes_are_compared_without_their_data(cli):
    assert cli("diff", RECIPES / "explore.yml", RECIPES / "explore.yml").out == "no difference\n"
    said = cli("diff", RECIPES / "explore.yml", RECIPES / "quickstart.yml")
    assert said.code == 0
    assert "- load (io.open)" in said.out


def test_what_cannot_be_written_is_told_in_a_line(cli, tmp_path):
    nowhere = tmp_path / "nowhere" / "file"
    for arguments in (("new", nowhere), ("schema", "--out", nowhere)):
        said = cli(*arguments)
        assert said.code == 2
        assert said.err == f"graph4d: {nowhere}: no such file or directory\n"


def test_what_changed_since_a_recipe_was_frozen_is_told(cli, tmp_path):
    recipe = tmp_path / "quick.yml"
    recipe.write_text((RECIPES / "quickstart.yml").read_text())
    assert cli("freeze", recipe).code == 0
    same = cli("freeze", "--check", recipe)
    assert (same.code, same.out) == (0, "nothing changed since it was frozen\n")
    other = cli("freeze", "--check", recipe, "--set", "kernel=21")
    assert other.code == 2
    assert other.out == "parameters kernel: 41 → 21\n"


def test_a_lock_names_what_runs_and_not_what_tests(cli, tmp_path):
    recipe = tmp_path / "quick.yml"
    recipe.write_text((RECIPES / "quickstart.yml").read_text())
    cli("freeze", recipe)
    lock = recipe.with_suffix(".lock.yml").read_text()
    assert "numpy:" in lock
    assert "mypy:" not in lock


def test_a_new_recipe_comes_with_a_line_that_can_be_pasted(cli, tmp_path):
    path = tmp_path / "my first.yml"
    words = shlex.split(cli("new", path).out)
    assert words[words.index("run") + 1] == str(path)
    assert cli("check", path).code == 0


def test_a_terminal_that_cannot_print_a_letter_gets_the_rest_of_the_line():
    command = [sys.executable, "-c", "from graph4d.cli import main; main()", "nodes", "image.curl"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "?v_y/?x" in done.stdout


def test_a_voltage_is_told_from_an_energy(cli):
    said = cli("plan", RECIPES / "explore.yml", "--set", "scan=x.h5", "--set", "energy=300 kV")
    assert said.code == 2
    assert "'300 kV' is a voltage; expected an energy such as 300 keV" in said.err


def test_an_output_that_is_not_there_is_told_with_those_that_are(cli):
    said = cli("why", RECIPES / "quickstart.yml", "zzz")
    assert said.code == 2
    assert said.err.startswith("graph4d: the recipe has no output or step `zzz`; there are truth, mean_pattern, bf")
    assert "did you mean `ricom`?" in cli("why", RECIPES / "quickstart.yml", "rycom").err


def test_an_angle_read_in_degrees_has_an_example_in_degrees(cli):
    (line,) = [line for line in cli("nodes", "io.open").out.splitlines() if line.startswith("  rotation ")]
    assert "such as 30 deg" in line


def test_the_version_is_told(cli):
    assert cli("--version").out == f"graph4d {graph4d.__version__}\n"
