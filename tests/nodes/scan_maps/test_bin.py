"""Binning against sums over the array."""

from collections.abc import Callable

import numpy as np
import pytest
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.scan_maps.bin import bin_scan, dtype_of_sum

from graph4d import UsageError, per_pattern
from graph4d.run.fused import run_pass
from graph4d.run.job import Job

Make = Callable[[np.ndarray], Scan4D]
Whole = Callable[[Scan4D, int], np.ndarray]


@pytest.mark.parametrize("at_a_time", [1, 3, 100])
@pytest.mark.parametrize("kind", ["u1", "u2", "u8", "i4", "f4"])
def test_sums_are_exact_whatever_is_read_together(
    scan_of: Make, counts: np.ndarray, whole: Whole, kind: str, at_a_time: int
) -> None:
    values = counts.astype(kind)
    binned = bin_scan(scan_of(values), detector=3, positions=2)
    assert binned.shape == (2, 3, 3, 2)
    expected = values[:4, :6, :9, :6].reshape(2, 2, 3, 2, 3, 3, 2, 3).astype(np.float64).sum((1, 3, 5, 7))
    np.testing.assert_array_equal(whole(binned, at_a_time), expected)


def test_steps_grow_with_the_factors(scan_of: Make, counts: np.ndarray) -> None:
    geometry = bin_scan(scan_of(counts), detector=4, positions=2).geometry
    assert (geometry.scan_step, geometry.detector_step) == ((1.0, 1.0), (0.4, 0.4))


@pytest.mark.parametrize(
    ("kind", "count", "wide"),
    [("u1", 4, "u2"), ("u1", 257, "u2"), ("u1", 258, "u4"), ("i2", 4, "i4"), ("u4", 4, "u8"), ("f4", 16, "f4")],
)
def test_integers_are_widened_no_more_than_needed(kind: str, count: int, wide: str) -> None:
    assert dtype_of_sum(np.dtype(kind), count) == np.dtype(wide)


def test_binning_twice_widens_only_once(scan_of: Make) -> None:
    full = scan_of(np.full((4, 4, 12, 12), 255, np.uint8))
    assert bin_scan(full, detector=3, positions=2).dtype == np.uint16
    assert bin_scan(full, detector=12, positions=2).dtype == np.uint32


def test_full_pixels_do_not_overflow(scan_of: Make, whole: Whole) -> None:
    binned = bin_scan(scan_of(np.full((2, 2, 4, 4), 255, np.uint8)), detector=4, positions=2)
    np.testing.assert_array_equal(whole(binned, 1), 255 * 64)


def test_a_binned_and_a_plain_reduction_share_one_reading(scan_of: Make, counts: np.ndarray) -> None:
    def total(block: np.ndarray, out: np.ndarray) -> None:
        out[:] = block.sum((1, 2))

    scan = scan_of(counts)
    jobs = [Job(per_pattern(total, finish=np.asarray), s) for s in (scan, bin_scan(scan, detector=2))]
    run_pass(jobs)
    assert scan.frames.seen.tolist() == [1] * 35
    np.testing.assert_array_equal(jobs[0].value, counts.sum((2, 3)))
    np.testing.assert_array_equal(jobs[1].value, counts[..., :8, :8].sum((2, 3)))


def test_a_factor_larger_than_the_scan_is_refused(scan_of: Make, counts: np.ndarray) -> None:
    with pytest.raises(UsageError, match="`positions` = 6 is more than there is: 5 × 7"):
        bin_scan(scan_of(counts), positions=6)
