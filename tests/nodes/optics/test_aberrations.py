"""Aberrations against the optics that textbooks write down."""

import numpy as np
import pytest
from graph4d_nodes.calibrate.aberrations import aberrations
from graph4d_nodes.geometry import wavelength
from graph4d_nodes.optics.aberrations import Aberrations

LENGTH = wavelength(300e3)
ALL = Aberrations(100.0, 40.0, 0.3, 500.0, -1.0, 700.0, 2.0, 1e5, 2e7)


def test_round_aberrations_are_those_of_the_textbook() -> None:
    k = np.linspace(0, 1.5, 20)
    found = Aberrations(c10=-150.0, c30=1.2e7, c50=3e7).phase(np.zeros(20), k, LENGTH)
    theta = LENGTH * k
    expected = 2 * np.pi / LENGTH * (-150 * theta**2 / 2 + 1.2e7 * theta**4 / 4 + 3e7 * theta**6 / 6)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_angular_aberrations_are_cosines_about_their_azimuth() -> None:
    phi = np.linspace(0, 2 * np.pi, 13)
    k, theta = 0.8, 0.8 * LENGTH
    found = Aberrations(c12=40, phi12=0.3, c21=500, phi21=-1, c23=700, phi23=2).phase(
        k * np.sin(phi), k * np.cos(phi), LENGTH
    )
    twofold = 40 * theta**2 / 2 * np.cos(2 * (phi - 0.3))
    coma = 500 * theta**3 / 3 * np.cos(phi + 1)
    threefold = 700 * theta**3 / 3 * np.cos(3 * (phi - 2))
    np.testing.assert_allclose(found, 2 * np.pi / LENGTH * (twofold + coma + threefold), rtol=1e-10, atol=1e-12)


def test_the_shift_is_the_gradient_of_the_phase() -> None:
    ky, kx = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 7), indexing="ij")
    h = 1e-5
    along_y = (ALL.phase(ky + h, kx, LENGTH) - ALL.phase(ky - h, kx, LENGTH)) / (4 * np.pi * h)
    along_x = (ALL.phase(ky, kx + h, LENGTH) - ALL.phase(ky, kx - h, LENGTH)) / (4 * np.pi * h)
    y, x = ALL.shift(ky, kx, LENGTH)
    np.testing.assert_allclose(y, along_y, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(x, along_x, rtol=1e-5, atol=1e-5)


def test_defocus_shifts_a_ray_by_its_angle() -> None:
    y, x = Aberrations(c10=1000.0).shift(np.array(0.2), np.array(-0.1), LENGTH)
    assert (float(y), float(x)) == (pytest.approx(1000 * LENGTH * 0.2), pytest.approx(-1000 * LENGTH * 0.1))


def test_given_coefficients_win_over_found_ones_and_the_rest_is_kept() -> None:
    found = aberrations(c10="-20 nm", c12="1 nm", phi12="90 deg")
    result = Aberrations.from_value(aberrations(found, c10="5 nm"))
    assert result == Aberrations(c10=50.0, c12=10.0, phi12=pytest.approx(np.pi / 2))
    assert found["c10"].attrs["units"] == "Å"
    assert found["phi12"].attrs["units"] == "rad"
