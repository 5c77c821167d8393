"""The command line in processes of its own: what is imported, what is printed, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

NODES = """\
import time
from graph4d import Image, Metrics, Scalar, node


@node("toy.image")
def image(*, level: float = 1.0) -> Image:
    import xarray as xr

    return xr.DataArray([[level, 2.0], [3.0, 4.0]], dims=("y", "x"), attrs={"units": "1"})


@node("toy.numbers")
def numbers(image: Image) -> Metrics:
    import xarray as xr

    return xr.Dataset({"mean": image.mean().assign_attrs(units="1")})


@node("toy.slow")
def slow(image: Image, *, seconds: float) -> Scalar:
    time.sleep(seconds)
    return image.mean().assign_attrs(units="1")
"""
RECIPE = """\
graph4d: 1
title: A toy
params:
  level: {type: float, default: 1.0}
  seconds: {type: float, default: 0.0}
nodes:
  image: {use: toy.image, with: {level: $level}}
  numbers: {use: toy.numbers, in: {image: image}}
  slow: {use: toy.slow, in: {image: image}, with: {seconds: $seconds}}
outputs: {image: image, numbers: numbers, mean: slow}
"""
ENTRY_POINTS = """\
[graph4d.nodes]
toy.image = toy_nodes:image
toy.numbers = toy_nodes:numbers
toy.slow = toy_nodes:slow
"""
#: What a run that computes nothing has no use for: each costs more than such a run may take.
HEAVY = {"xarray", "pandas", "numba", "scipy", "bokeh", "pint", "networkx", "h5py", "skimage", "sklearn", "dask"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a recipe, and a package of nodes that is installed there."""
    facts = tmp_path / "site" / "toy_nodes-1.0.dist-info"
    facts.mkdir(parents=True)
    (tmp_path / "site" / "toy_nodes.py").write_text(NODES)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-nodes\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "toy.yml").write_text(RECIPE)
    return tmp_path


def start(place: Path, *arguments: str, code: str = "") -> subprocess.Popen[str]:
    """The command line, followed by some code if that is to see what has become of the process."""
    text = f"import sys\nfrom graph4d.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n{code}"
    return subprocess.Popen(
        [sys.executable, "-c", text if code else "from graph4d.cli import main; main()", *arguments],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place / "site"), "GRAPH4D_CACHE": str(place / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def call(place: Path, *arguments: str, code: str = "") -> tuple[int, str, str]:
    process = start(place, *arguments, code=code)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_a_run_that_computes_nothing_imports_nothing_heavy(place):
    everything = ("run", "toy.yml", "--out", "out", "--report", "out/report.html")
    assert call(place, *everything)[0] == 0
    modules = "print('modules', *{name.split('.')[0] for name in sys.modules})"
    _, out, err = call(place, *everything, code=modules)
    assert "nothing computed" in out, err
    assert HEAVY & set(out.splitlines()[-1].split()) == set()


def test_json_is_all_that_a_run_prints_when_asked_for_it(place):
    code, out, _ = call(place, "run", "toy.yml", "--json", "--out", "out", "--report", "out/report.html")
    assert code == 0
    assert json.loads(out)["steps"]["slow"]["status"] == "computed"


def test_json_is_all_that_a_run_prints_even_if_nothing_can_be_stored(place):
    (place / "cache").write_text("a file where a folder should be")
    code, out, _ = call(place, "run", "toy.yml", "--json")
    assert code == 0
    document = json.loads(out)
    assert document["steps"]["image"]["status"] == "computed"
    (note,) = document["notes"]
    names, _, why = note.partition(" were not stored: cannot write ")
    assert set(names.split(", ")) == {"image", "numbers", "slow"}
    assert "GRAPH4D_CACHE" in why


def test_only_a_step_is_computed_that_is_no_output(place):
    (place / "toy.yml").write_text(RECIPE.replace("image: image, numbers", "numbers"))
    code, out, _ = call(place, "run", "toy.yml", "--only", "image", "--out", "out", "--json")
    assert code == 0
    steps = json.loads(out)["steps"]
    assert [name for name, step in steps.items() if step["status"] == "computed"] == ["image"]
    assert (place / "out" / "image.nc").exists()


def test_the_points_of_a_sweep_are_told_as_one_step(place):
    swept = RECIPE.replace("outputs:", "sweeps: {levels: {over: {level: [1.0, 5.0, 6.0]}, collect: [slow]}}\noutputs:")
    (place / "toy.yml").write_text(swept.replace("mean: slow", "mean: levels.slow"))
    _, out, err = call(place, "run", "toy.yml")
    listed = out.splitlines()[0].partition("(")[2].rstrip(")").split(", ")
    assert {"image ×3", "slow ×3", "numbers", "levels"} == set(listed), err
    assert not any("[" in name for name in listed)


def test_an_interrupted_run_ends_at_once_and_the_next_goes_on_from_there(place):
    process = start(place, "run", "toy.yml", "--set", "seconds=60")
    objects = place / "cache" / "v1" / "objects"
    for _ in range(600):
        if len(list(objects.glob("??/*"))) == 2:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert (out, err) == (
        "",
        "graph4d: interrupted; what was finished is kept, and the next run goes on from there\n",
    )
    code, out, _ = call(place, "run", "toy.yml", "--set", "seconds=0", "--json")
    assert code == 0
    statuses = {name: step["status"] for name, step in json.loads(out)["steps"].items()}
    assert statuses == {"image": "reused", "numbers": "reused", "slow": "computed"}
