"""Hot and dead pixels planted in patterns with a disc."""

from collections.abc import Callable

import numpy as np
import pytest
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.scan_maps.hot_pixels import remove_hot_pixels

from graph4d import UsageError

Make = Callable[[np.ndarray], Scan4D]
Whole = Callable[[Scan4D, int], np.ndarray]


def disc(mean: float, shape: tuple[int, int] = (6, 6)) -> np.ndarray:
    """Poisson counts in a sharp disc on a nearly dark detector."""
    k = np.hypot(*np.meshgrid(np.arange(24) - 12, np.arange(24) - 12))
    expected = np.where(k < 6, mean, 0.02)
    return np.random.default_rng(0).poisson(expected, (*shape, 24, 24)).astype(np.uint16)


@pytest.mark.parametrize("mean", [1.0, 20.0, 2000.0])
@pytest.mark.parametrize("gain", [1, 0.5, 60.0])
def test_planted_pixels_are_found_and_nothing_else(scan_of: Make, mean: float, gain: float) -> None:
    values = disc(mean)
    if gain != 1:
        values = (values * gain).astype(np.float32)
        mean *= gain
    assert remove_hot_pixels(scan_of(values)).metadata.get("hot_pixels", ()) == ()
    planted = ((2, 3), (12, 12), (12, 13), (23, 23))
    for y, x in planted:
        values[..., y, x] = 20 * mean
    values[..., 15, 12] = 0
    # A dead pixel shows only against light.
    expected = planted if mean == gain else sorted((*planted, (15, 12)))
    assert remove_hot_pixels(scan_of(values)).metadata["hot_pixels"] == tuple(expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_pixels_that_are_no_finite_numbers_are_found(scan_of: Make, whole: Whole, bad: float) -> None:
    values = np.random.default_rng(0).normal(20, 1, (6, 6, 24, 24)).astype(np.float32)
    values[..., 2, 3] = 400
    values[3, 3, 12, 12] = values[..., 12, 13] = bad
    scan = remove_hot_pixels(scan_of(values), sample=36)
    assert scan.metadata["hot_pixels"] == ((2, 3), (12, 12), (12, 13))
    assert np.isfinite(whole(scan, 36)).all()


def test_a_number_that_is_missing_in_one_pattern_alone_is_filled_in(scan_of: Make, whole: Whole) -> None:
    values = disc(20.0, (20, 10)).astype(np.float32)
    holed = values.copy()
    holed[13, 7, 12, 10:12] = np.nan
    repaired = whole(remove_hot_pixels(scan_of(holed)), 50)
    assert repaired[13, 7, 12, 10] == pytest.approx(20, abs=6)
    repaired[13, 7, 12, 10:12] = values[13, 7, 12, 10:12]
    np.testing.assert_array_equal(repaired, values)


def test_a_few_electrons_on_a_dark_detector_are_no_hot_pixel(scan_of: Make) -> None:
    values = np.zeros((6, 6, 24, 24), np.uint16)
    values[1, 2, 5, 6] = values[3, 4, 5, 6] = values[0, 0, 20, 1] = 1
    assert remove_hot_pixels(scan_of(values)).metadata.get("hot_pixels", ()) == ()


def test_they_become_the_median_of_their_good_neighbours(scan_of: Make, whole: Whole) -> None:
    values = np.arange(2 * 3 * 5 * 5, dtype=np.uint16).reshape(2, 3, 5, 5).copy()
    truth = values.copy()
    values[..., 2, 2] = 60000
    values[..., 2, 3] = 60000
    values[..., 0, 0] = 60000
    repaired = whole(remove_hot_pixels(scan_of(values), pixels=[[2, 2], [2, 3], [0, 0]]), 4)
    around = np.delete(truth[..., 1:4, 1:4].reshape(2, 3, 9), [4, 5], axis=-1)
    np.testing.assert_array_equal(repaired[..., 2, 2], np.median(around, axis=-1))
    np.testing.assert_array_equal(repaired[..., 0, 0], truth[..., 1, 0])  # of 1, 5, 6
    untouched = np.ones((5, 5), bool)
    untouched[[2, 2, 0], [2, 3, 0]] = False
    np.testing.assert_array_equal(repaired[..., untouched], truth[..., untouched])


def test_a_cluster_is_repaired_from_beyond_it(scan_of: Make, whole: Whole) -> None:
    values = np.full((1, 1, 7, 7), 5, np.uint8)
    values[..., 1:6, 1:6] = 255
    cluster = [(y, x) for y in range(1, 6) for x in range(1, 6)]
    np.testing.assert_array_equal(whole(remove_hot_pixels(scan_of(values), pixels=cluster), 1), 5)


def test_only_the_sample_is_read_to_find_them(scan_of: Make) -> None:
    scan = scan_of(disc(20))
    remove_hot_pixels(scan, sample=10)
    assert scan.frames.seen.sum() == 10


def test_without_bad_pixels_the_scan_stays_what_it_is(scan_of: Make) -> None:
    scan = scan_of(disc(20))
    assert remove_hot_pixels(scan) is scan
    assert remove_hot_pixels(scan, pixels=[]) is scan


def test_pixels_outside_the_detector_are_refused(scan_of: Make) -> None:
    with pytest.raises(UsageError, match=r"pixel \[24, 0\] lies outside the detector of 24 × 24"):
        remove_hot_pixels(scan_of(disc(1)), pixels=[[24, 0]])
    with pytest.raises(UsageError, match="all pixels"):
        remove_hot_pixels(scan_of(np.ones((1, 1, 2, 1))), pixels=[[0, 0], [1, 0]])
