"""Arrows point down only: what may import what."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import graph4d

ENGINE = Path(graph4d.__file__).parent


def imported(path):
    for item in ast.walk(ast.parse(path.read_text())):
        if isinstance(item, ast.Import):
            yield from (alias.name for alias in item.names)
        elif isinstance(item, ast.ImportFrom) and item.module:
            yield item.module


def test_the_engine_imports_nothing_from_the_nodes():
    modules = {(path.name, name) for path in ENGINE.rglob("*.py") for name in imported(path)}
    assert {name for _, name in modules if name.partition(".")[0] == "graph4d_nodes"} == set()


def test_recipes_know_nothing_of_runs_sessions_views_and_commands():
    modules = {name for path in (ENGINE / "recipe").rglob("*.py") for name in imported(path)}
    above = ("graph4d.run", "graph4d.planning", "graph4d.session", "graph4d.view", "graph4d.cli")
    assert {name for name in modules if name.startswith(above)} == set()


@pytest.mark.parametrize(
    ("layer", "above"),
    [
        ("run", ("session", "view", "widgets", "cli")),
        ("session", ("view", "widgets", "cli")),
        ("view", ("session", "widgets", "cli")),
        ("widgets", ("cli",)),
    ],
)
def test_a_layer_knows_nothing_of_those_above_it(layer, above):
    modules = {name for path in (ENGINE / layer).rglob("*.py") for name in imported(path)}
    assert {name for name in modules if name.startswith(tuple(f"graph4d.{other}" for other in above))} == set()


@pytest.mark.parametrize("module", ["graph4d", "graph4d.recipe.load", "graph4d.session.session"])
def test_importing_is_light(module):
    heavy = {"xarray", "numba", "bokeh", "pandas", "pint", "scipy", "h5py", "dask", "torch", "skimage", "zarr"}
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert heavy & set(loaded) == set()
