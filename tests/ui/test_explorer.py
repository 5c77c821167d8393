"""The 4D explorer without a browser: what its handles and fields do, and the recipe it gives away."""

import contextlib
import gc
import threading
import time
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from graph4d_nodes.explorer import explore, page, stage
from graph4d_nodes.explorer.detector import Detector
from graph4d_nodes.geometry import wavelength
from graph4d_nodes.image.virtual import virtual_image
from graph4d_nodes.io.open import open_scan
from graph4d_nodes.scan import Scan4D
from ipywidgets import Layout, Style
from typer.testing import CliRunner

from graph4d import GraphError, MemoryStore, RunError, Store, UsageError, execute, load
from graph4d.cli.app import app
from graph4d.recipe.load import check
from graph4d.session.state import Status
from graph4d.view.grid import Grid
from graph4d.widgets import attention
from graph4d.widgets.dashboard import Dashboard

CALIBRATED = {
    "energy": "300 keV",
    "semiangle": "4 mrad",
    "scan_step": "0.5 Å",
    "detector_step": "0.05 1/Å",
    "rotation": "20 deg",
}
"""A detector pixel is 0.98 mrad here, so that the bright disc has a radius of 4.06 px."""


@pytest.fixture(scope="module")
def patterns() -> np.ndarray:
    """A disc that wanders a little over a noisy background."""
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:24, :20]
    scan = rng.poisson(0.5, (9, 11, 24, 20))
    for y, x in np.ndindex(9, 11):
        radius = np.hypot(rows - 12 - 0.1 * np.sin(x), columns - 9 - 0.1 * y)
        scan[y, x] += rng.poisson(20 * (radius < 4.06))
    return scan.astype(np.uint16)


@pytest.fixture
def file(tmp_path: Path, patterns: np.ndarray) -> Path:
    path = tmp_path / "scan.npy"
    np.save(path, patterns)
    return path


@pytest.fixture
def opened(file):
    made = []

    def open_it(**calibrations):
        made.append(explore(file, **calibrations))
        made[-1].wait(30)
        return made[-1]

    yield open_it
    for explorer in made:
        explorer.close()


@pytest.fixture(params=[{}, CALIBRATED], ids=["pixels", "calibrated"])
def explorer(request, opened):
    return opened(**request.param)


def drawn(explorer, name):
    """The numbers behind a picture."""
    return explorer.stage.screen.figures[name].source.data["image"][0]


def drag(handle, *, moving=False, **shape):
    """What the browser does when somebody moves a handle."""
    data = {name: list(values) for name, values in handle.source.data.items()}
    data |= {name: [value] for name, value in shape.items()} | {"moving": [moving]}
    handle.source.data = data


def test_at_first_there_is_the_pattern_in_the_middle_and_the_bright_field(explorer, patterns, file):
    np.testing.assert_array_equal(drawn(explorer, "pattern"), patterns[4, 5])
    scan = open_scan(path=file, **({} if explorer.session.values["load.energy"] is None else CALIBRATED))
    origin = explorer.session.value("origin")
    expected = virtual_image(scan, origin, detector="disc", outer_px=4.0)
    np.testing.assert_array_equal(drawn(explorer, "image"), expected.values)


def test_a_pattern_is_there_before_the_scan_is_read(opened):
    events = [
        (type(event).__name__, getattr(event, "step", ""))
        for event in opened(store=Store(MemoryStore())).session.events
    ]
    assert events.index(("StepFinished", "pattern")) < events.index(("StepStarted", "origin"))


def test_a_click_on_the_image_shows_the_pattern_of_that_position(explorer, patterns):
    y, x = explorer.stage.screen.grids["image"].place(2.3, 7.4)
    drag(explorer.stage.screen.places["point"], x=x, y=y)
    explorer.wait(10)
    assert explorer.stage.position == (2, 7)
    np.testing.assert_array_equal(drawn(explorer, "pattern"), patterns[2, 7])


