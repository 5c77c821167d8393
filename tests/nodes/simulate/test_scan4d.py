"""Scans of structures against a plain simulation, their truth, and each other."""

from __future__ import annotations

import math
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graph4d_nodes.geometry import wavelength
from graph4d_nodes.image.com import center_of_mass
from graph4d_nodes.io.save import write_value
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.phase.icom import integrate
from graph4d_nodes.simulate import simulation, truth
from graph4d_nodes.simulate.amorphous import amorphous
from graph4d_nodes.simulate.atoms import Atoms
from graph4d_nodes.simulate.crystal import crystal
from graph4d_nodes.simulate.kept import KeptFrames
from graph4d_nodes.simulate.multislice.potential import projected_slices
from graph4d_nodes.simulate.nanoparticle import nanoparticle
from graph4d_nodes.simulate.scan4d import SimulatedScan, scan4d
from xarray import Dataset

from graph4d import UsageError

SMALL: dict[str, Any] = {"positions": (7, 10), "detector": 32, "detector_step": "0.1 1/Å", "dose": 0}
LENS = Aberrations(c10=15.0, c12=20.0, phi12=0.4, c21=400.0, phi21=1.0).to_value()


@pytest.fixture(scope="module")
def sample() -> Dataset:
    """Strontium titanate with atoms taken out, so that it has no symmetry."""
    whole = Atoms.from_value(crystal(size=("16 Å", "20 Å"), thickness="8 Å"))
    random = np.random.default_rng(5)
    return whole.chosen(random.random(len(whole.numbers)) < 0.7).to_value("random titanate")


def simulated(structure: Dataset, lens: Dataset | None = None, **given: Any) -> SimulatedScan:
    return scan4d(structure, lens, **{**SMALL, **given})


def patterns(structure: Dataset, lens: Dataset | None = None, **given: Any) -> np.ndarray:
    scan = simulated(structure, lens, **given).scan
    return np.array(scan.read(0, math.prod(scan.positions)))


def plain_pattern(structure: Dataset, place: tuple[float, float], slices: int) -> np.ndarray:
    """|F ψ|² by the textbook, over the whole box, as (ky, kx) with their frequencies in FFT order."""
    atoms = Atoms.from_value(structure)
    width, height, depth = atoms.box
    shape = (160, 200)
    potential = projected_slices(atoms.numbers, atoms.positions, atoms.box, shape, depth / slices, np.float64)
    energy = 300e3
    length = wavelength(energy)
    ky, kx = np.fft.fftfreq(shape[0], height / shape[0])[:, None], np.fft.fftfreq(shape[1], width / shape[1])
    k = np.hypot(ky, kx)
    sigma = 2 * math.pi * (510998.95 + energy) * length / 12398.419843320026**2
    chi = Aberrations.from_value(LENS).phase(ky, kx, length)
    wave = (k < 20e-3 / length) * np.exp(-1j * chi - 2j * np.pi * (ky * place[0] + kx * place[1]))
    wave = np.fft.ifft2(wave / np.linalg.norm(wave))
    for each in potential:
        wave = np.fft.ifft2(np.fft.fft2(wave * np.exp(1j * sigma * each)) * np.exp(-1j * np.pi * length * k**2 * 2.0))
    return np.abs(np.fft.fft2(wave)) ** 2


def centre(pattern: np.ndarray, ky: np.ndarray, kx: np.ndarray) -> tuple[float, float]:
    """Centre of mass (y, x) of what lies within 1.5 1/Å."""
    seen = pattern * (np.hypot(ky, kx) < 1.5)
    return float((seen * ky).sum() / seen.sum()), float((seen * kx).sum() / seen.sum())


def test_patterns_are_those_of_a_plain_simulation(sample: Dataset) -> None:
    steps, start = (0.9, 0.6), (5.3, 6.1)
    scan = simulated(
        sample,
        LENS,
        scan_step=f"{steps[0]} Å",
        scan_step_x=f"{steps[1]} Å",
        offset=(f"{start[0]} Å", f"{start[1]} Å"),
        detector=64,
        detector_step="0.05 1/Å",
    ).scan
    frequency = (np.arange(64) - 32) * 0.05
    width, height, _ = Atoms.from_value(sample).box
    fine = np.fft.fftfreq(160, height / 160)[:, None], np.fft.fftfreq(200, width / 200)
    compared = []
    for row, column in ((0, 0), (0, 9), (3, 8), (6, 2), (5, 5)):
        place = (start[0] + row * steps[0], start[1] + column * steps[1])
        found = centre(scan.pattern(row, column), frequency[:, None], frequency)
        compared.append((found, centre(plain_pattern(sample, place, 4), *fine)))
    found, expected = np.swapaxes(compared, 0, 1)
    assert np.linalg.norm(found - expected) < 0.025 * np.linalg.norm(expected)


