"""Images, patterns, labels and stacks, as they reach the browser."""

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr
from bokeh.document import Document
from bokeh.models import LinearColorMapper, LogColorMapper

from graph4d.types import ValueType
from graph4d.view.figure import figure_for, figure_json
from graph4d.view.link import link

IMAGE = ValueType("Image", ("y", "x"))
LABELS = ValueType("Labels", ("y", "x"))
STACK = ValueType("Stack", ("...", "y", "x"))


def an_image(values: Any, step: tuple[float, float] = (1.0, 1.0), coords_unit: str = "Å", **attrs: Any) -> xr.DataArray:
    values = np.asarray(values)
    coords = {
        dim: (dim, np.arange(count) * size, {"units": coords_unit})
        for dim, count, size in zip("yx", values.shape, step, strict=True)
    }
    return xr.DataArray(values, dims=("y", "x"), coords=coords, attrs={"units": "counts", **attrs})


def a_pattern(values: Any, step: float) -> xr.DataArray:
    values = np.asarray(values)
    coords = {
        dim: (dim, (np.arange(count) - count / 2) * step, {"units": "1/Å"})
        for dim, count in zip(("ky", "kx"), values.shape, strict=True)
    }
    return xr.DataArray(values, dims=("ky", "kx"), coords=coords, attrs={"units": "counts"})


def drawn(value: xr.DataArray, value_type: ValueType = IMAGE, title: str = "picture") -> Any:
    return figure_for(value, value_type, title)


def test_the_json_of_an_image_holds_its_pixels_with_row_0_on_top() -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    content = json.loads(figure_json(an_image(values), IMAGE, "picture"))
    document = Document.from_json(content["item"]["doc"])
    (root,) = document.roots
    (plot,) = root.children
    source = plot.renderers[0].data_source
    np.testing.assert_array_equal(source.data["image"][0], values)
    top, bottom = plot.y_range.end, plot.y_range.start
    assert top < bottom
    assert source.data["y"] == [top]  # the first row starts where the frame does, and the others follow downwards
    assert source.data["dh"] == [bottom - top]


@pytest.mark.parametrize(
    ("shape", "step", "aspect"), [((20, 20), (1, 1), 1.0), ((10, 20), (2, 1), 1.0), ((10, 20), (1, 1), 0.5)]
)
def test_the_frame_has_the_aspect_of_the_specimen(shape: tuple[int, int], step: tuple[int, int], aspect: float) -> None:
    plot = drawn(an_image(np.zeros(shape), step)).frame.figure
    assert plot.frame_height / plot.frame_width == pytest.approx(aspect, rel=0.01)


def test_a_long_thin_scan_keeps_square_pixels_in_a_frame_that_is_not_thin() -> None:
    plot = drawn(an_image(np.zeros((4, 128)))).frame.figure
    assert plot.frame_height >= 100
    per_pixel_y = (plot.y_range.start - plot.y_range.end) / plot.frame_height
    per_pixel_x = (plot.x_range.end - plot.x_range.start) / plot.frame_width
    assert per_pixel_y == pytest.approx(per_pixel_x, rel=0.01)


def test_contrast_goes_from_the_1st_to_the_99th_percentile() -> None:
    values = np.random.default_rng(1).gamma(2.0, size=(60, 70))
    mapper = drawn(an_image(values)).mapper
    assert isinstance(mapper, LinearColorMapper)
    in_order = np.sort(values, axis=None)
    assert mapper.low == pytest.approx(in_order[round(0.01 * (values.size - 1))], abs=0.01)
    assert mapper.high == pytest.approx(in_order[round(0.99 * (values.size - 1))], abs=0.02)


def test_pixels_without_a_value_are_transparent_and_do_not_count_for_contrast() -> None:
    values = np.linspace(0, 1, 400).reshape(20, 20)
    values[:5] = np.nan
    mapper = drawn(an_image(values)).mapper
    assert mapper.nan_color.replace(" ", "").endswith(",0)")
    assert mapper.low == pytest.approx(np.percentile(values[5:], 1))


@pytest.mark.parametrize("values", [np.zeros((4, 4)), np.full((4, 4), np.nan), np.full((4, 4), -3.0)])
def test_a_map_of_one_value_or_none_has_limits_that_differ(values: np.ndarray) -> None:
    mapper = drawn(an_image(values)).mapper
    assert mapper.low < mapper.high


