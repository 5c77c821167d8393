"""Lines across images whose values along any line are known."""

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.metrics.profile import profile
from graph4d_nodes.values import image

from graph4d import UsageError


def plane(step: tuple[float, float] | None = (0.5, 0.25)) -> xr.DataArray:
    """Grows by 2 per row and by 3 per column."""
    return image(np.add.outer(2.0 * np.arange(30), 3.0 * np.arange(40)), Geometry(scan_step=step), "rad")


def test_values_on_a_slanted_line_are_interpolated() -> None:
    line = profile(plane(), start=(2, 3), stop=(14, 19)).profile
    assert line.distance.values[-1] == 20
    np.testing.assert_allclose(line, 2 * 2 + 3 * 3 + (2 * 12 + 3 * 16) / 20 * line.distance.values)
    assert (line.attrs["units"], line.distance.attrs["units"]) == ("rad", "px")


def test_lengths_in_angstrom_follow_rectangular_pixels() -> None:
    pixels = profile(plane(), start=(2, 4), stop=(8, 16)).profile
    lengths = profile(plane(), start=(1.0, 1.0), stop=(4.0, 4.0), unit="Å").profile
    assert lengths.distance.values[-1] == pytest.approx(np.hypot(3, 3))
    np.testing.assert_allclose(lengths.values[[0, -1]], pixels.values[[0, -1]])
    shifted = plane().assign_coords(y=plane().y + 10)
    shifted.y.attrs["units"] = "Å"
    np.testing.assert_allclose(profile(shifted, start=(11, 1), stop=(14, 4), unit="Å").profile, lengths)


def test_the_band_is_averaged_across_the_line() -> None:
    values = np.zeros((21, 40))
    values[10] = 5
    level = image(values, Geometry(), "1")
    np.testing.assert_allclose(profile(level, start=(10, 2), stop=(10, 30)).profile, 5)
    np.testing.assert_allclose(profile(level, start=(10, 2), stop=(10, 30), width=5).profile, 1)


def test_contrast_compares_the_two_ends() -> None:
    values = np.full((10, 40), 3.0)
    values[:, 20:] = 1.0
    values[0, 0] = 4.0
    found = profile(image(values, Geometry(), "1"), start=(5, 39), stop=(5, 0)).metrics
    assert (found.bright, found.dark) == (0.75, 0.25)
    assert found.relative == pytest.approx(2 / 3)
    assert found.michelson == pytest.approx(0.5)
    assert np.isnan(found.noise_aware)
    above = profile(image(values, Geometry(), "1"), start=(5, 39), stop=(5, 0), baseline="minimum").metrics
    assert (above.relative, above.michelson) == (1, 1)


def test_contrasts_that_need_a_zero_have_no_meaning_for_negative_values() -> None:
    values = np.full((10, 40), 3.0)
    values[:, 20:] = -1.0
    found = profile(image(values, Geometry(), "rad"), start=(5, 39), stop=(5, 0)).metrics
    assert np.isnan([found.relative, found.michelson]).all()


def test_noise_lowers_the_noise_aware_contrast() -> None:
    values = np.full((10, 400), 3.0) + np.random.default_rng(0).normal(0, 0.2, (10, 400))
    values[:, 200:] -= 2
    found = profile(image(values, Geometry(), "1"), start=(5, 0), stop=(5, 399), ends=0.5).metrics
    assert found.noise_aware == pytest.approx(2 / 0.2, rel=0.1)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"start": (3, 3), "stop": (3, 3)}, "has no length"),
        ({"start": (3, 3), "stop": (3, 40)}, "leaves the image of 30 × 40"),
        ({"start": (-1, 3), "stop": (3, 3)}, "leaves the image"),
    ],
)
def test_lines_that_are_none_are_refused(line: dict[str, tuple[float, float]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        profile(plane(), **line)


def test_angstrom_need_a_calibrated_image() -> None:
    with pytest.raises(UsageError, match="axes are in px"):
        profile(plane(None), start=(1, 1), stop=(2, 2), unit="Å")
