"""Numbers of one image, against images made to have them."""

import numpy as np
import pytest
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.metrics.image import describe
from graph4d_nodes.values import image

from graph4d import UsageError


def test_brightness_and_contrast_are_those_of_the_pixels() -> None:
    values = np.repeat([[1.0, 3.0]], 40, axis=0).repeat(20, axis=1)
    found = describe(image(values, Geometry(), "electron"))
    assert (found["mean"], found["std"], found["min"], found["max"]) == (2, 1, 1, 3)
    assert found.rms_contrast == 0.5
    assert found.michelson == 0.5
    assert found.entropy == pytest.approx(1)
    assert found["mean"].attrs["units"] == found.noise.attrs["units"] == "electron"
    assert found.entropy.attrs["units"] == "bit"


def test_noise_is_found_beside_a_smooth_signal() -> None:
    y, x = np.mgrid[:200, :200]
    signal = 10 * np.sin(y / 30) * np.cos(x / 40)
    found = describe(image(signal + np.random.default_rng(0).normal(0, 0.5, signal.shape), Geometry(), "1"))
    assert found.noise == pytest.approx(0.5, rel=0.03)
    assert found.snr == pytest.approx(signal.std() / 0.5, rel=0.05)


def test_a_slope_has_no_noise_and_a_flat_image_no_information() -> None:
    slope = describe(image(np.add.outer(np.arange(9.0), 2 * np.arange(9.0)), Geometry(), "1"))
    assert slope.noise == 0
    flat = describe(image(np.zeros((5, 5)), Geometry(), "1"))
    assert flat.entropy == 0
    assert np.isnan([flat.snr, flat.rms_contrast, flat.michelson]).all()


def test_contrasts_that_need_a_zero_have_no_meaning_for_negative_values() -> None:
    assert np.isnan(describe(image(np.add.outer(np.arange(9.0), np.arange(9.0)) - 4, Geometry(), "rad")).michelson)


def test_missing_pixels_and_tiny_images_are_refused() -> None:
    values = np.zeros((4, 4))
    values[0, 0] = np.nan
    with pytest.raises(UsageError, match="1 of 16 pixels"):
        describe(image(values, Geometry(), "1"))
    with pytest.raises(UsageError, match="2 × 4 pixels is too small"):
        describe(image(np.zeros((2, 4)), Geometry(), "1"))
