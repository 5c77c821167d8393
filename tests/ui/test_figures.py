"""Figures of everything that is not a plain map, and which value gets which."""

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from graph4d.types import ValueType
from graph4d.view.figure import figure_for, figure_json
from graph4d.view.palettes import hue_colours
from graph4d.view.quantity import quantity, unit_text

FIELD = ValueType("VectorField", ("component", "y", "x"))


def a_field(y: Any, x: Any, step: tuple[float, float] = (1.0, 1.0)) -> xr.DataArray:
    values = np.stack(np.broadcast_arrays(np.asarray(y, float), np.asarray(x, float)))
    coords = {
        dim: (dim, np.arange(count) * size, {"units": "Å"})
        for dim, count, size in zip("yx", values.shape[1:], step, strict=True)
    }
    return xr.DataArray(values, dims=("component", "y", "x"), coords=coords, attrs={"units": "1/Å"})


def rgba(figure: Any) -> np.ndarray:
    packed = figure.source.data["image"][0]
    return packed.view(np.uint8).reshape(*packed.shape, 4)


def test_the_hue_of_a_vector_is_its_direction_and_the_brightness_its_magnitude() -> None:
    y, x = np.zeros((10, 10)), np.ones((10, 10))
    y[0, 0], x[0, 0] = 1, 0
    y[0, 1], x[0, 1] = 0, 0
    pixels = rgba(figure_for(a_field(y, x), FIELD, "com"))
    right, down = (np.rint(255 * hue_colours(np.array(angle))) for angle in (0.0, np.pi / 2))
    np.testing.assert_allclose(pixels[5, 5, :3], right, atol=1)
    np.testing.assert_allclose(pixels[0, 0, :3], down, atol=1)
    assert (pixels[0, 1, :3] == 0).all()
    assert (pixels[..., 3] == 255).all()


def test_vectors_without_a_value_are_transparent() -> None:
    y = np.ones((10, 10))
    y[3, 4] = np.nan
    alpha = rgba(figure_for(a_field(y, np.ones((10, 10))), FIELD, "com"))[..., 3]
    assert alpha[3, 4] == 0
    assert alpha.sum() == 255 * 99


def test_the_wheel_has_at_each_place_the_colour_of_the_vector_that_points_there() -> None:
    figure = figure_for(a_field(np.ones((4, 4)), np.ones((4, 4))), FIELD, "com")
    packed = figure.wheel.renderers[0].data_source.data["image"][0]
    wheel = packed.view(np.uint8).reshape(*packed.shape, 4)
    assert figure.wheel.y_range.start > figure.wheel.y_range.end  # its rows go down, as those of the field do
    side = len(wheel)
    lower_right = wheel[round(side * 0.8), round(side * 0.8), :3].astype(float)
    field = rgba(figure)[0, 0, :3].astype(float)  # down and to the right, at full strength
    np.testing.assert_allclose(lower_right / lower_right.max(), field / field.max(), atol=0.03)


@pytest.mark.parametrize(("y", "x"), [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 1)])
def test_arrows_point_where_the_vectors_do(y: float, x: float) -> None:
    figure = figure_for(a_field(np.full((28, 28), y), np.full((28, 28), x)), FIELD, "com")
    arrows = figure.arrows.data
    assert len(arrows["xs"]) == 14 * 14
    for xs, ys in zip(arrows["xs"], arrows["ys"], strict=True):
        along = np.array([xs[1] - xs[0], ys[1] - ys[0]])
        np.testing.assert_allclose(along / np.hypot(*along), np.array([x, y]) / np.hypot(x, y), atol=1e-9)
        for barb in (2, 4):  # the barbs lie behind the tip, on either side
            assert (xs[barb] - xs[1]) * x + (ys[barb] - ys[1]) * y < 0


def test_the_legend_names_the_magnitude_of_full_colour() -> None:
    figure = figure_for(a_field(np.zeros((8, 8)), np.full((8, 8), 0.0125)), FIELD, "com")
    assert figure.wheel.title.text.text == "at the edge\n0.125 nm⁻¹"
    np.testing.assert_allclose(figure.source.data["magnitude"][0], 0.125)  # as it is told under the cursor
    assert ("magnitude", "@magnitude{%.4g} nm⁻¹") in figure.frame.hover.tooltips


def test_a_field_is_updated_in_place() -> None:
    figure = figure_for(a_field(np.zeros((8, 8)), np.ones((8, 8))), FIELD, "com")
    layout = figure.layout
    figure.update(a_field(np.ones((4, 8)), np.zeros((4, 8))))
    assert figure.layout is layout
    assert rgba(figure).shape == (4, 8, 4)
    assert figure.source.data["angle"][0] == pytest.approx(np.full((4, 8), 90.0))


