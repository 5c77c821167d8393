"""Figures in a page without Python, as in a report: what their scripts compute, and what is seen of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from bokeh.layouts import row
from playwright.sync_api import Browser, Locator, Page
from ui.browser.harness import Screen

from graph4d.types import ValueType
from graph4d.view.contrast import style_of
from graph4d.view.figure import Figure, figure_for
from graph4d.view.link import link
from graph4d.view.save import save_html
from graph4d.view.script import script_text

SIDE = 96
NOISE = np.random.default_rng(8).gamma(2.0, 30.0, size=(SIDE, SIDE)).astype(np.float32)


def an_image(values: Any, step: float = 0.5, unit: str = "Å", dims: tuple[str, str] = ("y", "x")) -> xr.DataArray:
    values = np.asarray(values)
    coords = {
        dim: (dim, np.arange(count) * step, {"units": unit}) for dim, count in zip(dims, values.shape[-2:], strict=True)
    }
    return xr.DataArray(values, dims=(*"abc"[: values.ndim - 2], *dims), coords=coords, attrs={"units": "counts"})


def drawn(value: xr.DataArray, title: str = "picture", value_type: str = "Any") -> Figure:
    return figure_for(value, ValueType(value_type, tuple(map(str, value.dims))), title)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1300, "height": 1000}, accept_downloads=True) as context:
        yield context.new_page()


@pytest.fixture
def opened(page: Page, tmp_path: Path) -> Any:
    """``opened(*figures)`` shows them in a page."""
    screen = Screen(page)

    def show(*figures: Figure) -> Screen:
        save_html(figures, tmp_path / "figures.html")
        page.goto((tmp_path / "figures.html").as_uri())
        screen.wait_drawn(len(figures))
        return screen

    yield show
    assert not screen.errors


Show = Callable[..., Screen]


def card(screen: Screen, figure: int = 0) -> Locator:
    return screen.page.locator(".figure").nth(figure)


def press(screen: Screen, button: str, figure: int = 0) -> None:
    """A button of a toolbar, which is seen while the mouse is over its figure."""
    screen.page.wait_for_timeout(350)  # what follows another click sooner is a double click
    card(screen, figure).hover()
    card(screen, figure).locator(f"[title*='{button}']").first.click()


def panel(screen: Screen, figure: int = 0) -> Locator:
    press(screen, "Contrast", figure)
    found = card(screen, figure).locator(".contrast")
    found.wait_for()
    return found


def mappers(screen: Screen) -> list[dict[str, Any]]:
    """Colour mappers in use, of the visible figures in order."""
    text = screen.page.evaluate(
        """() => JSON.stringify(window.figures().map(({model}) => {
             const {glyph} = model.renderers.find(r => r.view.filter.indices?.length !== 0)
             const {low, high, palette, type} = glyph.color_mapper
             return {low, high, palette, type}
           }))"""
    )
    return list(json.loads(text))


def limits(screen: Screen, figure: int = 0) -> tuple[float, float]:
    mapper = mappers(screen)[figure]
    return mapper["low"], mapper["high"]


def computed(page: Page, expression: str, values: np.ndarray, **arguments: Any) -> Any:
    """An expression of the figures' scripts, with ``values`` as a Float32Array."""
    call = """({code, bytes, given}) => {
      const buffer = Uint8Array.from(atob(bytes), letter => letter.charCodeAt(0)).buffer
      return new Function("values", ...Object.keys(given), code)(new Float32Array(buffer), ...Object.values(given))
    }"""
    code = f"{script_text('numbers', 'fourier')}\nreturn {expression}"
    encoded = base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()
    return page.evaluate(call, {"code": code, "bytes": encoded, "given": arguments})


def test_limits_that_scripts_find_are_those_that_python_finds(page: Page) -> None:
    rng = np.random.default_rng(1)
    plain = rng.normal(2, 5, size=(300, 310)).astype(np.float32)
    holes = plain.copy()
    holes[::7] = np.nan
    hot = holes.copy()
    hot[2, 309], hot[9, 0], hot[150, 150:152] = 1e6, np.inf, (4e5, 3e5)
    single = np.zeros((5, 6), np.float32)
    single[2, 5], single[4, 0] = 7, 3
    flat = np.full((4, 4), 3, np.float32)
    for values in (plain, holes, hot, single, flat, np.zeros((4, 4), np.float32)):
        for attrs, dims, kind, log in (
            ({}, ("y", "x"), "plain", False),
            ({"signed": True}, ("y", "x"), "signed", False),
            ({"period": 360.0}, ("y", "x"), "periodic", False),
            ({}, ("ky", "kx"), "plain", True),
        ):
            value = xr.DataArray(values, dims=dims, attrs=attrs)
            figure: Any = drawn(value)
            style = style_of(value)
            assert (style.kind, style.log) == (kind, log)
            found = computed(
                page,
                "automatic(values, columns, kind, period, log)",
                values,
                columns=values.shape[1],
                kind=kind,
                period=360,
                log=log,
            )
            assert found == pytest.approx([figure.mapper.low, figure.mapper.high], rel=1e-5)


