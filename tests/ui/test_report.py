"""The report: one file, complete, safe, and written from text alone."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from graph4d.types import ValueType
from graph4d.view.figure import figure_json
from graph4d.view.fingerprint import view_fingerprint
from graph4d.view.report import OutputItem, ParameterRow, Report, StepRow, report_html, write_report

IMAGE = ValueType("Image", ("y", "x"))
HOSTILE = """</script></style><script>alert("x")</script><img src="http://example.org/x.png" onerror='alert(1)'>"""


class Page(HTMLParser):
    """What a browser would make of a page: its tags with attributes, its visible text, and what scripts hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self.inside:
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts.append(data)
        elif not self.inside:
            self.text.append(data)


@pytest.fixture(scope="module")
def figure() -> str:
    value = xr.DataArray(np.arange(12.0).reshape(3, 4), dims=("y", "x"), attrs={"units": "counts"})
    return figure_json(value, IMAGE, "bf")


def a_report(figure: str, title: str = "A scan", outputs: tuple[OutputItem, ...] | None = None) -> Report:
    energy = ParameterRow("energy", 300e3, "of the electrons", unit="eV", shown="keV", given=True)
    return Report(
        title=title,
        recipe="explore.yml",
        started="2026-11-20T10:20:30+00:00",
        seconds=1.2345,
        parameters=[energy, ParameterRow("kernel", 41)],
        steps=[
            StepRow("load", "io.open", "computed", "never ran", 0.0125, 3, "aa", [], [energy]),
            StepRow("bf", "image.virtual", "reused", "nothing changed", digest="bb", inputs=["load"]),
            StepRow("icom", "phase.icom", "failed", "ValueError: no field", inputs=["load"]),
        ],
        outputs=[OutputItem("bf", "0123456789abcdef", IMAGE, figure)] if outputs is None else outputs,
        versions={"graph4d": "0.1.0", "numpy": "2.9"},
        source="graph4d: 1\ntitle: A scan\n",
    )


def test_the_report_tells_what_ran_with_what_and_why(figure: str) -> None:
    text = " ".join(" ".join(Page(report_html(a_report(figure))).text).split())
    for part in (
        "A scan", "explore.yml", "2026-11-20 10:20 UTC", "graph4d 0.1.0", "1.23 s in all",
        "1 computed, 1 reused, 1 failed",
        "energy 300 keV set of the electrons", "kernel 41 default", "io.open computed never ran 12.5 ms, 3 in one pass",
        "image.virtual reused nothing changed", "ValueError: no field", "numpy 2.9", "0123456789abcdef", "Image(y, x)",
        "graph4d: 1 title: A scan",
    ):  # fmt: skip
        assert part in text


def test_every_output_has_a_place_and_its_data(figure: str) -> None:
    page = Page(report_html(a_report(figure)))
    (place,) = [attrs["id"] for tag, attrs in page.tags if attrs.get("class") == "figure"]
    (name,) = [attrs["data-figure"] for tag, attrs in page.tags if "data-figure" in attrs]
    assert place == name
    (data,) = [json.loads(text) for text in page.scripts if text.startswith("{")]
    assert data == json.loads(figure)