def test_a_rectangle_on_the_image_shows_the_mean_of_its_patterns(explorer, patterns):
    explorer.stage.set_source("rectangle")
    sides = explorer.stage.screen.grids["image"].sides((1, 4, 2, 9))
    drag(explorer.stage.screen.places["rectangle"], **sides)
    explorer.wait(10)
    assert explorer.stage.region == (1, 4, 2, 9)
    np.testing.assert_allclose(drawn(explorer, "pattern"), patterns[1:4, 2:9].mean(axis=(0, 1)), rtol=1e-6)


def test_the_whole_scan_shows_the_mean_of_all_patterns(explorer, patterns):
    explorer.stage.set_source("scan")
    explorer.wait(10)
    np.testing.assert_allclose(drawn(explorer, "pattern"), patterns.mean(axis=(0, 1)), rtol=1e-6)


@pytest.mark.parametrize("kind", ["annulus", "disc", "rectangle"])
@pytest.mark.parametrize("offset", [(0.0, 0.0), (-3.0, 2.0)])
def test_a_detector_that_is_dragged_gives_the_image_of_its_node(explorer, kind, offset):
    explorer.stage.set_detector(explorer.stage.detector.turned_into(kind))
    grid, (row, column) = explorer.stage.screen.grids["pattern"], explorer.stage.screen.origin
    handle = explorer.stage.screen.detectors[kind]
    if kind == "rectangle":
        drag(handle, **grid.sides((3, 9, 5, 12)))
    else:
        y, x = grid.place(row + offset[0], column + offset[1])
        radii = {"outer": 6 * grid.step[1]} | ({"inner": 2 * grid.step[1]} if kind == "annulus" else {})
        drag(handle, x=x, y=y, **radii)
    explorer.wait(10)
    step = explorer.session.graph.steps[explorer.stage.detector.step].parameters
    options = {name: step[name] for name in ("inner", "outer", "inner_px", "outer_px")}
    angle = 0.05 * wavelength(300e3) if explorer.session.values["load.energy"] else 1.0
    if kind != "rectangle":
        assert (options["outer"] or options["outer_px"]) == pytest.approx(6 * angle, rel=1e-3)
    if explorer.stage.detector.step == "ring":  # it says to which radii it went
        made = explorer.session.value("ring").attrs
        options = {"inner_px": made["inner_px"] if kind == "annulus" else None, "outer_px": made["outer_px"]}
    place = {"rectangle": (3, 9, 5, 12)} if kind == "rectangle" else {"offset": offset}
    scan = explorer.session.value("load")
    expected = virtual_image(scan, explorer.session.value("origin"), detector=kind, **options, **place)
    np.testing.assert_array_equal(drawn(explorer, "image"), expected.values)


def test_a_ring_about_the_origin_reads_no_patterns_again(explorer):
    before = len(explorer.session.events)
    explorer.stage.set_detector(Detector("annulus", 3.0, 7.0))
    explorer.wait(10)
    started = {event.step for event in explorer.session.events[before:] if type(event).__name__ == "StepStarted"}
    assert started <= {"ring"}


def test_a_centre_near_the_origin_is_on_it():
    near = Detector("disc", outer=4.0).moved(offset=(0.5, -0.4))
    assert (near.offset, near.step) == ((0.0, 0.0), "ring")
    assert near.moved(offset=(0.9, 0.0)).step == "detector"


@pytest.mark.parametrize("preset", ["bf", "abf", "adf"])
def test_presets_are_those_of_the_node(opened, file, preset):
    explorer = opened(**CALIBRATED)
    explorer.stage.set_detector(explorer.stage.presets[preset])
    explorer.wait(10)
    ring = explorer.session.value("ring").attrs
    alpha = 4.06
    edge = 9.9  # the beam is at column 9.4
    inner, outer = {"bf": (0, alpha), "abf": (alpha / 2, alpha), "adf": (1.2 * alpha, edge)}[preset]
    assert (ring["inner_px"], ring["outer_px"]) == pytest.approx((inner, outer), abs=0.13)
    assert explorer.stage.presets["haadf"] is None  # it would begin beyond the edge


