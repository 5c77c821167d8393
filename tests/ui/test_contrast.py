"""Contrast as it is chosen, frequencies, and maps that are linked: what Python knows of them."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

from graph4d.types import ValueType
from graph4d.view.figure import figure_for
from graph4d.view.link import link
from graph4d.view.palettes import PALETTES, anchors
from graph4d.view.pixels import Axis, percentile_limits
from graph4d.view.spectrum import reciprocal_axis

IMAGE = ValueType("Image", ("y", "x"))
FIELD = ValueType("VectorField", ("component", "y", "x"))
RANDOM = np.random.default_rng(5).gamma(2.0, size=(50, 60))


def an_image(values: Any, step: float = 1.0, unit: str = "Å", dims: tuple[str, ...] = ("y", "x")) -> xr.DataArray:
    values = np.asarray(values)
    coords = {
        dim: (dim, np.arange(count) * step, {"units": unit})
        for dim, count in zip(dims[-2:], values.shape[-2:], strict=True)
    }
    return xr.DataArray(values, dims=dims, coords=coords, attrs={"units": "counts"})


def drawn(value: xr.DataArray, value_type: ValueType = IMAGE) -> Any:
    return figure_for(value, value_type, "picture")


def choose(figure: Any, **choice: Any) -> None:
    figure.contrast.choice.data = {**figure.contrast.choice.data, **{name: [value] for name, value in choice.items()}}


def limits(figure: Any) -> tuple[float, float]:
    return figure.mapper.low, figure.mapper.high


def test_limits_that_somebody_fixed_stay_when_the_data_change() -> None:
    figure = drawn(an_image(RANDOM))
    choose(figure, limits="fixed", low=0.25, high=3.0)
    assert limits(figure) == (0.25, 3.0)
    figure.update(an_image(10 * RANDOM))
    assert limits(figure) == (0.25, 3.0)
    choose(figure, limits="automatic")
    assert limits(figure) == pytest.approx(tuple(np.percentile(10 * RANDOM, (1, 99))))


def test_percentiles_and_the_full_range_follow_the_data() -> None:
    figure = drawn(an_image(RANDOM))
    choose(figure, limits="percentiles", low=5.0, high=80.0)
    figure.update(an_image(3 * RANDOM))
    assert limits(figure) == pytest.approx(tuple(np.percentile(3 * RANDOM, (5, 80))))
    choose(figure, limits="full")
    assert limits(figure) == pytest.approx((3 * RANDOM.min(), 3 * RANDOM.max()))


def test_on_a_logarithmic_scale_only_positive_values_count() -> None:
    values = RANDOM - 1.0
    figure = drawn(an_image(values))
    linear = figure.mapper
    choose(figure, scale="log", limits="full")
    assert figure.mapper is not linear
    assert limits(figure) == pytest.approx((values[values > 0].min(), values.max()))


def test_hot_pixels_do_not_take_the_colours_of_a_logarithmic_scale() -> None:
    values = np.random.default_rng(2).poisson(20.0, (40, 64)).astype(float)
    values[20, 20], values[20, 21] = 900.0, 500.0  # a reflection
    hot = values.copy()
    hot[3, 50], hot[0, 0], hot[39, 7] = 4e6, 5e6, 1e5
    for picture in (values, hot):
        figure = drawn(an_image(picture))
        choose(figure, scale="log")
        assert limits(figure)[1] == 900.0


@pytest.mark.parametrize("values", [[[5.0]], [[5.0, np.nan]], [[0, 0, 0], [0, 5.0, 0], [2.0, 0, 0]]])
def test_a_few_single_electrons_are_no_hot_pixels(values: Any) -> None:
    low, high = limits(drawn(an_image(values, 0.1, "1/Å", ("ky", "kx"))))
    assert 0 < low < high == 5.0


def test_percentiles_of_very_many_pixels_are_those_of_all_to_within_a_thousandth_of_the_pixels() -> None:
    values = np.random.default_rng(6).normal(size=(1024, 1000))
    values[:, ::4] += 3.0  # a lattice that a careless step would see one side of
    in_order = np.sort(values, axis=None)
    for limit, percent in zip(percentile_limits(values), (1, 99), strict=True):
        assert np.searchsorted(in_order, limit) / values.size == pytest.approx(percent / 100, abs=1e-3)


def test_palettes_are_told_to_scripts_by_colours_at_equal_distances() -> None:
    for name, text in anchors().items():
        colours = [text[i : i + 6] for i in range(0, len(text), 6)]
        whole = PALETTES[name]()
        assert (f"#{colours[0]}", f"#{colours[-1]}") == (whole[0], whole[-1])
        assert f"#{colours[16]}" in whole[len(whole) // 2 - 1 : len(whole) // 2 + 1]


def frequencies(axis: Axis) -> np.ndarray:
    return axis.start + axis.step * (np.arange(axis.count) + 0.5)


@pytest.mark.parametrize(("count", "size"), [(512, 512), (300, 512), (64, 64), (640, 512), (1, 1)])
def test_the_axis_of_a_spectrum_has_the_frequencies_of_the_discrete_transform(count: int, size: int) -> None:
    axis = reciprocal_axis(Axis(0.0, count * 0.04, "nm", count))
    assert axis.unit == "nm⁻¹"
    np.testing.assert_allclose(frequencies(axis), np.fft.fftshift(np.fft.fftfreq(size, 0.04)), atol=1e-9)


@pytest.mark.parametrize(("unit", "factor", "shown"), [("Å", 10, "nm⁻¹"), ("µm", 1, "µm⁻¹"), ("px", 1, "px⁻¹")])
def test_frequencies_have_the_unit_that_is_usual(unit: str, factor: float, shown: str) -> None:
    axis = reciprocal_axis(Axis(0.0, 64.0, unit, 64))
    assert axis.unit == shown
    assert axis.extent == pytest.approx(factor)


def test_the_spectrum_of_a_preview_says_that_it_is_one() -> None:
    figure = drawn(an_image(np.eye(8)))
    figure.update(an_image(np.eye(8)), "preview, every 4th position")
    assert figure.spectrum.frame.figure.title.text.text == "FFT of picture · preview, every 4th position"


def test_only_pictures_of_the_specimen_have_a_spectrum() -> None:
    assert drawn(an_image(np.eye(8))).spectrum is not None
    assert drawn(an_image(np.eye(8), 0.1, "1/Å", ("ky", "kx"))).spectrum is None


def test_maps_are_linked_once_and_figures_that_are_no_maps_are_left_alone() -> None:
    image, number = drawn(an_image(np.eye(32))), drawn(xr.DataArray(1.0), ValueType("Scalar"))
    field = drawn(an_image(np.ones((2, 32, 32)), dims=("component", "y", "x")), FIELD)
    link([image, number])
    link([image, number, field])
    for figure in (image, field):
        assert len(figure.frame.figure.js_event_callbacks["mousemove"]) == 1


def test_a_linked_figure_takes_no_other_along_when_it_is_saved() -> None:
    figures = [drawn(an_image(np.eye(32))) for _ in range(2)]
    link(figures)
    assert not figures[0].layout.references() & {figures[1].frame.figure}
