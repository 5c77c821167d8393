"""The origin is found under noise, descan, tails and deflections."""

import numpy as np
import pytest
from graph4d_nodes.calibrate.disc import disc_radius
from graph4d_nodes.calibrate.origin import find_origin
from graph4d_nodes.image.com import center_of_mass
from graph4d_nodes.io.open import open_scan
from graph4d_nodes.scan_maps.bin import bin_scan
from graph4d_nodes.scan_maps.crop import crop

from graph4d import UsageError

SHAPE = (12, 14)
Y, X = np.mgrid[: SHAPE[0], : SHAPE[1]]
PLANE = np.stack([30 + 0.2 * Y - 0.1 * X, 33 - 0.3 * Y + 0.15 * X])


def discs(centres, radius, counts, rng, background=0.0):
    """Poisson counts of soft-edged discs on 64 × 66 pixels, ``counts`` of them in each pattern."""
    rows, columns = np.mgrid[:64, :66]
    r = np.hypot(rows - centres[0][..., None, None], columns - centres[1][..., None, None])
    rate = np.clip(radius + 0.5 - r, 0, 1) + background
    rate *= counts / rate.sum(axis=(2, 3), keepdims=True)
    return rng.poisson(rate).astype(np.uint16)


@pytest.mark.parametrize("counts", [200, 20000])
def test_a_plane_of_descan_is_found(make_scan, rng, counts):
    origin = find_origin(make_scan(discs(PLANE, 9.0, counts, rng)), radius_px=9)
    assert np.abs(origin.values - PLANE).max() < 6 * 9 / np.sqrt(counts * 168)
    assert origin.attrs["units"] == "px"


def test_positions_with_a_strong_deflection_do_not_bend_the_plane(make_scan, rng):
    deflected = PLANE.copy()
    deflected[:, 2:5, 3:7] += 6
    scan = make_scan(discs(deflected, 9.0, 20000, rng))
    assert np.abs(find_origin(scan, radius_px=9).values - PLANE).max() < 0.05
    assert np.abs(find_origin(scan, fit="none", radius_px=9).values - deflected).max() < 0.3


def test_the_radius_is_estimated_where_nobody_knows_it(make_scan, rng):
    scan = make_scan(discs(PLANE, 9.0, 20000, rng, background=0.002))
    assert np.abs(find_origin(scan).values - PLANE).max() < 0.05


@pytest.mark.parametrize("radius", [2.0, 9.0, 24.0])
def test_the_radius_of_a_disc_is_that_of_its_area(rng, radius):
    pattern = discs(np.array([31.3, 32.8])[:, None, None], radius, 1_000_000, rng, background=0.001)[0, 0]
    assert disc_radius(pattern.astype(float)) == pytest.approx(radius, abs=0.6)


@pytest.mark.parametrize(("radius", "counts"), [(4.0, 300), (9.0, 600), (24.0, 3000)])
def test_the_radius_of_a_faint_disc_is_not_that_of_its_noise(rng, radius, counts):
    pattern = discs(np.array([31.3, 32.8])[:, None, None], radius, counts, rng)[0, 0].astype(float)
    assert disc_radius(pattern, counted=True) == pytest.approx(radius, rel=0.2)


def test_a_parabola_bends_and_a_constant_does_not(make_scan, rng):
    bent = PLANE + 0.04 * (Y - 5) ** 2
    scan = make_scan(discs(bent, 9.0, 20000, rng))
    assert np.abs(find_origin(scan, fit="parabola", radius_px=9).values - bent).max() < 0.05
    constant = find_origin(scan, fit="constant", radius_px=9).values
    assert np.ptp(constant, axis=(1, 2)).max() == 0


def test_empty_patterns_take_no_part(make_scan, rng):
    patterns = discs(PLANE, 9.0, 20000, rng)
    patterns[3, 4:] = 0
    assert np.abs(find_origin(make_scan(patterns), radius_px=9).values - PLANE).max() < 0.05
    assert np.isfinite(find_origin(make_scan(patterns), fit="none", radius_px=9).values).all()
    with pytest.raises(UsageError, match="no pattern has any counts"):
        find_origin(make_scan(np.zeros_like(patterns)), radius_px=9)


def test_the_disc_of_a_low_dose_defocused_scan_is_found(shared_data):
    scan = open_scan(path=shared_data / "rotavirus.h5")
    cropped = type(scan).from_frames(scan.frames, (12, 127))
    single = find_origin(cropped, fit="none").values
    plane = find_origin(cropped).values
    np.testing.assert_allclose(plane.mean(axis=(1, 2)), [31.34, 31.37], atol=0.05)
    assert np.abs(single - plane).std() < 0.3


@pytest.mark.parametrize("changed", [lambda scan: bin_scan(scan, detector=2), lambda scan: crop(scan, ky=(2, 60))])
def test_an_origin_is_not_taken_for_a_place_on_another_detector(make_scan, rng, changed):
    scan = make_scan(discs(PLANE, 9.0, 2000, rng))
    origin = find_origin(scan, radius_px=9)
    center_of_mass(scan, origin)
    with pytest.raises(UsageError, match=r"patterns of 64 × 66 px.*find it after cropping and binning"):
        center_of_mass(changed(scan), origin)