def test_the_histogram_counts_as_numpy_does(page: Page) -> None:
    values = np.random.default_rng(2).gamma(2.0, size=5000).astype(np.float32)
    for log, edges in ((False, np.linspace(0.5, 4, 41)), (True, np.geomspace(0.5, 4, 41))):
        counts = computed(page, "[...histogram(values, 0.5, 4, 40, log)]", values, log=log)
        expected = np.histogram(values.astype(float), edges)[0]
        assert np.abs(np.subtract(counts, expected)).sum() <= 2  # the last bits of an edge


@pytest.mark.parametrize(
    ("shape", "size"), [((64, 64), (64, 64)), ((40, 100), (64, 128)), ((600, 20), (512, 32)), ((1, 9), (1, 16))]
)
def test_the_spectrum_is_that_of_numpy(page: Page, shape: tuple[int, int], size: tuple[int, int]) -> None:
    values = np.random.default_rng(3).normal(5, 1, size=shape).astype(np.float32)
    got = computed(
        page,
        "(result => ({...result, modulus: [...result.modulus]}))(spectrum(values, rows, columns))",
        values,
        rows=shape[0],
        columns=shape[1],
    )
    assert (got["height"], got["width"]) == size
    cut = tuple(slice((n - min(n, s)) // 2, (n - min(n, s)) // 2 + min(n, s)) for n, s in zip(shape, size, strict=True))
    inner = values[cut].astype(float)
    windows = [np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in inner.shape]
    expected = np.abs(np.fft.fftshift(np.fft.fft2((inner - inner.mean()) * np.outer(*windows), size)))
    np.testing.assert_allclose(np.reshape(got["modulus"], size), expected, atol=1e-4 * expected.max())


def test_a_figure_without_python_shows_its_palette_over_its_limits(opened: Show) -> None:
    values = np.tile(np.linspace(0, 1, 100, dtype=np.float32), (100, 1))
    screen = opened(drawn(an_image(values)))
    low, high = limits(screen)
    for column in (10, 50, 90):
        grey = 255 * (values[0, column] - low) / (high - low)
        assert screen.colour(column * 0.05, 2.5)[:3] == pytest.approx([grey] * 3, abs=2)


def test_the_panel_is_made_when_it_is_opened_and_leaves_no_room_when_it_is_closed(opened: Show) -> None:
    screen = opened(drawn(an_image(NOISE)))
    before = card(screen).bounding_box()
    found = panel(screen)
    after = card(screen).bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > before["height"] + 100
    press(screen, "Contrast")
    found.wait_for(state="detached")
    assert card(screen).bounding_box() == before


def test_scales_and_palettes_change_colours_and_not_limits(opened: Show) -> None:
    values = np.tile(np.linspace(0, 1, 101, dtype=np.float32), (101, 1))
    screen = opened(drawn(an_image(values, 1.0)))
    found = panel(screen)
    found.locator("select.limits").select_option("full")
    for scale, share in (("sqrt", 0.5), ("gamma", 0.0625), ("linear", 0.25)):
        found.locator("select.scale").select_option(scale)
        if scale == "gamma":
            found.locator("input.gamma").fill("2")
            found.locator("input.gamma").press("Enter")
        screen.wait_until(lambda share=share: abs(screen.colour(2.5, 5)[0] - 255 * share) < 3, f"a quarter in {scale}")
        assert limits(screen) == (0, 1)
    found.locator("select.palette").select_option("viridis")
    screen.wait_until(lambda: screen.colour(10, 5)[:3] == pytest.approx((253, 231, 37), abs=3), "the yellow of viridis")


def test_a_pattern_can_be_shown_on_a_linear_scale_and_an_image_on_a_logarithmic_one(opened: Show) -> None:
    values = np.tile(np.geomspace(1, 10000, 101, dtype=np.float32), (101, 1))
    screen = opened(drawn(an_image(values, 0.1, "1/Å", ("ky", "kx"))), drawn(an_image(values, 1.0)))
    for figure, scale in ((0, "linear"), (1, "log")):
        found = panel(screen, figure)
        found.locator("select.limits").select_option("full")
        found.locator("select.scale").select_option(scale)
    screen.wait_until(lambda: [m["type"] for m in mappers(screen)] == ["LinearColorMapper", "LogColorMapper"])
    assert limits(screen, 1) == pytest.approx((1, 10000))
    screen.wait_until(lambda: abs(screen.colour(5, 5, 1)[0] - 127) < 3, "grey where the values are 100")
    middle = screen.colour(5, 5, 0)[:3]
    assert max(middle) < 20


def test_limits_are_typed_and_what_makes_no_sense_changes_nothing(opened: Show) -> None:
    screen = opened(drawn(an_image(NOISE)))
    found = panel(screen)

    def enter(name: str, text: str) -> None:
        found.locator(f"input.{name}").fill(text)
        found.locator(f"input.{name}").press("Enter")

    enter("high", "150.5")
    fixed = limits(screen)
    assert fixed == (pytest.approx(np.percentile(NOISE, 1), rel=1e-5), 150.5)
    for text in ("", "nonsense", "1e9"):
        enter("low", text)
        assert limits(screen) == fixed
        assert float(found.locator("input.low").input_value()) == pytest.approx(fixed[0], rel=1e-3)
    found.locator("select.limits").select_option("percentiles")
    enter("low", "10")
    enter("high", "75 %")
    assert limits(screen) == pytest.approx(tuple(np.percentile(NOISE, (10, 75))), rel=1e-5)


def histogram(screen: Screen, found: Locator) -> tuple[list[float], list[float], dict[str, float]]:
    counts, shown = found.evaluate("panel => [[...panel.counts], panel.shown]")
    box = found.locator("canvas").bounding_box()
    assert box is not None
    return counts, shown, dict(box)


def test_limits_are_dragged_in_the_histogram_and_then_stay(opened: Show) -> None:
    stack = np.stack([NOISE, 2 * NOISE])
    screen = opened(drawn(an_image(stack)))
    found = panel(screen)
    counts, (low, high), box = histogram(screen, found)
    expected = np.histogram(stack[1].astype(float), len(counts), (low, high))[0]
    assert np.abs(np.subtract(counts, expected)).sum() <= 4
    before = limits(screen)
    start = box["x"] + (before[1] - low) / (high - low) * box["width"]
    wanted = low + 0.5 * (high - low)
    mouse = screen.page.mouse
    mouse.move(start, box["y"] + 20)
    mouse.down()
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 20, steps=5)
    mouse.up()
    assert limits(screen) == pytest.approx((before[0], wanted), rel=0.02)
    dragged = limits(screen)
    handle = screen.page.locator(".noUi-handle")
    handle.focus()
    handle.press("ArrowLeft")
    assert limits(screen) == dragged
    found.locator("canvas").dblclick()
    assert limits(screen) != dragged


def test_automatic_limits_follow_the_slice_of_a_stack(opened: Show) -> None:
    screen = opened(drawn(an_image(np.stack([NOISE, 2 * NOISE, 3 * NOISE]))))
    handle = screen.page.locator(".noUi-handle")
    handle.focus()
    assert limits(screen) == pytest.approx(tuple(np.percentile(2 * NOISE, (1, 99))), rel=1e-5)
    handle.press("ArrowRight")
    screen.wait_until(lambda: limits(screen)[1] == pytest.approx(np.percentile(3 * NOISE, 99), rel=1e-5))


def peaks(screen: Screen) -> Any:
    """Frequencies (y, x) of the brightest pixels of the spectrum that is shown."""
    modulus, shape, x, y, dw, dh = screen.page.evaluate(
        """() => { const {data} = window.figures()[0].model.renderers[0].data_source, image = data.image[0]
             return [[...image], image.shape, data.x[0], data.y[0], data.dw[0], data.dh[0]] }"""
    )
    image = np.reshape(modulus, shape)
    rows, columns = np.nonzero(image > 0.5 * image.max())
    return y + (rows + 0.5) * dh / shape[0], x + (columns + 0.5) * dw / shape[1]


def fringes(period: float) -> np.ndarray:
    """A wave along x of so many Å, with pixels of 0.5 Å."""
    return np.tile(np.cos(2 * np.pi * 0.5 * np.arange(SIDE) / period), (SIDE, 1)).astype(np.float32)


def test_the_spectrum_of_a_lattice_has_its_peaks_at_the_inverse_period_and_follows_the_picture(opened: Show) -> None:
    stack = np.stack([fringes(2.0), fringes(4.0)])
    screen = opened(drawn(an_image(stack)))
    handle = screen.page.locator(".noUi-handle")
    width = screen.page.evaluate("window.figures()[0].bbox.width")
    press(screen, "Fourier")
    screen.wait_until(lambda: screen.page.evaluate("window.figures()[0].model.title.text.text") == "FFT of picture")
    assert screen.page.evaluate("window.figures()[0].bbox.width") == width  # what stands beside it does not move
    for period, key in ((4.0, "ArrowLeft"), (2.0, "ArrowRight")):
        y, x = peaks(screen)
        np.testing.assert_allclose(np.abs(x), 10 / period, atol=0.25)  # in 1/nm
        np.testing.assert_allclose(y, 0, atol=0.25)
        handle.focus()
        handle.press(key)
    press(screen, "Picture")
    screen.wait_until(lambda: screen.page.evaluate("window.figures()[0].model.title.text.text") == "picture")
    screen.wait_drawn()


def test_files_are_named_after_the_title_and_what_it_says_of_the_data(opened: Show, tmp_path: Path) -> None:
    exact, preview, old = (drawn(an_image(NOISE), name) for name in ("annular dark field", "bf", "abf"))
    preview.update(an_image(NOISE), "preview, every 4th position")
    old.dim(True)
    screen = opened(exact, preview, old)
    names = []
    for figure in (0, 1, 2):
        for kind in ("PNG", "SVG"):
            with screen.page.expect_download() as download:
                press(screen, f"Save as {kind}", figure)
            names.append(download.value.suggested_filename)
            download.value.save_as(tmp_path / names[-1])
    assert names == [
        "annular_dark_field_exact.png",
        "annular_dark_field_exact.svg",
        "bf_preview_every_4th_position.png",
        "bf_preview_every_4th_position.svg",
        "abf_outdated.png",
        "abf_outdated.svg",
    ]
    assert (tmp_path / names[0]).read_bytes().startswith(b"\x89PNG")
    drawing = (tmp_path / names[1]).read_text(encoding="utf-8")
    assert drawing.startswith("<svg")
    assert "annular dark field" in drawing


def test_three_pictures_stand_side_by_side_in_a_page_of_usual_width(opened: Show) -> None:
    field = drawn(an_image(np.stack([NOISE, NOISE])).rename(a="component"), value_type="VectorField")
    screen = opened(drawn(an_image(1000 * NOISE)), field, drawn(an_image(-1000 * NOISE)))
    cards = "[...document.querySelectorAll('.card')]"
    assert screen.page.evaluate(f"new Set({cards}.map(card => card.offsetTop)).size") == 1
    assert not screen.page.evaluate(f"{cards}.some(card => card.scrollWidth > card.clientWidth)")


def test_maps_of_one_place_have_one_cursor_and_one_zoom(opened: Show) -> None:
    pattern = an_image(NOISE, 0.1, "1/Å", ("ky", "kx"))
    screen = opened(drawn(an_image(NOISE)), drawn(an_image(2 * NOISE)), drawn(pattern))
    screen.page.mouse.move(*screen.place(2.0, 3.0))
    there = screen.place(2.0, 3.0, 1)
    for name, side, wanted in (("down", "x", there[0]), ("across", "y", there[1])):
        line = card(screen, 1).locator(f".cross.{name}")
        line.wait_for()
        box = line.bounding_box()
        assert box is not None
        assert box[side] == pytest.approx(wanted, abs=1.5)
    screen.page.mouse.move(2, 2)
    screen.wait_until(lambda: not line.is_visible(), "no line any more")
    spans = "window.figures().map(({model}) => [model.x_range.start, model.x_range.end])"
    before = screen.page.evaluate(spans)
    screen.drag((1.0, 1.0), (3.0, 3.0))
    screen.wait_until(lambda: screen.page.evaluate(spans)[0] != before[0], "the zoom")
    one, other, third = screen.page.evaluate(spans)
    assert one == other == pytest.approx([1.0, 3.0], abs=0.1)
    assert third == before[2]
    assert card(screen, 2).locator(".cross").count() == 0


def test_a_linked_map_that_gets_other_axes_goes_its_own_way_until_all_have_them(opened: Show) -> None:
    figures = [drawn(an_image(NOISE)) for _ in range(3)]
    link(figures)
    together = drawn(an_image(NOISE))
    together.layout = row([figure.layout for figure in figures])
    screen = opened(together)
    spans = "window.figures().map(({model}) => [model.x_range.start, model.x_range.end])"
    crop = """n => { const {x_range, y_range} = window.figures()[n].model
                     x_range.setv({reset_start: 1, reset_end: 3, start: 1, end: 3})
                     y_range.setv({reset_start: 3, reset_end: 1, start: 3, end: 1}) }"""

    def after_drag(start: float, end: float, figure: int) -> list[list[float]]:
        before = screen.page.evaluate(spans)
        screen.drag((start, start), (end, end), figure)
        screen.wait_until(lambda: screen.page.evaluate(spans)[figure] != before[figure], "the zoom")
        return list(screen.page.evaluate(spans))

    screen.page.evaluate(crop, 1)
    one, cropped, other = after_drag(0.5, 2.5, 0)
    assert one == other == pytest.approx([0.5, 2.5], abs=0.1)
    assert cropped == [1, 3]
    for figure in (0, 2):
        screen.page.evaluate(crop, figure)
    one, cropped, other = after_drag(1.2, 2.0, 1)
    assert one == cropped == other == pytest.approx([1.2, 2.0], abs=0.1)
