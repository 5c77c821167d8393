"""Dashboards in a browser: what the hand does changes the right pixels, what fails is told in place."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Locator
from ui.browser.harness import Notebook, Screen

TESTS = Path(__file__).parents[2]
WHITE, BLACK = (255, 255, 255, 255), (0, 0, 0, 255)
RING = {"inner": "5 mrad", "outer": "12 mrad"}


def a_dashboard(view: str, **values: object) -> str:
    return f"""
    import sys
    sys.path.insert(0, {str(TESTS)!r})
    from graph4d import Dashboard, MemoryStore, Store
    from ui.play import RECIPE, install
    install()
    dashboard = Dashboard(RECIPE, view={view!r}, store=Store(MemoryStore()), parameters={values!r})
    dashboard
    """


def bars(screen: Screen, figure: int = 0) -> int:
    """How many columns are white."""
    return [screen.colour(x, 4, figure) for x in range(11)].count(WHITE)


def white_from(screen: Screen, figure: int) -> list[float]:
    """Where along +x a mask is white, in 1/Å."""
    return [k / 20 for k in range(16) if screen.colour(k / 20, 0, figure) == WHITE]


def fields(screen: Screen, dashboard: int = 0) -> Locator:
    """The fields of a dashboard's view."""
    return screen.page.locator(".graph4d-dashboard").nth(dashboard).locator(".graph4d-side > .graph4d-controls input")


def opacity(screen: Screen, figure: int = 0) -> float:
    return float(screen.page.evaluate(OPACITY, figure))


OPACITY = """(n) => {
  let product = 1
  for (let node = window.figures()[n].el; node; node = node.parentNode ?? node.host)
    if (node instanceof Element) product *= getComputedStyle(node).opacity
  return product
}"""


def the_slider_changes_pixels(screen: Screen) -> None:
    screen.wait_until(lambda: bars(screen) == 3, "three columns")
    slider, field = screen.page.locator(".graph4d-slider input").first, fields(screen).last
    slider.focus()
    screen.press("ArrowRight", "ArrowRight")
    screen.wait_until(lambda: bars(screen) == 4 and field.input_value() == "4", "a fourth column")
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    screen.page.mouse.move(box["x"] + 0.4 * box["width"], y)
    screen.page.mouse.down()
    screen.page.mouse.move(box["x"] + 0.95 * box["width"], y, steps=10)
    screen.wait_until(lambda: bars(screen) >= 9, "the picture under way")
    screen.page.mouse.move(box["x"] + 0.5 * box["width"], y, steps=10)
    screen.page.mouse.up()
    screen.wait_until(lambda: bars(screen) == 5 and field.input_value() == "5", "where it was let go")


def the_ring_changes_pixels(screen: Screen, pattern: int = 0, dashboard: int = 0) -> None:
    mask = pattern + 1
    # 5 mrad are 0.25 1/Å, and the ring lies about the middle.
    ring = [k / 20 for k in range(5, 12)]
    screen.wait_until(lambda: white_from(screen, mask) == ring, "the ring")
    screen.drag((0.4243, 0.4243), (0.33, 0.33), figure=pattern)
    screen.wait_until(lambda: max(white_from(screen, mask)) == 0.45, "a smaller ring")
    assert min(white_from(screen, mask)) == 0.25
    outer = fields(screen, dashboard).nth(1)
    screen.wait_until(lambda: abs(float(outer.input_value()) - 9.33) < 0.2, "its radius in the field")


def failures_stay_in_their_place(screen: Screen) -> None:
    entry, before = fields(screen).last, bars(screen)
    entry.fill("many")
    entry.press("Enter")
    screen.wait_until(lambda: "expected a number, got 'many'" in screen.text(), "what is wrong with the entry")
    entry.fill("-1")
    entry.press("Enter")
    failed = screen.page.get_by_text("bar (play.bar) raised ValueError: -1.0 is negative")
    failed.wait_for()
    screen.wait_until(lambda: opacity(screen) < 1, "a faded picture")
    assert bars(screen) == before, "the last good picture stays"
    entry.fill("6")
    entry.press("Enter")
    screen.wait_until(lambda: bars(screen) == 6, "the next good picture")
    failed.wait_for(state="hidden")
    screen.wait_until(lambda: opacity(screen) == 1, "full strength")


def test_a_slider_changes_the_right_pixels(lab: Callable[..., Notebook]) -> None:
    notebook = lab(a_dashboard("seen", value=3.0))
    notebook.wait_drawn()
    the_slider_changes_pixels(notebook)
    assert notebook.execute("dashboard.wait(); print(dashboard.session.values['value'])") == "5.0"


def test_a_dragged_ring_changes_the_right_pixels_and_zooms_nothing(lab: Callable[..., Notebook]) -> None:
    notebook = lab(a_dashboard("drag", **RING))
    notebook.wait_drawn(3)
    spans = "window.figures().map((view) => [view.model.x_range.start, view.model.x_range.end])"
    before = notebook.page.evaluate(spans)
    the_ring_changes_pixels(notebook)
    assert notebook.page.evaluate(spans) == before
    outer = notebook.execute("print(dashboard.session.values['outer'])")
    notebook.drag((-0.75, -0.75), (-0.2, -0.2), figure=0)
    notebook.wait_until(lambda: notebook.page.evaluate(spans) != before, "a zoom")
    assert notebook.execute("print(dashboard.session.values['outer'])") == outer, "the ring stays"