def saved(explorer, folder):
    path = folder / "seen.yml"
    path.write_text(explorer.recipe(), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("source", "detector"),
    [
        ("point", Detector("annulus", 2.0, 6.0)),
        ("rectangle", Detector("disc", 0.0, 3.0, (4.0, 1.5))),
        ("scan", Detector("rectangle", rectangle=(3, 9, 5, 12))),
    ],
)
def test_the_copied_recipe_gives_what_is_seen(explorer, source, detector, tmp_path):
    explorer.stage.set_position((6, 3))
    explorer.stage.set_source(source)
    explorer.stage.set_detector(detector)
    explorer.session.set({"ricom.kernel": 7})
    explorer.wait(10)
    path = saved(explorer, tmp_path)
    assert [str(problem) for problem in check(path)] == []
    run = execute(load(path))
    for name, step in explorer.stage.seen.items():
        np.testing.assert_array_equal(run[name].values, explorer.session.value(step).values)
    with contextlib.closing(Dashboard(path)) as dashboard:  # its handles and sliders have all they need
        dashboard.wait(30)
        assert {
            "kernel",
            *({"inner", "outer"} if detector.kind == "annulus" else {}),
        } <= dashboard.controls.controls.keys()
    assert "mean_pattern" in path.read_text() or source != "scan"
    assert ("radial_sums" in path.read_text()) == (detector.step == "ring")


def test_a_copied_recipe_draws_the_detector_where_the_explorer_does(opened, tmp_path):
    explorer = opened(**CALIBRATED)
    explorer.use("ABF")
    explorer.move_to(8, 1)
    explorer.wait(10)
    row, column = explorer.session.value("origin").values[:, 8, 1]
    with contextlib.closing(Dashboard(saved(explorer, tmp_path))) as dashboard:
        dashboard.wait(30)
        grid = Grid.of(dashboard.session.value("pattern"))
        ring = next(shape.handle for shape in dashboard.shapes["pattern"])
        assert grid.pixel(ring.shape["y"], ring.shape["x"]) == pytest.approx((row, column), abs=1e-6)


def test_axes_of_the_pattern_begin_at_the_mean_origin(opened):
    explorer = opened(**CALIBRATED)
    row, column = explorer.session.value("origin").values.reshape(2, -1).mean(axis=1)
    axes = explorer.stage.screen.figures["pattern"].frame.axes
    starts = [axis.start / axis.step for axis in axes]
    assert starts == pytest.approx([-row - 0.5, -column - 0.5])


def test_a_calibration_that_does_not_exist_is_refused_with_the_nearest_name(file):
    with pytest.raises(UsageError, match="energy"):
        explore(file, enrgy="300 keV")


def test_a_ring_follows_the_origin_of_the_pattern_that_is_shown(opened):
    explorer = opened()
    origin = explorer.session.value("origin")
    for position in [(0, 0), (8, 10)]:
        explorer.stage.set_position(position)
        row, column = origin.values[(slice(None), *position)]
        y, x = explorer.stage.screen.grids["pattern"].place(row, column)
        shape = explorer.stage.screen.detectors["disc"].shape
        assert (shape["y"], shape["x"]) == pytest.approx((y, x))


def test_a_radius_that_is_typed_moves_the_ring(opened):
    explorer = opened(**CALIBRATED)
    explorer.stage.set_detector(explorer.stage.presets["abf"])
    explorer.stage.detector_bar.radii["outer"].value = 7.0
    explorer.wait(10)
    assert explorer.session.values["ring.outer"] == 7e-3
    outer = 7e-3 * explorer.stage.screen.grids["pattern"].length_of("rad")
    assert explorer.stage.screen.detectors["annulus"].shape["outer"] == pytest.approx(outer)


