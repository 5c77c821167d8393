"""The rotation, transposition and direction of a centre-of-mass field are found, with an honest confidence."""

import math
from dataclasses import replace

import numpy as np
import pytest
from graph4d_nodes.calibrate.orient import orient
from graph4d_nodes.calibrate.orientation import matrix_of, orientation
from graph4d_nodes.calibrate.origin import find_origin
from graph4d_nodes.calibrate.rotation import find_rotation
from graph4d_nodes.geometry import detector_to_scan, rotation_and_transposition
from graph4d_nodes.image.com import center_of_mass
from graph4d_nodes.image.virtual import virtual_image
from graph4d_nodes.io.open import open_scan
from graph4d_nodes.scan_maps.thin import thin
from scipy.ndimage import gaussian_filter

from graph4d import UsageError

SCANS = {
    "sto_rot23.h5": {"dataset": "data", "semiangle": "20 mrad", "scan_step": 0.25, "detector_step": 1 / 30},
    "rotavirus.h5": {"semiangle": "1.03 mrad", "scan_step": 31.25, "detector_step": 4 * 0.00084005},
}


def measured(scan):
    origin = find_origin(scan)
    return center_of_mass(scan, origin, zero="mean"), virtual_image(scan, origin, detector="adf")


def opened(folder, name):
    return open_scan(path=folder / name, energy="300 keV", **SCANS[name])


def apart(one, other):
    """The angle between two directions in degrees, with its sign."""
    return math.remainder(one - other, 360)


def found_in(field):
    return find_rotation(field.com, field.dark).orientation


def random_phase(rng, shape=(48, 64), step=(1.0, 1.0), noise=0.0, wanted=0.0):
    """The gradient of a smooth random phase, and a dark field that is related to it as far as is wanted."""
    phase = gaussian_filter(rng.normal(size=shape), 2, mode="wrap")
    frequency = [np.fft.fftfreq(n, d) for n, d in zip(shape, step, strict=True)]
    spectrum = 2j * np.pi * np.fft.fft2(phase)
    y, x = (np.fft.ifft2(spectrum * f).real for f in (frequency[0][:, None], frequency[1]))
    y, x = (part / np.hypot(y, x).std() + noise * rng.normal(size=shape) for part in (y, x))
    other = gaussian_filter(rng.normal(size=shape), 2, mode="wrap")
    return y, x, 100 + wanted * phase / phase.std() + other / other.std()


@pytest.mark.parametrize(("rotation", "transpose"), [(0.65, False), (-1.9, True), (3.0, True), (-2.5, False)])
def test_a_detector_is_turned_back_whatever_its_orientation(atoms_on_a_turned_detector, rotation, transpose):
    com, dark = measured(atoms_on_a_turned_detector(rotation, transpose))
    found = find_rotation(com, dark).orientation
    assert bool(found["transposed"]) == transpose
    assert abs(apart(float(found["rotation"]), math.degrees(rotation))) < 1
    assert found["confident"] == 1


@pytest.mark.parametrize("transpose", [False, True])
def test_the_angle_is_that_of_the_least_curl(field_of, rng, transpose):
    step = (1.0, 1.7)
    y, x, dark = random_phase(rng, (64, 40), step, noise=0.3)
    c, s = math.cos(0.7), math.sin(0.7)
    y, x = s * x + c * y, c * x - s * y
    if transpose:
        y, x = x, y
    field = field_of(y, x, dark, step)
    best = {}
    for swapped in (False, True):
        for degrees in range(180):
            c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
            down, right = (x, y) if swapped else (y, x)
            down, right = c * down - s * right, s * down + c * right
            curl = np.gradient(down, step[1], axis=1) - np.gradient(right, step[0], axis=0)
            best[swapped, degrees] = np.mean(np.square(curl[1:-1, 1:-1]))
    swapped, degrees = min(best, key=best.get)
    found = found_in(field)
    assert bool(found["found_transposed"]) == swapped == transpose
    assert abs(math.remainder(float(found["found_rotation"]) - degrees, 180)) < 1


def test_the_error_is_the_deviation_of_many_measurements(field_of, rng):
    found = [found_in(field_of(*random_phase(rng, noise=1.0, wanted=1.0))) for _ in range(40)]
    deviation = np.sqrt(np.mean([float(each["rotation"]) ** 2 for each in found]))
    error = np.median([float(each["rotation_error"]) for each in found])
    assert 0.6 < error / deviation < 1.5
    assert np.mean([float(each["transposed"]) for each in found]) == 0


