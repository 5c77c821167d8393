"""Projected potentials and what waves do, against sums and closed forms."""

import json
from pathlib import Path

import numpy as np
import pytest
from graph4d_nodes.geometry import wavelength
from graph4d_nodes.simulate.multislice.grid import Grid
from graph4d_nodes.simulate.multislice.lobato import scattering_factor
from graph4d_nodes.simulate.multislice.potential import projected_slices, slice_count
from graph4d_nodes.simulate.multislice.waves import interaction, propagator, transmission

from graph4d import UsageError

BOX = (9.0, 7.0, 8.0)
SHAPE = (56, 60)
NUMBERS = np.array([38, 8, 8, 79])
POSITIONS = np.array([[1.234, 2.345, 0.5], [4.0, 3.3, 1.0], [8.9, 6.9, 4.2], [5.551, 0.017, 7.9]])


def test_scattering_factors_are_those_that_were_published(shared_data: Path) -> None:
    published = json.loads((shared_data / "lobato_vandyck_2014.json").read_text())["elements"]
    g = np.linspace(0, 12, 50)
    assert len(published) == 103
    for number, coefficients in enumerate(published.values(), start=1):
        expected = sum(
            a * (2 + b * g**2) / (1 + b * g**2) ** 2 for a, b in zip(coefficients["a"], coefficients["b"], strict=True)
        )
        np.testing.assert_allclose(scattering_factor(number, g), expected, rtol=1e-12)


def test_scattering_at_large_angles_is_that_of_the_bare_nucleus() -> None:
    # Mott and Bethe: f_e = Z/(2π²·a₀·g²) where electrons no longer screen; a₀ = 0.529177 Å.
    for number in (6, 14, 79):
        g = np.array(60.0)
        assert scattering_factor(number, g) * g**2 * 2 * np.pi**2 * 0.529177 == pytest.approx(number, rel=0.02)


