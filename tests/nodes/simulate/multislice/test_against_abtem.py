"""Patterns and potentials against a scan of SrTiO₃ simulated by abTEM, with the noise of 2·10⁴ electrons each."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from graph4d_nodes.optics.interaction import interaction
from graph4d_nodes.simulate.multislice.multislice import Multislice
from graph4d_nodes.simulate.multislice.potential import projected_slices
from scipy.ndimage import gaussian_filter

CELL = 3.905
NUMBERS = np.array([38, 22, 8, 8, 8])
FRACTIONS = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
#: Where the crystal lies is not in the file; fitted to its phase: a turn, and the first position in the cell [Å].
TURN, FIRST = 12.0, np.array([2.9135, 3.545])
#: Of the detector under the scan [degrees], as the file says.
ROTATION = 23.0
STEP = 0.25


@pytest.fixture
def scan(shared_data: Path) -> Iterator[h5py.File]:
    with h5py.File(shared_data / "sto_rot23.h5") as file:
        yield file


def turned(degrees: float, vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, 2) of x, y, clockwise on screen."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return vectors @ np.array([[c, -s], [s, c]]).T


def pattern(row: int, column: int, moved: float = 0.0) -> np.ndarray:
    """Of the probe over the middle of a window of 30 Å, whose axes are the detector's."""
    at = turned(TURN, np.array([[column, row]]) * STEP + moved) + FIRST
    cells = np.stack(np.meshgrid(np.arange(-8, 9), np.arange(-8, 9), np.arange(3)), axis=-1).reshape(-1, 1, 3)
    places = (cells + FRACTIONS).reshape(-1, 3) * CELL
    places[:, :2] = turned(ROTATION - TURN, places[:, :2] + np.floor(at / CELL) * CELL - at) + 15
    inside = np.all((places[:, :2] >= 0) & (places[:, :2] < 30), axis=1)
    box = (30.0, 30.0, 12.0)
    slices = projected_slices(np.tile(NUMBERS, len(cells))[inside], places[inside], box, (300, 300), 6.0)
    simulation = Multislice(slices, box, 300e3, 20e-3, detector=(96, 96))
    return simulation.patterns(np.array([[15.0, 15.0]]))[0]


def test_patterns_differ_from_those_of_abtem_by_their_noise_alone(scan: h5py.File) -> None:
    def misfit(moved: float = 0.0, axes: tuple[int, int] = (0, 1)) -> float:
        """Mean of (counts − expected)²/expected: 1 for Poisson noise."""
        terms = []
        for row, column in ((5, 9), (20, 31), (40, 12)):
            counts, expected = scan["data"][row, column].transpose(axes), 2e4 * pattern(row, column, moved)
            bright = expected > 3
            terms.append((counts[bright] - expected[bright]) ** 2 / expected[bright])
        return float(np.concatenate(terms).mean())

    # 3 × 4500 pixels: the mean's standard deviation is 0.012.
    assert misfit() == pytest.approx(1, abs=0.04)
    assert misfit(moved=0.4) > 1.2
    assert misfit(axes=(1, 0)) > 1.2


def test_the_phase_is_that_of_abtem(scan: h5py.File) -> None:
    expected = scan["phase_truth_rad"][:].astype(float)
    box = (CELL, CELL, CELL)
    potential = projected_slices(NUMBERS, FRACTIONS * CELL, box, (32, 32), CELL, np.float64)[0]
    spectrum = 3 * interaction(300e3) * np.fft.fft2(potential) / 32**2
    row, column = np.indices(expected.shape).reshape(2, -1)
    x, y = (turned(TURN, np.stack([column, row], axis=1) * STEP) + FIRST).T
    k = np.fft.fftfreq(32, 1 / 32)[:, None] / CELL
    waves = np.exp(2j * np.pi * k * y), np.exp(2j * np.pi * k * x)
    found = np.einsum("yp,yx,xp->p", waves[0], spectrum, waves[1], optimize=True).real.reshape(expected.shape)
    assert found.mean() == pytest.approx(expected.mean(), rel=0.01)
    # Peaks are sharper than the step, and were read off abTEM's grid: without what is finer than the step they agree.
    found, expected = (gaussian_filter(phase, 1.5)[6:-6, 6:-6].ravel() for phase in (found, expected))
    assert np.corrcoef(found, expected)[0, 1] > 0.995
    assert np.polyfit(found, expected, 1)[0] == pytest.approx(1, abs=0.02)