def test_a_plane_of_descan_does_not_matter(field_of, rng):
    y, x, dark = random_phase(rng, noise=0.3, wanted=1.0)
    rows, columns = np.mgrid[:48, :64]
    plain, tilted = (
        found_in(field_of(y + a * (0.3 * rows - 0.2 * columns + 40), x + a * (0.1 * rows + 0.4 * columns), dark))
        for a in (0, 1)
    )
    assert float(tilted["rotation"]) == pytest.approx(float(plain["rotation"]), abs=1e-6)
    assert float(tilted["rotation_error"]) == pytest.approx(float(plain["rotation_error"]), rel=1e-6)


def test_noise_has_no_rotation(field_of, rng):
    for _ in range(20):
        field = field_of(*rng.normal(size=(3, 40, 56)))
        assert found_in(field)["confident"] == 0
    empty = field_of(*np.zeros((3, 40, 56)))
    found = found_in(empty)
    assert found["confident"] == 0
    assert found["rotation_error"] == 90
    assert found["transposition_confidence"] == found["sign_confidence"] == 0.5


def test_a_field_with_as_much_curl_as_gradient_has_no_rotation(field_of, rng):
    for _ in range(10):
        (y, x, dark), (down, right, _) = random_phase(rng), random_phase(rng)
        field = field_of(y + right, x - down, dark)
        assert found_in(field)["confident"] == 0


def test_a_phase_that_has_nothing_to_do_with_matter_has_no_sign(field_of, rng):
    found = [found_in(field_of(*random_phase(rng, noise=0.1))) for _ in range(30)]
    assert max(float(each["rotation_error"]) for each in found) < 1.5  # a magnetic field has no curl either
    assert np.mean([float(each["confident"]) for each in found]) < 0.1


def test_a_lattice_of_four_waves_is_its_own_transposition(field_of, rng):
    y, x = np.mgrid[:48, :64]
    waves = -np.sin(2 * np.pi * y / 8), -np.sin(2 * np.pi * x / 8)
    lattice = np.cos(2 * np.pi * y / 8) + np.cos(2 * np.pi * x / 8)
    noise = 0.02 * rng.normal(size=(2, 48, 64))
    field = field_of(waves[0] + noise[0], waves[1] + noise[1], lattice)
    assert found_in(field)["transposition_confidence"] < 0.99


def test_without_a_dark_field_the_direction_is_a_guess_that_bright_peaks_make(atoms_on_a_turned_detector):
    com, _ = measured(atoms_on_a_turned_detector(0.65, False))
    for turned, expected in ((com, 0.65), (-com, 0.65 - math.pi)):
        found = find_rotation(turned.assign_attrs(com.attrs)).orientation
        assert abs(apart(float(found["rotation"]), math.degrees(expected))) < 1
        assert found["sign_confidence"] == pytest.approx(0.9)
        assert found["confident"] == 0


def test_a_given_rotation_wins_and_the_one_that_was_found_is_told(atoms_on_a_turned_detector):
    com, dark = measured(atoms_on_a_turned_detector(-1.9, True))
    field, given = find_rotation(com, dark, rotation="-60 deg", transpose=False)
    assert given["rotation"] == pytest.approx(-60)
    assert given["transposed"] == 0
    assert abs(float(given["found_rotation"]) - math.degrees(-1.9)) < 1
    assert given["found_transposed"] == 1
    # v = R(60°) of a vector (x, y): y' = sin 60° x + cos 60° y.
    np.testing.assert_allclose(field[0], math.sqrt(0.75) * com[1] + 0.5 * com[0])
    half = find_rotation(com, dark, transpose=True).orientation
    assert abs(float(half["rotation"]) - math.degrees(-1.9)) < 1


def test_where_the_field_is_unsure_the_shifts_of_the_bright_field_decide(field_of, rng):
    noise = field_of(*rng.normal(size=(3, 40, 56)))
    trust = {"rotation_error": (0.1, "deg"), "transposition_confidence": (1.0, "1"), "sign_confidence": (0.99, "1")}
    seen = {
        sure: orientation(detector_to_scan(math.radians(70), True), trust | {"confident": (sure, "1")})
        for sure in (0.0, 1.0)
    }
    field, found = find_rotation(noise.com, noise.dark, seen[1.0])
    assert found["rotation"] == found["found_rotation"] == pytest.approx(70)
    assert found["transposed"] == found["found_transposed"] == found["confident"] == 1
    assert found["rotation_error"] == 0.1
    np.testing.assert_allclose(field, find_rotation(noise.com, rotation="70 deg", transpose=True).field)
    assert found_in(noise).equals(find_rotation(noise.com, noise.dark, seen[0.0]).orientation)
    assert find_rotation(noise.com, noise.dark, seen[1.0], rotation="-20 deg").orientation["rotation"] == pytest.approx(
        -20
    )