def test_a_hand_that_holds_the_ring_is_not_disturbed_and_ends_where_it_let_go(opened):
    explorer = opened()
    explorer.stage.set_detector(replace(explorer.stage.detector, outer=5.0))
    handle = explorer.stage.screen.detectors["disc"]
    for outer in (5.3, 5.9, 6.4):
        drag(handle, outer=outer, moving=True)
        assert handle.shape["outer"] == outer
    drag(handle, outer=6.4)
    assert handle.shape["outer"] == pytest.approx(6.4)
    assert explorer.stage.detector.outer == pytest.approx(6.4)


def buttons(explorer):
    """What is offered for a file that cannot be opened, by label."""
    with contextlib.suppress(GraphError):
        explorer.wait(30)
    explorer._tell_status()
    return {button.description: button for row in explorer._offers.children for button in row.children}


def test_a_stack_of_patterns_asks_for_its_rows_and_columns(tmp_path, patterns):
    path = tmp_path / "stack.npy"
    np.save(path, patterns.reshape(99, 24, 20))
    explorer = explore(path)
    try:
        assert explorer.stage is None
        assert list(buttons(explorer)) == ["9 × 11", "11 × 9", "3 × 33", "33 × 3"]
        assert "stack of 99 patterns" in explorer._problem.value
        buttons(explorer)["9 × 11"].click()
        explorer.wait(30)
        explorer._tell_status()
        np.testing.assert_array_equal(drawn(explorer, "pattern"), patterns[4, 5])
        assert (explorer._problem.value, buttons(explorer)) == ("", {})
        explorer.session.set({"load.scan_shape": [11, 9]})
        explorer.wait(30)
        np.testing.assert_array_equal(drawn(explorer, "pattern"), patterns.reshape(11, 9, 24, 20)[5, 4])
    finally:
        explorer.close()


def test_a_file_of_several_scans_offers_them(tmp_path, patterns):
    import h5py

    path = tmp_path / "two.h5"
    with h5py.File(path, "w") as file:
        file["first"], file["later/second"] = patterns, patterns[:4, :5]
    explorer = explore(path)
    try:
        assert list(buttons(explorer)) == ["first (9 × 11 × 24 × 20)", "later/second (4 × 5 × 24 × 20)"]
        buttons(explorer)["later/second (4 × 5 × 24 × 20)"].click()
        explorer.wait(30)
        np.testing.assert_array_equal(drawn(explorer, "pattern"), patterns[2, 2])
    finally:
        explorer.close()


def test_a_missing_file_is_told_and_another_can_be_named(tmp_path, file, patterns):
    explorer = explore(tmp_path / "none.npy")
    try:
        with pytest.raises(UsageError):
            explorer.wait(30)
        explorer._tell_status()
        assert "none.npy" in explorer._problem.value
        explorer.session.set({"scan": file})
        explorer.wait(30)
        np.testing.assert_array_equal(drawn(explorer, "pattern"), patterns[4, 5])
    finally:
        explorer.close()


def test_calibrations_given_on_the_page_change_units_and_leave_the_detector_where_it_is(opened):
    explorer = opened()
    explorer.stage.set_detector(Detector("annulus", 2.0, 6.0))
    explorer.session.set({"load.energy": "300 keV", "load.detector_step": "0.05 1/Å"})
    explorer.wait(30)
    assert explorer.session.values["ring.outer"] == pytest.approx(6 * 0.05 * wavelength(300e3), rel=1e-3)
    assert explorer.session.values["ring.outer_px"] is None
    grid = explorer.stage.screen.grids["pattern"]
    assert grid.unit == "1/Å"
    assert explorer.stage.screen.detectors["annulus"].shape["outer"] == pytest.approx(6 * grid.step[1])


