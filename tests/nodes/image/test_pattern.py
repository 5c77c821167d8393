"""The pattern at a position, and the mean over a rectangle of positions."""

import numpy as np
import pytest
from graph4d_nodes.geometry import wavelength
from graph4d_nodes.image import pattern as module
from graph4d_nodes.image.mean import maximum_pattern, mean_pattern
from graph4d_nodes.image.pattern import pattern_at

from graph4d import Cancelled, Token, UsageError
from graph4d.run.cancel import current_token


@pytest.fixture
def patterns(rng):
    return rng.poisson(3, (5, 7, 8, 6)).astype(np.uint16)


def read_by(scan):
    """Numbers of all patterns that are read of ``scan`` from now on."""
    seen, read = [], scan.frames.read

    def remember(start, stop):
        seen.extend(range(start, stop))
        return read(start, stop)

    scan.frames.read = remember
    return seen


def test_a_position_gives_its_pattern_as_it_was_recorded(patterns, make_scan):
    scan = make_scan(patterns)
    seen = read_by(scan)
    shown = pattern_at(scan, position=(2, 4))
    np.testing.assert_array_equal(shown.values, patterns[2, 4])
    assert shown.dtype == np.uint16
    assert (shown.dims, shown.attrs["units"]) == (("ky", "kx"), "counts")
    assert seen == [2 * 7 + 4]


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4"])
@pytest.mark.parametrize("rectangle", [(1, 4, 2, 5), (0, 5, 0, 7), (4, 5, 6, 7)])
def test_a_rectangle_gives_the_mean_of_its_patterns_and_reads_no_others(patterns, make_scan, dtype, rectangle):
    top, bottom, left, right = rectangle
    scan = make_scan(patterns.astype(dtype))
    seen = read_by(scan)
    shown = pattern_at(scan, rectangle=rectangle)
    np.testing.assert_allclose(shown.values, patterns[top:bottom, left:right].mean(axis=(0, 1)), rtol=1e-15)
    assert shown.dtype == np.float64
    assert seen == [row * 7 + column for row in range(top, bottom) for column in range(left, right)]


def test_the_mean_of_floats_does_not_depend_on_blocks(rng, make_scan, monkeypatch):
    scan = make_scan(rng.gamma(1.0, 3.0, (5, 37, 8, 6)).astype(np.float32))
    whole = pattern_at(scan, rectangle=(0, 5, 1, 36))
    monkeypatch.setattr(module, "BLOCK_BYTES", 5 * 8 * 6 * 4)
    np.testing.assert_array_equal(pattern_at(scan, rectangle=(0, 5, 1, 36)).values, whole.values)


def test_the_largest_counts_do_not_overflow(make_scan):
    scan = make_scan(np.full((300, 256, 1, 2), 65535, np.uint16))
    assert (pattern_at(scan, rectangle=(0, 300, 0, 256)).values == 65535).all()


def test_a_large_mean_says_how_far_it_is_and_can_be_cancelled(patterns, make_scan):
    heard: list[float] = []
    token = Token(heard.append)
    before = current_token.set(token)
    try:
        pattern_at(make_scan(patterns), rectangle=(1, 5, 0, 7))
        assert heard == [0.25, 0.5, 0.75, 1.0]
        token.cancel()
        with pytest.raises(Cancelled):
            pattern_at(make_scan(patterns), rectangle=(1, 5, 0, 7))
    finally:
        current_token.reset(before)


def test_a_calibrated_pattern_knows_the_angle_of_a_unit_of_its_axes(patterns, make_scan, calibrated):
    shown = pattern_at(make_scan(patterns, **calibrated), position=(0, 0))
    assert shown.coords["kx"].attrs["units"] == "1/Å"
    assert shown.attrs["equivalents"] == {"rad": wavelength(300e3)}
    assert "equivalents" not in pattern_at(make_scan(patterns), position=(0, 0)).attrs


def test_axes_are_zero_where_the_origin_of_the_patterns_is(patterns, rng, make_scan, make_origin, calibrated):
    origin = rng.uniform(1, 5, (2, 5, 7))
    scan, where = make_scan(patterns, **{**calibrated, "detector_step": (0.08, 0.05)}), make_origin(origin)

    def zeros(shown):
        return [np.interp(0.0, shown.coords[dim].values, np.arange(shown.sizes[dim])) for dim in ("ky", "kx")]

    np.testing.assert_allclose(zeros(pattern_at(scan, where, position=(2, 4))), origin[:, 2, 4])
    inside = pattern_at(scan, where, rectangle=(1, 4, 2, 5))
    np.testing.assert_allclose(zeros(inside), origin[:, 1:4, 2:5].mean(axis=(1, 2)))
    np.testing.assert_array_equal(inside.values, pattern_at(scan, rectangle=(1, 4, 2, 5)).values)
    for of_all in (mean_pattern, maximum_pattern):
        np.testing.assert_allclose(zeros(of_all(scan, where)), origin.mean(axis=(1, 2)))
        np.testing.assert_allclose(zeros(of_all(scan)), [3.5, 2.5])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give either `position: "),
        ({"position": (0, 0), "rectangle": (0, 1, 0, 1)}, "give either `position: "),
        ({"position": (5, 0)}, r"position [5, 0] does not lie in a scan of 5 × 7 positions"),
        ({"position": (0, -1)}, r"position [0, -1] does not lie"),
        ({"rectangle": (2, 2, 0, 3)}, r"rectangle [2, 2, 0, 3] does not lie in a scan of 5 × 7 positions"),
        ({"rectangle": (0, 5, 0, 8)}, r"rectangle [0, 5, 0, 8] does not lie"),
    ],
)
def test_a_place_that_is_not_in_the_scan_gives_one_clear_line(patterns, make_scan, options, message):
    with pytest.raises(UsageError, match=message.replace("[", r"\[")) as caught:
        pattern_at(make_scan(patterns), **options)
    assert "\n" not in str(caught.value)
