"""The drawing of the graph: boxes, arrows, and where they go."""

import random
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from graph4d.view.graph_drawing import Box, graph_svg
from graph4d.view.graph_layout import lay_out, spread

SVG = "{http://www.w3.org/2000/svg}"


def parsed(boxes: list[Box]) -> tuple[ElementTree.Element, list[str]]:
    root = ElementTree.fromstring(graph_svg(boxes))
    return root, [title.text or "" for title in root.iter(f"{SVG}title")]


def test_every_step_is_a_box_and_every_reference_an_arrow() -> None:
    boxes = [
        Box("load", "io.open", "computed"),
        Box("com", "image.com", "reused", inputs=["load"]),
        Box("icom", "phase.icom", "failed", inputs=["com", "com"]),
        Box("save", "io.save", "skipped", inputs=["icom", "load"]),
    ]
    root, titles = parsed(boxes)
    assert len([group for group in root.iter(f"{SVG}g") if group.get("class") == "step"]) == 4
    assert {title for title in titles if "→" in title} == {"load → com", "com → icom", "icom → save", "load → save"}
    assert len(titles) == 8
    text = " ".join(element.text or "" for element in root.iter(f"{SVG}text"))
    for word in ("image.com", "1 computed", "1 reused", "1 failed", "1 skipped"):
        assert word in text


def test_steps_have_the_colour_of_what_became_of_them() -> None:
    boxes = [Box(status, "a.b", status) for status in ("computed", "reused", "skipped", "cancelled", "failed")]
    root, _ = parsed(boxes)
    borders = [g.find(f"{SVG}rect").get("stroke") for g in root.iter(f"{SVG}g")]
    assert len(set(borders)) == 5


def test_a_tooltip_keeps_its_lines_and_hostile_names_stay_text() -> None:
    root, titles = parsed([Box("<a>&\"'", "n.m", "computed", "1 s", "kernel: 41\nlow: <0.1>")])
    assert titles == ["kernel: 41\nlow: <0.1>"]
    assert "<a>&\"'" in [element.text for element in root.iter(f"{SVG}text")]


def test_a_name_too_long_for_its_box_is_shortened() -> None:
    root, _ = parsed([Box("a" * 50, "b" * 50, "computed", "12.3 ms")])
    assert max(len(element.text or "") for element in root.iter(f"{SVG}text")) <= 26


def test_steps_that_are_not_drawn_have_no_arrows() -> None:
    _, titles = parsed([Box("com", "image.com", "computed", inputs=["load"])])
    assert titles == ["com"]


def test_nothing_is_drawn_as_an_empty_picture() -> None:
    root, titles = parsed([])
    assert titles == []
    assert float(root.get("width", "0")) > 0


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 25), st.randoms(use_true_random=False))
def test_boxes_never_touch_and_arrows_run_forward_past_them(count: int, rng: random.Random) -> None:
    names = [f"s{i}" for i in range(count)]
    inputs = {name: rng.sample(names[:i], min(i, rng.randrange(4))) for i, name in enumerate(names)}
    layout = lay_out(inputs)
    places = sorted(layout.boxes.values())
    for (layer, y), (other, below) in pairwise(places):
        assert layer != other or below - y >= 1 - 1e-9
    assert set(layout.arrows) == {(source, name) for name, sources in inputs.items() for source in sources}
    for (source, target), points in layout.arrows.items():
        assert [layer for layer, _ in points] == list(range(layout.boxes[source][0], layout.boxes[target][0] + 1))
        for point in points[1:-1]:
            assert all(abs(y - point[1]) >= 0.75 - 1e-9 for layer, y in places if layer == point[0])
    assert all(0 <= y <= layout.height - 1 + 1e-9 for _, y in places)


def test_two_chains_are_drawn_without_a_crossing() -> None:
    inputs = {"a": [], "b": [], "b1": ["b"], "a1": ["a"], "a2": ["a1"], "b2": ["b1"]}
    boxes = lay_out(inputs).boxes
    order = [boxes[f"a{tail}"][1] < boxes[f"b{tail}"][1] for tail in ("", "1", "2")]
    assert len(set(order)) == 1


def test_a_source_stands_beside_the_step_that_needs_it() -> None:
    boxes = lay_out({"load": [], "com": ["load"], "icom": ["com"], "truth": [], "compare": ["icom", "truth"]}).boxes
    assert boxes["truth"][0] == boxes["icom"][0]


def test_spread_moves_as_little_as_possible() -> None:
    assert spread([0.0, 5.0], [1.0]) == [0.0, 5.0]
    assert spread([2.0, 2.0], [1.0]) == [1.5, 2.5]
    assert spread([3.0, 1.0, 10.0], [1.0, 1.0]) == [1.5, 2.5, 10.0]
