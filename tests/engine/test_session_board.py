"""Which of several results of one value is shown, and what its status becomes."""

from __future__ import annotations

import pytest

from graph4d import GraphError
from graph4d.session.board import Board
from graph4d.session.events import Published
from graph4d.session.state import Shown, Status
from graph4d.types import ValueType

IMAGE = ValueType("Image", ("y", "x"))


def shown(revision: int, every: int = 1) -> Shown:
    return Shown(object(), IMAGE, revision, every, 0.0, False)


@pytest.fixture
def heard():
    return []


@pytest.fixture
def board(heard):
    board = Board(heard.append)
    board.watch("map", 1)
    return board


def test_something_older_or_coarser_is_not_shown(board):
    board.touch(["map"], 3)
    best = shown(3, 2)
    board.publish("map", best)
    for worse in (shown(3, 4), shown(2), shown(2, 2)):
        board.publish("map", worse)
        assert board.state("map").shown is best
        assert board.state("map").status is Status.PREVIEW
    board.publish("map", shown(3))
    board.publish("map", shown(3, 2))
    assert (board.state("map").shown.every, board.state("map").status) == (1, Status.FRESH)


def test_a_result_of_an_older_revision_is_fresh_if_nothing_affected_it_since(board):
    board.touch(["map"], 2)
    board.publish("map", shown(4, 3))
    exact = shown(2)
    board.publish("map", exact)
    assert (board.state("map").shown, board.state("map").status) == (exact, Status.FRESH)


def test_a_result_of_an_older_revision_is_shown_but_not_fresh_if_something_affected_it_since(board):
    board.touch(["map"], 2)
    board.publish("map", shown(1))
    assert (board.state("map").shown.revision, board.state("map").status) == (1, Status.QUEUED)


def test_a_preview_does_not_go_on_with_what_was_cancelled(board):
    board.set_status(["map"], Status.CANCELLED)
    board.publish("map", shown(1, 4))
    assert board.state("map").status is Status.CANCELLED
    assert board.pending() == []


def test_a_failure_of_an_older_revision_does_not_count(board):
    board.touch(["map"], 2)
    board.fail("map", 1, GraphError("dark"))
    assert (board.state("map").status, board.state("map").error) == (Status.QUEUED, None)
    board.fail("map", 2, GraphError("dark"))
    assert board.state("map").status is Status.FAILED


def test_progress_of_an_older_revision_does_not_count(board):
    board.set_status(["map"], Status.RUNNING)
    board.set_progress(["map"], 1, 0.5)
    assert board.state("map").progress == 0.5
    board.touch(["map"], 2)
    board.set_status(["map"], Status.RUNNING)
    board.set_progress(["map"], 1, 0.9)
    assert board.state("map").progress is None


def test_the_same_result_again_is_no_news(board, heard):
    board.publish("map", shown(1))
    board.publish("map", shown(1))
    assert len([event for event in heard if isinstance(event, Published)]) == 1


def test_what_nobody_watches_is_forgotten(board):
    board.watch("map", 1)
    board.unwatch("map")
    board.publish("map", shown(1))
    assert board.names == ["map"]
    board.unwatch("map")
    board.publish("map", shown(2))
    assert (board.names, board.state("map").shown) == ([], None)
