"""The centre of mass, its signs and its derivatives."""

import h5py
import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.calibrate.origin import find_origin
from graph4d_nodes.geometry import detector_to_scan
from graph4d_nodes.image.com import center_of_mass
from graph4d_nodes.image.field import curl, direction, divergence, magnitude
from graph4d_nodes.io.open import open_scan

from graph4d import UsageError

ROWS, COLUMNS = np.mgrid[:24, :20]


@pytest.fixture
def patterns(rng):
    return rng.poisson(3, (5, 7, 24, 20)).astype(np.uint16)


def plain_com(patterns, inside=None):
    weights = patterns.astype(float) if inside is None else patterns * inside
    total = weights.sum(axis=(2, 3))
    return np.stack([(weights * ROWS).sum(axis=(2, 3)), (weights * COLUMNS).sum(axis=(2, 3))]) / total


@pytest.mark.parametrize("dtype", ["u2", "i4", "f4"])
def test_the_com_is_relative_to_the_origin(patterns, make_scan, make_origin, rng, dtype):
    origin = np.array([11.5, 9.5])[:, None, None] + rng.uniform(-1, 1, (2, 5, 7))
    com = center_of_mass(make_scan(patterns.astype(dtype)), make_origin(origin))
    np.testing.assert_allclose(com.values, plain_com(patterns) - origin, rtol=0, atol=1e-12)
    assert com.attrs["units"] == "px"


def test_without_an_origin_the_mean_com_takes_its_place(patterns, make_scan):
    com = center_of_mass(make_scan(patterns))
    expected = plain_com(patterns)
    np.testing.assert_allclose(com.values, expected - expected.mean(axis=(1, 2), keepdims=True), atol=1e-12)


def test_a_deflection_that_all_patterns_share_can_be_taken_out(patterns, make_scan, make_origin, rng):
    origin = np.array([11.5, 9.5])[:, None, None] + rng.uniform(-1, 1, (2, 5, 7))
    kept = center_of_mass(make_scan(patterns), make_origin(origin)).values
    level = center_of_mass(make_scan(patterns), make_origin(origin), zero="mean").values
    assert np.abs(kept.mean(axis=(1, 2))).max() > 0.01
    np.testing.assert_allclose(level, kept - kept.mean(axis=(1, 2), keepdims=True), atol=1e-12)


def test_only_counts_within_the_radius_take_part(patterns, make_scan, make_origin, rng):
    origin = np.array([11.5, 9.5])[:, None, None] + rng.uniform(-1, 1, (2, 5, 7))
    com = center_of_mass(make_scan(patterns), make_origin(origin), outer_px=6.5)
    r = np.hypot(ROWS - origin[0][..., None, None], COLUMNS - origin[1][..., None, None])
    np.testing.assert_allclose(com.values, plain_com(patterns, r < 6.5) - origin, atol=1e-12)


def test_the_largest_counts_do_not_overflow(make_scan, make_origin):
    full = np.full((1, 1, 8, 600), 65535, np.uint16)
    com = center_of_mass(make_scan(full), make_origin(np.zeros((2, 1, 1))))
    np.testing.assert_array_equal(com.values.ravel(), [3.5, 299.5])


def test_an_empty_pattern_has_no_deflection(patterns, make_scan):
    patterns[2, 3] = 0
    com = center_of_mass(make_scan(patterns))
    assert (com.values[:, 2, 3] == 0).all()
    assert np.isfinite(com.values).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_pattern_that_is_not_finite_has_no_com_and_leaves_the_others_alone(patterns, make_scan, bad):
    floats = patterns.astype(np.float32)
    floats[2, 3, 4, 5] = bad
    com = center_of_mass(make_scan(floats)).values
    assert np.argwhere(~np.isfinite(com)).tolist() == [[0, 2, 3], [1, 2, 3]]
    others = np.delete(com.reshape(2, -1), 2 * com.shape[2] + 3, axis=1)
    np.testing.assert_allclose(others.mean(axis=1), 0, atol=1e-12)