@pytest.mark.parametrize(
    ("value", "unit", "width"),
    [
        (an_image(np.zeros((127, 127)), (31.25, 31.25)), "nm", 127 * 3.125),
        (an_image(np.zeros((64, 64)), (0.1, 0.1)), "Å", 6.4),
        (an_image(np.zeros((50, 50)), (5000.0, 5000.0)), "µm", 25.0),
        (xr.DataArray(np.zeros((8, 8)), dims=("y", "x"), attrs={"units": "1"}), "px", 8.0),
        (a_pattern(np.ones((64, 64)), 0.0033602), "nm⁻¹", 64 * 0.033602),
        (a_pattern(np.ones((96, 96)), 1 / 30), "Å⁻¹", 3.2),
    ],
)
def test_the_scale_bar_measures_the_frame_in_a_unit_that_reads_well(
    value: xr.DataArray, unit: str, width: float
) -> None:
    frame = drawn(value).frame
    plot, bar = frame.figure, frame.bar
    assert bar in plot.center
    assert bar.unit == unit
    assert bar.dimensional.base_unit == unit
    assert bar.dimensional.include == [unit]
    assert bar.range is plot.x_range
    assert plot.x_range.end - plot.x_range.start == pytest.approx(width)
    assert {f"{tick:e}"[0] for tick in bar.dimensional.ticks} == {"1", "2", "5"}
    assert any(0.16 <= tick / width <= 0.4 for tick in bar.dimensional.ticks)


