"""Virtual detectors against masks multiplied pixel by pixel."""

import numpy as np
import pytest
from graph4d_nodes.image.mean import maximum_pattern, mean_pattern
from graph4d_nodes.image.virtual import segment_images, virtual_image
from graph4d_nodes.io.mask import open_mask
from graph4d_nodes.values import pattern

from graph4d import UsageError

ROWS, COLUMNS = np.mgrid[:24, :20]
DTYPES = ["u1", "u2", "u4", "i2", "i4", "f4", "f8"]


def masked_sums(patterns, inside):
    """``inside(y, x, position)`` gives the mask of one position."""
    sums = np.empty(patterns.shape[:2])
    for position in np.ndindex(sums.shape):
        sums[position] = patterns[position][inside(position)].astype(float).sum()
    return sums


def distance(origin, position, aspect=1.0):
    return np.hypot(aspect * (ROWS - origin[(0, *position)]), COLUMNS - origin[(1, *position)])


@pytest.fixture
def patterns(rng):
    return rng.poisson(3, (5, 7, 24, 20)).astype(np.uint16)


@pytest.fixture
def origin(rng):
    return np.array([11.5, 9.5])[:, None, None] + rng.uniform(-3, 3, (2, 5, 7))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("inner", "outer"), [(0, 4), (3, 8.5), (5, 40)])
def test_an_annulus_counts_the_pixels_whose_centres_lie_inside(
    patterns, origin, make_scan, make_origin, dtype, inner, outer
):
    scan = make_scan(patterns.astype(dtype))
    result = virtual_image(scan, make_origin(origin), detector="annulus", inner_px=inner, outer_px=outer)

    def ring(position):
        r = distance(origin, position)
        return (inner <= r) & (r < outer)

    np.testing.assert_array_equal(result.values, masked_sums(patterns, ring))


def test_the_largest_counts_do_not_overflow(make_scan):
    for dtype in ("u1", "u2", "u4", "i4"):
        full = np.full((1, 2, 64, 300), np.iinfo(dtype).max, dtype)
        result = virtual_image(make_scan(full), detector="disc", outer_px=1000)
        assert result.values[0, 1] == 64 * 300 * float(np.iinfo(dtype).max)


def test_annuli_that_touch_add_up_exactly(patterns, origin, make_scan, make_origin):
    scan, where = make_scan(patterns), make_origin(origin)
    parts = [
        virtual_image(scan, where, detector="annulus", inner_px=a, outer_px=b).values
        for a, b in [(0, 2.5), (2.5, 6), (6, 60)]
    ]
    np.testing.assert_array_equal(sum(parts), patterns.sum(axis=(2, 3)))


def test_a_pixel_exactly_on_the_circle_belongs_to_the_outer_ring(make_scan, make_origin):
    one = np.zeros((1, 1, 21, 21), np.uint8)
    one[0, 0, 10 + 3, 10 - 4] = 1
    scan, centre = make_scan(one), make_origin(np.full((2, 1, 1), 10.0))
    assert virtual_image(scan, centre, detector="disc", outer_px=5).item() == 0
    assert virtual_image(scan, centre, detector="annulus", inner_px=5, outer_px=6).item() == 1


def test_the_detector_may_lie_partly_outside(patterns, make_scan, make_origin):
    away = np.full((2, 5, 7), -2.3)
    result = virtual_image(make_scan(patterns), make_origin(away), detector="annulus", inner_px=4, outer_px=9)
    expected = masked_sums(patterns, lambda p: (distance(away, p) >= 4) & (distance(away, p) < 9))
    np.testing.assert_array_equal(result.values, expected)


def test_pixels_that_are_not_square_make_an_ellipse_of_pixels(patterns, origin, make_scan, make_origin):
    scan = make_scan(patterns, detector_step=(0.1, 0.05))
    result = virtual_image(scan, make_origin(origin), detector="disc", outer_px=7)
    np.testing.assert_array_equal(result.values, masked_sums(patterns, lambda p: distance(origin, p, 2.0) < 7))


@pytest.mark.parametrize(
    ("detector", "inner", "outer"), [("bf", 0, 1), ("abf", 0.5, 1), ("adf", 1.2, None), ("haadf", 2.2, None)]
)
def test_presets_are_multiples_of_the_convergence_semi_angle(patterns, make_scan, calibrated, detector, inner, outer):
    scan = make_scan(patterns, **calibrated)
    alpha = scan.geometry.semiangle / scan.geometry.detector_angle[1]
    middle = np.broadcast_to(np.array([11.5, 9.5])[:, None, None], (2, 5, 7))
    low, high = inner * alpha, 10.0 if outer is None else outer * alpha
    own = {"inner": 2.2 * scan.geometry.semiangle} if detector == "haadf" else {}
    result = virtual_image(scan, detector=detector, **own)
    expected = masked_sums(patterns, lambda p: (distance(middle, p) >= low) & (distance(middle, p) < high))
    np.testing.assert_array_equal(result.values, expected)
    assert result.attrs["units"] == "counts"