def test_a_point_goes_where_it_is_put_and_by_keys(lab: Callable[..., Notebook]) -> None:
    notebook = lab(a_dashboard("drag", **RING))
    notebook.wait_drawn(3)

    def place() -> str:
        return notebook.execute("print(*dashboard.session.values['position'])")

    notebook.click(7.2, 5.9, figure=2)
    notebook.wait_until(lambda: place() == "6 7", "the clicked place")
    notebook.drag((7, 6), (2.1, 3.2), figure=2)
    notebook.wait_until(lambda: place() == "3 2", "the place it was dragged to")
    notebook.press("ArrowRight", "ArrowUp", "Shift+ArrowRight")
    notebook.wait_until(lambda: place() == "2 8", "the place keys took it to")
    notebook.wait_until(lambda: notebook.colour(8, 0, 2) == WHITE and notebook.colour(2, 0, 2) == BLACK, "the picture")


def test_failures_are_told_in_their_place(lab: Callable[..., Notebook]) -> None:
    notebook = lab(a_dashboard("seen", value=3.0))
    notebook.wait_drawn()
    failures_stay_in_their_place(notebook)


def test_a_second_display_is_current_and_both_follow(lab: Callable[..., Notebook]) -> None:
    notebook = lab(a_dashboard("seen", value=3.0), "dashboard.session.set(value=5); dashboard.wait()", "dashboard")
    notebook.wait_drawn(2)
    notebook.wait_until(lambda: bars(notebook, 0) == bars(notebook, 1) == 5, "the present in both")
    notebook.execute("dashboard.session.set(value=8); dashboard.wait()")
    notebook.wait_until(lambda: bars(notebook, 0) == bars(notebook, 1) == 8, "the change in both")
    assert [fields(notebook, display).last.input_value() for display in (0, 1)] == ["8", "8"]


def test_a_dashboard_whose_cell_is_run_again_rests(lab: Callable[..., Notebook]) -> None:
    notebook = lab(a_dashboard("seen", value=3.0))
    notebook.wait_drawn()
    notebook.execute("first = dashboard")
    notebook.run_all()
    resting = "print(first.session.state('bar').status, dashboard.session.state('bar').status)"
    notebook.wait_until(lambda: notebook.execute(resting) == "stale fresh", "the end of the first one's work")
    notebook.wait_drawn()
    notebook.execute("dashboard.session.set(value=8); dashboard.wait()")
    notebook.wait_until(lambda: bars(notebook) == 8, "the second one at work")


def test_the_recipe_is_copied_and_the_page_exported(lab: Callable[..., Notebook], tmp_path: Path) -> None:
    notebook = lab(a_dashboard("seen", value=3.0))
    notebook.wait_drawn()
    notebook.page.get_by_role("button", name="Recipe…").click()
    notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    notebook.page.get_by_role("button", name="Copy", exact=True).click()
    copied = "navigator.clipboard.readText()"
    notebook.wait_until(lambda: "default: 3.0" in notebook.page.evaluate(copied), "the recipe in the clipboard")
    with notebook.page.expect_download() as download:
        notebook.page.get_by_role("button", name="Export HTML").click()
    exported = notebook.page.context.new_page()
    download.value.save_as(tmp_path / "exported.html")
    screen = Screen(exported)
    exported.goto((tmp_path / "exported.html").as_uri())
    screen.wait_drawn()
    assert bars(screen) == 3
    assert not screen.errors
    exported.close()


def test_the_served_page_does_the_same(served: Callable[..., Screen]) -> None:
    screen = served(a_dashboard("seen", value=3.0), a_dashboard("drag", **RING))
    screen.wait_drawn(4)
    the_slider_changes_pixels(screen)
    the_ring_changes_pixels(screen, pattern=1, dashboard=1)
    failures_stay_in_their_place(screen)


def test_the_command_serves_a_page_until_it_is_interrupted(browser: Browser, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yml"
    recipe.write_text(
        """\
graph4d: 1
title: A small crystal
params: {dose: {type: float, default: 0.0}}
nodes:
  sample: {use: simulate.phase_object, with: {positions: [8, 8], detector: 48, dose: $dose}}
outputs: {phase: sample.phase}
"""
    )
    arguments = ["view", "recipe.yml", "--set", "dose=10", "--no-browser"]
    command = [sys.executable, "-c", "from graph4d.cli import main; main()", *arguments]
    environment = {**os.environ, "GRAPH4D_CACHE": str(tmp_path / "cache")}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = re.match(r"http://127\.0\.0\.1:\d+/\S*", server.stdout.readline())
            assert address
            with browser.new_context() as context:
                screen = Screen(context.new_page())
                screen.page.goto(address[0])
                screen.wait_drawn()
                assert screen.page.title() == "A small crystal"
                assert fields(screen).last.input_value() == "10"
                assert not screen.errors
            server.send_signal(signal.SIGINT)
            assert server.wait(20) == 0
        finally:
            server.kill()
