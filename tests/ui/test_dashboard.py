"""Dashboards as Python sees them: pictures follow values, errors stay in their places, hands move parameters."""

import gc
import re
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ui.play import RECIPE, gate, play

import graph4d
from graph4d import MemoryStore, Store, UsageError
from graph4d.run.failure import RunError
from graph4d.session.events import Changed, Event
from graph4d.session.state import Status
from graph4d.widgets import attention
from graph4d.widgets.dashboard import Dashboard

__all__ = ["play"]

Opened = Callable[..., Dashboard]


@pytest.fixture
def opened(play: None) -> Iterator[Opened]:
    """``opened(view, **values)`` is a dashboard of the recipe of these tests."""
    made: list[Dashboard] = []

    def make(view: str | None, recipe: str = RECIPE, **values: object) -> Dashboard:
        made.append(Dashboard(recipe, view=view, store=Store(MemoryStore()), **values))
        return made[-1]

    yield make
    gate.set()
    for dashboard in made:
        dashboard.close()


def soon(condition: Callable[[], object]) -> None:
    """What listeners do may come a little later than the result."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def pixels(dashboard: Dashboard, title: str) -> Any:
    """Those of a picture; not numbers as long as there is none."""
    figure: Any = dashboard.pictures[title].figure
    return np.full((1, 1), np.nan) if figure is None else figure.source.data["image"][0]


def is_dimmed(dashboard: Dashboard, title: str) -> bool:
    return dashboard.pictures[title].dimmed


def by_hand(dashboard: Dashboard, name: str, *, moving: bool = False, **numbers: float) -> None:
    """What the browser sends when a handle is dragged."""
    source = handle(dashboard, name).source
    source.data = {**source.data, **{n: [value] for n, value in {**numbers, "moving": moving}.items()}}


def handle(dashboard: Dashboard, name: str) -> Any:
    return next(shape.handle for shapes in dashboard.shapes.values() for shape in shapes if shape.name == name)


def test_the_name_is_public() -> None:
    assert graph4d.Dashboard is Dashboard


def test_a_slider_changes_the_picture(opened: Opened) -> None:
    dashboard = opened("main", value=2)
    dashboard.wait(20)
    soon(lambda: pixels(dashboard, "plain")[0, 0] == 2)
    editor: Any = dashboard.controls.controls["value"].editor
    editor.slider.hand = [7.5, False, 0]
    dashboard.wait(20)
    soon(lambda: pixels(dashboard, "plain")[0, 0] == 7.5)


def test_the_recipes_other_parameters_have_controls_that_follow_as_well(opened: Opened) -> None:
    dashboard = opened("main")
    assert list(dashboard.rest.controls) == ["inner", "outer", "centre", "position", "window"]
    dashboard.session.set(inner="15 mrad")
    editor: Any = dashboard.rest.controls["inner"].editor
    soon(lambda: editor.widget.value == "15")


def test_the_pictures_are_those_of_the_view_and_all_views_are_seen_if_none_is_named(opened: Opened) -> None:
    assert list(opened("main").pictures) == ["plain"]
    gate.clear()
    assert list(opened(None).pictures) == ["plain", "dear", "gated", "bar", "pattern", "mask", "cross", "places"]


def test_a_recipe_without_views_shows_its_outputs_and_controls_of_its_parameters(opened: Opened) -> None:
    recipe = """\
graph4d: 1
params: {value: {type: float, default: 1.0}}
nodes: {plain: {use: play.image, with: {value: $value}}}
outputs: {picture: plain}
"""
    dashboard = opened(None, recipe)
    assert (list(dashboard.pictures), list(dashboard.controls.controls)) == (["picture"], ["value"])


def test_an_unknown_view_is_refused_with_the_nearest(opened: Opened) -> None:
    with pytest.raises(UsageError, match="no view `mian`; did you mean `main`"):
        opened("mian")


def test_a_failure_is_told_in_its_place_and_the_last_good_picture_stays_dimmed(opened: Opened) -> None:
    dashboard = opened("main", value=2)
    dashboard.wait(20)
    dashboard.session.set(value=-1)
    with pytest.raises(RunError, match=r"-1\.0 is negative"):
        dashboard.wait(20)
    soon(lambda: "-1.0 is negative" in dashboard.pictures["plain"].words)
    assert is_dimmed(dashboard, "plain")
    assert pixels(dashboard, "plain")[0, 0] == 2
    dashboard.session.set(value=3)
    dashboard.wait(20)
    soon(lambda: pixels(dashboard, "plain")[0, 0] == 3)
    soon(lambda: not is_dimmed(dashboard, "plain"))
    assert dashboard.pictures["plain"].words == ""


def test_a_failure_from_the_start_is_told_where_the_picture_would_be(opened: Opened) -> None:
    dashboard = opened("main", value=-1)
    soon(lambda: "-1.0 is negative" in dashboard.pictures["plain"].words)
    soon(lambda: "failed: plain" in dashboard.status.text)
    dashboard.session.set(value=1)
    dashboard.wait(20)
    soon(lambda: pixels(dashboard, "plain")[0, 0] == 1)


def test_a_missing_file_leaves_a_dashboard_that_can_be_used(opened: Opened, tmp_path: Path) -> None:
    np.save(tmp_path / "scan.npy", np.ones((3, 4, 8, 8), np.uint16))
    recipe = """\