def test_outside_are_all_pixels_beyond_the_disc_up_to_the_corners(patterns, make_scan, make_origin, calibrated):
    scan, origin = make_scan(patterns, **calibrated), np.broadcast_to(np.array([3.0, 17.0])[:, None, None], (2, 5, 7))
    alpha = scan.geometry.semiangle / scan.geometry.detector_angle[1]
    result = virtual_image(scan, make_origin(origin), detector="outside")
    np.testing.assert_array_equal(result.values, masked_sums(patterns, lambda p: distance(origin, p) >= 1.2 * alpha))


def test_where_nothing_lies_outside_the_disc_there_are_no_counts(patterns, make_scan, calibrated):
    result = virtual_image(make_scan(patterns, **calibrated), detector="outside", inner_px=30)
    assert not result.values.any()


def test_angles_are_radii_in_pixels_times_the_angle_of_a_pixel(patterns, make_scan, calibrated):
    scan = make_scan(patterns, **calibrated)
    step = scan.geometry.detector_angle[1]
    by_angle = virtual_image(scan, detector="annulus", inner=2.5 * step, outer=6.5 * step)
    by_pixels = virtual_image(scan, detector="annulus", inner_px=2.5, outer_px=6.5)
    np.testing.assert_array_equal(by_angle.values, by_pixels.values)


def test_a_rectangle_counts_its_pixels(patterns, make_scan):
    result = virtual_image(make_scan(patterns), detector="rectangle", rectangle=(3, 9, 5, 20))
    np.testing.assert_array_equal(result.values, patterns[..., 3:9, 5:20].sum(axis=(2, 3)))


def test_a_mask_counts_what_is_not_zero_and_moves_with_the_origin(patterns, make_scan, make_origin, rng):
    drawn = rng.random((24, 20)) < 0.3
    scan, mask = make_scan(patterns), pattern(drawn, make_scan(patterns).geometry, "1")
    still = virtual_image(scan, None, mask, detector="mask")
    np.testing.assert_array_equal(still.values, masked_sums(patterns, lambda p: drawn))
    origin = np.zeros((2, 5, 7))
    origin[:, 0, :] = [[3.0], [-2.0]]
    origin -= origin.mean(axis=(1, 2), keepdims=True)
    moved = virtual_image(scan, make_origin(origin), mask, detector="mask")
    for position in [(0, 0), (1, 3)]:
        dy, dx = np.rint(origin[(slice(None), *position)]).astype(int)
        padded = np.pad(drawn, 8)[8 - dy : 32 - dy, 8 - dx : 28 - dx]
        assert moved.values[position] == patterns[position][padded].sum()


@pytest.mark.parametrize("options", [{"detector": "disc", "outer_px": 3}, {"detector": "bf", "outer_px": 3}])
def test_a_disc_off_the_origin_follows_the_origin(patterns, origin, make_scan, make_origin, options):
    offset = (-4.0, 3.5)
    result = virtual_image(make_scan(patterns), make_origin(origin), offset=offset, **options)
    moved = origin + np.array(offset)[:, None, None]
    np.testing.assert_array_equal(result.values, masked_sums(patterns, lambda p: distance(moved, p) < 3))


def test_an_annulus_and_its_quadrants_off_the_origin_have_one_centre(patterns, origin, make_scan, make_origin):
    scan, where = make_scan(patterns), make_origin(origin)
    ring = {"inner_px": 2, "outer_px": 6, "offset": (2.0, -3.0)}
    parts = [virtual_image(scan, where, detector="quadrant", segment=k, **ring).values for k in range(4)]
    whole = virtual_image(scan, where, detector="annulus", **ring)
    np.testing.assert_array_equal(sum(parts), whole.values)
    moved = origin + np.array([2.0, -3.0])[:, None, None]
    expected = masked_sums(patterns, lambda p: (distance(moved, p) >= 2) & (distance(moved, p) < 6))
    np.testing.assert_array_equal(whole.values, expected)


def test_a_rectangle_moves_by_the_offset_in_whole_pixels(patterns, make_scan):
    result = virtual_image(make_scan(patterns), detector="rectangle", rectangle=(3, 9, 5, 12), offset=(2.2, -1.8))
    np.testing.assert_array_equal(result.values, patterns[..., 5:11, 3:10].sum(axis=(2, 3)))


@pytest.mark.parametrize("suffix", [".npy", ".tif", ".h5"])
def test_a_mask_is_read_from_a_file(tmp_path, rng, suffix):
    drawn = (rng.random((6, 9)) < 0.5).astype(np.uint8)
    path = tmp_path / f"mask{suffix}"
    if suffix == ".npy":
        np.save(path, drawn)
    elif suffix == ".tif":
        import tifffile

        tifffile.imwrite(path, drawn)
    else:
        import h5py

        with h5py.File(path, "w") as file:
            file["mask"] = drawn
    np.testing.assert_array_equal(open_mask(path=path).values, drawn != 0)