def test_a_profile_is_a_line_over_its_coordinate_in_a_unit_that_reads_well() -> None:
    value = xr.DataArray(
        np.array([1.0, np.nan, 3.0]),
        dims=("distance",),
        coords={"distance": ("distance", [0.0, 50.0, 100.0], {"units": "Å"})},
        attrs={"units": "rad"},
        name="phase",
    )
    figure = figure_for(value, ValueType("Profile", ("distance",)), "along")
    np.testing.assert_array_equal(figure.source.data["x"], [0, 5, 10])
    np.testing.assert_array_equal(figure.source.data["y"], [1, np.nan, 3])
    assert figure.layout.xaxis[0].axis_label.text == "distance [nm]"
    assert figure.layout.yaxis[0].axis_label.text == "phase [rad]"


def test_metrics_are_listed_with_four_digits_and_units() -> None:
    value = xr.Dataset({"pearson": ((), 0.987654, {"units": "1"}), "angle": ((), 0.0213499, {"units": "rad"})})
    text = figure_for(value, ValueType("Metrics", (), "dataset"), "quality").layout.text
    assert "<td>pearson</td>" in text
    assert ">0.9877<" in text
    assert ">21.35 mrad<" in text


def test_names_and_titles_cannot_bring_markup_into_a_list() -> None:
    value = xr.Dataset({"<img src=x>": ((), 1.0, {"units": "<i>"})})
    text = figure_for(value, ValueType("Metrics", (), "dataset"), "<script>").layout.text
    assert "<img" not in text
    assert "<i>" not in text
    assert "<script" not in text


def test_a_table_has_a_column_for_each_variable_and_says_when_rows_are_left_out() -> None:
    value = xr.Dataset({"x": ("row", np.arange(6000) / 7, {"units": "Å"}), "site": ("row", ["<Sr>"] * 6000)})
    figure = figure_for(value, ValueType("Table", ("row",), "dataset"), "columns")
    assert [column.title for column in figure.table.columns] == ["x [Å]", "site"]
    np.testing.assert_array_equal(figure.source.data["x"], np.arange(5000) / 7)
    assert "first 5000 of 6000 rows" in figure.heading.text


def test_a_table_of_many_columns_is_scrolled_rather_than_squeezed() -> None:
    few = xr.Dataset({"method": ("row", ["SSB"]), "speed": ("row", [1.0])})
    many = xr.Dataset({f"published_speed_{i}": ("row", ["30 k (events 100 k)"]) for i in range(6)})
    figure = figure_for(few, ValueType("Table", ("row",), "dataset"), "columns")
    assert figure.table.autosize_mode == "force_fit"
    figure.update(many)
    assert figure.table.autosize_mode == "none"
    assert all(column.width > 110 for column in figure.table.columns)  # room for 19 characters
    assert figure.table.sizing_mode == "stretch_width"
    assert figure.table.max_width > 600


def test_curves_of_a_sweep_are_lines_of_one_frame_named_after_the_parameter() -> None:
    coords = {
        "dose": ("dose", np.arange(12.0) * 100, {"units": "1"}),
        "frequency": ("frequency", [0.1, 0.2, 0.3], {"units": "1/Å"}),
    }
    values = np.arange(36.0).reshape(12, 3)
    values[0, 1] = np.nan
    value = xr.DataArray(values, coords, ("dose", "frequency"), "FRC", {"units": "1"})
    figure = figure_for(value, ValueType("SweptCurve", ("...", "frequency")), "curves")
    drawn = figure.source.data
    assert drawn["label"][0] == "0"
    assert drawn["label"][-1] == "1100"
    assert len(set(drawn["color"])) == len(drawn["y"]) == 10
    np.testing.assert_array_equal(drawn["y"][0], np.float32([0, np.nan, 2]))
    np.testing.assert_allclose(drawn["x"][3], [1, 2, 3])  # nm⁻¹
    assert figure.legend.title == "dose"
    assert "10 of 12 lines" in figure.figure.title.text.text
    figure.update(value[:2])
    assert len(figure.source.data["y"]) == 2


def test_a_number_that_goes_for_a_whole_table_is_repeated() -> None:
    value = xr.Dataset({"x": ("row", [1.0, 2.0])}, coords={"kernel": 41})
    figure = figure_for(value, ValueType("Table", ("row",), "dataset"), "columns")
    np.testing.assert_array_equal(figure.source.data["kernel"], [41, 41])


def test_a_dendrogram_has_a_bracket_for_each_merge_and_no_crossings() -> None:
    tree = xr.Dataset(
        {
            "left": ("merge", [0, 1, 4]),
            "right": ("merge", [2, 3, 5]),
            "height": ("merge", [1.0, 2.0, 5.0], {"units": "1"}),
        }
    )
    figure = figure_for(tree, ValueType("Dendrogram", ("merge",), "dataset"), "tree")
    assert figure.source.data["xs"] == [[0, 0, 1, 1], [2, 2, 3, 3], [0.5, 0.5, 2.5, 2.5]]
    assert figure.source.data["ys"] == [[0, 1, 1, 0], [0, 2, 2, 0], [1, 5, 5, 2]]