@pytest.mark.parametrize(("rotation", "transpose"), [("90 deg", False), ("180 deg", False), ("0 deg", True)])
def test_a_detector_turned_by_right_angles_records_the_same_patterns_turned(
    sample: Dataset, rotation: str, transpose: bool
) -> None:
    straight = patterns(sample, LENS, detector=33)
    turned = patterns(sample, LENS, detector=33, rotation=rotation, transpose=transpose)
    # A scan vector falls on the detector turned clockwise, from x to y: what was at the right is then at the bottom.
    back = np.rot90(turned, k=int(rotation.split()[0]) // 90, axes=(1, 2))
    if transpose:
        back = turned.transpose(0, 2, 1)
    assert np.linalg.norm(back - straight) < 5e-3 * np.linalg.norm(straight)


@pytest.mark.parametrize(("rotation", "transpose"), [("23 deg", False), ("-120 deg", True)])
def test_the_centre_of_mass_in_the_scan_does_not_depend_on_how_the_detector_lies(
    sample: Dataset, rotation: str, transpose: bool
) -> None:
    steps = {"scan_step": "0.5 Å", "scan_step_x": "0.35 Å"}
    straight = center_of_mass(simulated(sample, LENS, **steps).scan).values
    turned = center_of_mass(simulated(sample, LENS, **steps, rotation=rotation, transpose=transpose).scan).values
    assert np.linalg.norm(turned - straight) < 0.03 * np.linalg.norm(straight)


@pytest.mark.parametrize(("rotation", "transpose"), [("0 deg", False), ("-50 deg", True)])
def test_the_integrated_centre_of_mass_is_the_true_phase_seen_by_the_probe(rotation: str, transpose: bool) -> None:
    given = {"positions": (26, 20), "detector": 32, "scan_step": "0.3 Å", "scan_step_x": "0.4 Å"}
    result = simulated(crystal(size=("16 Å", "16 Å")), rotation=rotation, transpose=transpose, **given)
    assert result.phase.attrs["units"] == "rad"
    found, truth = integrate(center_of_mass(result.scan)).values.ravel(), result.phase.values.ravel()
    assert np.corrcoef(truth, found)[0, 1] > 0.9
    assert 0.4 < np.polyfit(truth, found, 1)[0] < 0.65


def test_what_varies_slowly_is_seen_with_a_slope_of_one() -> None:
    from scipy.ndimage import gaussian_filter

    # Neon instead of gold: a weak sample, thinner towards its border.
    ball = nanoparticle(shape="sphere", element="Ne", diameter="14 Å", size=("32 Å", "32 Å"))
    camera = {"detector": 24, "detector_step": "0.125 1/Å", "sampling": "0.2 Å"}
    result = simulated(ball, positions=(42, 45), scan_step="0.5 Å", slice_thickness="8 Å", **camera)
    found = integrate(center_of_mass(result.scan)).values
    truth = result.phase.values - result.phase.values.mean()
    smooth = [gaussian_filter(values, 5.6).ravel() for values in (truth, found)]
    assert np.polyfit(*smooth, 1)[0] == pytest.approx(1, abs=0.05)
    assert np.corrcoef(*smooth)[0, 1] > 0.99


def test_atoms_are_bright_where_they_are(sample: Dataset) -> None:
    result = simulated(sample, positions=(41, 36), scan_step="0.2 Å", scan_step_x="0.3 Å", offset=("4 Å", "5 Å"))
    atoms = Atoms.from_value(sample)
    y, x = np.unravel_index(np.argmax(result.potential.values), (41, 36))
    heavy = atoms.positions[atoms.numbers == 38, :2]
    assert np.linalg.norm(heavy - [5 + 0.3 * x, 4 + 0.2 * y], axis=1).min() < 0.2
    sigma = float(result.parameters["interaction"])
    np.testing.assert_allclose(result.phase.values, sigma * result.potential.values)


def test_the_truth_of_a_wide_scan_is_the_same_in_tiles(sample: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"positions": (31, 26), "scan_step": "0.5 Å", "scan_step_x": "0.8 Å"}
    whole = simulated(sample, **given).potential.values
    monkeypatch.setattr(truth, "TILE", 6.0)
    tiled = simulated(sample, **given).potential.values
    # Limited to a band, atoms beyond a tile's margin are missed a little.
    assert 0 < np.linalg.norm(tiled - whole) < 0.03 * np.linalg.norm(whole - whole.mean())


def test_the_probe_is_that_of_the_lens_in_the_axes_of_the_scan(sample: Dataset) -> None:
    astigmatic = Aberrations(c12=100.0, phi12=math.pi / 4, c10=100.0).to_value()
    probe = simulated(sample, astigmatic, rotation="30 deg").probe
    pixel = float(probe.y[1] - probe.y[0])
    assert float(probe.sum()) * pixel**2 == pytest.approx(1)
    y, x = (part - np.mean(part) for part in np.meshgrid(probe.y, probe.x, indexing="ij"))
    weights = probe.values * (np.hypot(x, y) < 4)
    spread = np.array([(weights * along**2).sum() for along in ((x + y) / 2**0.5, (x - y) / 2**0.5)])
    # C10 + C12 along its azimuth, from x towards y, and 0 across.
    assert spread[0] > 3 * spread[1]


def test_a_pattern_does_not_depend_on_how_it_is_read_and_kept(sample: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"dose": 1e3, "phonons": 2, "seed": 3}
    at_once = patterns(sample, **given)
    pieces = simulated(sample, **given).scan
    for start, stop in ((40, 53), (0, 7), (53, 70), (7, 40)):
        np.testing.assert_array_equal(pieces.read(start, stop), at_once[start:stop])
    np.testing.assert_array_equal(pieces.read(0, 70), at_once)
    assert not np.array_equal(patterns(sample, **given | {"seed": 4}), at_once)

    monkeypatch.setitem(KeptFrames.__init__.__kwdefaults__, "held_bytes", 1000)
    in_file = simulated(sample, **given).scan
    assert in_file.frames._held is None
    for _ in range(2):
        np.testing.assert_array_equal(in_file.read(0, 70), at_once)


def test_a_scan_in_tiles_is_the_same_scan(sample: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"rotation": "20 deg", "phonons": 2, "scan_step": "1.9 Å"}
    whole = patterns(sample, **given)
    monkeypatch.setattr(simulation, "TILE", 5.0)
    tiled = simulated(sample, **given).scan
    one_by_one = [tiled.pattern(*divmod(number, 10)) for number in reversed(range(70))][::-1]
    assert 0 < np.abs(one_by_one - whole).max() < 2e-3 * whole.max()
    np.testing.assert_array_equal(patterns(sample, **given), one_by_one)


def test_each_tile_of_a_scan_is_made_once_and_few_are_held(sample: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    parts, held = [], []
    monkeypatch.setattr(simulation, "TILE", 5.0)
    monkeypatch.setattr(simulation, "ROW_BYTES", 1_900_000)
    made = simulation.Simulation._built

    def counted(self: simulation.Simulation, part: simulation.Part, number: int) -> simulation.Multislice:
        parts.append(part)
        held.append(len(self._tiles))
        return made(self, part, number)

    monkeypatch.setattr(simulation.Simulation, "_built", counted)
    scan = simulated(sample, positions=(12, 10), scan_step="1 Å", detector_step="0.2 1/Å").scan
    scan.read(0, 120)
    # Tiles of 5 columns and, so that the bytes suffice, of 2 rows.
    assert len({tuple(part.corner) for part in parts}) == len(parts) == 12
    assert max(held) < 4


def test_a_scan_larger_than_memory_is_written_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def make(start: int, stop: int) -> np.ndarray:
        made.append(start)
        return np.broadcast_to(np.arange(start, stop, dtype=np.float32)[:, None, None], (stop - start, 64, 64))

    count = 4096
    frames = KeptFrames(make, (count, 64, 64), np.float32)
    assert frames._file is None
    frames = KeptFrames(make, (count, 64, 64), np.float32, together=8, held_bytes=1 << 20)
    tracemalloc.start()
    for _ in range(2):
        for start in range(0, count, 100):
            block = frames.read(start, min(start + 100, count))
            assert (block[:, 5, 7] == np.arange(start, min(start + 100, count))).all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < count * 64 * 64 * 4 / 10
    assert sorted(made) == list(range(0, count, 8))


def test_a_scan_is_saved_block_by_block(sample: Dataset, tmp_path: Path) -> None:
    scan = simulated(sample, dose=500).scan
    write_value(scan, tmp_path / "scan.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "scan.npy").reshape(70, 32, 32), scan.read(0, 70))


def test_electrons_are_counted_as_poisson_has_it(sample: Dataset) -> None:
    exact, counts = patterns(sample), patterns(sample, dose=400)
    assert counts.dtype == np.uint16
    assert counts.sum() == pytest.approx(400 * exact.sum(), rel=4 / math.sqrt(400 * 70))
    bright = exact > 2e-3
    deviation = (counts - 400 * exact)[bright] / np.sqrt(400 * exact[bright])
    assert deviation.std() == pytest.approx(1, abs=0.03)
    assert patterns(sample, dose=1e5, positions=(1, 1)).dtype == np.uint32


def test_descan_moves_patterns_by_a_plane(sample: Dataset) -> None:
    slopes = (0.15, -0.1, 0.05, 0.2)
    k = np.arange(32)

    def centres(stack: np.ndarray) -> np.ndarray:
        total = stack.sum(axis=(1, 2))
        return np.stack([stack.sum(axis=2) @ k / total, stack.sum(axis=1) @ k / total])

    moved = centres(patterns(sample, descan=slopes)) - centres(patterns(sample))
    rows, columns = np.indices((7, 10)).reshape(2, -1)
    expected = [slopes[i] * (rows - 3) + slopes[2 + i] * (columns - 4.5) for i in (0, 1)]
    np.testing.assert_allclose(moved, expected, atol=0.02)


def test_point_spread_blurs_and_keeps_electrons(sample: Dataset) -> None:
    sharp, spread = patterns(sample), patterns(sample, point_spread=0.8)
    assert spread.sum() == pytest.approx(sharp.sum(), rel=5e-3)
    transfer = np.abs(np.fft.fft2(spread).mean(axis=0) / np.fft.fft2(sharp).mean(axis=0))
    assert transfer[3, 0] == pytest.approx(math.exp(-2 * (math.pi * 0.8 * 3 / 32) ** 2), rel=0.03)


def test_phonons_and_displacements_of_elements_change_the_scattering(sample: Dataset) -> None:
    still = patterns(sample, positions=(2, 2))
    enough = 0.01 * still.max()
    warm = patterns(sample, positions=(2, 2), phonons=2)
    hot = patterns(sample, positions=(2, 2), phonons=2, displacement_of=("Ti 0.3 Å", "O 0.3 Å"))
    np.testing.assert_array_equal(patterns(sample, positions=(2, 2), phonons=2, displacement="0 Å"), still)
    assert np.abs(warm - still).max() > enough
    assert np.abs(hot - warm).max() > enough


def test_an_extended_source_gives_the_mean_over_its_gaussian(sample: Dataset) -> None:
    middle, sigma = 8.0, 0.3
    blurred = patterns(sample, LENS, positions=(1, 1), offset=("8 Å", "8 Å"), source_size=f"{sigma} Å")[0]
    start = f"{middle - 8 * 0.15} Å"
    around = patterns(sample, LENS, positions=(17, 17), scan_step="0.15 Å", offset=(start, start))
    weights = np.exp(-((np.arange(-8, 9) * 0.15) ** 2) / (2 * sigma**2))
    expected = np.tensordot(np.outer(weights, weights).ravel() / weights.sum() ** 2, around, 1)
    assert np.linalg.norm(blurred - expected) < 0.02 * np.linalg.norm(expected)
    sharp = around[8 * 17 + 8]
    assert np.linalg.norm(sharp - expected) > 0.1 * np.linalg.norm(expected)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"semiangle": "40 mrad"}, "does not fit on a detector that reaches to 1.6 1/Å; raise `detector`"),
        ({"semiangle": "0 mrad"}, "disc of 0 1/Å"),
        ({"detector_step": "0.8 1/Å"}, "does not fit into a window of 1/detector_step = 1.25 Å; lower `detector_step`"),
        (
            {"displacement_of": ("Au 0.1 Å",)},
            "'Au 0.1 Å' is of an element that the structure does not have; it has O, ",
        ),
        ({"displacement_of": ("Ti 0.1",)}, "'Ti 0.1': '0.1' .*write for example Sr 0.088 Å"),
        ({"displacement_of": ("Ti -1 Å",)}, "is negative"),
    ],
)
def test_what_cannot_be_simulated_is_refused(sample: Dataset, given: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        simulated(sample, **given)


def test_a_defocused_probe_needs_a_larger_window(sample: Dataset) -> None:
    with pytest.raises(UsageError, match="or the aberrations"):
        simulated(sample, Aberrations(c10=-500.0).to_value())


def test_a_scan_beyond_the_edge_of_a_turned_crystal_is_refused_and_a_film_goes_on() -> None:
    turned = crystal(rotation="10 deg", size=("12 Å", "12 Å"))
    with pytest.raises(UsageError, match=r"reaches out of the structure of 12 × 12 Å.*give it a `size` of 2\d"):
        simulated(turned, positions=(40, 40), scan_step="0.6 Å")
    film = amorphous(size=("12 Å", "12 Å"), thickness="3 Å")
    result = simulated(film, positions=(13, 13), scan_step="1 Å")
    np.testing.assert_allclose(result.phase[0], result.phase[12], atol=0.01 * float(result.phase.max()))
