"""Handles as Python sees them; what the hand does with them is tried in a browser."""

import time
from typing import Any

import pytest

from graph4d.view.frame import MapFrame
from graph4d.view.handle import Handle


@pytest.fixture
def frame() -> MapFrame:
    return MapFrame("picture")


def moved_by_hand(handle: Handle, moving: bool, **shape: float) -> None:
    """What the browser sends."""
    numbers = {name: [value] for name, value in {**shape, "moving": moving}.items()}
    handle.source.data = {**handle.source.data, **numbers}


def test_a_handle_is_where_it_is_placed(frame: MapFrame) -> None:
    handle = Handle(frame, "annulus")
    handle.place(x=1, y=2, inner=3, outer=4)
    handle.place(inner=3.5)
    assert handle.shape == {"x": 1.0, "y": 2.0, "inner": 3.5, "outer": 4.0}


def test_placing_a_handle_is_not_told_as_a_move(frame: MapFrame) -> None:
    handle, told = Handle(frame, "point"), []
    handle.on_move(lambda *event: told.append(event))
    handle.set_pixel(0.5, 0.5)
    handle.place(x=1, y=2)
    handle.set_pixel(0.25, 0.25)
    assert told == []


def test_what_the_hand_does_is_told_once_each_and_the_end_of_it_too(frame: MapFrame) -> None:
    handle, told = Handle(frame, "point"), []
    handle.on_move(lambda *event: told.append(event))
    for x, moving in ((1, True), (1, True), (2, True), (2, False), (2, False)):
        moved_by_hand(handle, moving, x=x, y=0)
    assert [(shape["x"], moving) for shape, moving in told] == [(1, True), (2, True), (2, False)]


def test_a_handle_that_was_moved_back_to_where_it_was_told_before_is_told_again(frame: MapFrame) -> None:
    handle, told = Handle(frame, "disc"), []
    handle.on_move(lambda shape, moving: told.append(shape["outer"]))
    moved_by_hand(handle, False, outer=3)
    handle.place(outer=5)
    moved_by_hand(handle, False, outer=3)
    assert told == [3, 3]


def test_what_the_hand_holds_stays_in_the_hand(frame: MapFrame) -> None:
    handle = Handle(frame, "rectangle")
    moved_by_hand(handle, True, left=1, right=4)
    handle.place(left=0, right=2)
    assert handle.shape["left"] == 1
    moved_by_hand(handle, False, left=1, right=4)
    handle.place(left=0, right=2)
    assert (handle.shape["left"], handle.shape["right"]) == (0, 2)


def test_a_hand_that_never_let_go_is_forgotten(frame: MapFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Handle(frame, "point")
    moved_by_hand(handle, True, x=1)
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now + 10)
    handle.place(x=7)
    assert handle.shape["x"] == 7


@pytest.mark.parametrize(("kind", "shape"), [("point", {"outer": 1}), ("disc", {"inner": 1}), ("rectangle", {"x": 1})])
def test_a_shape_refuses_numbers_that_it_does_not_have(frame: MapFrame, kind: str, shape: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"a {kind} has no"):
        Handle(frame, kind).place(**shape)


def test_a_handle_that_is_not_shown_draws_nothing(frame: MapFrame) -> None:
    handle = Handle(frame, "annulus")
    handle.show(False)
    assert not any(renderer.visible for renderer in frame.figure.renderers)
