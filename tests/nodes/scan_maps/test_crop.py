"""Parts of a scan against slices of the array."""

from collections.abc import Callable

import numpy as np
import pytest
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.scan_maps.crop import crop

from graph4d import UsageError

Make = Callable[[np.ndarray], Scan4D]
Whole = Callable[[Scan4D, int], np.ndarray]


@pytest.mark.parametrize("at_a_time", [1, 4, 100])
def test_a_part_is_the_slice_of_the_array(scan_of: Make, counts: np.ndarray, whole: Whole, at_a_time: int) -> None:
    part = crop(scan_of(counts), rows=(1, 4), columns=(2, 7), ky=(3, 9), kx=(0, 5))
    np.testing.assert_array_equal(whole(part, at_a_time), counts[1:4, 2:7, 3:9, 0:5])
    assert part.geometry.scan_step == (0.5, 0.5)


def test_a_part_of_a_part_is_the_slice_of_the_slice(scan_of: Make, counts: np.ndarray, whole: Whole) -> None:
    first = crop(scan_of(counts), rows=(1, 5), columns=(1, 6), kx=(2, 8))
    second = crop(first, rows=(1, 3), columns=(2, 3), kx=(1, 4))
    np.testing.assert_array_equal(whole(second, 1), counts[2:4, 3:4, :, 3:6])


def test_nothing_is_read_to_crop_and_then_only_the_part(scan_of: Make, counts: np.ndarray) -> None:
    scan = scan_of(counts)
    part = crop(scan, rows=(0, 1), columns=(0, 2), ky=(0, 2))
    assert scan.frames.seen.sum() == 0
    part.read(0, 2)
    assert scan.frames.seen.sum() == 2


def test_a_part_of_the_detector_is_a_view_of_the_recording(scan_of: Make, counts: np.ndarray) -> None:
    scan = scan_of(counts)
    assert np.shares_memory(crop(scan, kx=(1, 3)).read(0, 3), scan.frames.patterns)
    assert crop(scan, kx=(1, 3)).parent is scan


def test_no_limits_leave_the_scan_as_it_is(scan_of: Make, counts: np.ndarray) -> None:
    scan = scan_of(counts)
    assert crop(scan) is scan


@pytest.mark.parametrize("limits", [{"rows": (0, 6)}, {"columns": (3, 3)}, {"ky": (-1, 2)}, {"kx": (4, 2)}])
def test_limits_that_enclose_nothing_are_refused(
    scan_of: Make, counts: np.ndarray, limits: dict[str, tuple[int, int]]
) -> None:
    with pytest.raises(UsageError, match=f"`{next(iter(limits))}` = .* is no part of 0"):
        crop(scan_of(counts), **limits)
