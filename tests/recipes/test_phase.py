"""``recipes/phase.yml`` on scans with a known phase, however their detector is turned, and on a measured one."""

from __future__ import annotations

import json
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.calibrate.aberrations import aberrations
from graph4d_nodes.geometry import detector_to_scan
from graph4d_nodes.io.open import open_scan
from graph4d_nodes.io.save import save
from graph4d_nodes.scan_maps.thin import thin
from graph4d_nodes.simulate.heterostructure import heterostructure
from graph4d_nodes.simulate.scan4d import scan4d
from scipy.ndimage import gaussian_filter
from scipy.stats import skew

from graph4d import MemoryStore, Run, Store, execute, load
from graph4d.cli import _run_app

pytestmark = [
    pytest.mark.xdist_group("phase"),  # the tests share what was computed
    pytest.mark.filterwarnings("ignore:a scan step of 31.2 Å is too coarse"),
]

PHASE = Path(__file__).resolve().parents[2] / "recipes" / "phase.yml"
PICTURES = ("icom", "ricom", "ssb", "parallax")
STRONTIUM_TITANATE = {"energy": 300e3, "semiangle": 20e-3, "scan_step": 0.25, "detector_step": 1 / 30}
ROTAVIRUS = {"energy": 300e3, "semiangle": 1.03e-3, "scan_step": 31.25, "detector_step": 0.0033602}


@cache
def phases(scan: Path, **known: Any) -> Run:
    run = execute(load(PHASE, parameters={"scan": scan, **known}), Store(MemoryStore()))
    run.raise_for_errors()
    return run


def truth(scan: Path) -> np.ndarray:
    with h5py.File(scan) as file:
        return np.asarray(file["phase_truth_rad"][:])


def number(run: Run, output: str, name: str) -> float:
    return float(run[output][name])


@pytest.fixture
def sto(shared_data: Path) -> Path:
    return shared_data / "sto_rot23.h5"


def test_the_rotation_of_a_simulated_scan_is_found(sto):
    run = phases(sto, **STRONTIUM_TITANATE)
    assert number(run, "geometry", "rotation") == pytest.approx(23, abs=1)
    assert number(run, "geometry", "transposed") == 0
    assert number(run, "geometry", "confident") == 1
    assert run["geometry"]["rotation"].attrs["units"] == "deg"


@pytest.mark.parametrize(("picture", "pearson"), [("icom", 0.89), ("ricom", 0.86), ("ssb", 0.935), ("parallax", 0.5)])
def test_atoms_are_bright_in_every_picture(sto, picture, pearson):
    expected, found = truth(sto).ravel(), phases(sto, **STRONTIUM_TITANATE)[picture].values.ravel()
    assert np.corrcoef(expected, found)[0, 1] > pearson
    assert np.polyfit(expected, found, 1)[0] > 0


def test_icom_has_the_slope_of_the_reference(sto):
    icom = phases(sto, **STRONTIUM_TITANATE)["icom"]
    assert icom.attrs["units"] == "rad"
    assert np.polyfit(truth(sto).ravel(), icom.values.ravel(), 1)[0] == pytest.approx(0.51, abs=0.03)


@pytest.mark.parametrize(
    ("turns", "flipped"), [(1, False), (2, False), (0, True)], ids=["90 degrees", "180 degrees", "transposed"]
)
def test_a_turned_or_transposed_detector_gives_the_same_pictures(sto, tmp_path, turns, flipped):
    with h5py.File(sto) as file:
        patterns = np.rot90(file["data"][:], turns, axes=(2, 3))
    np.save(tmp_path / "turned.npy", patterns.swapaxes(2, 3) if flipped else patterns)
    one, other = phases(sto, **STRONTIUM_TITANATE), phases(tmp_path / "turned.npy", **STRONTIUM_TITANATE)
    assert number(other, "geometry", "transposed") == flipped
    for picture in PICTURES:
        difference = float(np.std(other[picture] - one[picture]) / np.std(one[picture]))
        assert difference < 0.02, picture


@pytest.mark.parametrize("seed", [1, 2])
def test_with_few_electrons_the_rotation_is_right_or_said_to_be_unsure(sto, tmp_path, seed):
    few = thin(open_scan(path=sto, dataset="data"), dose=200, seed=seed)
    np.save(tmp_path / "few.npy", few.read(0, 64 * 64).reshape(few.shape))
    run = phases(tmp_path / "few.npy", **STRONTIUM_TITANATE)
    right = abs(number(run, "geometry", "rotation") - 23) < 3 and number(run, "geometry", "transposed") == 0
    assert right or number(run, "geometry", "confident") == 0
    assert np.corrcoef(truth(sto).ravel(), run["icom"].values.ravel())[0, 1] > 0.5


def test_a_defocused_probe_tells_the_rotation_where_the_centre_of_mass_does_not(tmp_path):
    layer = heterostructure(layers=("MoS2",), twist=("10 deg",), size=("30 Å", "30 Å"))
    lens = aberrations(c10="-15 nm", c12="4 nm", phi12="30 deg")
    sample = scan4d(layer, lens, positions=(48, 40), scan_step="0.3 Å", rotation="70 deg")
    save(sample.scan, path=tmp_path / "mos2.npy")
    run = phases(tmp_path / "mos2.npy", **STRONTIUM_TITANATE | {"scan_step": 0.3, "detector_step": 0.0625})
    assert float(run.value("found.orientation")["confident"]) == 0
    assert number(run, "geometry", "confident") == 1
    assert number(run, "geometry", "rotation") == pytest.approx(70, abs=1)
    assert np.corrcoef(sample.phase.values.ravel(), run["ssb"].values.ravel())[0, 1] > 0.8