def test_the_field_is_in_the_axes_of_the_scan(make_scan, make_origin, calibrated):
    spot = np.zeros((1, 1, 9, 9), np.uint8)
    spot[0, 0, 4, 6] = 1
    # The scan's x axis appears turned by 90° clockwise on the detector, that is along +ky: +kx is then −y of the scan.
    turned = calibrated | {"transform": detector_to_scan(np.pi / 2, False), "detector_step": (0.1, 0.05)}
    com = center_of_mass(make_scan(spot, **turned), make_origin(np.full((2, 1, 1), 4.0)))
    np.testing.assert_allclose(com.values.ravel(), [-0.1, 0.0], atol=1e-15)
    assert com.attrs["units"] == "1/Å"
    swapped = calibrated | {"transform": detector_to_scan(0.0, True)}
    com = center_of_mass(make_scan(spot, **swapped), make_origin(np.full((2, 1, 1), 4.0)))
    np.testing.assert_allclose(com.values.ravel(), [0.1, 0.0], atol=1e-15)


def test_an_angle_needs_a_calibrated_detector(patterns, make_scan):
    with pytest.raises(UsageError, match=r"give `energy` and `detector_step` to io\.open"):
        center_of_mass(make_scan(patterns), outer=0.02)


def field(y, x, step):
    coords = {"y": ("y", np.arange(y.shape[0]) * step[0], {"units": "Å"})}
    coords["x"] = ("x", np.arange(y.shape[1]) * step[1], {"units": "Å"})
    return xr.DataArray(np.stack([y, x]), dims=("component", "y", "x"), coords=coords, attrs={"units": "1/Å"})


def test_derivatives_are_per_length_and_turn_clockwise():
    y, x = np.mgrid[:5, :6] * np.array([0.5, 0.25])[:, None, None]
    source, eddy = field(3 * y, 2 * x, (0.5, 0.25)), field(x, -y, (0.5, 0.25))
    np.testing.assert_allclose(divergence(source).values, 5)
    np.testing.assert_allclose(curl(source).values, 0, atol=1e-12)
    # (x, y) = (1, 0) moves along +y, down: clockwise on screen.
    np.testing.assert_allclose(curl(eddy).values, 2)
    assert divergence(source).attrs["units"] == "1/Å/Å"


def test_magnitude_and_direction_are_those_on_screen():
    down_left = field(np.full((2, 2), 3.0), np.full((2, 2), -4.0), (1, 1))
    np.testing.assert_allclose(magnitude(down_left).values, 5)
    np.testing.assert_allclose(direction(down_left).values, np.pi - np.arctan2(3, 4))
    assert direction(down_left).attrs["units"] == "rad"
    assert magnitude(down_left).attrs["units"] == "1/Å"


def test_a_single_row_has_no_derivatives():
    with pytest.raises(UsageError, match="1 × 3 positions has no derivatives"):
        divergence(field(np.zeros((1, 3)), np.zeros((1, 3)), (1, 1)))


def test_the_divergence_follows_the_laplacian_of_the_true_phase(shared_data):
    path = shared_data / "sto_rot23.h5"
    known = {"energy": 300e3, "semiangle": 0.02, "scan_step": 0.25, "detector_step": 1 / 30, "rotation": np.radians(23)}
    scan = open_scan(
        path=path,
        dataset="data",
        **{k: f"{v} {u}" for (k, v), u in zip(known.items(), ["eV", "rad", "Å", "1/Å", "rad"], strict=True)},
    )
    com = center_of_mass(scan, find_origin(scan))
    with h5py.File(path) as file:
        phase = file["phase_truth_rad"][()]
    laplacian = sum(np.gradient(np.gradient(phase, 0.25, axis=axis), 0.25, axis=axis) for axis in (0, 1))
    assert np.corrcoef(divergence(com).values.ravel(), laplacian.ravel())[0, 1] > 0.85
    assert np.corrcoef(divergence(com).values.ravel(), phase.ravel())[0, 1] < -0.85
    assert curl(com).values.std() < 0.2 * divergence(com).values.std()
