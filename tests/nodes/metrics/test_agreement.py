"""Agreement of several images of one scan."""

import math

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.calibrate.orientation import orientation
from graph4d_nodes.geometry import Geometry, detector_to_scan
from graph4d_nodes.metrics.agreement import agreement
from graph4d_nodes.metrics.compare import compare
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.values import image

from graph4d import UsageError

STEP = 0.5, 0.3


def picture(values: np.ndarray, units: str = "rad", finer: int = 1) -> xr.DataArray:
    return image(values, Geometry(scan_step=(STEP[0] / finer, STEP[1] / finer)), units)


@pytest.fixture
def truth() -> np.ndarray:
    return np.add.outer(np.sin(np.arange(24) / 3), np.cos(np.arange(32) / 4))


def test_each_image_is_compared_with_each_and_with_the_truth(truth: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    icom, ssb = 0.5 * truth + 0.1 * rng.normal(size=truth.shape), truth + 0.3 * rng.normal(size=truth.shape)
    found = agreement(icom=picture(icom), ssb=picture(ssb), adf=picture(truth, "counts"), truth=picture(truth))
    assert found.icom_ssb_pearson == pytest.approx(np.corrcoef(icom.ravel(), ssb.ravel())[0, 1])
    assert found.icom_ssb_slope == pytest.approx(np.polyfit(icom.ravel(), ssb.ravel(), 1)[0])
    assert found.icom_truth_slope == pytest.approx(np.polyfit(truth.ravel(), icom.ravel(), 1)[0])
    assert found.icom_truth_psnr == pytest.approx(compare(picture(icom), picture(truth)).psnr_affine)
    assert found.adf_truth_pearson == pytest.approx(1)
    assert found.adf_truth_slope.attrs["units"] == "counts/rad"
    assert found.icom_truth_slope.attrs["units"] == "1"
    assert "ricom_contrast" not in found
    assert found.icom_contrast == pytest.approx(icom.std())
    assert found.icom_noise == pytest.approx(0.1, rel=0.15)
    assert {name: value.attrs["units"] for name, value in found.items() if name.endswith("noise")} == {
        "icom_noise": "rad", "ssb_noise": "rad", "adf_noise": "counts",
    }  # fmt: skip


def test_a_finer_image_is_compared_at_the_positions_of_the_coarser(truth: np.ndarray) -> None:
    fine = np.full((48, 64), 7.0)
    fine[::2, ::2] = truth
    fine[0] = np.nan  # where the bright field's images do not reach
    found = agreement(icom=picture(truth), parallax=picture(fine, finer=2))
    assert found.icom_parallax_pearson == pytest.approx(1)
    assert np.isnan(found.parallax_noise)
    assert np.isfinite(found.parallax_contrast)


def test_images_of_other_positions_are_refused(truth: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"`icom` \(24, 32\) and `ssb` \(20, 32\) are not images of the same"):
        agreement(icom=picture(truth), ssb=picture(truth[:20]))
    with pytest.raises(UsageError, match=r"0\.5 × 0\.3 Å, and of `ssb`, 0\.25 × 0\.15 Å, differ"):
        agreement(icom=picture(truth), ssb=picture(truth, finer=2))
    with pytest.raises(UsageError, match="no pixel where both"):
        agreement(icom=picture(truth), ssb=picture(np.full_like(truth, np.nan)))


@pytest.mark.parametrize("transpose", [False, True])
def test_two_orientations_differ_by_an_angle(transpose: bool) -> None:
    one, other = (orientation(detector_to_scan(math.radians(angle), transpose)) for angle in (178, -179))
    found = agreement(orientation=one, parallax_orientation=other, aberrations=Aberrations(c10=-120.0).to_value())
    assert found.rotation_difference == pytest.approx(3)
    assert found.rotation == pytest.approx(178)
    assert found.transposed == transpose
    assert (found.c10, found.c12) == (-120, 0)
    mirrored = orientation(detector_to_scan(math.radians(178), not transpose))
    assert np.isnan(agreement(orientation=one, parallax_orientation=mirrored).rotation_difference)
