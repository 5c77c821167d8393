"""Fewer counts: the same statistics as a scan at a lower dose."""

from collections.abc import Callable

import numpy as np
import pytest
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.scan_maps.thin import thin
from graph4d_nodes.simulate.camera import Camera

from graph4d import UsageError

Make = Callable[[np.ndarray], Scan4D]
Read = Callable[[Scan4D, int], np.ndarray]
HALVES = "first", "second"


@pytest.fixture
def poisson() -> np.ndarray:
    """400 patterns of Poisson counts, 6 on the average of a pixel."""
    expected = np.random.default_rng(0).uniform(0, 12, (6, 8))
    return np.random.default_rng(1).poisson(expected, (20, 20, 6, 8)).astype(np.uint16)


def test_what_is_kept_does_not_depend_on_how_it_is_read(scan_of: Make, poisson: np.ndarray, whole: Read) -> None:
    thinned = thin(scan_of(poisson), keep=0.3, seed=5)
    assert np.array_equal(whole(thinned, 400), whole(thinned, 7))
    assert not np.array_equal(whole(thinned, 400), whole(thin(scan_of(poisson), keep=0.3, seed=6), 400))


def test_the_two_halves_are_what_is_kept(scan_of: Make, poisson: np.ndarray, whole: Read) -> None:
    scan = scan_of(poisson)
    both, first, second = (whole(thin(scan, keep=0.4, half=half), 50) for half in ("both", "first", "second"))
    assert np.array_equal(first + second, both)
    assert (both <= poisson).all()
    assert both.dtype == np.uint16
    assert np.array_equal(whole(thin(scan), 50), poisson)


def test_thinned_poisson_counts_are_poisson_counts_and_halves_are_independent(
    scan_of: Make, poisson: np.ndarray, whole: Read
) -> None:
    scan = scan_of(poisson)
    expected = np.random.default_rng(0).uniform(0, 12, (6, 8))
    both = whole(thin(scan, keep=0.25), 400).astype(float)
    np.testing.assert_allclose(both.mean((0, 1)), 0.25 * expected, atol=5 * np.sqrt(0.25 * 12 / 400))
    assert np.mean(both.var((0, 1))) / np.mean(both) == pytest.approx(1, abs=0.05)
    first, second = (whole(thin(scan, half=half), 400).astype(float) for half in HALVES)
    rest = [part - part.mean((0, 1)) for part in (first, second)]
    assert abs(np.sum(rest[0] * rest[1])) / np.sqrt(np.sum(rest[0] ** 2) * np.sum(rest[1] ** 2)) < 0.03


def test_a_simulated_scan_can_be_thinned_with_its_own_seed(scan_of: Make, whole: Read) -> None:
    camera = Camera((30, 50), dose=512, point_spread=0, descan=(0, 0, 0, 0), seed=3)
    scan = scan_of(camera.recorded(np.full((1500, 16, 16), 1 / 256, np.float32), 0).reshape(30, 50, 16, 16))
    first, second = (whole(thin(scan, keep=0.5, half=half, seed=3), 1500).sum((2, 3), float) for half in HALVES)
    # Four standard errors; with the random numbers of the noise itself it is twice as much.
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.1


def test_the_dose_is_the_mean_number_of_counts(scan_of: Make, poisson: np.ndarray, whole: Read) -> None:
    thinned = whole(thin(scan_of(poisson), dose=40.0), 400)
    assert thinned.sum() / 400 == pytest.approx(40, rel=0.03)


def test_what_cannot_be_thinned_is_refused(scan_of: Make, poisson: np.ndarray) -> None:
    scan = scan_of(poisson)
    with pytest.raises(UsageError, match="only whole counts can be thinned"):
        thin(scan_of(poisson.astype(np.float32)), keep=0.5)
    with pytest.raises(UsageError, match=r"`dose` = 1e\+06, but scan has 30\d.* counts a pattern"):
        thin(scan, dose=1e6)
    with pytest.raises(UsageError, match="give one of them"):
        thin(scan, dose=10, keep=0.5)
    with pytest.raises(UsageError, match="negative counts"):
        thin(scan_of(poisson.astype(np.int16) - 3), keep=0.5).read(0, 10)