def test_a_signed_map_has_zero_in_the_middle_of_a_diverging_palette() -> None:
    mapper = drawn(an_image(np.linspace(-1, 5, 600).reshape(20, 30), signed=True)).mapper
    assert mapper.low == -mapper.high
    middle = mapper.palette[len(mapper.palette) // 2]
    assert min(int(middle[i : i + 2], 16) for i in (1, 3, 5)) > 230


def test_a_periodic_map_has_a_palette_that_closes() -> None:
    mapper = drawn(an_image(np.linspace(-3, 3, 600).reshape(20, 30), period=2 * np.pi)).mapper
    assert (mapper.low, mapper.high) == pytest.approx((-np.pi, np.pi))
    assert mapper.palette[0] == mapper.palette[-1]
    assert mapper.palette[0] != mapper.palette[128]


def test_a_pattern_is_logarithmic_over_its_positive_values() -> None:
    values = np.zeros((20, 20))
    values[5:15, 5:15] = np.geomspace(1, 1000, 100).reshape(10, 10)
    mapper = drawn(a_pattern(values, 0.1)).mapper
    assert isinstance(mapper, LogColorMapper)
    assert mapper.low == pytest.approx(np.percentile(np.geomspace(1, 1000, 100), 1))
    assert mapper.high == 1000


def test_the_unit_stands_beside_the_numbers_of_the_colour_bar() -> None:
    figure = figure_for(an_image(np.eye(4), units="1/Å**2"), IMAGE, "divergence")
    (bar, _, unit) = figure.frame.figure.right
    assert (bar.color_mapper, bar.title) == (figure.mapper, None)
    assert unit.text.text == "Å⁻²"
    figure.update(an_image(np.eye(4), units="rad"))
    assert unit.text.text == "rad"


def test_a_pattern_without_counts_is_drawn() -> None:
    mapper = drawn(a_pattern(np.zeros((8, 8)), 0.1)).mapper
    assert 0 < mapper.low < mapper.high


def test_an_image_of_more_than_1024_pixels_is_binned_and_says_so() -> None:
    values = np.random.default_rng(2).normal(size=(2049, 1500))
    figure = drawn(an_image(values))
    sent = figure.source.data["image"][0]
    assert sent.shape == (683, 500)
    assert sent[7, 11] == pytest.approx(values[21:24, 33:36].mean(), rel=1e-5)
    assert figure.frame.figure.title.text.text == "picture · binned 3×"
    assert figure.source.data["dw"] == [pytest.approx(150.0)]  # 1500 Å, in nm


def test_binning_leaves_out_pixels_without_a_value() -> None:
    values = np.ones((2048, 2))
    values[0:2, 0] = np.nan
    values[2:4] = np.nan
    sent = drawn(an_image(values)).source.data["image"][0]
    assert sent[0, 0] == 1
    assert np.isnan(sent[1, 0])
    assert np.isfinite(sent[2:]).all()


@pytest.mark.parametrize(
    ("given", "sent"), [("u1", "u1"), ("?", "u1"), ("u2", "f4"), (">u2", "f4"), ("f8", "f4"), ("c16", "f4")]
)
def test_pixels_travel_as_uint8_or_float32(given: str, sent: str) -> None:
    values = np.eye(5).astype(given)
    image = drawn(an_image(values)).source.data["image"][0]
    assert image.dtype == np.dtype(sent)
    np.testing.assert_array_equal(image, np.eye(5))


def test_a_figure_is_updated_in_place() -> None:
    figure = drawn(an_image(np.zeros((10, 10))))
    layout, source = figure.layout, figure.source
    figure.update(an_image(np.arange(200.0).reshape(10, 20), (2.0, 2.0)))
    assert figure.layout is layout
    assert figure.source is source
    assert source.data["image"][0].shape == (10, 20)
    assert figure.frame.figure.frame_width == 2 * figure.frame.figure.frame_height
    assert figure.mapper.high == pytest.approx(np.percentile(np.arange(200), 99))


def test_what_was_done_to_the_data_joins_the_title() -> None:
    figure = drawn(an_image(np.zeros((2048, 2048))))
    title = figure.frame.figure.title
    assert title.text.text == "picture · binned 2×"
    figure.update(an_image(np.zeros((512, 512)), (4.0, 4.0)), "preview, every 4th position")
    assert title.text.text == "picture · preview, every 4th position"
    figure.update(an_image(np.zeros((512, 512)), (4.0, 4.0)))
    assert title.text.text == "picture"


def test_another_image_of_the_same_kind_is_one_event_for_the_pixels_and_one_for_each_limit() -> None:
    figure = drawn(an_image(np.zeros((16, 16))))
    document = Document()
    document.add_root(figure.layout)
    events: list[str] = []
    document.on_change(lambda event: events.append(event.attr))
    figure.update(an_image(np.arange(256.0).reshape(16, 16)))
    assert sorted(events) == ["data", "high", "low"]


def test_a_preview_on_a_coarser_grid_is_shown_in_the_frame_that_is_there() -> None:
    figure = drawn(an_image(np.zeros((128, 128))))
    plot = figure.frame.figure
    figure.update(an_image(np.zeros((32, 32)), (4.0, 4.0)))
    assert (plot.x_range.start, plot.x_range.end) == pytest.approx((-0.05, 12.75))
    assert (figure.source.data["x"], figure.source.data["dw"]) == ([pytest.approx(-0.2)], [pytest.approx(12.8)])


def test_the_exact_image_after_a_preview_fills_the_frame_and_a_zoom_stays() -> None:
    figure = drawn(an_image(np.zeros((32, 32)), (4.0, 4.0)))
    plot = figure.frame.figure
    figure.update(an_image(np.zeros((128, 128))))
    assert (plot.x_range.start, plot.x_range.end) == pytest.approx((-0.05, 12.75))
    plot.x_range.update(start=3.0, end=5.0)
    figure.update(an_image(np.ones((128, 128))))
    figure.update(an_image(np.ones((32, 32)), (4.0, 4.0)))
    figure.update(an_image(np.ones((128, 128))))
    assert (plot.x_range.start, plot.x_range.end) == (3.0, 5.0)
    figure.update(an_image(np.ones((128, 128)), (2.0, 2.0)))
    assert (plot.x_range.start, plot.x_range.end) == pytest.approx((-0.1, 25.5))


def test_the_title_of_a_narrow_map_has_as_much_room_as_that_of_a_wide_one() -> None:
    plots = [drawn(an_image(np.zeros(shape))).frame.figure for shape in ((64, 1), (64, 40), (64, 64), (1, 64))]
    assert plots[0].frame_width < plots[1].frame_width < plots[2].frame_width
    assert len({plot.frame_width + plot.min_border_right for plot in plots}) == 1


def test_a_zoom_stays_over_its_pixels_when_the_axes_begin_elsewhere() -> None:
    value = an_image(np.zeros((16, 16)), (0.5, 0.5))
    figure, other = drawn(value), drawn(value)
    link([figure, other])
    plot = figure.frame.figure
    plot.x_range.update(start=3.0, end=5.0)
    moved = value.assign_coords(x=value.x + 0.25, y=value.y - 0.5)
    for linked in (figure, other):
        linked.update(moved)
    assert (plot.x_range.start, plot.x_range.end) == (3.25, 5.25)
    assert (plot.y_range.start, plot.y_range.end) == (7.25, -0.75)
    assert (plot.x_range.reset_start, plot.x_range.reset_end) == (0.0, 8.0)


@pytest.mark.parametrize("value_type", [IMAGE, LABELS])
def test_a_figure_that_is_not_current_fades_until_it_is(value_type: ValueType) -> None:
    figure = drawn(an_image(np.zeros((4, 4), int)), value_type)
    figure.layout.styles = {"margin": "4px"}
    figure.dim(True)
    assert float(figure.layout.styles["opacity"]) < 0.6
    assert figure.layout.styles["margin"] == "4px"
    figure.dim(False)
    assert figure.layout.styles["opacity"] == "1"  # a browser keeps a style that it is no longer told of


def test_labels_have_a_colour_each_and_a_legend_with_their_share() -> None:
    values = np.repeat([[-1, 0, 0, 7]], 4, axis=0)
    figure = drawn(an_image(values), LABELS)
    index = figure.source.data["image"][0]
    shown = [figure.mapper.palette[int(i)] for i in index[0]]
    assert shown[1] == shown[2]
    assert len(set(shown)) == 3
    assert list(figure.classes.data["name"]) == ["unassigned · 25 %", "0 · 50 %", "7 · 25 %"]
    assert list(figure.classes.data["color"]) == [shown[0], shown[1], shown[3]]


def test_many_classes_all_have_colours_and_the_legend_counts_those_it_leaves_out() -> None:
    figure = drawn(an_image(np.arange(400).reshape(20, 20)), LABELS)
    assert len(figure.mapper.palette) == 400
    assert figure.classes.data["name"][-1] == "and 384 more"


def a_stack(count: int, side: int = 8) -> xr.DataArray:
    values = np.arange(count)[:, None, None] * np.ones((side, side)) + np.arange(side)
    return xr.DataArray(
        values, dims=("low", "y", "x"), coords={"low": ("low", np.arange(count) * 0.01, {"units": "1/Å"})}
    )


def test_a_stack_holds_its_slices_with_their_coordinates_for_the_slider() -> None:
    figure = drawn(a_stack(5), STACK)
    assert figure.slider.end == 4
    assert figure.slices.data["label"][1] == "0.1 nm⁻¹"
    np.testing.assert_array_equal(figure.slices.data["image"][3], a_stack(5).values[3])
    current = figure.slider.value
    np.testing.assert_array_equal(figure.image.source.data["image"][0], a_stack(5).values[current])


def test_the_further_dimension_may_come_last() -> None:
    figure = drawn(a_stack(5).transpose("y", "x", "low"), ValueType("Features", ("y", "x", "feature")))
    np.testing.assert_array_equal(figure.slices.data["image"][3], a_stack(5).values[3])


def test_of_a_long_stack_64_slices_are_sent_its_ends_among_them_and_the_title_says_so() -> None:
    figure = drawn(a_stack(200), STACK)
    firsts = [image[0, 0] for image in figure.slices.data["image"]]
    assert len(firsts) == 64
    assert (firsts[0], firsts[-1]) == (0, 199)
    assert figure.frame.figure.title.text.text == "picture · 64 of 200 slices"


def test_two_further_dimensions_share_one_slider() -> None:
    value = a_stack(6).expand_dims(kernel=[11, 21])
    figure = drawn(value, STACK)
    assert figure.slider.title == "kernel, low"
    assert figure.slider.end == 11
    assert figure.slices.data["label"][7] == "21, 0.1 nm⁻¹"


def test_a_stack_is_updated_in_place_and_keeps_its_slice() -> None:
    figure = drawn(a_stack(9), STACK)
    figure.slider.value = 7
    figure.update(a_stack(9) * 2)
    np.testing.assert_array_equal(figure.image.source.data["image"][0], 2 * a_stack(9).values[7])
    figure.update(a_stack(3))
    assert figure.slider.value == 2


def test_a_title_is_plain_text_and_never_a_formula() -> None:
    title = drawn(an_image(np.zeros((3, 3))), title="$$x^2$$ <b>").frame.figure.title.text
    assert type(title).__name__ == "PlainText"
    assert title.text == "$$x^2$$ <b>"
