"""The bright disc and rings are measured on drawn patterns, and what follows from their size reaches the geometry."""

import math
import warnings

import numpy as np
import pytest
from graph4d_nodes.calibrate.aberrations import aberrations
from graph4d_nodes.calibrate.disc import find_disc
from graph4d_nodes.calibrate.ellipse import find_ellipse
from graph4d_nodes.calibrate.orientation import orientation
from graph4d_nodes.calibrate.origin import find_origin
from graph4d_nodes.calibrate.pixel_size import measure_pixel, measure_semiangle
from graph4d_nodes.calibrate.report import report
from graph4d_nodes.calibrate.round import make_round
from graph4d_nodes.geometry import Geometry, detector_to_scan, wavelength
from graph4d_nodes.image.mean import mean_pattern
from graph4d_nodes.io.open import open_scan
from graph4d_nodes.values import metrics, pattern

from graph4d import UsageError

ROW, COLUMN = 60.3, 57.7
RADIUS = 25.0


def distance(ratio=1.0, azimuth=0.0, aspect=1.0):
    """From the centre, of a shape whose longer axis is at ``azimuth`` degrees clockwise from x, in pixels along x."""
    y, x = np.mgrid[:128, :120]
    y, x = (y - ROW) * aspect, x - COLUMN
    c, s = math.cos(math.radians(azimuth)), math.sin(math.radians(azimuth))
    return np.hypot((c * x + s * y) / math.sqrt(ratio), (c * y - s * x) * math.sqrt(ratio))


def disc(soft=1.0, **shape):
    return np.clip((RADIUS - distance(**shape)) / soft + 0.5, 0, 1)


def counted(rng, rate, counts, **known):
    return pattern(rng.poisson(rate * counts + 2).astype(float), Geometry(**known), "counts")


def stopped(rate):
    """What a beam stop leaves that comes from the right."""
    y, x = np.mgrid[:128, :120]
    return rate * ((np.abs(y - ROW) > 6) | (x < COLUMN - 8))


def matrix_numbers(ratio):
    """Of an ellipse that is longer along y."""
    numbers = {"xx": math.sqrt(ratio), "xy": 0.0, "yx": 0.0, "yy": 1 / math.sqrt(ratio)}
    return {name: (number, "1") for name, number in numbers.items()}


def turned_apart(one, other):
    return abs(math.remainder(one - other, 180))


@pytest.mark.parametrize("behind", [lambda rate: rate, stopped])
@pytest.mark.parametrize("soft", [1.0, 4.0])
def test_centre_and_radius_of_a_disc_are_found(rng, soft, behind):
    found = find_disc(counted(rng, behind(disc(soft)), 500))
    assert float(found["row"]) == pytest.approx(ROW, abs=0.05)
    assert float(found["column"]) == pytest.approx(COLUMN, abs=0.05)
    assert float(found["radius"]) == pytest.approx(RADIUS, abs=0.05)
    assert float(found["edge"]) == pytest.approx(soft / 2, abs=0.3)
    assert float(found["seen"]) == pytest.approx(1.0 if behind is not stopped else 0.92, abs=0.03)
    assert "semiangle" not in found


def test_a_disc_overlapped_by_others_is_measured_too(rng):
    y, x = np.mgrid[:128, :120]
    rate = disc()
    for dy, dx in ((0, 30), (0, -30), (33, 0), (-33, 0)):
        rate += 0.3 * (np.hypot(y - ROW - dy, x - COLUMN - dx) < RADIUS)
    assert float(find_disc(counted(rng, rate, 500))["radius"]) == pytest.approx(RADIUS, abs=0.1)


def test_the_semiangle_is_that_of_the_radius(rng):
    found = find_disc(counted(rng, disc(), 500, energy=300e3, detector_step=(0.04, 0.04)))
    assert found["radius_k"] == pytest.approx(RADIUS * 0.04, rel=3e-3)
    assert found["semiangle"] == pytest.approx(RADIUS * 0.04 * wavelength(300e3) * 1e3, rel=3e-3)
    assert found["semiangle"].attrs["units"] == "mrad"


@pytest.mark.parametrize(("ratio", "azimuth"), [(1.0, 0.0), (1.02, 30.0), (1.1, -75.0)])
@pytest.mark.parametrize("feature", ["disc", "ring"])
def test_the_ellipse_of_a_disc_or_ring_is_found(rng, feature, ratio, azimuth):
    shape = {"ratio": ratio, "azimuth": azimuth}
    if feature == "disc":
        found = find_ellipse(counted(rng, disc(**shape), 500))
        radius = RADIUS
    else:
        r, radius = distance(**shape), 40.0
        rate = np.exp(-((r - radius) ** 2) / 8) + 8 * np.exp(-r / 8)
        found = find_ellipse(counted(rng, stopped(rate), 100), feature="ring", inner_px=30, outer_px=50)
    assert float(found["ratio"]) == pytest.approx(ratio, abs=0.003)
    assert float(found["radius"]) == pytest.approx(radius, abs=0.08)
    if ratio > 1:
        assert turned_apart(float(found["azimuth"]), azimuth) < 3


