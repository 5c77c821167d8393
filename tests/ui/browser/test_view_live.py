"""Figures in a notebook: what is chosen in the page is known in Python, and pictures that Python sends respect it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ui.browser.harness import Notebook

CELL = """
import numpy as np, xarray as xr
from graph4d.types import ValueType
from graph4d.view.figure import figure_for
from graph4d.widgets.bokeh_view import BokehView

def image(scale):
    ramp = np.tile(np.linspace(0, scale, 101, dtype=np.float32), (101, 1))
    return xr.DataArray(ramp, dims=("y", "x"), attrs={"units": "counts"})

figure = figure_for(image(1.0), ValueType("Image", ("y", "x")), "picture")
BokehView(figure.layout)
"""

FRINGES = """
def fringes(period):
    return image(0) + np.cos(2 * np.pi * np.arange(101) / period).astype(np.float32)

figure.update(fringes(4))
"""


def numbers(text: str) -> list[float]:
    return [float(word) for word in text.split()]


def test_a_choice_of_contrast_is_known_in_python_and_outlives_the_picture(lab: Callable[..., Notebook]) -> None:
    notebook = lab(CELL)
    notebook.wait_drawn()
    page = notebook.page
    page.mouse.move(*notebook.place(50, 50))
    page.locator("[title*='Contrast']").first.click()
    panel = page.locator(".contrast")
    panel.locator("input.low").fill("0")
    panel.locator("input.low").press("Enter")
    panel.locator("input.high").fill("2")
    panel.locator("input.high").press("Enter")
    notebook.wait_until(lambda: abs(notebook.colour(50, 50)[0] - 64) < 3, "a quarter of white")
    known = "print(figure.mapper.low, figure.mapper.high, len(figure.mapper.palette))"
    notebook.wait_until(lambda: numbers(notebook.execute(known)) == [0, 2, 256], "the limits in Python")
    notebook.execute("figure.update(image(2.0), 'preview')")
    notebook.wait_until(lambda: abs(notebook.colour(50, 50)[0] - 127) < 3, "half of white")
    panel.locator("select.scale").select_option("sqrt")
    notebook.wait_until(lambda: numbers(notebook.execute(known)) == [0, 2, 4096], "the palette in Python")
    panel.locator("select.limits").select_option("automatic")
    notebook.wait_until(
        lambda: numbers(notebook.execute(known)) == pytest.approx([0.02, 1.98, 4096], abs=1e-6), "automatic limits"
    )


def test_the_spectrum_follows_pictures_that_python_sends(lab: Callable[..., Notebook]) -> None:
    notebook = lab(CELL, FRINGES)
    notebook.wait_drawn()
    page = notebook.page
    page.mouse.move(*notebook.place(50, 50))
    page.locator("[title*='Fourier']").first.click()
    peak = """() => { const {data} = window.figures()[0].model.renderers[0].data_source, image = data.image[0]
               const [rows, columns] = image.shape, column = image.indexOf(Math.max(...image)) % columns
               return rows == 1 ? 0 : Math.abs(data.x[0] + (column + 0.5) * data.dw[0] / columns) }"""
    notebook.wait_until(lambda: page.evaluate(peak) == pytest.approx(1 / 4, abs=0.01), "the peak at 1/4 px⁻¹")
    notebook.execute("figure.update(fringes(10))")
    notebook.wait_until(lambda: page.evaluate(peak) == pytest.approx(1 / 10, abs=0.01), "the peak at 1/10 px⁻¹")
    assert notebook.execute("print(figure.spectrum.source.data['image'][0].size)").strip() == "1"


LINKED = """
from bokeh.layouts import row
from graph4d.view.link import link

figures = [figure_for(image(1.0), ValueType("Image", ("y", "x")), "picture") for _ in range(2)]
link(figures)

def zooms():
    spans = [figure.frame.figure.x_range for figure in figures]
    print(*(number for span in spans for number in (span.start, span.end)))

BokehView(row([figure.layout for figure in figures]))
"""


def test_linked_maps_zoom_together_until_python_crops_one(lab: Callable[..., Notebook]) -> None:
    notebook = lab(CELL.replace("BokehView(figure.layout)", "") + LINKED)
    notebook.wait_drawn(2)

    def zooms() -> list[float]:
        return numbers(notebook.execute("zooms()"))

    notebook.drag((20, 20), (60, 60))
    notebook.wait_until(lambda: zooms() == pytest.approx([20, 60, 20, 60], abs=1), "one zoom")
    notebook.execute("figures[1].update(image(1.0)[:51, :51])")
    notebook.wait_until(lambda: zooms()[2:] == [-0.5, 50.5], "the crop")
    notebook.drag((30, 30), (50, 50))
    notebook.wait_until(lambda: zooms()[:2] == pytest.approx([30, 50], abs=1), "a zoom")
    assert zooms()[2:] == [-0.5, 50.5]
