"""Tilt-corrected bright field against scans that are simulated pattern by pattern, and against a measured one."""

import math
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest
from graph4d_nodes.calibrate.aberrations import aberrations
from graph4d_nodes.calibrate.orientation import matrix_of, orientation
from graph4d_nodes.calibrate.origin import find_origin
from graph4d_nodes.geometry import detector_to_scan, rotation_and_transposition
from graph4d_nodes.image.bright_field import bright_field
from graph4d_nodes.io.open import open_scan
from graph4d_nodes.phase.parallax.node import Parallax, parallax
from xarray import DataArray

from graph4d import UsageError

from .defocused import Setup, defocused_scan, pixels, sample, truth

TURNED = (23, False, 2000, 0, 0)
"""Rotation [deg], transposition, C10, C12 [Å] and φ12 of a scan."""
ASTIGMATIC = (-130, True, 2000, 500, 0.5)
UNDERFOCUS = (100, False, -1500, 700, -1.2)
DEPTH_OF_FOCUS = 1230.0
"""λ/α² of the simulated scans [Å]."""


@cache
def seen(
    rotation: float,
    transposed: bool,
    c10: float,
    c12: float = 0,
    phi12: float = 0,
    *,
    c30: float = 0,
    height: float = 0.15,
    dose: float = 0,
) -> DataArray:
    transform, lens = detector_to_scan(math.radians(rotation), transposed), (c10, c12, phi12, c30)
    return pixels(defocused_scan(sample(height=height), transform, lens, dose=dose))


def corner(*scan: float, **sample: float) -> DataArray:
    """A part of a scan, where that shows the same in less time."""
    return seen(*scan, **sample)[:26, :22]


@cache
def found_in(scan: tuple[float, bool, float, float, float]) -> Parallax:
    return parallax(seen(*scan))


def correlation(image: DataArray, fine: int = 1) -> float:
    return float(np.corrcoef(image.values.ravel(), truth(sample(), fine).ravel())[0, 1])


def angle_between(found: Parallax, rotation: float, transposed: bool) -> float:
    """How far the matrix is turned from the true one [deg]."""
    product = np.array(matrix_of(found.orientation)) @ np.array(detector_to_scan(math.radians(rotation), transposed)).T
    angle, reflected = rotation_and_transposition(((product[0, 0], product[0, 1]), (product[1, 0], product[1, 1])))
    assert not reflected
    return math.degrees(angle)


@pytest.mark.parametrize("scan", [TURNED, ASTIGMATIC, UNDERFOCUS])
def test_defocus_astigmatism_and_orientation_come_out_of_the_pixels_alone(
    scan: tuple[float, bool, float, float, float],
) -> None:
    rotation, transposed, c10, c12, phi12 = scan
    found = found_in(scan)
    assert angle_between(found, rotation, transposed) == pytest.approx(0, abs=0.5)
    assert float(found.aberrations["c10"]) == pytest.approx(c10, rel=0.02)
    assert float(found.aberrations["c12"]) == pytest.approx(c12, rel=0.02, abs=20)
    if c12:
        assert float(found.aberrations["phi12"]) == pytest.approx(phi12, abs=0.02)
    assert found.orientation["confident"] == 1
    assert found.metrics["c10_significant"] == 1
    assert correlation(found.image) > 0.75


def test_a_scan_too_small_for_its_defocus_claims_nothing() -> None:
    setup = Setup(20e-3, (0.6, 0.5), (30, 30), (70, 70), (0.036, 0.036))
    scan = defocused_scan(sample(2, setup=setup), detector_to_scan(math.radians(17), False), (500, 60, 0), setup=setup)
    with pytest.warns(UserWarning, match="large enough.*scan a larger area or with less defocus"):
        found = parallax(pixels(scan))
    assert found.orientation["confident"] == 0
    assert found.metrics["c10_significant"] == 0
    assert found.metrics["c10"] == 0


def test_shifts_of_a_third_of_the_scan_are_found_and_those_beyond_half_of_it_not_believed() -> None:
    rotation, transposed, c10, *_ = ASTIGMATIC
    found = parallax(seen(*ASTIGMATIC)[:15, :13])
    assert abs(math.remainder(angle_between(found, rotation, transposed), 180)) < 2
    assert abs(float(found.metrics["c10"])) == pytest.approx(c10, rel=0.1)
    with pytest.warns(UserWarning, match="large enough"):
        assert parallax(seen(*ASTIGMATIC)[:8, :8]).metrics["largest_shift"] == 0