def test_a_file_that_is_no_mask_gives_one_clear_line(tmp_path):
    np.save(tmp_path / "stack.npy", np.zeros((2, 3, 4)))
    (tmp_path / "broken.npy").write_bytes(b"not numpy")
    (tmp_path / "broken.tif").write_bytes(b"not tiff")
    for name, message in [
        ("stack.npy", "2-D array"),
        ("broken.npy", "cannot be read"),
        ("broken.tif", "cannot be read"),
        ("none.npy", "not there"),
        ("mask.doc", "expected a file that ends in"),
    ]:
        with pytest.raises(UsageError, match=message) as caught:
            open_mask(path=tmp_path / name)
        assert "\n" not in str(caught.value)


def quadrant_of(dy, dx):
    angle = np.degrees(np.arctan2(dy, dx)) % 360
    return (angle // 90).astype(int)


def test_segments_are_rings_and_clockwise_quadrants(patterns, origin, make_scan, make_origin):
    origin[:, 1, 1] = [12, 10]
    result = segment_images(make_scan(patterns), make_origin(origin), rings=4, inner_px=1, outer_px=9)
    assert result.dims == ("segment", "y", "x")
    for ring in range(4):
        for quadrant in range(4):

            def segment(position, ring=ring, quadrant=quadrant):
                r = distance(origin, position)
                turn = quadrant_of(ROWS - origin[(0, *position)], COLUMNS - origin[(1, *position)])
                return (1 + 2 * ring <= r) & (r < 3 + 2 * ring) & (turn == quadrant)

            np.testing.assert_array_equal(result.values[4 * ring + quadrant], masked_sums(patterns, segment))


def test_one_segment_equals_its_image_of_all(patterns, origin, make_scan, make_origin):
    scan, where = make_scan(patterns), make_origin(origin)
    stack = segment_images(scan, where, outer_px=8)
    one = virtual_image(scan, where, detector="segments", segment=6, outer_px=8)
    np.testing.assert_array_equal(one.values, stack.values[6])
    quarter = virtual_image(scan, where, detector="quadrant", segment=2, outer_px=8)
    np.testing.assert_array_equal(quarter.values, stack.values[2::4].sum(axis=0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_mean_and_maximum_are_over_all_patterns(patterns, make_scan, dtype):
    scan = make_scan(patterns.astype(dtype))
    np.testing.assert_array_equal(mean_pattern(scan).values, patterns.reshape(35, 24, 20).mean(axis=0))
    assert maximum_pattern(scan).dtype == np.dtype(dtype)
    np.testing.assert_array_equal(maximum_pattern(scan).values, patterns.max(axis=(0, 1)))


def test_the_mean_of_many_largest_counts_is_exact(make_scan):
    full = np.broadcast_to(np.uint16(65535), (300, 256, 2, 3))
    assert (mean_pattern(make_scan(full.reshape(300, 256, 2, 3).copy())).values == 65535).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"detector": "bf"}, "give `semiangle`, `energy` and `detector_step` to io.open"),
        ({"detector": "disc", "outer": 0.03}, "`outer` is an angle, but the detector is not calibrated"),
        ({"detector": "disc", "outer": 0.03, "outer_px": 3}, "both given"),
        ({"detector": "disc"}, "needs a radius: give `outer`"),
        ({"detector": "annulus", "outer_px": 5}, "needs a radius: give `inner`"),
        ({"detector": "annulus", "inner_px": 50, "outer_px": 60}, "outside of the patterns of 24 × 20 px"),
        ({"detector": "annulus", "inner_px": 5, "outer_px": 5}, "is empty"),
        ({"detector": "disc", "outer_px": 5, "offset": (0, 40)}, "its centre is at row 11.5, column 49.5"),
        ({"detector": "disc", "inner_px": 1, "outer_px": 5}, "a disc has no inner radius"),
        ({"detector": "rectangle"}, "needs `rectangle: "),
        ({"detector": "rectangle", "rectangle": (3, 3, 0, 5)}, "does not lie on a detector of 24 × 20 px"),
        ({"detector": "mask"}, "connect a node such as io.mask"),
        ({"detector": "quadrant", "segment": 4}, "expected 0 to 3"),
    ],
)
def test_a_detector_that_cannot_be_gives_one_clear_line(patterns, make_scan, options, message):
    with pytest.raises(UsageError, match=message.replace("[", r"\[")) as caught:
        virtual_image(make_scan(patterns), **options)
    assert "\n" not in str(caught.value)


def test_an_origin_of_another_scan_is_refused(patterns, make_scan, make_origin):
    with pytest.raises(UsageError, match="known at 4 × 7 positions"):
        virtual_image(make_scan(patterns), make_origin(np.zeros((2, 4, 7))), detector="disc", outer_px=3)