def test_pixels_that_are_not_square_are_no_ellipse(rng):
    known = {"detector_step": (0.06, 0.04)}
    found = find_ellipse(counted(rng, disc(aspect=1.5, ratio=1.06, azimuth=20.0), 500, **known))
    assert float(found["ratio"]) == pytest.approx(1.06, abs=0.005)
    assert turned_apart(float(found["azimuth"]), 20) < 4
    assert float(find_disc(counted(rng, disc(aspect=1.5), 500, **known))["radius"]) == pytest.approx(RADIUS, abs=0.08)


@pytest.mark.parametrize("aspect", [1.0, 1.2])
def test_a_scan_is_made_round(make_scan, rng, aspect):
    rate = 300 * disc(ratio=1.08, azimuth=35.0, aspect=aspect) + 1
    known = {"detector_step": (0.05 * aspect, 0.05)}
    scan = make_scan(rng.poisson(np.tile(rate, (3, 4, 1, 1))).astype(np.uint16), **known)
    drawn = make_round(scan, find_ellipse(mean_pattern(scan)))
    assert float(find_ellipse(mean_pattern(drawn))["ratio"]) == pytest.approx(1.0, abs=0.004)
    assert drawn.dtype == np.float32
    assert drawn.geometry == scan.geometry
    inside = distance(aspect=aspect) < 35
    assert drawn.pattern(1, 2)[inside].sum() == pytest.approx(scan.pattern(1, 2)[inside].sum(), rel=3e-3)
    # Nothing is lost at the border where there is hardly an ellipse.
    nearly = metrics({"row": (ROW, "px"), "column": (COLUMN, "px")} | matrix_numbers(1.0001))
    np.testing.assert_allclose(make_round(scan, nearly).pattern(0, 0), scan.pattern(0, 0), atol=3)
    with pytest.raises(UsageError, match="has no row, column, xx"):
        make_round(scan, metrics({"radius": (3, "px")}))


def test_the_pixel_size_follows_from_the_disc_or_from_a_ring(make_scan, rng):
    scan = make_scan(np.zeros((2, 2, 128, 120), np.uint8), energy=300e3, semiangle=0.02, detector_step=(0.06, 0.05))
    learnt = measure_pixel(scan, metrics({"radius": (RADIUS, "px")}))
    step = 0.02 / wavelength(300e3) / RADIUS
    np.testing.assert_allclose(learnt.scan.geometry.detector_step, (1.2 * step, step))
    assert learnt.metrics["change"] == pytest.approx(step / 0.05)
    gold = measure_pixel(scan, metrics({"radius": (31.0, "px")}), spacing="2.355 Å")
    assert gold.metrics["detector_step"] == pytest.approx(1 / 2.355 / 31)
    assert gold.scan.parent is scan
    unknown = make_scan(np.zeros((2, 2, 128, 120), np.uint8))
    assert measure_pixel(unknown, metrics({"radius": (31.0, "px")}), spacing=2.0).scan.geometry.detector_step == (
        1 / 62,
        1 / 62,
    )
    with pytest.raises(UsageError, match=r"give `energy` and `semiangle` to io\.open, or measure a ring"):
        measure_pixel(unknown, metrics({"radius": (31.0, "px")}))
    with pytest.raises(UsageError, match=r"no `radius` in px; connect calibrate\.disc"):
        measure_pixel(scan, metrics({"radius": (31.0, "Å")}))


def test_the_semiangle_is_filled_in(make_scan):
    scan = make_scan(np.zeros((2, 2, 128, 120), np.uint8), energy=300e3, detector_step=(0.04, 0.04))
    learnt = measure_semiangle(scan, metrics({"radius": (RADIUS, "px")}))
    assert learnt.scan.geometry.semiangle == pytest.approx(wavelength(300e3))
    assert "change" not in learnt.metrics
    with pytest.raises(UsageError, match="give `energy` and `detector_step`"):
        measure_semiangle(make_scan(np.zeros((2, 2, 128, 120), np.uint8)), metrics({"radius": (RADIUS, "px")}))