def test_a_scan_without_a_sample_gives_warnings_and_all_outputs(cli, tmp_path):
    disc = np.hypot(*np.mgrid[-24:24, -24:24]) < 15.5
    patterns = np.random.default_rng(1).poisson(25 * disc, (16, 20, 48, 48)).astype(np.uint16)
    np.save(tmp_path / "vacuum.npy", patterns)
    given = ["energy=300 keV", "semiangle=20 mrad", "scan_step=0.25 Å", "detector_step=0.0667 1/Å"]
    pairs = [part for pair in [f"scan={tmp_path / 'vacuum.npy'}", *given] for part in ("--set", pair)]
    with (
        pytest.warns(UserWarning, match="do not stand out of the noise"),
        pytest.warns(UserWarning, match="how the detector lies under the scan is not sure"),
    ):
        said = cli("run", PHASE, *pairs, "--out", tmp_path / "out")
    assert said.code == 0
    assert {path.stem for path in (tmp_path / "out").glob("*.nc")} == set(PICTURES)
    assert not json.loads((tmp_path / "out" / "metrics.json").read_text())["geometry"]["confident"]["value"]


def test_defocus_and_orientation_of_a_measured_scan_are_found(shared_data):
    run = phases(shared_data / "rotavirus.h5", **ROTAVIRUS)
    matrix = np.array([[number(run, "geometry", f"{row}{column}") for column in "xy"] for row in "xy"])
    published = np.array([[-0.87, 0.50], [0.50, 0.87]])
    assert np.linalg.det(matrix) == pytest.approx(-1)
    # Both are reflections: their product is a rotation, by 0° or 180°.
    assert abs(np.trace(matrix @ published)) / 2 > np.cos(np.deg2rad(8))
    assert 130e3 < abs(number(run, "metrics", "c10")) < 150e3
    assert number(run, "defocus", "c10_significant") == 1
    assert 0 < number(run, "defocus", "c10_error") < 2e3
    assert abs(number(run, "metrics", "rotation_difference")) < 8


@pytest.mark.parametrize("picture", ["ssb", "parallax"])
def test_gold_beads_of_a_measured_scan_are_bright_and_sharp(shared_data, picture):
    image = phases(shared_data / "rotavirus.h5", **ROTAVIRUS)[picture].values
    detail = (image - gaussian_filter(image, 4))[4:-4, 4:-4]
    # Few bright spots on much that is grey; were they dark, it would be as far below 0.
    assert skew(detail.ravel()) > 0.5
    row, column = np.unravel_index(np.argmax(detail), detail.shape)
    around = detail[max(0, row - 5) : row + 6, max(0, column - 5) : column + 6]
    assert np.count_nonzero(around > detail.max() / 2) < 30  # of 121 positions


def test_given_values_win_over_what_would_be_found(sto):
    with pytest.warns(UserWarning, match=r"lies under it at 23\.\d°, not transposed, and is sure"):
        run = phases(sto, **STRONTIUM_TITANATE, rotation=np.deg2rad(113), transpose=False, c10=50.0)
    matrix = [[number(run, "geometry", f"{row}{column}") for column in "xy"] for row in "xy"]
    np.testing.assert_allclose(matrix, detector_to_scan(np.deg2rad(113), False), atol=1e-9)
    assert number(run, "geometry", "found_rotation") == pytest.approx(23, abs=1)
    assert number(run, "geometry", "c10") == 50


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"energy": "300 mrad"}, "energy"),
        ({"energy": None}, "without energy; give it to io.open"),
        ({"semiangle": "60 mrad"}, "check `semiangle`, `detector_step` and `energy`"),
        ({"scan_step": "0.0001 Å"}, "scan_step"),
    ],
    ids=["wrong unit", "no energy", "disc larger than detector", "step too small"],
)
def test_what_is_wrong_is_said_with_its_remedy(sto, cli, changed, words):
    given = {
        "energy": "300 keV",
        "semiangle": "20 mrad",
        "scan_step": "0.25 Å",
        "detector_step": "0.0333333 1/Å",
    } | changed
    pairs = [f"scan={sto}", *(f"{name}={value}" for name, value in given.items() if value is not None)]
    said = cli("run", PHASE, *(part for pair in pairs for part in ("--set", pair)))
    assert said.code in (1, 2)
    assert words in " ".join(said.err.split())


def test_a_warning_is_one_line_without_a_place_in_python(shared_data, monkeypatch, capsys, tmp_path):
    pairs = ["energy=300 keV", "semiangle=1.03 mrad", "scan_step=31.25 Å", "detector_step=0.0033602 1/Å"]
    given = [part for pair in [f"scan={shared_data / 'rotavirus.h5'}", *pairs] for part in ("--set", pair)]
    warnings.simplefilter("always")  # what the other tests need not show
    monkeypatch.setattr(sys, "argv", ["graph4d", "run", str(PHASE), *given, "--only", "ssb", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as left:
        _run_app()
    assert not left.value.code
    said = capsys.readouterr().err
    assert "warning: a scan step of 31.2 Å is too coarse" in said
    assert ".py" not in said
    assert json.loads((tmp_path / "provenance.json").read_text())["steps"]
    assert xr.open_dataarray(tmp_path / "ssb.nc").attrs["units"] == "rad"