def test_a_field_that_is_sure_does_not_ask_the_shifts(atoms_on_a_turned_detector):
    com, dark = measured(atoms_on_a_turned_detector(-1.9, True))
    found = find_rotation(com, dark).orientation
    other = found.assign({**orientation(detector_to_scan(1.0, False)), "found_rotation": found["rotation"] + 90})
    assert found.equals(find_rotation(com, dark, other).orientation)


def test_a_given_orientation_turns_a_line(field_of, rng):
    line = field_of(*rng.normal(size=(3, 1, 40)))
    field, given = find_rotation(line.com, rotation="90 deg", transpose=False)
    np.testing.assert_allclose(field[0], -line.com[1], atol=1e-12)
    assert set(given) == set(orientation(detector_to_scan(0.0, False)))


def test_the_strontium_titanate_is_turned_by_23_degrees(shared_data):
    found = find_rotation(*measured(opened(shared_data, "sto_rot23.h5"))).orientation
    assert abs(float(found["rotation"]) - 23) < 1
    assert found["transposed"] == 0
    assert found["confident"] == 1


@pytest.mark.parametrize(
    "turn", [lambda p: np.rot90(p, axes=(1, 2)), lambda p: np.rot90(p.swapaxes(1, 2), 2, axes=(1, 2))]
)
def test_the_picture_is_the_same_on_a_turned_detector(shared_data, turn):
    scan = opened(shared_data, "sto_rot23.h5")
    straight = find_rotation(*measured(scan)).field
    turned = find_rotation(*measured(scan.map_blocks(lambda block, start: turn(block)))).field
    assert np.abs(turned - straight).max() < 1e-3 * np.abs(straight).max()


def test_at_200_electrons_a_pattern_the_rotation_is_right_or_not_sure(make_scan, shared_data):
    scan = opened(shared_data, "sto_rot23.h5")
    patterns = thin(scan, keep=0.01, seed=0).read(0, 4096).reshape(scan.shape)
    known = scan.geometry
    thinned = make_scan(
        patterns,
        energy=known.energy,
        semiangle=known.semiangle,
        scan_step=known.scan_step,
        detector_step=known.detector_step,
    )
    found = find_rotation(*measured(thinned)).orientation
    assert abs(float(found["rotation"]) - 23) < 3 or not found["confident"]


def test_the_dark_field_decides_the_direction_where_peaks_would_deceive(shared_data):
    com, dark = measured(opened(shared_data, "rotavirus.h5"))
    found = find_rotation(com, dark).orientation
    # A transposition, then −120° on (x, y) of the vectors: the scan's axes appear turned by +120°.
    np.testing.assert_allclose(matrix_of(found), [[0.87, -0.50], [-0.50, -0.87]], atol=0.14)
    assert found["confident"] == 1
    assert find_rotation(com).orientation["confident"] == 0


def test_an_oriented_scan_is_the_same_one_with_another_geometry(atoms_on_a_turned_detector):
    scan = atoms_on_a_turned_detector(-1.9, True)
    scan = replace(scan, geometry=scan.geometry.updated(transform=((0.0, 1.0), (-1.0, 0.0))))
    com, dark = measured(scan)
    field, found = find_rotation(com, dark)
    oriented = orient(scan, found)
    assert oriented.parent is scan
    angle, transposed = rotation_and_transposition(oriented.geometry.transform)
    assert transposed
    assert abs(apart(math.degrees(angle), math.degrees(-1.9))) < 1
    np.testing.assert_allclose(measured(oriented)[0], field, atol=1e-12)


def test_what_cannot_be_turned_is_refused(field_of, rng):
    small = field_of(*rng.normal(size=(3, 6, 40)))
    with pytest.raises(UsageError, match=r"6 × 40 positions is too small.*give `rotation` and `transpose`"):
        find_rotation(small.com)
    field, other = (field_of(*rng.normal(size=(3, 20, columns))) for columns in (30, 31))
    with pytest.raises(UsageError, match=r"20 × 31 positions, but the field 20 × 30.*same scan"):
        find_rotation(field.com, other.dark)
    with pytest.raises(UsageError, match="dark field is not finite"):
        find_rotation(field.com, field.dark.where(field.dark > -1))