def test_the_page_loads_nothing_from_anywhere(figure: str) -> None:
    tags = Page(report_html(a_report(figure))).tags
    assert not [tag for tag, attrs in tags if {"src", "href", "srcset", "action", "data"} & set(attrs)]
    assert not [tag for tag, _ in tags if tag in ("link", "iframe", "object", "embed", "base")]
    (policy,) = [attrs["content"] for tag, attrs in tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_hostile_text_stays_text(figure: str) -> None:
    names = ValueType(HOSTILE, (HOSTILE,))
    image = xr.DataArray(np.eye(3), dims=("y", "x"), attrs={"units": HOSTILE})
    report = Report(
        title=HOSTILE,
        recipe=HOSTILE,
        started="2026-11-20T10:20:30",
        seconds=1.0,
        parameters=[ParameterRow(HOSTILE, HOSTILE, HOSTILE)],
        steps=[StepRow(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 1.0, 1, HOSTILE, [], [ParameterRow(HOSTILE, HOSTILE)])],
        outputs=[
            OutputItem(HOSTILE, HOSTILE, names, figure_json(xr.DataArray(1.0, name=HOSTILE), names, HOSTILE)),
            OutputItem(HOSTILE, HOSTILE, names, figure_json(image, names, HOSTILE)),
            OutputItem(HOSTILE, HOSTILE, names, json.dumps({"error": HOSTILE})),
        ],
        versions={HOSTILE: HOSTILE},
        source=HOSTILE,
    )
    page, plain = Page(report_html(report)), Page(report_html(a_report(figure)))
    assert not [tag for tag, attrs in page.tags if tag == "img" or "onerror" in attrs]
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain.tags} | {"br"}
    assert not [text for text in page.scripts if text.startswith("alert")]
    assert 'alert("x")' in " ".join(page.text)


def test_a_table_has_the_whole_width_of_the_page(figure: str) -> None:
    table = OutputItem("methods", "cd", ValueType("Table", ("row",), "dataset"), figure)
    page = Page(report_html(a_report(figure, outputs=(OutputItem("bf", "ab", IMAGE, figure), table))))
    assert [attrs["class"] for tag, attrs in page.tags if tag == "article"] == ["card", "card wide"]


def test_a_figure_that_failed_leaves_the_others(figure: str) -> None:
    broken = OutputItem("icom", "", IMAGE, json.dumps({"error": "ValueError: no <field>"}))
    page = Page(report_html(a_report(figure, outputs=(broken, OutputItem("bf", "ab", IMAGE, figure)))))
    assert "ValueError: no <field>" in " ".join(page.text)
    assert [attrs["id"] for _, attrs in page.tags if attrs.get("class") == "figure"] == ["figure-1"]


def test_only_the_parts_of_bokehjs_that_are_needed_are_inside(figure: str) -> None:
    value = xr.DataArray(1.0, attrs={"units": "1"})
    number = figure_json(value, ValueType("Scalar"), "one")
    none = len(report_html(a_report(figure, outputs=())))
    core = len(report_html(a_report(figure)))
    widgets = len(report_html(a_report(figure, outputs=(OutputItem("one", "", IMAGE, number),))))
    assert none < 100_000
    assert 1_000_000 < core < widgets


def test_scripts_of_bokehjs_cannot_end_early(figure: str) -> None:
    html = report_html(a_report(figure))
    assert html.count("</script>") == 3  # BokehJS, the data, and what draws them


def test_a_run_with_nothing_new_writes_its_report_without_bokeh_and_xarray(tmp_path: Path, figure: str) -> None:
    code = """
import sys
from graph4d.types import ValueType
from graph4d.view.fingerprint import view_fingerprint
from graph4d.view.report import OutputItem, Report, StepRow, write_report

steps = [StepRow("load", "io.open", "reused"), StepRow("bf", "image.virtual", "reused", inputs=["load"])]
outputs = [OutputItem("bf", "ab", ValueType("Image", ("y", "x")), open(sys.argv[2]).read())]
write_report(sys.argv[1], Report("A scan", "explore.yml", "2026-11-20T10:20:30", 0.1, (), steps, outputs))
print(view_fingerprint())
print([name for name in ("bokeh", "xarray", "pandas", "networkx") if name in sys.modules])
"""
    stored = tmp_path / "figure.json"
    stored.write_text(figure)
    path = tmp_path / "made" / "report.html"
    command = [sys.executable, "-c", code, str(path), str(stored)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == [view_fingerprint(), "[]"]
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_report_replaces_an_earlier_one(tmp_path: Path, figure: str) -> None:
    path = tmp_path / "report.html"
    for title in ("first", "second"):
        write_report(path, a_report(figure, title))
    assert "<title>second</title>" in path.read_text(encoding="utf-8")