@pytest.mark.parametrize(
    ("dims", "name"),
    [
        ((), "NumbersFigure"),
        (("kernel",), "LineFigure"),
        (("y", "x"), "ImageFigure"),
        (("ky", "kx"), "ImageFigure"),
        (("component", "y", "x"), "StackFigure"),
        (("y", "x", "radius"), "StackFigure"),
        (("kernel", "ky", "kx"), "StackFigure"),
        (("kernel", "component", "y", "x"), "StackFigure"),
        (("kernel", "frequency"), "LinesFigure"),
        (("a", "b", "c"), "TextFigure"),
    ],
)
def test_a_type_of_a_plugin_is_drawn_by_its_dimensions(dims: tuple[str, ...], name: str) -> None:
    value = xr.DataArray(np.ones([2] * len(dims)), dims=dims, attrs={"units": "1"})
    figure = figure_for(value, ValueType("Unheard", dims), "thing")
    assert type(figure).__name__ == name


def test_three_components_are_a_stack_named_by_component() -> None:
    value = xr.DataArray(np.ones((3, 4, 4)), dims=("component", "y", "x"), coords={"component": ["exx", "eyy", "exy"]})
    figure = figure_for(value, ValueType("StrainMap", ("component", "y", "x")), "strain")
    assert list(figure.slices.data["label"]) == ["exx", "eyy", "exy"]


def test_a_kind_of_labels_is_drawn_as_labels() -> None:
    grains = ValueType("Grains", ("y", "x"), parent=ValueType("Labels", ("y", "x")))
    figure = figure_for(xr.DataArray(np.zeros((3, 3), int), dims=("y", "x")), grains, "grains")
    assert type(figure).__name__ == "LabelsFigure"


def test_a_lazy_handle_is_told_in_words_and_not_read() -> None:
    handle = SimpleNamespace(shape=(2, 3, 4, 5), dims=("y", "x", "ky", "kx"), dtype=np.dtype("u2"))
    text = figure_for(handle, ValueType("Scan4D", ("y", "x", "ky", "kx"), "lazy"), "scan").layout.text
    assert "y 2 × x 3 × ky 4 × kx 5, uint16" in text


def test_a_figure_that_fails_becomes_a_message() -> None:
    content = json.loads(figure_json(xr.Dataset(), ValueType("Dendrogram", ("merge",), "dataset"), "tree"))
    assert list(content) == ["error"]
    assert content["error"].startswith("This could not be drawn. KeyError: ")


@pytest.mark.parametrize(
    ("value", "type_name", "components"),
    [
        (xr.DataArray(np.zeros((3, 3)), dims=("y", "x")), "Image", []),
        (xr.DataArray(1.0), "Scalar", ["bokeh-widgets"]),
        (xr.DataArray(np.zeros((2, 3, 3)), dims=("k", "y", "x")), "Stack", ["bokeh-widgets"]),
        (xr.Dataset({"a": ("row", [1, 2])}), "Table", ["bokeh-widgets", "bokeh-tables"]),
    ],
)
def test_a_figure_names_the_parts_of_bokehjs_it_needs(value: Any, type_name: str, components: list[str]) -> None:
    assert json.loads(figure_json(value, ValueType(type_name), "thing"))["components"] == components


@pytest.mark.parametrize(
    ("value", "unit", "shown", "text"),
    [
        (300e3, "eV", None, "300 keV"),
        (0.00103, "rad", "mrad", "1.03 mrad"),
        (-2.19911486, "rad", "deg", "−126°"),
        (31.25, "Å", None, "3.125 nm"),
        (0.0033602, "1/Å", None, "0.0336 nm⁻¹"),
        ((31.25, 62.5), "Å", None, "3.125 nm, 6.25 nm"),
        (41, None, None, "41"),
        (1.23456e-9, None, None, "1.235×10⁻⁹"),
        (12345.6, None, None, "12346"),
        (0.0, "rad", None, "0 rad"),
        (True, None, None, "yes"),
        (None, "1/Å", None, "not set"),
        ("<b>", None, None, "<b>"),
        (float("nan"), "1", None, "not a number"),
    ],
)
def test_quantities_read_as_people_write_them(value: Any, unit: str | None, shown: str | None, text: str) -> None:
    assert quantity(value, unit, shown=shown) == text


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("1/Å", "Å⁻¹"),
        ("1/Å**2", "Å⁻²"),
        ("1/Å/Å", "Å⁻²"),
        ("Å^-2", "Å⁻²"),
        ("Å**2", "Å²"),
        ("rad/px", "rad px⁻¹"),
        ("px/px", ""),
        ("eV*Å**2", "eV Å²"),
        ("1", ""),
        (None, ""),
        ("counts", "counts"),
        ("e⁻ per pixel", "e⁻ per pixel"),
        ("%", "%"),
    ],
)
def test_units_are_printed_with_powers(unit: str | None, text: str) -> None:
    assert unit_text(unit) == text