graph4d: 1
params: {scan: {type: path}}
nodes:
  load: {use: io.open, with: {path: $scan}}
  mean: {use: image.mean_pattern, in: {scan: load}}
outputs: {mean: mean}
"""
    dashboard = opened(None, recipe, scan=tmp_path / "missing.npy")
    soon(lambda: "missing.npy" in dashboard.pictures["mean"].words)
    entry: Any = dashboard.controls.controls["scan"].editor
    entry.widget.value = str(tmp_path / "scan.npy")
    dashboard.wait(20)
    soon(lambda: pixels(dashboard, "mean")[0, 0] == 1)


def test_a_cancelled_run_is_told_and_apply_goes_on(opened: Opened) -> None:
    gate.clear()
    dashboard = opened("gated")
    soon(lambda: "computing gated" in dashboard.status.text)
    dashboard.status.cancel.click()
    soon(lambda: "cancelled: gated" in dashboard.status.text)
    gate.set()
    dashboard.status.apply.click()
    dashboard.wait(20)
    soon(lambda: pixels(dashboard, "gated")[0, 0] == 1)


def test_what_is_expensive_waits_for_apply_and_the_rest_does_not(opened: Opened) -> None:
    dashboard = opened("dear", value=2)
    soon(lambda: dashboard.pictures["plain"].figure is not None)
    soon(lambda: "waits for Apply" in dashboard.pictures["dear"].words)
    assert dashboard.status.apply.layout.display is None
    dashboard.status.apply.click()
    dashboard.wait(20)
    soon(lambda: pixels(dashboard, "dear")[0, 0] == 2)
    soon(lambda: dashboard.status.apply.layout.display == "none")
    dashboard.session.set(value=3)
    dashboard.wait(20)
    soon(lambda: is_dimmed(dashboard, "dear"))
    assert pixels(dashboard, "plain")[0, 0] == 3
    assert pixels(dashboard, "dear")[0, 0] == 2


def test_a_picture_that_stays_old_is_dimmed_while_it_waits(opened: Opened) -> None:
    dashboard = opened("gated")
    dashboard.wait(20)
    gate.clear()
    dashboard.session.set(value=5)
    soon(lambda: is_dimmed(dashboard, "gated"))
    gate.set()
    soon(lambda: not is_dimmed(dashboard, "gated"))
    assert pixels(dashboard, "gated")[0, 0] == 5


def test_a_ring_is_as_large_as_its_parameters_say_in_the_units_of_the_pattern(opened: Opened) -> None:
    dashboard = opened("hand")
    dashboard.wait(20)
    soon(lambda: dashboard.shapes["pattern"] and dashboard.shapes["places"])
    # 10 mrad are 0.5 1/Å, at 0.02 Å.
    wanted = {"x": 0, "y": 0, "inner": 0.5, "outer": 1.0}
    soon(lambda: handle(dashboard, "inner").shape == pytest.approx(wanted))
    dashboard.session.set(inner="15 mrad", centre=[2, -4])
    assert handle(dashboard, "inner").shape == pytest.approx({"x": -0.2, "y": 0.1, "inner": 0.75, "outer": 1.0})


def test_a_ring_in_pixels_lies_where_they_do_if_they_are_not_square(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("scan.npy", np.ones((3, 4, 32, 24), np.uint16))
    recipe = """\
graph4d: 1
params:
  radius: {type: float, default: 5.0}
  offset: {type: list, items: float, length: 2, default: [4.0, 3.0]}
