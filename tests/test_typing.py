"""What a type checker knows of nodes and runs; ``mypy`` reads this file too, and ``assert_type`` is its part."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, assert_type

import numpy as np
import xarray as xr
from graph4d_nodes.image.mean import mean_pattern
from graph4d_nodes.simulate.phase_object import phase_object

from graph4d import Graph, Image, Metrics, Recipe, Registry, Run, execute, node


class Halves(NamedTuple):
    low: Image
    high: Image


@node("typed.noise")
def noise(*, seed: int = 0) -> Image:
    """Random numbers."""
    return xr.DataArray(np.random.default_rng(seed).random((4, 4)), dims=("y", "x"), attrs={"units": "1"})


@node("typed.halves")
def halves(image: Image, *, at: float = 0.5) -> Halves:
    """What is below and above a threshold."""
    low = (image < at).astype("float64").assign_attrs(units="1")
    return Halves(low, 1 - low)


@node("typed.count")
def count(image: Image) -> Metrics:
    """How many positions there are."""
    return xr.Dataset({"positions": xr.DataArray(image.size, attrs={"units": "1"})})


def test_a_node_called_as_a_function_has_the_type_of_its_result() -> None:
    image = noise(seed=3)
    assert_type(image, xr.DataArray)
    assert_type(halves(image, at=0.2), Halves)
    assert_type(halves(image).high, xr.DataArray)
    assert_type(count(image), xr.Dataset)
    assert int(count(image)["positions"]) == 16


def test_a_reduction_called_as_a_function_gives_the_value_and_not_the_reduction() -> None:
    scan, _ = phase_object(positions=(4, 4), detector=48)
    mean = mean_pattern(scan)
    assert_type(mean, xr.DataArray)
    assert mean.dims == ("ky", "kx")


def test_a_recipe_is_built_saved_and_run_with_the_public_names_alone(tmp_path: Path) -> None:
    recipe = Recipe("What is above?", registry=Registry(None))
    seed = recipe.param("seed", "int", 0)
    parts = recipe.add("parts", halves, image=recipe.add("noise", noise, seed=seed))
    recipe.output(low=parts["low"], high=parts["high"])
    graph = recipe.graph(seed=5)
    run = execute(graph)
    assert_type(graph, Graph)
    assert_type(run, Run)
    value: Any = run["high"]
    assert value.identical(halves(noise(seed=5)).high)
    assert recipe.save(tmp_path / "recipe.yml").is_file()
