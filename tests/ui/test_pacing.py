"""Doing often wanted things not too often, and never leaving out the last."""

import threading

from graph4d.widgets.pacing import Paced


def test_many_requests_are_two_calls_and_the_last_sees_what_is_newest() -> None:
    newest, seen, twice = 0, [], threading.Event()

    def action() -> None:
        seen.append(newest)
        if len(seen) == 2:
            twice.set()

    paced = Paced(action, 0.2)
    for number in range(100):
        newest = number
        paced()
    assert twice.wait(5)
    assert seen == [0, 99]


def test_what_is_stopped_is_not_called_any_more() -> None:
    calls = []
    paced = Paced(lambda: calls.append(1), 0.05)
    paced()
    paced()
    paced.stop()
    paced()
    threading.Event().wait(0.15)
    assert calls == [1]