def test_the_disc_of_a_scan_is_estimated_once(opened, monkeypatch):
    estimated = []
    monkeypatch.setattr(stage, "estimated_disc", lambda scan: estimated.append(scan) or 4.0)
    explorer = opened()
    for _ in range(3):
        explorer.stage.draw("origin")
    assert estimated == [explorer.session.value("load")]


def test_the_headline_tells_both_steps_where_they_differ(opened):
    explorer = opened(**CALIBRATED, scan_step_x="2 nm")
    assert "step 0.5 Å along y, 2 nm along x · pixel 0.5 nm⁻¹" in explorer._head.value
    assert "along kx" not in explorer._head.value


@pytest.mark.parametrize("source", ["point", "rectangle"])
def test_a_handle_on_the_image_stays_at_its_positions_when_the_axes_change(opened, source):
    explorer = opened()
    explorer.stage.set_source(source)
    explorer.session.set({"load.scan_step": "2 Å"})
    explorer.wait(30)
    grid, shape = explorer.stage.screen.grids["image"], explorer.stage.screen.places[source].shape
    assert grid.unit == "Å"
    if source == "point":
        assert grid.nearest(shape["y"], shape["x"]) == explorer.stage.position
    else:
        assert grid.rectangle(**shape) == explorer.stage.region


def test_a_preset_stays_one_when_calibrations_change(opened):
    explorer = opened(**CALIBRATED)
    explorer.session.set({"load.semiangle": "6 mrad"})
    explorer.wait(30)
    assert explorer.session.values["ring.outer"] == 6e-3


def test_the_command_opens_a_file_as_the_page_does(file):
    code = page.code(file, {"energy": "300 keV", "scan_shape": [11, 9]})
    names = {}
    first, last = code.splitlines()
    exec(f"{first}\nexplorer = {last}", names)
    explorer = names["explorer"]
    try:
        assert (explorer.session.values["load.energy"], explorer.stage.shape[:2]) == (300e3, (11, 9))
    finally:
        explorer.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.npy"], "none.npy is no file"),
        (["--set", "enrgy=300 keV"], "did you mean `energy`?"),
        (["--set", "energy=300"], "'300' has no unit"),
        (["--set", "path=other.npy"], "`path` is the file that is opened"),
    ],
)
def test_the_command_says_what_is_wrong_before_it_serves(file, arguments, message):
    told = CliRunner().invoke(app, ["open", *([str(file)] if arguments[0] == "--set" else []), *arguments])
    assert told.exit_code == 2
    assert message in told.stderr


@pytest.mark.parametrize(
    ("name", "calibrations"),
    [
        ("rotavirus.h5", {"energy": "300 keV", "semiangle": "1.03 mrad", "detector_step": "0.0033602 1/Å"}),
        ("sto_rot23.h5", {"energy": "300 keV", "semiangle": "20 mrad", "detector_step": "0.0333333 1/Å"}),
        ("formats/test1.blo", {}),
        ("formats/fpd_medipix.hdf5", {}),
        ("formats/emd/py4DSTEM_size2x3x4x5.h5", {}),
        ("formats/empad/empad_scan_x4_y4.raw", {}),
        ("formats/arina/test_arina_master.h5", {"scan_shape": [4, 4]}),
        ("formats/gemini_test_CL30cm.mib", {"scan_shape": [1, 1]}),
    ],
)
def test_files_of_many_formats_are_shown(shared_data, name, calibrations):
    with contextlib.closing(explore(shared_data / name, **calibrations)) as explorer:
        explorer.wait(60)
        scan = explorer.session.value("load")
        y, x = explorer.stage.position
        np.testing.assert_array_equal(drawn(explorer, "pattern"), scan.pattern(y, x).astype(np.float32))
        assert np.isfinite(drawn(explorer, "image")).all()


