"""When a picture that is not current is said to be old."""

import pytest

from graph4d.session.state import Status
from graph4d.widgets import lateness
from graph4d.widgets.lateness import NOTICED, Lateness


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when a test says so."""
    now = [100.0]
    monkeypatch.setattr(lateness.time, "monotonic", lambda: now[0])

    def after(seconds):
        now[0] += seconds

    return after


def test_a_value_is_late_once_it_has_been_on_its_way_for_long(clock):
    late = Lateness()
    assert not late.note("bf", Status.QUEUED)
    clock(NOTICED / 2)
    assert not late.note("bf", Status.RUNNING)
    clock(NOTICED)
    assert late.note("bf", Status.RUNNING)


def test_a_quick_change_is_not_late_however_long_nothing_happened_before(clock):
    late = Lateness()
    late.note("bf", Status.FRESH)
    clock(1000)
    assert not late.note("bf", Status.QUEUED)
    assert not late.note("bf", Status.FRESH)


def test_pictures_that_follow_a_hand_are_not_late(clock):
    late = Lateness()
    for _ in range(20):
        assert not late.note("bf", Status.QUEUED)
        clock(NOTICED / 4)
        assert not late.note("bf", Status.PREVIEW)
