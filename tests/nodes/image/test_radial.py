"""An annulus from cumulative radial sums is the virtual detector's."""

import numpy as np
import pytest
from graph4d_nodes.image.radial import annulus, cumulative_radial_sums
from graph4d_nodes.image.virtual import virtual_image

from graph4d import UsageError


@pytest.fixture
def patterns(rng):
    return rng.poisson(3, (5, 7, 24, 20)).astype(np.uint16)


@pytest.mark.parametrize("dtype", ["u2", "i4", "f4"])
@pytest.mark.parametrize("width", [1.0, 0.3])
def test_an_annulus_on_known_radii_equals_the_virtual_detector(patterns, make_scan, make_origin, rng, dtype, width):
    scan = make_scan(patterns.astype(dtype), detector_step=(0.06, 0.05))
    # Origins on tenths of pixels put many pixels exactly on the circles.
    origin = make_origin(np.array([11.5, 9.5])[:, None, None] + rng.integers(-20, 20, (2, 5, 7)) / 10)
    sums = cumulative_radial_sums(scan, origin, width=width)
    radii = sums.coords["radius"].values
    for low, high in [(0, 5), (4, 12), (7, len(radii) - 1)]:
        seen = virtual_image(scan, origin, detector="annulus", inner_px=radii[low], outer_px=radii[high])
        got = annulus(sums, inner_px=radii[low], outer_px=radii[high])
        np.testing.assert_array_equal(got.values, seen.values)


def test_the_last_radius_holds_all_counts(patterns, make_scan, make_origin, rng):
    origin = make_origin(rng.uniform(-5, 30, (2, 5, 7)))
    sums = cumulative_radial_sums(make_scan(patterns), origin)
    np.testing.assert_array_equal(sums.values[..., 0], 0)
    np.testing.assert_array_equal(sums.values[..., -1], patterns.sum(axis=(2, 3)))
    assert (np.diff(sums.values.astype(float), axis=-1) >= 0).all()


def test_angles_go_to_the_nearest_radius_and_say_which(patterns, make_scan, calibrated):
    scan = make_scan(patterns, **calibrated)
    step = scan.geometry.detector_angle[1]
    result = annulus(cumulative_radial_sums(scan), inner=2.2 * step, outer=6.9 * step)
    assert (result.attrs["inner_px"], result.attrs["outer_px"]) == (2.0, 7.0)
    np.testing.assert_array_equal(result.values, virtual_image(scan, detector="annulus", inner_px=2, outer_px=7).values)


def test_sums_take_four_bytes_where_they_cannot_overflow(make_scan):
    assert cumulative_radial_sums(make_scan(np.ones((1, 1, 8, 8), np.uint16))).dtype == np.uint32
    full = np.full((1, 1, 300, 300), 65535, np.uint16)
    assert cumulative_radial_sums(make_scan(full)).values[0, 0, -1] == 65535.0 * 300 * 300


def test_radii_that_meet_give_one_clear_line(patterns, make_scan):
    sums = cumulative_radial_sums(make_scan(patterns))
    with pytest.raises(UsageError, match=r"give image\.radial_sums a smaller `width`"):
        annulus(sums, inner_px=3.1, outer_px=3.4)
    with pytest.raises(UsageError, match="not calibrated"):
        annulus(sums, outer=0.02)
