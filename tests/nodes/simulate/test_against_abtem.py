"""A scan that another program simulated, with nothing in common with this one but the physics."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from graph4d_nodes.simulate.crystal import crystal
from graph4d_nodes.simulate.scan4d import SimulatedScan, scan4d


def titanate(rotation: str) -> SimulatedScan:
    """The same scan: how its crystal lies was found by fitting its phase."""
    return scan4d(
        crystal(size=("80 Å", "80 Å"), thickness="11.715 Å", rotation="-12.005 deg"),
        positions=(64, 64),
        scan_step="0.25 Å",
        offset=("21.025 Å", "21.426 Å"),
        energy="300 keV",
        semiangle="20 mrad",
        detector=96,
        detector_step=f"{1 / 30} 1/Å",
        rotation=rotation,
        dose=0,
        sampling="0.1 Å",
    )


def excess(simulated: SimulatedScan, counts: np.ndarray, chosen: range) -> float:
    """Mean squared difference of counts and expectation over that which counting alone makes: 1 if all is right."""
    expected = 2e4 * np.concatenate([simulated.scan.read(index, index + 1) for index in chosen]).astype(float)
    return float(((counts - expected) ** 2).sum() / expected.sum())


def test_patterns_and_phase_agree_with_another_programs_within_the_noise_of_counting(shared_data: Path) -> None:
    chosen = range(0, 4096, 199)
    with h5py.File(shared_data / "sto_rot23.h5") as file:
        truth = file["phase_truth_rad"][()].astype(float)
        counts = file["data"][()].reshape(-1, 96, 96)[chosen].astype(float)
    right = titanate("23 deg")
    assert excess(right, counts, chosen) == pytest.approx(1, abs=0.02)
    assert excess(titanate("-23 deg"), counts, chosen) > 1.1
    slope = np.polyfit(truth.ravel(), right.phase.values.ravel(), 1)[0]
    assert slope == pytest.approx(1, abs=0.05)
    assert np.corrcoef(truth.ravel(), right.phase.values.ravel())[0, 1] > 0.99