def test_a_scan_without_electrons_is_refused() -> None:
    dark = seen(*TURNED)
    with pytest.raises(UsageError, match="no counts in the bright-field disc"):
        parallax(dark.copy(data=np.zeros(dark.shape, np.uint16)))


def test_near_the_noise_errors_say_how_far_to_trust() -> None:
    clean = seen(60, True, -2000, height=0.4)
    deviations = []
    for seed in (5, 6, 7):
        counts = np.random.default_rng(seed).poisson(250 * clean.values).astype(np.uint16)
        found = parallax(clean.copy(data=counts))
        error = float(found.orientation["rotation_error"])
        assert error < 7
        assert found.orientation["confident"] == 0
        assert abs(float(found.metrics["c10"]) + 2000) < 3 * float(found.metrics["c10_error"]) < 2000
        deviations.append(angle_between(found, 60, True) / error)
    assert np.sqrt(np.mean(np.square(deviations))) < 1.5


def test_where_there_is_only_noise_nothing_is_claimed() -> None:
    given = orientation(detector_to_scan(math.radians(40), True)), aberrations(c12=50.0)
    with pytest.warns(UserWarning, match="do not stand out of the noise.*scan with more electrons"):
        found = parallax(corner(0, False, 2000, height=0.0, dose=200), *given)
    assert found.orientation["confident"] == 0
    assert found.metrics["c10_significant"] == 0
    assert matrix_of(found.orientation) == matrix_of(given[0])
    assert found.aberrations.equals(given[1])
    assert np.isfinite(found.image).all()


def test_in_focus_the_orientation_is_found_but_no_defocus() -> None:
    found = parallax(corner(23, False, 0))
    assert abs(math.remainder(angle_between(found, 23, False), 180)) < 0.5
    assert abs(float(found.metrics["c10"])) < 0.05 * DEPTH_OF_FOCUS
    assert found.metrics["c10_significant"] == 0
    assert found.orientation["sign_confidence"] == 0.5


def test_a_given_orientation_decides_the_sign() -> None:
    opposite = orientation(detector_to_scan(math.radians(223), False), {"sign_confidence": (1.0, "1")})
    free, told = found_in(TURNED), parallax(seen(*TURNED), opposite)
    assert abs(angle_between(told, 203, False)) < 0.5
    assert float(told.metrics["c10"]) == pytest.approx(-float(free.metrics["c10"]), rel=1e-3)
    np.testing.assert_allclose(told.image, -free.image, atol=1e-3)


def test_the_contrast_decides_where_the_given_sign_is_unsure() -> None:
    unsure = orientation(detector_to_scan(math.radians(203), False), {"sign_confidence": (0.6, "1")})
    assert abs(angle_between(parallax(corner(*TURNED), unsure), 23, False)) < 0.5


def test_an_orientation_of_the_other_handedness_is_not_believed() -> None:
    mirrored = orientation(detector_to_scan(math.radians(23), True))
    with pytest.warns(UserWarning, match="transposed with respect to the orientation"):
        found = parallax(corner(*TURNED), mirrored)
    assert abs(angle_between(found, 23, False)) < 0.5


def test_spherical_aberration_that_is_known_is_taken_into_account() -> None:
    found = parallax(seen(23, False, 1500, c30=4e7)[:26, :22], aberrations=aberrations(c30=4e7))
    assert float(found.metrics["c10"]) == pytest.approx(1500, rel=0.03)
    assert abs(angle_between(found, 23, False)) < 0.5


