"""Dose and method against the truth, on a simulated scan."""

from pathlib import Path

import numpy as np
import xarray as xr

RECIPES = Path(__file__).resolve().parents[2] / "recipes"


def test_a_dose_series_compares_methods_with_the_truth_at_every_dose(cli, tmp_path):
    said = cli("run", RECIPES / "dose_series.yml", "--set", "positions=[20, 24]", "--out", tmp_path)
    assert said.code == 0, said.err
    quality = xr.open_dataset(tmp_path / "quality.nc")
    for method in ("icom", "ricom", "ssb"):
        pearson = quality[f"{method}_truth_pearson"]
        assert (np.diff(pearson) > -0.02).all(), method  # more electrons do not harm
        assert pearson[-1] > 0.8
        assert pearson[0] < pearson[-1] - 0.1
        assert 0.5 < float(quality[f"{method}_truth_slope"][-1]) < 1.05  # of a blurred phase
    # At few electrons the whole detector tells more than its double overlap.
    assert float(quality.icom_truth_pearson[1]) > float(quality.ssb_truth_pearson[1]) + 0.2
    assert float(quality.adf_truth_pearson[-1]) > 0.2
    resolution = xr.open_dataset(tmp_path / "icom_resolution.nc").resolution_1_7
    assert resolution.attrs["units"] == "Å"
    assert resolution[-1] < 0.75 * resolution.sel(dose=200)
    assert xr.open_dataarray(tmp_path / "icom.nc").dims == ("dose", "y", "x")
    assert xr.open_dataarray(tmp_path / "icom_frc.nc").dims == ("dose", "frequency")