def test_an_unknown_element_gives_one_clear_line() -> None:
    with pytest.raises(UsageError, match="atomic number 104; there are those of 1 … 103"):
        scattering_factor(104, np.array(1.0))


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-8), (np.float32, 1e-5)])
def test_the_potential_is_the_sum_over_atoms_between_the_points_of_the_grid(dtype: type, tolerance: float) -> None:
    found = projected_slices(NUMBERS, POSITIONS, BOX, SHAPE, 2.0, dtype)
    assert found.shape == (4, *SHAPE)
    assert found.dtype == dtype
    ky, kx = Grid(SHAPE, (7.0, 9.0)).frequencies
    expected = np.zeros((4, *SHAPE), complex)
    for number, (x, y, z) in zip(NUMBERS, POSITIONS, strict=True):
        phase = np.exp(-2j * np.pi * (ky * y + kx * x))
        expected[int(z // 2)] += scattering_factor(int(number), np.hypot(ky, kx)) * phase
    # h²/2πme = 2π·a₀·e/4πε₀; half the sampling frequency, where +k and −k are one, is left out.
    expected *= 2 * np.pi * 0.529177210903 * 14.3996454784 * 56 * 60 / 63
    inside = (np.abs(ky) < 3.99) & (np.abs(kx) < 3.33)
    difference = np.fft.fft2(found.astype(float)) - expected
    assert np.abs(difference[:, inside]).max() < tolerance * np.abs(expected).max()


def test_moving_an_atom_by_pixels_moves_its_potential() -> None:
    here, there = (
        projected_slices(np.array([14]), np.array([[x, y, 0.0]]), BOX, SHAPE, 8.0, np.float64)[0]
        for x, y in ((2.0, 3.0), (2.0 + 9 * 0.15, 3.0 + 20 * 0.125))
    )
    np.testing.assert_allclose(there, np.roll(here, (20, 9), (0, 1)), atol=1e-9 * here.max())


@pytest.mark.parametrize("shape", [(56, 60), (55, 61)])
def test_mirrored_atoms_have_the_mirrored_potential(shape: tuple[int, int]) -> None:
    # Not so if half the sampling frequency were a wave in one direction: an atom beside a point would lean to a side.
    for axis, mirror in ((0, [1, -1, 1]), (1, [-1, 1, 1])):
        here, there = (
            projected_slices(NUMBERS, POSITIONS * signs, BOX, shape, 8.0, np.float64)[0]
            for signs in ([1, 1, 1], mirror)
        )
        np.testing.assert_allclose(there, np.roll(np.flip(here, axis), 1, axis), atol=1e-9 * here.max())


def test_the_mean_potential_is_that_of_free_atoms() -> None:
    found = projected_slices(NUMBERS, POSITIONS, BOX, SHAPE, 8.0, np.float64)
    expected = 47.878 * sum(scattering_factor(int(number), np.array(0.0)) for number in NUMBERS) / 63
    assert found.mean() == pytest.approx(expected, rel=1e-5)


def test_slices_are_equal_and_none_is_thicker_than_allowed() -> None:
    assert slice_count(8.0, 2.0) == 4
    assert slice_count(8.1, 2.0) == 5
    assert slice_count(3 * 3.905, 3.905) == 3
    assert slice_count(1.0, 2.0) == 1


def test_an_atom_on_the_border_of_two_slices_belongs_to_the_one_below() -> None:
    for z in (2.0, np.nextafter(2.0, 0)):
        found = projected_slices(np.array([6]), np.array([[1.0, 1.0, z]]), BOX, SHAPE, 2.0)
        assert np.flatnonzero(found.any(axis=(1, 2))).tolist() == [1]


def test_a_box_without_extent_is_refused() -> None:
    with pytest.raises(UsageError, match="has no extent"):
        projected_slices(NUMBERS, POSITIONS, (9.0, 7.0, 0.0), SHAPE, 2.0)


@pytest.mark.parametrize(("energy", "length"), [(60e3, 0.0486612), (300e3, 0.0196875)])
def test_the_interaction_parameter_agrees_with_its_other_form(energy: float, length: float) -> None:
    # Kirkland, Advanced Computing in Electron Microscopy, equation 5.6: 2π/(λE) · (mc² + E)/(2mc² + E).
    expected = 2 * np.pi / (length * energy) * (510999 + energy) / (2 * 510999 + energy)
    assert interaction(energy) == pytest.approx(expected, rel=3e-5)


def test_a_weak_slice_turns_the_phase_by_sigma_times_the_potential() -> None:
    y, x = np.mgrid[:48, :40]
    potential = 200 * (1 + np.cos(2 * np.pi * (3 * x / 40 + 2 * y / 48)))[None]
    found = transmission(potential, (6.0, 5.0), 200e3)[0]
    np.testing.assert_allclose(np.abs(found), 1, atol=1e-3)
    np.testing.assert_allclose(np.angle(found), 0.7288e-3 * potential[0], atol=1e-3)


def test_transmission_holds_nothing_beyond_the_band() -> None:
    potential = projected_slices(NUMBERS, POSITIONS, BOX, SHAPE, 4.0, np.float64)
    spectrum = np.fft.fft2(transmission(potential, (7.0, 9.0), 300e3))
    grid = Grid(SHAPE, (7.0, 9.0))
    assert grid.band_limit == pytest.approx(60 / 9 / 3)
    assert np.abs(spectrum[:, ~grid.band]).max() < 1e-9 * np.abs(spectrum).max()


def test_a_gaussian_beam_spreads_as_it_does_in_optics() -> None:
    length, waist, distance = wavelength(100e3), 1.0, 400.0
    grid = Grid((256, 320), (40.0, 50.0))
    y, x = np.meshgrid((np.arange(256) - 128) * grid.pixel[0], (np.arange(320) - 160) * grid.pixel[1], indexing="ij")
    wave = np.exp(-(x**2 + y**2) / waist**2)
    wave = np.fft.ifft2(propagator(grid, distance, length) * np.fft.fft2(wave))
    width = waist * np.sqrt(1 + (length * distance / (np.pi * waist**2)) ** 2)
    intensity = np.abs(wave) ** 2
    np.testing.assert_allclose(intensity, np.exp(-2 * (x**2 + y**2) / width**2) * (waist / width) ** 2, atol=1e-6)
    # Behind the waist the wave runs apart: its phase rises outwards.
    assert np.angle(wave[128, 180] / wave[128, 160]) > 0