def test_the_disc_of_a_simulation_has_the_semiangle_of_the_simulation(shared_data):
    scan = open_scan(path=shared_data / "sto_rot23.h5", dataset="data", energy="300 keV", detector_step=1 / 30)
    learnt = measure_semiangle(scan, find_disc(mean_pattern(scan)))
    assert float(learnt.metrics["semiangle"]) == pytest.approx(20, rel=0.01)


def test_what_is_no_disc_is_refused(rng):
    with pytest.raises(UsageError, match=r"no bright disc.*give the mean of more patterns"):
        find_disc(counted(rng, np.zeros((128, 120)), 1))
    for broken, message in ((np.full((128, 120), np.nan), "no finite numbers"), (np.ones((4, 120)), "too small")):
        with pytest.raises(UsageError, match=message):
            find_disc(pattern(broken, Geometry(), "counts"))
    flat = counted(rng, np.zeros((128, 120)), 1)
    with pytest.raises(UsageError, match="give `inner_px` and `outer_px`"):
        find_ellipse(flat, feature="ring")
    with pytest.raises(UsageError, match="no room for a ring between 30 px and 31 px"):
        find_ellipse(flat, feature="ring", inner_px=30, outer_px=31)


@pytest.mark.filterwarnings("ignore:the bright disc has a radius of")
def test_the_report_tells_what_is_known_and_no_more(make_scan):
    rows, columns = np.mgrid[:64, :64]
    y, x = np.mgrid[:6, :8]
    centres = 30 + 0.5 * y - 0.2 * x, 32 + 0.1 * y
    r = np.hypot(rows - centres[0][..., None, None], columns - centres[1][..., None, None])
    patterns = (1000 * np.clip(9.5 - r, 0, 1)).astype(np.uint16)
    scan = make_scan(patterns, energy=300e3, semiangle=0.02, scan_step=(0.5, 0.4), detector_step=(0.1, 0.1))
    found = orientation(detector_to_scan(math.radians(40), True), {"sign_confidence": (0.9, "1")})
    lens = aberrations(c10=-50.0, c12=3.0, phi12=0.5, phi23=1.0)
    told = report(scan, find_origin(scan), found, lens, metrics({"radius": (9.0, "px")}))
    expected = {
        "energy": (300, "keV"),
        "wavelength": (wavelength(300e3), "Å"),
        "semiangle": (20, "mrad"),
        "scan_step_y": (0.5, "Å"),
        "scan_step_x": (0.4, "Å"),
        "detector_step_y": (0.1, "1/Å"),
        "detector_angle": (0.1 * wavelength(300e3) * 1e3, "mrad"),
        "rotation": (40, "deg"),
        "transposed": (1, "1"),
        "xx": (math.sin(math.radians(40)), "1"),
        "sign_confidence": (0.9, "1"),
        "origin_row": (centres[0].mean(), "px"),
        "origin_column": (centres[1].mean(), "px"),
        "descan_row_y": (2.5, "px"),
        "descan_row_x": (-1.4, "px"),
        "descan_column_y": (0.5, "px"),
        "disc_ratio": (9 / (0.02 / wavelength(300e3) / 0.1), "1"),
        "disc_agrees": (0, "1"),
        "c10": (-50, "Å"),
        "c12": (3, "Å"),
        "phi12": (math.degrees(0.5), "deg"),
    }
    for name, (number, unit) in expected.items():
        assert float(told[name]) == pytest.approx(number, rel=1e-3, abs=0.02), name
        assert told[name].attrs["units"] == unit, name
    assert "phi23" not in told
    assert "c30" not in told
    bare = report(make_scan(patterns))
    assert set(bare) == {"rotation", "transposed", "xx", "xy", "yx", "yy"}


def test_an_orientation_that_is_not_sure_or_cannot_be_right_is_told(make_scan):
    scan = make_scan(np.ones((4, 4, 32, 32)))
    trust = {"rotation_error": (12.0, "deg"), "transposition_confidence": (0.8, "1"), "sign_confidence": (0.7, "1")}
    found = {"found_rotation": (40.0, "deg"), "found_transposed": (1.0, "1")}

    def told(angle, *, transposed, sure):
        known = trust | found | {"confident": (sure, "1")}
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            report(scan, orientation=orientation(detector_to_scan(math.radians(angle), transposed), known))
        return " ".join(str(each.message) for each in said)

    assert "40.0° with an error of 12°, transposed with a probability of 0.80" in told(40, transposed=True, sure=0.0)
    assert "check the `rotation` and `transpose`" in told(60, transposed=True, sure=1.0)
    assert "at 40.0°, transposed, and is sure" in told(40, transposed=False, sure=1.0)
    for angle, transposed, sure in ((60, True, 0.0), (40, False, 0.0), (40, True, 1.0), (38, True, 1.0)):
        assert not told(angle, transposed=transposed, sure=sure)