def test_a_detector_that_misses_the_pattern_is_told_and_the_last_image_stays_dimmed(opened):
    explorer = opened()
    before = drawn(explorer, "image").copy()
    explorer.stage.set_detector(Detector("disc", outer=2.0, offset=(100.0, 0.0)))
    with pytest.raises(RunError):
        explorer.wait(10)
    figure = explorer.stage.screen.figures["image"]
    deadline = time.monotonic() + 5
    while figure.layout.styles.get("opacity") == "1" or not explorer._problem.value:
        assert time.monotonic() < deadline
        explorer._tell_status()
        time.sleep(0.01)
    assert "lies outside of the patterns" in explorer._problem.value
    np.testing.assert_array_equal(drawn(explorer, "image"), before)
    explorer.stage.set_detector(Detector("disc", outer=2.0))
    explorer.wait(10)
    explorer._tell_status()
    assert (explorer._problem.value, figure.layout.styles["opacity"]) == ("", "1")


def test_pictures_that_wait_behind_a_long_run_are_dimmed_until_they_are_current(opened, monkeypatch):
    explorer = opened(**CALIBRATED)
    gate, read = threading.Event(), Scan4D.read

    def late(*arguments):
        gate.wait(30)
        return read(*arguments)

    monkeypatch.setattr(Scan4D, "read", late)
    figures = explorer.stage.screen.figures
    explorer.session.set({"load.scan_step": "2 Å"})
    wait_until(lambda: all(figure.layout.styles.get("opacity") not in (None, "1") for figure in figures.values()))
    gate.set()
    explorer.wait(30)
    assert [figure.layout.styles["opacity"] for figure in figures.values()] == ["1"] * len(figures)


def say(explorer, kind):
    """What a display of the pictures tells the kernel."""
    explorer.stage.view._received(explorer.stage.view, {"from": "somewhere", "kind": kind}, [])


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_nobody_looks_at_is_not_computed_until_it_is_displayed_again(opened, patterns, monkeypatch):
    monkeypatch.setattr(attention, "GRACE", 0.05)
    explorer = opened()
    say(explorer, "hello")
    say(explorer, "bye")
    wait_until(lambda: explorer.session.state("com").status is Status.STALE)
    before = len(explorer.session.events)
    explorer.move_to(1, 2)
    explorer.use("ADF")
    time.sleep(0.1)
    assert not [e for e in explorer.session.events[before:] if type(e).__name__ == "StepStarted"]
    say(explorer, "hello")
    explorer.wait(10)
    np.testing.assert_array_equal(drawn(explorer, "pattern"), patterns[1, 2])
    np.testing.assert_array_equal(drawn(explorer, "image"), explorer.session.value("ring").values)


@pytest.mark.parametrize("grace", [0.0, 0.05])
def test_a_cell_that_is_run_again_stops_nothing(opened, monkeypatch, grace):
    monkeypatch.setattr(attention, "GRACE", grace)
    explorer = opened()
    say(explorer, "hello")
    with explorer.stage._attention._lock:  # the time is over while it is displayed again
        say(explorer, "bye")
        time.sleep(0.01)
        say(explorer, "hello")
    time.sleep(0.1)
    assert explorer.stage.is_current(explorer.session.value("load"))


def test_waiting_for_pictures_computes_them_even_if_nobody_looks(opened, patterns, monkeypatch):
    monkeypatch.setattr(attention, "GRACE", 0.0)
    explorer = opened()
    say(explorer, "hello")
    say(explorer, "bye")
    wait_until(lambda: explorer.session.state("com").status is Status.STALE)
    explorer.move_to(2, 1)
    explorer.wait(10)
    np.testing.assert_array_equal(drawn(explorer, "pattern"), patterns[2, 1])


def open_widgets():
    from ipywidgets.widgets.widget import _instances

    return {key: widget for key, widget in _instances.items() if not isinstance(widget, Layout | Style)}


