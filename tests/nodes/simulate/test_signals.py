"""Detector signals and single patterns."""

from typing import Any

import numpy as np
import pytest
from graph4d_nodes.geometry import wavelength
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.simulate.crystal import crystal
from graph4d_nodes.simulate.diffraction import diffraction_pattern
from graph4d_nodes.simulate.scan4d import scan4d
from graph4d_nodes.simulate.signals import annular_signals

from graph4d import UsageError

LENGTH = wavelength(300e3)


def test_signals_are_sums_over_the_patterns_of_a_scan() -> None:
    titanate, lens = crystal(size=("12 Å", "12 Å")), Aberrations(c10=20.0).to_value()
    given: dict[str, Any] = {"positions": (5, 6), "scan_step": "0.4 Å", "scan_step_x": "0.5 Å", "phonons": 1}
    rings = (("0 mrad", "10 mrad"), ("25 mrad", "50 mrad"))
    found = annular_signals(titanate, lens, rings=rings, detector_step="0.1 1/Å", **given)
    assert found.dims == ("ring", "y", "x")
    assert found.attrs["units"] == "1"
    scan = scan4d(titanate, lens, detector=64, detector_step="0.1 1/Å", dose=0, **given).scan
    k = np.hypot(*np.meshgrid(*2 * [(np.arange(64) - 32) * 0.1]))
    patterns = scan.read(0, 30).reshape(5, 6, 64, 64)
    for image, (inner, outer) in zip(found.values, ((0, 0.010), (0.025, 0.050)), strict=True):
        inside = (k >= inner / LENGTH) & (k < outer / LENGTH)
        # Pixels on an edge count in part there, all or nothing here.
        expected = patterns[..., inside].sum(axis=-1)
        assert image == pytest.approx(expected, rel=0.12)
        assert np.corrcoef(image.ravel(), expected.ravel())[0, 1] > 0.99


def test_heavy_columns_are_brightest_in_haadf_and_dark_in_bright_field() -> None:
    # One unit cell from strontium to strontium, titanium in its middle.
    found = annular_signals(
        crystal(size=("12 Å", "12 Å")),
        positions=(9, 9),
        scan_step=f"{3.905 / 8} Å",
        offset=("3.905 Å", "3.905 Å"),
        rings=(("0 mrad", "20 mrad"), ("60 mrad", "100 mrad")),
        phonons=2,
        displacement="0.1 Å",
    )
    bright, haadf = found.values
    assert haadf[0, 0] > 1.3 * haadf[4, 4] > 3 * haadf[0, 2]
    assert bright[0, 0] < bright[4, 4] < bright[0, 2]
    assert haadf[0, 0] == pytest.approx(haadf[8, 8], rel=0.3)


def test_counted_signals_are_whole_electrons() -> None:
    given: dict[str, Any] = {"positions": (12, 12), "rings": (("0 mrad", "22 mrad"),), "detector_step": "0.12 1/Å"}
    titanate = crystal(size=("12 Å", "12 Å"), thickness="3.905 Å")
    exact, counts = annular_signals(titanate, **given), annular_signals(titanate, **given, dose=900)
    assert counts.attrs["units"] == "counts"
    assert (counts.values % 1 == 0).all()
    deviation = (counts.values - 900 * exact.values) / np.sqrt(900 * exact.values)
    assert deviation.std() == pytest.approx(1, abs=0.25)


def bragg(pattern: Any, h: float, k: float) -> float:
    """Intensity at (kx, ky) = (h, k) [1/Å]."""
    return float(pattern.sel(kx=h, ky=k, method="nearest", tolerance=1e-6))


def test_a_parallel_beam_shows_the_reflections_of_the_lattice_and_no_forbidden_ones() -> None:
    a = 4.078
    gold = crystal(prototype="fcc", elements=("Au",), a=f"{a} Å", size=("8 Å", "12 Å"), thickness=f"{2 * a} Å")
    found = diffraction_pattern(gold)
    assert float(found.sum()) == pytest.approx(1, abs=0.05)
    direct = bragg(found, 0, 0)
    assert direct == float(found.max()) > 0.2
    for h, k in ((2, 0), (0, 2), (-2, 2)):
        assert bragg(found, h / a, k / a) > 1e-3
    # The box is of 2 × 3 cells: between the reflections, whose indices are even, there is nothing.
    h, k = np.meshgrid(found.kx * a / 2, found.ky * a / 2)
    allowed = np.isclose(h, np.rint(h)) & np.isclose(k, np.rint(k))
    assert found.values[~allowed].max() < 1e-5
    assert found.attrs["equivalents"] == {"rad": LENGTH}


def test_the_direction_along_x_of_a_110_pattern_is_that_of_the_picture() -> None:
    a = 4.078
    gold = crystal(prototype="fcc", elements=("Au",), a=f"{a} Å", zone_axis=(1, 1, 0), thickness="5.76 Å")
    found = diffraction_pattern(gold)
    # x is [0 0 1] of the crystal, y [1 -1 0]: (0 0 2) lies to the right, (2 -2 0) below, (1 -1 1) between them.
    for h, k in ((2 / a, 0), (0, 8**0.5 / a), (1 / a, 2**0.5 / a)):
        assert bragg(found, h, k) > 1e-3
    for h, k in ((1 / a, 0), (0, 2**0.5 / a)):
        assert bragg(found, h, k) < 1e-5


def test_a_convergent_beam_shows_discs_and_a_position_matters() -> None:
    titanate = crystal(size=("12 Å", "12 Å"))
    given: dict[str, Any] = {"semiangle": "20 mrad", "largest_angle": "45 mrad"}
    on, off = (
        diffraction_pattern(titanate, position=place, **given)
        for place in (("3.905 Å", "3.905 Å"), ("3.905 Å", "4.9 Å"))
    )
    assert on.values == pytest.approx(on.values[::-1, ::-1], abs=1e-6)
    # An atom attracts: seen from its right, electrons go to the left.
    assert float((off * off.kx).sum()) < -0.005
    disc = np.hypot(on.ky, on.kx) < 0.02 / LENGTH
    assert float(on.where(disc).sum()) > 0.6
    counts = diffraction_pattern(titanate, dose=1e4, **given)
    assert float(counts.sum()) == pytest.approx(1e4, rel=0.1)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"rings": (("30 mrad", "20 mrad"),)}, "a ring from 30 to 20 mrad has no width"),
        ({"rings": ()}, "there are no rings"),
        ({"detector_step": "1 1/Å"}, "does not fit into a window|does not fit on a detector"),
    ],
)
def test_detectors_that_see_nothing_are_refused(given: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        annular_signals(crystal(size=("12 Å", "12 Å")), **given)


def test_a_beam_wider_than_the_pattern_or_the_box_is_refused() -> None:
    titanate = crystal(size=("3.9 Å", "3.9 Å"))
    with pytest.raises(UsageError, match="semi-angle of 50 mrad does not fit on a pattern that reaches to 40 mrad"):
        diffraction_pattern(titanate, semiangle="50 mrad")
    with pytest.raises(UsageError, match=r"does not fit into a box of 3\.905 Å"):
        diffraction_pattern(titanate, semiangle="5 mrad")
