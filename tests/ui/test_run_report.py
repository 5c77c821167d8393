"""The report of a real run, read as a person would."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from graph4d import Angle, Image, UsageError, default_store, execute, load, node
from graph4d.marks import InputPath
from graph4d.registry import Registry
from graph4d.view.run_report import report_run


@node("toy.tilt")
def tilt(*, path: InputPath, angle: Angle = 0.0) -> Image:
    """Image of an angle."""
    return xr.DataArray(np.full((4, 4), angle), dims=("y", "x"), attrs={"units": "rad"})


@node("toy.disc")
def disc(image: Image, *, radius: float = 1.0) -> Image:
    """Refuses every image."""
    raise UsageError("the disc needs `semiangle`")


RECIPE = """\
graph4d: 1
title: Angles
params:
  scan: {type: path}
  rotation: {type: angle, unit: deg, default: 0 deg}
  twist: {type: angle, unit: deg, default: 0 deg}
nodes:
  map: {use: toy.tilt, with: {path: $scan, angle: $rotation}}
  other: {use: toy.tilt, with: {path: $scan, angle: $twist}}
  bf: {use: toy.disc, in: {image: map}}
  later: {use: toy.disc, in: {image: bf}}
outputs: {map: map, other: other, bf: bf, later: later}
"""


@pytest.fixture
def html(tmp_path: Path) -> str:
    (tmp_path / "below").mkdir()
    (tmp_path / "scan.npy").write_bytes(b"")
    scan = tmp_path / "below" / ".." / "scan.npy"
    registry = Registry(group=None)
    for each in (tilt, disc):
        registry.register(each)
    graph = load(RECIPE, registry=registry, parameters={"scan": scan, "rotation": 0.4})
    report_run(execute(graph, default_store()), tmp_path / "report.html")
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def test_an_output_that_failed_shows_its_error_in_place_of_a_picture(html: str) -> None:
    cards = re.findall(r'<article class="card">(.*?)</article>', html, re.DOTALL)
    assert len(cards) == 4
    for card, name in zip(cards[2:], ("bf", "later"), strict=True):
        assert f"<span>{name}: Image(y, x)</span>" in card
        assert "the disc needs `semiangle`" in card
        assert "data-figure" not in card


def test_a_parameter_left_alone_counts_as_default_also_where_its_default_has_a_unit(html: str) -> None:
    assert "<td>22.9183°</td><td>set</td>" in html
    assert "<td>0°</td><td>default</td>" in html


def test_paths_are_shown_without_detours(html: str, tmp_path: Path) -> None:
    assert f"<td>{tmp_path / 'scan.npy'}</td>" in html
    assert "below/.." not in html
