"""The 4D explorer in a browser: hands and keys move a position and a detector, and the pictures follow."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from graph4d_nodes.explorer.page import code
from ui.browser.harness import WIDGET, Notebook, Screen

PATTERN, IMAGE = 0, 1


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A disc in the middle of every pattern, of counts that grow with the row, and a bright pixel that says where."""
    rows, columns = np.mgrid[:32, :32]
    disc = np.hypot(rows - 15.5, columns - 15.5) < 6
    patterns = np.ones((12, 14, 32, 32), np.uint16)
    for y, x in np.ndindex(12, 14):
        patterns[y, x, disc] = 20 + y
        patterns[y, x, y, x] = 1000
    path = tmp_path / "scan.npy"
    np.save(path, patterns)
    return path


@pytest.fixture
def explored(lab: Callable[..., Notebook], scan: Path) -> Notebook:
    notebook = lab(
        f"from graph4d_nodes.explorer import explore\nexplorer = explore({str(scan)!r})",
        "explorer",
        "explorer.wait(60)",
    )
    notebook.wait_drawn(5)
    return notebook


def asked(notebook: Notebook, expression: str) -> object:
    """The value in the kernel, by way of JSON."""
    return json.loads(notebook.execute(f"import json; print(json.dumps({expression}))"))


def at(row: float, column: float) -> tuple[float, float]:
    """x and y of a pixel of an uncalibrated pattern, whose axes begin in the middle."""
    return column - 15.5, row - 15.5


def wait_for_pattern(notebook: Screen, row: int, column: int) -> None:
    """Until the pattern of this position is seen: its bright pixel is the brightest there is."""

    def seen() -> bool:
        return sum(notebook.colour(*at(row, column), PATTERN)[:3]) > 600

    notebook.wait_until(seen, f"the pattern at row {row}, column {column}")


def test_a_click_and_the_arrow_keys_show_the_pattern_of_the_position(explored: Notebook) -> None:
    wait_for_pattern(explored, 6, 7)
    explored.click(3.2, 8.9, IMAGE)
    wait_for_pattern(explored, 9, 3)
    explored.press("ArrowRight", "ArrowUp")
    wait_for_pattern(explored, 8, 4)
    explored.press("Shift+ArrowRight")
    wait_for_pattern(explored, 8, 9)
    assert asked(explored, "explorer.stage.position") == [8, 9]
    explored.drag((9, 8), (1, 1), IMAGE)
    wait_for_pattern(explored, 1, 1)


def test_a_detector_follows_the_hand_and_the_fields_and_its_image_is_that_of_the_node(explored: Notebook) -> None:
    field = explored.page.locator("input[type=number]").first
    field.fill("4")
    field.press("Enter")
    explored.wait_until(lambda: asked(explored, "explorer.session.values['ring.outer_px']") == 4.0, "the radius")
    assert asked(explored, "explorer.stage.screen.detectors['disc'].shape['outer']") == 4.0
    explored.drag((0.0, 0.0), (8.0, -4.0), PATTERN)
    explored.wait_until(lambda: asked(explored, "explorer.stage.detector.offset") == [-4.0, 8.0], "the offset")
    explored.page.get_by_text("ABF", exact=True).click()
    explored.wait_until(lambda: asked(explored, "explorer.stage.detector.kind") == "annulus", "the ring")
    explored.execute("explorer.wait(20)")
    before = explored.picture(IMAGE)
    radius = asked(explored, "explorer.stage.detector.outer")
    assert isinstance(radius, float)
    explored.drag((radius, 0.0), (9.0, 0.0), PATTERN)
    explored.wait_until(lambda: asked(explored, "explorer.session.values['ring.outer_px']") == 9.0, "the ring's radius")
    explored.wait_until(lambda: not np.array_equal(explored.picture(IMAGE), before), "another image")
    explored.execute(
        """
        explorer.wait(20)
        import numpy as np
        from graph4d_nodes.image.virtual import virtual_image
        made = explorer.session.value("ring").attrs
        radii = {name: made[name] for name in ("inner_px", "outer_px")}
        scan, origin = explorer.session.value("load"), explorer.session.value("origin")
        expected = virtual_image(scan, origin, detector="annulus", **radii).values
        np.testing.assert_array_equal(explorer.stage.screen.figures["image"].source.data["image"][0], expected)
        """
    )


def test_a_double_click_zooms_out_and_two_clicks_beside_each_other_do_not(explored: Notebook) -> None:
    pattern = "explorer.stage.screen.figures['pattern'].frame.figure.x_range"

    def zoomed() -> bool:
        return asked(explored, f"{pattern}.start != {pattern}.reset_start") is True

    explored.execute(f"{pattern}.update(start=-3.0, end=3.0)")
    explored.wait_until(lambda: explored.page.evaluate("window.figures()[0].model.x_range.start") == -3.0, "the zoom")
    x, y = explored.place(0.5, 13.0, PATTERN)
    explored.page.mouse.click(x, y)
    explored.page.mouse.click(x + 40, y)
    explored.page.wait_for_timeout(500)
    assert zoomed()
    explored.page.mouse.dblclick(x, y)
    explored.wait_until(lambda: not zoomed(), "the whole pattern")


def test_an_explorer_that_is_displayed_nowhere_rests_and_goes_on_where_it_is_displayed_again(
    explored: Notebook,
) -> None:
    explored.page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    status = "explorer.session.state('com').status.name"
    explored.wait_until(lambda: asked(explored, status) == "STALE", "the rest")
    explored.execute("explorer.move_to(2, 3)")
    explored.page.evaluate(f"{WIDGET}.content.activeCellIndex = 1")
    explored.page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")
    explored.wait_drawn(5)
    wait_for_pattern(explored, 2, 3)


def test_a_missing_file_is_told_in_place_and_another_opens(lab: Callable[..., Notebook], scan: Path) -> None:
    missing = scan.with_name("none.npy")
    notebook = lab(
        f"from graph4d_nodes.explorer import explore\nexplorer = explore({str(missing)!r})",
        "explorer",
    )
    notebook.wait_until(lambda: "no such file" in notebook.text(), "the message")
    field = notebook.page.locator("//*[contains(@class, 'graph4d-row')][.//span[text()='scan']]//input")
    field.fill(str(scan))
    field.press("Enter")
    notebook.wait_drawn(5)
    notebook.wait_until(lambda: "no such file" not in notebook.text(), "the message to go")


def test_the_served_page_follows_a_click(served: Callable[..., Screen], scan: Path) -> None:
    screen = served(code(scan, {}))
    screen.wait_drawn(5)
    wait_for_pattern(screen, 6, 7)
    screen.click(12, 2, IMAGE)
    wait_for_pattern(screen, 2, 12)