def test_nothing_of_a_closed_explorer_is_kept(file):
    before = open_widgets().keys()
    explorer = explore(file)
    explorer.wait(30)
    scan = explorer.session.value("load")
    gone = [weakref.ref(kept) for kept in (explorer, explorer.stage, explorer.stage.view, explorer.session, scan)]
    explorer.close()
    assert open_widgets().keys() <= before
    del explorer, scan

    def collected():
        gc.collect()  # threads may be on their way out
        return all(kept() is None for kept in gone)

    wait_until(collected)


def test_pictures_of_a_scan_are_not_kept_when_another_is_opened(opened, tmp_path, patterns):
    explorer = opened()
    count, before = len(open_widgets()), weakref.ref(explorer.stage)
    np.save(tmp_path / "other.npy", patterns[:8, :10])
    explorer.session.set({"scan": tmp_path / "other.npy"})
    explorer.wait(30)
    assert len(open_widgets()) == count

    def collected():
        gc.collect()
        return before() is None

    wait_until(collected)


def test_usual_detectors_and_positions_are_named_in_python(opened, patterns):
    explorer = opened(**CALIBRATED)
    explorer.use("ABF")
    explorer.move_to(7, 2)
    explorer.wait(10)
    assert explorer.stage.detector == explorer.stage.presets["abf"]
    np.testing.assert_array_equal(drawn(explorer, "pattern"), patterns[7, 2])


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda e: e.use("HAADF"), "begins at 3 radii of the bright disc, 12 mrad, and the pattern ends 9.7. mrad"),
        (lambda e: e.use("DF"), "no detector 'DF'; use one of BF, ABF, ADF, HAADF"),
        (lambda e: e.move_to(9, 0), r"\(9, 0\) does not lie in a scan of 9 × 11"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_its_reason(opened, ask, message):
    with pytest.raises(UsageError, match=message):
        ask(opened(**CALIBRATED))


def test_the_button_of_a_detector_says_what_it_counts_or_why_there_is_none(opened):
    buttons = opened(**CALIBRATED).stage.detector_bar._buttons
    assert buttons["abf"].tooltip == "From 0.5 radii of the bright disc to the rim of the bright disc: 2 to 4 mrad"
    assert buttons["haadf"].disabled
    assert "begins at 3 radii" in buttons["haadf"].tooltip


def test_reset_leads_back_to_the_start_and_shows_all(opened, patterns):
    explorer = opened(**CALIBRATED)
    explorer.session.set({"ricom.kernel": 7, "load.semiangle": "6 mrad"})
    explorer.move_to(0, 0)
    explorer.stage.set_detector(Detector("rectangle", rectangle=(1, 5, 2, 8)))
    span = explorer.stage.screen.figures["image"].frame.figure.x_range
    span.update(start=0.1, end=0.2)
    explorer.reset()
    explorer.wait(10)
    values = explorer.session.values
    assert (values["ricom.kernel"], values["load.semiangle"], values["ring.outer"]) == (41, 4e-3, 4e-3)
    assert (span.start, span.end) == (span.reset_start, span.reset_end)
    np.testing.assert_array_equal(drawn(explorer, "pattern"), patterns[4, 5])


def test_two_threads_leave_the_pictures_of_the_last_values(opened):
    explorer = opened()

    def play(start: int) -> None:
        for i in range(25):
            explorer.stage.set_position(((start + i) % 9, (start * i) % 11), moving=True)
            explorer.stage.set_detector(
                Detector("annulus", i % 4, 5.0 + (start + i) % 3, (0.0, 3.0 * (i % 2))), moving=True
            )

    threads = [threading.Thread(target=play, args=(start,)) for start in (1, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    explorer.wait(30)
    assert tuple(explorer.session.values["pattern.position"]) == explorer.stage.position
    step = explorer.stage.detector.step
    assert explorer.session.values[f"{step}.inner_px"] == explorer.stage.detector.inner
    np.testing.assert_array_equal(drawn(explorer, "image"), explorer.session.value(step).values)
