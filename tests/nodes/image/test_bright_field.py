"""The pixels of the bright-field disc."""

import numpy as np
import pytest
from graph4d_nodes.calibrate.orientation import matrix_of, orientation
from graph4d_nodes.geometry import Geometry, composed, detector_to_scan, rotation_and_transposition, wavelength
from graph4d_nodes.image.bright_field import bright_field, disc_of
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.values import vector_field

from graph4d import UsageError

KNOWN = Geometry(300e3, 20e-3, (0.5, 0.5), (0.2, 0.2))


class Held:
    alignment = 1

    def __init__(self, patterns: np.ndarray) -> None:
        self.patterns, self.shape, self.dtype = patterns, patterns.shape, patterns.dtype

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.patterns[start:stop]


def scan_of(patterns: np.ndarray, positions: tuple[int, int], geometry: Geometry = KNOWN) -> Scan4D:
    return Scan4D.from_frames(Held(patterns), positions, geometry=geometry)


def numbers(dtype: str = "u2") -> np.ndarray:
    return np.arange(6 * 16 * 17).reshape(6, 16, 17).astype(dtype)


def test_it_has_the_counts_of_the_pixels_within_the_semiangle() -> None:
    patterns = numbers()
    found = bright_field(scan_of(patterns, (2, 3)))
    ky, kx = np.meshgrid((np.arange(16) - 7.5) * 0.2, (np.arange(17) - 8) * 0.2, indexing="ij")
    inside = np.hypot(ky, kx) <= 20e-3 / wavelength(300e3)
    np.testing.assert_array_equal(found.values, patterns[:, inside].reshape(2, 3, -1))
    np.testing.assert_allclose(found.coords["ky"], ky[inside])
    assert found.dtype == np.uint16
    assert found.coords["kx"].attrs["units"] == "1/Å"


def test_it_follows_the_descan_by_whole_pixels() -> None:
    pattern = np.zeros((16, 17), "f4")
    pattern[5:12, 5:12] = np.arange(49).reshape(7, 7)
    patterns = np.stack([pattern, np.roll(pattern, (1, -2), axis=(0, 1))])
    origin = vector_field(np.array([[[8.0, 9.0]], [[8.2, 6.2]]]), KNOWN, "px")
    found = bright_field(scan_of(patterns, (1, 2)), origin)
    np.testing.assert_array_equal(found.values[0, 0], found.values[0, 1])


def test_a_disc_that_moves_by_parts_of_a_pixel_does_not_flicker_at_its_edge() -> None:
    row, column = 12 + 0.3 * np.arange(12), 15 - 0.23 * np.arange(12)
    ky, kx = (np.arange(28)[:, None] - row[:, None, None]) * 0.1, (np.arange(28) - column[:, None, None]) * 0.1
    patterns = (np.hypot(ky, kx) <= 20e-3 / wavelength(300e3)).astype("u1")
    origin = vector_field(np.stack([row, column])[:, None], KNOWN, "px")
    known = KNOWN.updated(detector_step=(0.1, 0.1))
    found = bright_field(scan_of(patterns, (1, 12), known), origin)
    assert (found == 1).all()
    assert found.sizes["pixel"] > 0.8 * patterns[0].sum()


@pytest.mark.parametrize("missing", ["energy", "semiangle", "scan_step", "detector_step"])
def test_a_missing_calibration_is_named_with_its_remedy(missing: str) -> None:
    known = Geometry(**{name: getattr(KNOWN, name) for name in KNOWN.__dataclass_fields__ if name != missing})
    with pytest.raises(UsageError, match=rf"without {missing}; give it to io\.open"):
        bright_field(scan_of(numbers(), (2, 3), known))


def test_a_disc_larger_than_the_detector_is_refused() -> None:
    with pytest.raises(UsageError, match=r"radius of 12\.7 px, but the detector of 16 × 17 px has room for 8\.0 px"):
        bright_field(scan_of(numbers(), (2, 3), KNOWN.updated(semiangle=50e-3)))


def test_numbers_that_are_not_finite_are_refused_with_their_remedy() -> None:
    patterns = numbers("f4")
    patterns[2, 8, 8] = np.nan
    pixels = bright_field(scan_of(patterns, (2, 3)))
    with pytest.raises(UsageError, match=r"1 of 6 patterns .* scan\.hot_pixels"):
        disc_of(pixels)


def test_the_frequencies_are_turned_into_the_axes_of_the_scan() -> None:
    turned = detector_to_scan(np.deg2rad(30), False)
    pixels = bright_field(scan_of(numbers(), (2, 3), KNOWN.updated(transform=turned)))
    disc = disc_of(pixels, detector_to_scan(0.0, True))
    expected = np.array(composed(detector_to_scan(0.0, True), turned)) @ np.stack(
        [pixels.coords["kx"], pixels.coords["ky"]]
    )
    np.testing.assert_allclose(np.stack([disc.kx, disc.ky]), expected)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("degrees", [-150, -30, 0, 77, 180])
def test_an_orientation_says_the_angle_and_transposition_it_was_made_of(degrees: float, transposed: bool) -> None:
    matrix = detector_to_scan(np.deg2rad(degrees), transposed)
    angle, found = rotation_and_transposition(matrix)
    assert np.exp(1j * angle) == pytest.approx(np.exp(1j * np.deg2rad(degrees)))
    assert found is transposed
    value = orientation(matrix)
    np.testing.assert_allclose(matrix_of(value), matrix)
    assert value["rotation"].attrs["units"] == "deg"
