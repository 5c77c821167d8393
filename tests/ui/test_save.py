"""Figures written into a page of their own."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from bokeh.document import Document

from graph4d import UsageError
from graph4d.types import ValueType
from graph4d.view.figure import figure_for
from graph4d.view.save import save_html


def a_figure(values: Any, title: str = "picture") -> Any:
    return figure_for(xr.DataArray(values, dims=("y", "x")), ValueType("Image", ("y", "x")), title)


def written(path: Path) -> list[Document]:
    texts = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', path.read_text(encoding="utf-8"))
    return [Document.from_json(json.loads(text)["item"]["doc"]) for text in texts]


def test_a_page_has_the_figures_as_they_are_now(tmp_path: Path) -> None:
    one, other = a_figure(np.zeros((4, 4)), "one"), a_figure(np.zeros((4, 4)), "<other>")
    one.update(xr.DataArray(np.eye(4), dims=("y", "x")), "preview")
    path = tmp_path / "made" / "page.html"
    save_html([one, other], path, "<title>")
    plots = [document.roots[0].children[0] for document in written(path)]
    assert [plot.title.text.text for plot in plots] == ["one · preview", "<other>"]
    np.testing.assert_array_equal(plots[0].renderers[0].data_source.data["image"][0], np.eye(4))
    assert "<title>&lt;title&gt;</title>" in path.read_text(encoding="utf-8")


def test_figures_stay_in_the_document_that_shows_them(tmp_path: Path) -> None:
    figure = a_figure(np.zeros((4, 4)))
    document = Document()
    document.add_root(figure.layout)
    for name in ("first.html", "second.html"):
        save_html([figure], tmp_path / name)
        assert figure.layout.document is document
        assert document.roots == [figure.layout]


def test_a_place_that_cannot_be_written_to_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written") as caught:
        save_html([a_figure(np.zeros((4, 4)))], tmp_path)
    assert "\n" not in str(caught.value)
