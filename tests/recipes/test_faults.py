"""What a killed run leaves behind, and what two at once do; ``benchmarks/kills.py`` goes on for longer."""

import random
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from benchmarks.kills import Outcome, Trial, difference, killed, outcome, together, undisturbed

RECIPE = """
graph4d: 1
title: A scan small enough to be made again and again
nodes:
  sample: {use: simulate.phase_object, with: {positions: [16, 16], detector: 32, semiangle: 10 mrad, dose: 1000}}
  mean: {use: image.mean_pattern, in: {scan: sample.scan}}
  com: {use: image.com, in: {scan: sample.scan}}
  icom: {use: phase.icom, in: {com: com}}
outputs: {mean: mean, com: com, icom: icom}
"""
KILLS = 5


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    recipe = tmp_path_factory.mktemp("recipe") / "small.yml"
    recipe.write_text(RECIPE, encoding="utf-8")
    return Trial(recipe)


@pytest.fixture(scope="module")
def peaceful(trial: Trial, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, float]:
    return undisturbed(trial, tmp_path_factory.mktemp("undisturbed"))


def test_the_run_after_a_killed_one_gives_what_an_undisturbed_one_gives(
    trial: Trial, peaceful: tuple[Outcome, float], tmp_path: Path
) -> None:
    expected, seconds = peaceful
    moments = random.Random(0)
    for number in range(KILLS):
        found, _ = killed(trial, tmp_path / str(number), after=moments.uniform(0.3, 1) * seconds)
        assert difference(expected, found) == []


def test_two_runs_at_once_on_one_store_both_give_what_one_alone_gives(
    trial: Trial, peaceful: tuple[Outcome, float], tmp_path: Path
) -> None:
    expected, _ = peaceful
    for found in together(trial, tmp_path):
        assert difference(expected, found) == []


def test_the_comparison_sees_a_single_bit(tmp_path: Path) -> None:
    image = xr.DataArray(np.ones((2, 2)), dims=("y", "x"), name="image")
    (tmp_path / "provenance.json").write_text('{"outputs": {"image": {"digest": "0"}}, "steps": {}}')
    image.to_netcdf(tmp_path / "image.nc", engine="h5netcdf")
    (tmp_path / ".0-image.nc").write_text("the draft of a killed run")
    before = outcome(tmp_path)
    image[1, 1] = np.nextafter(1.0, 2.0)
    image.to_netcdf(tmp_path / "image.nc", engine="h5netcdf")
    assert difference(before, outcome(tmp_path)) == ["image.nc: image"]
    (tmp_path / "image.nc").unlink()
    assert difference(before, outcome(tmp_path)) == ["image.nc: image"]