def test_between_the_positions_of_the_scan_the_phase_is_seen_too() -> None:
    _, _, c10, c12, phi12 = ASTIGMATIC
    known = found_in(ASTIGMATIC).orientation, aberrations(c10=c10, c12=c12, phi12=phi12)
    found = parallax(seen(*ASTIGMATIC), *known, find=False, upsampling=2, contrast="phase")
    assert found.image.attrs["units"] == "rad"
    assert correlation(found.image, 2) > 0.9
    expected, values = truth(sample(), 2), found.image.values
    between = (slice(1, None, 2), slice(1, None, 2))
    assert np.corrcoef(expected[between].ravel(), values[between].ravel())[0, 1] > 0.9
    slope = np.polyfit(expected.ravel(), values.ravel(), 1)[0]
    # Low frequencies are hardly transferred, so that the mean level and wide particles lose.
    assert 0.75 < slope < 1.0


def test_what_is_given_need_not_be_found() -> None:
    rotation, transposed, c10, c12, phi12 = ASTIGMATIC
    true = orientation(detector_to_scan(math.radians(rotation), transposed))
    given = parallax(seen(*ASTIGMATIC), true, aberrations(c10=c10, c12=c12, phi12=phi12), find=False)
    assert given.metrics["c10"] == c10
    assert matrix_of(given.orientation) == matrix_of(true)
    np.testing.assert_allclose(given.image, found_in(ASTIGMATIC).image, atol=0.01)


def test_without_shifts_a_finer_grid_is_refused() -> None:
    with pytest.raises(UsageError, match="use `upsampling: 1`"):
        parallax(seen(23, False, 0), find=False, upsampling=2)


def test_a_scan_that_shows_nothing_is_told_and_stays_as_it_is() -> None:
    flat = seen(0, False, 2000, height=0.0, dose=200)
    with pytest.warns(UserWarning, match="crop the scan to the sample"):
        found = parallax(flat.copy(data=np.ones_like(flat.values)))
    assert found.orientation["confident"] == 0
    assert found.metrics["c10_error"] == math.inf
    np.testing.assert_allclose(found.image, 0, atol=1e-12)


def test_astigmatism_below_its_error_makes_no_phase_visible() -> None:
    found = parallax(seen(23, False, 0, height=0.3, dose=2000))
    assert found.metrics["c12"] > abs(float(found.metrics["c10"]))
    assert found.metrics["c10_significant"] == 0
    assert found.orientation["sign_confidence"] == 0.5


def test_the_virus_scan_orients_itself(shared_data: Path) -> None:
    scan = open_scan(
        path=shared_data / "rotavirus.h5",
        energy="300 keV",
        semiangle="1.03 mrad",
        scan_step="31.25 Å",
        detector_step=0.0033602,
    )
    seen = bright_field(scan, find_origin(scan))
    found = parallax(seen[30:94, 30:94])
    assert 130e3 < abs(float(found.metrics["c10"])) < 150e3
    expected = np.array([[-0.87, 0.50], [0.50, 0.87]])
    turn = np.array(matrix_of(found.orientation)) @ expected.T
    assert turn[0, 0] * turn[1, 1] - turn[0, 1] * turn[1, 0] > 0
    # The common sign: gold absorbs, and must come out bright.
    assert math.degrees(math.atan2(turn[1, 0], turn[0, 0])) % 360 == pytest.approx(180, abs=8)
    assert found.orientation["sign_confidence"] > 0.95
    blurred = seen[30:94, 30:94].mean("pixel") / seen[30:94, 30:94].mean()
    assert found.image.max() > 3 * np.abs(1 - blurred).max()
    assert np.percentile(found.image, 99.9) > -1.5 * np.percentile(found.image, 0.1)


def test_in_focus_a_crystal_is_oriented_and_its_columns_are_bright(shared_data: Path) -> None:
    scan = open_scan(
        path=shared_data / "sto_rot23.h5",
        energy="300 keV",
        semiangle="20 mrad",
        scan_step="0.25 Å",
        detector_step=1 / 30,
    )
    given = orientation(detector_to_scan(math.radians(30), False))
    found = parallax(bright_field(scan, find_origin(scan))[:40, :40], given)
    assert abs(angle_between(found, 23, False)) < 1
    # The crystal is 12 Å thick, and the probe focussed on its upper face.
    assert 0 < float(found.metrics["c10"]) < 12
    assert found.metrics["c10_significant"] == 0
    with h5py.File(shared_data / "sto_rot23.h5") as file:
        phase = file["phase_truth_rad"][:40, :40]
    assert np.corrcoef(phase.ravel(), found.image.values.ravel())[0, 1] > 0.5