nodes:
  load: {use: io.open, with: {path: scan.npy, detector_step: 0.1 1/Å, detector_step_x: 0.05 1/Å}}
  mean: {use: image.mean_pattern, in: {scan: load}}
  dark: {use: image.virtual, in: {scan: load}, with: {detector: disc, outer_px: $radius, offset: $offset}}
views:
  main: {show: [mean, dark], controls: {radius: {disc: {on: mean, center: offset}}}}
"""
    dashboard = opened("main", recipe)
    dashboard.wait(60)
    soon(lambda: dashboard.shapes["mean"])
    wanted = {"x": 0.15, "y": 0.4, "outer": 0.25}  # radii count in pixels along x
    soon(lambda: handle(dashboard, "radius").shape == pytest.approx(wanted))
    by_hand(dashboard, "radius", x=-0.1, y=-0.2)
    assert dashboard.session.values["offset"] == (-2.0, -2.0)


def test_a_dragged_ring_moves_its_numbers_and_nothing_else(opened: Opened) -> None:
    dashboard = opened("hand", inner=0.0123456)
    dashboard.wait(20)
    soon(lambda: dashboard.shapes["pattern"])
    by_hand(dashboard, "inner", outer=1.25, moving=True)
    assert dashboard.session.values["outer"] == 0.025
    by_hand(dashboard, "inner", outer=1.25)
    assert dashboard.session.values["inner"] == 0.0123456
    soon(lambda: dashboard.controls.controls["outer"].editor.widget.value == "25")
    by_hand(dashboard, "inner", x=0.15)
    assert dashboard.session.values["centre"] == (0.0, 3.0)


def test_a_hand_that_goes_too_far_is_held_at_the_bound(opened: Opened) -> None:
    dashboard = opened("hand")
    dashboard.wait(20)
    soon(lambda: dashboard.shapes["pattern"])
    by_hand(dashboard, "inner", outer=9.0)
    assert dashboard.session.values["outer"] == 0.05
    assert handle(dashboard, "inner").shape["outer"] == 2.5


def test_a_dragged_point_goes_to_the_middle_of_the_nearest_pixel(opened: Opened) -> None:
    dashboard = opened("hand")
    dashboard.wait(20)
    soon(lambda: dashboard.shapes["places"])
    soon(lambda: handle(dashboard, "position").shape == pytest.approx({"x": 0.8, "y": 0.6}))  # nm
    by_hand(dashboard, "position", x=1.25, y=0.95)
    assert dashboard.session.values["position"] == (5, 6)
    assert handle(dashboard, "position").shape == pytest.approx({"x": 1.2, "y": 1.0})
    by_hand(dashboard, "position", x=1.25, y=0.95)  # within the same pixel
    assert handle(dashboard, "position").shape == pytest.approx({"x": 1.2, "y": 1.0})


def test_a_rectangle_covers_the_pixels_of_its_parameter(opened: Opened) -> None:
    dashboard = opened("hand")
    dashboard.wait(20)
    soon(lambda: dashboard.shapes["places"])
    sides = {"left": 0.3, "right": 1.5, "top": 0.1, "bottom": 0.9}
    soon(lambda: handle(dashboard, "window").shape == pytest.approx(sides))
    by_hand(dashboard, "window", left=0.72, right=0.73)
    assert dashboard.session.values["window"] == (1, 5, 4, 5)


def test_reset_goes_back_to_the_start(opened: Opened) -> None:
    dashboard = opened("main", value=2)
    dashboard.session.set(value=5)
    dashboard.status.reset.click()
    assert dashboard.session.values["value"] == 2


def test_the_recipe_with_the_present_values_is_shown_and_saved(opened: Opened, tmp_path: Path) -> None:
    dashboard = opened("main", value=2)
    dashboard.recipe.toggle.value = True
    dashboard.session.set(value=4.5)
    soon(lambda: "default: 4.5" in dashboard.recipe.text)
    target = tmp_path / "mine.yml"
    dashboard.recipe.save(str(target))
    assert graph4d.load(target).parameters["value"] == 4.5
    dashboard.recipe.save(str(tmp_path / "nowhere" / "mine.yml"))
    assert "nowhere" in dashboard.recipe.words


def test_the_exported_page_holds_the_pictures_as_they_are(opened: Opened) -> None:
    dashboard = opened("main", value=2)
    dashboard.wait(20)
    soon(lambda: dashboard.pictures["plain"].figure is not None)
    page = dashboard.page()
    assert page.startswith("<!DOCTYPE html>")
    assert "plain" in page
    dashboard.session.set(value=-1)
    soon(lambda: "-1.0 is negative" in dashboard.pictures["plain"].words)
    assert "-1.0 is negative" not in page
    assert "-1.0 is negative" in dashboard.page()


def test_the_status_counts_what_was_computed_and_reused(opened: Opened) -> None:
    dashboard = opened("main", value=2)
    dashboard.wait(20)
    soon(lambda: "1 computed" in dashboard.status.text)
    dashboard.session.set(value=3)
    dashboard.wait(20)
    dashboard.session.set(value=2)
    dashboard.wait(20)
    soon(lambda: "1 reused" in dashboard.status.text)


def test_a_closed_dashboard_says_and_does_nothing_more(opened: Opened) -> None:
    dashboard = opened("main")
    dashboard.wait(20)
    editor: Any = dashboard.controls.controls["value"].editor
    events: list[Event] = []
    dashboard.session.subscribe(events.append)
    dashboard.close()
    dashboard.session.set(value=5)
    dashboard.session.wait(20)
    soon(lambda: any(isinstance(event, Changed) for event in events))  # this listener is the last to hear of it
    assert editor.field.widget.value == "1"
    assert pixels(dashboard, "plain")[0, 0] == 1


def test_what_nobody_looks_at_any_more_is_not_computed_until_somebody_does(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "GRACE", 0.0)
    dashboard = opened("gated")

    def says(kind: str, display: str) -> None:
        dashboard.view._received(dashboard.view, {"kind": kind, "from": display}, [])

    def status() -> Status:
        return dashboard.session.state("gated").status

    says("hello", "one")
    says("hello", "two")
    dashboard.wait(20)
    gate.clear()
    dashboard.session.set(value=2)
    says("bye", "one")
    assert status() in (Status.QUEUED, Status.RUNNING)
    says("bye", "two")
    soon(lambda: status() is Status.STALE)
    gate.set()
    dashboard.session.set(value=3)
    assert status() is Status.STALE
    says("hello", "three")
    soon(lambda: pixels(dashboard, "gated")[0, 0] == 3)
    says("bye", "three")
    soon(lambda: status() is Status.STALE)
    dashboard.session.set(value=4)
    dashboard.wait(20)
    soon(lambda: pixels(dashboard, "gated")[0, 0] == 4)


@pytest.mark.usefixtures("opened")
def test_nothing_of_a_closed_dashboard_is_kept() -> None:
    dashboard = Dashboard(RECIPE, view="hand", store=Store(MemoryStore()))
    dashboard.wait(20)
    dashboard.close()
    gone = [weakref.ref(kept) for kept in (dashboard, dashboard.view, dashboard.session)]
    del dashboard

    def collected() -> bool:
        gc.collect()  # threads may be on their way out
        return all(kept() is None for kept in gone)

    soon(collected)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("on: pattern", "on: patern", "mask, cross, places; got patern"),
        ("outer: outer, center", "outer: out, center", "no parameter `out`; did you mean `outer`"),
        ("outer: outer, center", "center", "a ring needs `outer`"),
        ("{point: {on: places}}", "{point: {on: places, outer: outer}}", "a point has no `outer`"),
        ("{slider: {min: 0, ", "{slider: {mni: 0, ", "a slider has no `mni`; did you mean `min`"),
        ("{number: {}}", "{numbr: {}}", "there is no `numbr`; did you mean `number`"),
        ("{number: {}}", "{number: 3}", "`number` takes a mapping"),
    ],
)
def test_what_a_view_cannot_have_is_refused_with_a_hint(opened: Opened, old: str, new: str, message: str) -> None:
    assert old in RECIPE
    with pytest.raises(UsageError, match=re.escape(message)):
        opened(None, RECIPE.replace(old, new))


def test_a_step_that_bears_the_name_of_another_output_is_shown_itself(opened: Opened) -> None:
    recipe = """\
graph4d: 1
nodes:
  one: {use: play.image, with: {value: 1.0}}
  two: {use: play.image, with: {value: 2.0}}
outputs: {one: two}
views: {main: {show: [one, two]}}
"""
    dashboard = opened(None, recipe)
    dashboard.wait(20)
    soon(lambda: all(picture.figure for picture in dashboard.pictures.values()))
    assert {title: pixels(dashboard, title)[0, 0] for title in dashboard.pictures} == {"one.out": 1, "one": 2}
