"""Agreement with the truth, against the definitions written out."""

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.metrics.compare import compare
from graph4d_nodes.values import image

from graph4d import UsageError


def picture(values: np.ndarray, units: str = "rad") -> xr.DataArray:
    return image(values, Geometry(scan_step=(0.5, 0.5)), units)


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = np.add.outer(np.sin(np.arange(24) / 3), np.cos(np.arange(32) / 4))
    return truth + 0.2 * rng.normal(size=truth.shape), truth


def test_an_image_equal_to_the_truth_is_perfect(pair: tuple[np.ndarray, np.ndarray]) -> None:
    found = compare(picture(pair[1]), picture(pair[1]))
    assert found.pearson == pytest.approx(1)
    assert found.ssim == pytest.approx(1)
    assert found.psnr == np.inf
    assert found.mae == 0
    assert (found.slope, found.scale) == (pytest.approx(1), pytest.approx(1))
    assert found.offset == pytest.approx(0, abs=1e-12)


def test_numbers_are_what_they_are_defined_to_be(pair: tuple[np.ndarray, np.ndarray]) -> None:
    given, truth = pair
    found = compare(picture(given), picture(truth))
    assert found.pearson == pytest.approx(np.corrcoef(given.ravel(), truth.ravel())[0, 1])
    assert found.mae == pytest.approx(np.mean(np.abs(given - truth)))
    assert found.psnr == pytest.approx(10 * np.log10(np.ptp(truth) ** 2 / np.mean((given - truth) ** 2)))
    assert found.slope == pytest.approx(np.polyfit(truth.ravel(), given.ravel(), 1)[0])
    np.testing.assert_allclose([found.scale, found.offset], np.polyfit(given.ravel(), truth.ravel(), 1))


def test_structural_similarity_is_that_of_gaussian_windows(pair: tuple[np.ndarray, np.ndarray]) -> None:
    given, truth = pair
    weights = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    weights = np.outer(weights, weights) / weights.sum() ** 2
    c1, c2 = (0.01 * np.ptp(truth)) ** 2, (0.03 * np.ptp(truth)) ** 2
    local = []
    for i in range(5, truth.shape[0] - 5):
        for j in range(5, truth.shape[1] - 5):
            a, b = (part[i - 5 : i + 6, j - 5 : j + 6] for part in (given, truth))
            ma, mb = np.sum(weights * a), np.sum(weights * b)
            va, vb = np.sum(weights * (a - ma) ** 2), np.sum(weights * (b - mb) ** 2)
            cov = np.sum(weights * (a - ma) * (b - mb))
            local.append((2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2)))
    assert compare(picture(given), picture(truth)).ssim == pytest.approx(np.mean(local), rel=1e-9)


def test_the_affine_numbers_forgive_a_factor_and_an_offset(pair: tuple[np.ndarray, np.ndarray]) -> None:
    given, truth = pair
    plain, scaled = (compare(picture(v), picture(truth)) for v in (given, -3 * given + 7))
    for name in ("psnr_affine", "ssim_affine", "mae_affine"):
        assert scaled[name] == pytest.approx(plain[name])
    assert scaled.pearson == pytest.approx(-plain.pearson)
    assert scaled.mae > plain.mae


def test_every_number_has_a_unit(pair: tuple[np.ndarray, np.ndarray]) -> None:
    found = compare(picture(pair[0], "mrad"), picture(pair[1]))
    assert {name: value.attrs["units"] for name, value in found.items()} == {
        "pearson": "1", "psnr": "dB", "psnr_affine": "dB", "ssim": "1", "ssim_affine": "1", "mae": "rad",
        "mae_affine": "rad", "slope": "mrad/rad", "scale": "rad/mrad", "offset": "rad",
    }  # fmt: skip


def test_units_are_converted_before_values_are_compared(pair: tuple[np.ndarray, np.ndarray]) -> None:
    found = compare(picture(1000 * pair[1], "mrad"), picture(pair[1]))
    assert found.mae == pytest.approx(0, abs=1e-12)
    assert found.slope == pytest.approx(1000)


def test_what_has_no_meaning_is_not_a_number(pair: tuple[np.ndarray, np.ndarray]) -> None:
    arbitrary = compare(picture(pair[0], "1"), picture(pair[1]))
    assert np.isnan([arbitrary.psnr, arbitrary.ssim, arbitrary.mae]).all()
    assert np.isfinite([arbitrary.pearson, arbitrary.psnr_affine, arbitrary.ssim_affine, arbitrary.mae_affine]).all()
    flat = compare(picture(np.ones((12, 12))), picture(np.ones((12, 12))))
    assert np.isnan([flat.pearson, flat.psnr, flat.ssim, flat.scale]).all()
    assert flat.mae == 0
    assert np.isnan(compare(picture(pair[0][:8]), picture(pair[1][:8])).ssim)


def test_images_that_do_not_fit_together_are_refused(pair: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(UsageError, match=r"\(24, 32\) and truth \(23, 32\) differ in shape"):
        compare(picture(pair[0]), picture(pair[1][1:]))
    pair[0][3, 4] = np.inf
    with pytest.raises(UsageError, match="`image` has 1 of 768 pixels"):
        compare(picture(pair[0]), picture(pair[1]))
