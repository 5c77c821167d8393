"""The recipes that ship run: on the embedded simulation, and on real and simulated scans."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

RECIPES = Path(__file__).resolve().parents[2] / "recipes"

ROTAVIRUS = {"energy": "300 keV", "semiangle": "1.03 mrad", "scan_step": "31.25 Å", "detector_step": "0.0033602 1/Å"}
STRONTIUM_TITANATE = {
    "energy": "300 keV",
    "semiangle": "20 mrad",
    "scan_step": "0.25 Å",
    "detector_step": "0.033333333 1/Å",
    "rotation": "23 deg",
}


def settings(scan: Path, values: dict[str, str]) -> list[str]:
    pairs = [f"scan={scan}", *(f"{name}={value}" for name, value in values.items())]
    return [part for pair in pairs for part in ("--set", pair)]


@pytest.mark.parametrize("recipe", sorted(RECIPES.glob("*.yml")), ids=lambda path: path.name)
def test_every_recipe_that_ships_is_without_errors(recipe, cli):
    said = cli("check", recipe)
    assert said.code == 0, said.err


def test_quickstart_reconstructs_the_phase_it_simulated(cli, tmp_path):
    said = cli("run", RECIPES / "quickstart.yml", "--out", tmp_path, "--report", tmp_path / "report.html")
    assert said.code == 0, said.err
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["icom_quality"]["pearson"]["value"] > 0.95
    assert metrics["ricom_quality"]["pearson"]["value"] > 0.85
    assert 0.5 < metrics["icom_quality"]["slope"]["value"] < 1.0  # a finite probe blurs
    truth, icom = (xr.open_dataarray(tmp_path / f"{name}.nc") for name in ("truth", "icom"))
    assert icom.attrs["units"] == "rad"
    assert np.corrcoef(truth.values.ravel(), icom.values.ravel())[0, 1] == pytest.approx(
        metrics["icom_quality"]["pearson"]["value"], abs=1e-9
    )
    assert "<html" in (tmp_path / "report.html").read_text()[:500].lower()


def test_explore_shows_the_particles_of_a_real_scan(cli, shared_data, tmp_path):
    run = ["run", RECIPES / "explore.yml", *settings(shared_data / "rotavirus.h5", ROTAVIRUS), "--out", tmp_path]
    assert cli(*run).code == 0
    bright, dark = (xr.open_dataarray(tmp_path / f"{name}.nc") for name in ("bf", "adf"))
    assert bright.shape == (127, 127)
    assert bright.x.attrs["units"] == "Å"
    assert float(bright.x[1] - bright.x[0]) == 31.25
    # The aperture of the carbon film fills the upper half: it scatters out of the bright field and into the dark field.
    assert float(bright[:30].mean()) < 0.95 * float(bright[-30:].mean())
    assert np.corrcoef(bright.values.ravel(), dark.values.ravel())[0, 1] < -0.8
    mean_pattern = xr.open_dataarray(tmp_path / "mean_pattern.nc")
    with h5py.File(shared_data / "rotavirus.h5") as file:
        np.testing.assert_allclose(mean_pattern, file["data"][:].mean((0, 1)), rtol=1e-12)


def test_explore_gives_a_phase_with_the_right_sign_and_scale_on_a_rotated_scan(cli, shared_data, tmp_path):
    scan = shared_data / "sto_rot23.h5"
    assert cli("run", RECIPES / "explore.yml", *settings(scan, STRONTIUM_TITANATE), "--out", tmp_path).code == 0
    with h5py.File(scan) as file:
        truth = file["phase_truth_rad"][:]
    icom = xr.open_dataarray(tmp_path / "icom.nc")
    assert np.corrcoef(truth.ravel(), icom.values.ravel())[0, 1] > 0.89
    assert np.polyfit(truth.ravel(), icom.values.ravel(), 1)[0] == pytest.approx(0.51, abs=0.03)


def test_the_second_run_computes_nothing_and_rewrites_nothing(cli, shared_data, tmp_path):
    run = [
        "run",
        RECIPES / "explore.yml",
        *settings(shared_data / "sto_rot23.h5", STRONTIUM_TITANATE),
        "--out",
        tmp_path,
    ]
    cli(*run)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.nc")}
    said = cli(*run)
    assert "nothing computed" in said.out
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.nc")} == before


def test_a_changed_kernel_runs_ricom_alone_and_plan_says_so(cli, shared_data):
    recipe = [RECIPES / "explore.yml", *settings(shared_data / "sto_rot23.h5", STRONTIUM_TITANATE)]
    cli("run", *recipe)
    planned = cli("plan", *recipe, "--set", "kernel=21").out
    assert [line.split()[1] for line in planned.splitlines() if line.startswith(("run", "maybe"))] == ["ricom"]
    assert "parameter kernel 41→21" in planned
    assert (
        "ricom (phase.ricom): run: parameter kernel 41→21"
        in cli("why", *recipe[:1], "ricom", *recipe[1:], "--set", "kernel=21").out
    )
    assert "1 step computed" in cli("run", *recipe, "--set", "kernel=21").out


def test_an_output_that_somebody_deleted_is_written_again_without_computing(cli, tmp_path):
    run = ["run", RECIPES / "quickstart.yml", "--out", tmp_path]
    cli(*run)
    (tmp_path / "icom.nc").unlink()
    assert "nothing computed" in cli(*run).out
    assert xr.open_dataarray(tmp_path / "icom.nc").shape == (64, 64)


def test_only_computes_what_it_names(cli):
    said = cli("run", RECIPES / "quickstart.yml", "--only", "mean_pattern", "--json")
    steps = json.loads(said.out)["steps"]
    assert [name for name, step in steps.items() if step["status"] == "computed"] == ["sample", "mean"]
