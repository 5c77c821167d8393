"""Sessions under threads: nothing hangs, nothing is lost, nothing stays behind."""

from __future__ import annotations

import contextlib
import gc
import logging
import random
import sys
import threading
import time
import weakref

import numpy as np
import pytest
from engine.graphs import gate, opened, registry

from graph4d import GraphError
from graph4d.recipe.load import load
from graph4d.run.cancel import Cancelled
from graph4d.run.events import StepStarted
from graph4d.run.execute import execute
from graph4d.session import leftovers, scheduler
from graph4d.session import session as sessions
from graph4d.session.events import Changed, Published, StatusChanged
from graph4d.session.session import Session
from graph4d.session.state import Status
from graph4d.store import DiskStore, MemoryStore, Store

RECIPE = """\
graph4d: 1
params:
  factor: {type: float, default: 1.0}
  by: {type: float, default: 0.0}
nodes:
  load: {use: test.movie}
  weighted: {use: test.weighted, in: {movie: load}, with: {factor: $factor}}
  map: {use: test.shifted, in: {image: weighted}, with: {by: $by}}
  mean: {use: test.mean, in: {movie: load}}
  number: {use: test.number, with: {value: $by}}
  root: {use: test.root, in: {number: number}}
  dear: {use: test.dear, in: {number: number}}
  gated: {use: test.gated, in: {number: number}}
"""
NAMES = ("weighted", "map", "mean", "number", "root", "dear")


@pytest.fixture
def session(store):
    with Session(RECIPE, store=store, registry=registry(), workers=2) as session:
        yield session


@pytest.fixture
def often():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def settle(session: Session) -> None:
    """Wait, and leave failures to who looks at states."""
    with contextlib.suppress(GraphError):
        session.wait(20)


def check_current(session: Session) -> None:
    """What is shown is what a fresh computation gives, and what fails does so there, too."""
    fresh = execute(session.graph, Store(MemoryStore()), wanted={n: session.graph.find(n) for n in NAMES})
    for name in NAMES:
        state = session.state(name)
        if session.graph.find(name).step in fresh.errors:
            assert state.status is Status.FAILED
        else:
            assert (state.status, state.shown.every) == (Status.FRESH, 1), (name, state)
            assert state.shown.value.identical(fresh.value(name)), name


@pytest.mark.parametrize("quick", [0.0, 0.1])
@pytest.mark.usefixtures("often")
def test_threads_and_a_listener_hammer_a_session_and_the_last_value_wins(session, monkeypatch, quick, caplog):
    monkeypatch.setattr(scheduler, "QUICK", quick)
    monkeypatch.setattr(sessions, "REST", 0.01)
    errors, until = [], time.monotonic() + 1.0
    inside, order = [], []

    def listen(event):
        inside.append(event)
        assert len(inside) == 1
        if isinstance(event, Changed):
            order.append(event.revision)
        if isinstance(event, Published) and event.revision % 7 == 0:
            session.set(factor=event.revision % 5 + 1.0, moving=True)
        inside.pop()

    def hammer(seed):
        chance = random.Random(seed)
        actions = [
            lambda: session.set(factor=chance.randint(1, 5), moving=True),
            lambda: session.set(by=chance.randint(-2, 5)),
            lambda: session.apply(),
            lambda: session.reset("by"),
            lambda: session.cancel(),
            lambda: (session.watch("map"), session.unwatch("map")),
            lambda: session.state("map"),
            lambda: session.value("number"),
            lambda: session.events,
        ]
        try:
            while time.monotonic() < until:
                with contextlib.suppress(Cancelled):
                    chance.choice(actions)()
        except BaseException as error:  # whatever goes wrong in a thread is told by the test
            errors.append(error)
            raise

    session.subscribe(listen)
    session.watch(*NAMES)
    threads = [threading.Thread(target=hammer, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    settle(session)
    assert not errors
    assert not caplog.records
    assert order == sorted(order)
    while (session.values["factor"], session.values["by"]) != (17.0, 4.0):  # the listener may have the last word
        session.set(factor=17, by=4)
        session.apply()
        settle(session)
    check_current(session)


@pytest.mark.usefixtures("often")
def test_statuses_settle_whatever_happens_between_a_change_and_its_result(session):
    session.watch(*NAMES)
    chance = random.Random(3)
    for move in range(60):
        session.set(by=move - 5)
        if chance.random() < 0.3:
            session.cancel()
        session.apply()
        time.sleep(chance.random() * 0.003)
    settle(session)
    session.apply()
    settle(session)
    check_current(session)


def test_apply_is_not_lost_while_the_session_looks_what_there_is_to_do(session, monkeypatch):
    reached, go = threading.Event(), threading.Event()
    really = scheduler.missing_steps

    def slow(*arguments):
        found = really(*arguments)
        reached.set()
        assert go.wait(10)
        return found

    monkeypatch.setattr(scheduler, "missing_steps", slow)
    session.watch("dear")
    assert reached.wait(10)
    session.apply()
    go.set()
    session.wait(10)
    assert session.state("dear").status is Status.FRESH


def test_cancel_is_not_lost_just_before_a_run_begins(session, monkeypatch):
    really = session._scheduler._exactly

    def cancelled(moment):
        begin = really(moment)
        return lambda: (session.cancel(), begin())

    monkeypatch.setattr(session._scheduler, "_exactly", cancelled)
    session.watch("gated")
    with pytest.raises(Cancelled):
        session.wait(10)
    monkeypatch.undo()
    session.apply()
    session.wait(10)
    assert session.state("gated").status is Status.FRESH


def test_a_listener_that_fails_does_not_stop_the_others(session, caplog):
    heard = []

    def fails(event):
        raise RuntimeError("no picture")

    def ends(event):
        sys.exit(3)

    session.subscribe(fails)
    session.subscribe(ends)
    session.subscribe(heard.append)
    session.watch("number")
    session.wait(10)
    session.set(by=3)
    session.wait(10)
    session.close()
    end_of(ours())
    assert heard == session.events
    assert "no picture" in caplog.text
    caplog.clear()


def test_events_are_heard_in_order_one_at_a_time_and_not_after_leaving(session):
    heard, busy = [], threading.Lock()

    def listen(event):
        assert busy.acquire(blocking=False)
        heard.append(event)
        busy.release()

    leave = session.subscribe(listen)
    session.watch("map", "mean", "number")
    for value in range(20):
        session.set(by=value, factor=value + 1)
    session.wait(10)
    session.cancel()
    end_of(ours())
    assert heard == session.events
    leave()
    session.set(by=-1)
    assert len(heard) < len(session.events)


def test_a_listener_may_change_values(session):
    def follow(event):
        if isinstance(event, Published) and event.name == "number" and session.values["by"] < 5:
            session.set(by=session.values["by"] + 1)

    session.subscribe(follow)
    session.watch("number")
    until = time.monotonic() + 10
    while session.values["by"] < 5 and time.monotonic() < until:
        session.wait(10)
    session.wait(10)
    assert float(session.state("number").shown.value) == 5.0


def ours() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("graph4d")}


def end_of(threads) -> None:
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_closing_while_something_runs_ends_it(session):
    with gate.closed():
        session.watch("gated", "map")
        gate.entered()
        session.close()
    end_of(ours())
    assert not session.needs_apply
    session.wait(1)
    assert session.state("gated").shown is None


def test_a_session_that_is_dropped_leaves_nothing_behind(store):
    opened.clear()
    session = Session(RECIPE, store=store, registry=registry(), workers=2)
    session.watch("map", "mean")
    session.wait(10)
    session.set(factor=3, moving=True)
    session.wait(10)
    handle, gone = weakref.ref(opened.pop()), weakref.ref(session)
    opened.clear()
    del session
    end_of(ours())
    gc.collect()
    assert gone() is None
    assert handle() is None


def test_a_closed_session_keeps_no_file_open(session):
    opened.clear()
    session.watch("map", "load")
    session.wait(10)
    handles = [weakref.ref(handle) for handle in opened]
    opened.clear()
    session.close()
    end_of(ours())
    gc.collect()
    assert [handle() for handle in handles] == [None] * len(handles)


def test_files_that_were_looked_at_before_are_closed_at_last(session):
    opened.clear()
    session.watch("weighted")
    for seed in range(20):
        session.set({"load.seed": seed})
        session.wait(10)
    handles = [weakref.ref(handle) for handle in opened]
    opened.clear()
    gc.collect()
    alive = [handle() is not None for handle in handles]
    assert sum(alive) <= leftovers.HANDLES
    assert alive[-1]


def test_three_hundred_moves_leave_memory_as_sixteen_do(session, store):
    session.watch("map")
    session.wait(10)
    session.set(by=1)
    session.wait(10)
    sizes = []
    for move in range(300):
        session.set(by=move + 2, moving=True)
        session.wait(10)
        sizes.append(store.memory.nbytes)
    assert max(sizes) == max(sizes[: leftovers.RECENT + 2])
    assert [event.step for event in session.events if isinstance(event, StepStarted)].count("weighted") == 1


def test_sessions_and_a_run_share_a_store(tmp_path):
    def a_store():
        return Store(MemoryStore(), DiskStore(tmp_path))

    first, second = (Session(RECIPE, store=a_store(), registry=registry(), workers=2) for _ in range(2))
    errors = []

    def play(session):
        try:
            session.watch("map", "mean", "number", "dear")
            for value in range(8):
                session.set(factor=value % 3 + 1, by=value)
                session.apply()
                session.wait(20)
                total = session.state("map").shown.value.values
                assert np.array_equal(total, session.value("weighted").values + value)
        except BaseException as error:  # whatever goes wrong in a thread is told by the test
            errors.append(error)
            raise

    def run():
        try:
            for value in range(8):
                graph = load(RECIPE, registry=registry(), parameters={"by": value})
                execute(graph, a_store(), wanted={"map": graph.find("map")}).raise_for_errors()
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=play, args=(session,)) for session in (first, second)]
    threads.append(threading.Thread(target=run))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert not errors
    assert not DiskStore(tmp_path).verify().broken
    for session in (first, second):
        session.close()


def test_nothing_of_a_session_is_logged_that_goes_well(session, caplog):
    with caplog.at_level(logging.WARNING):
        session.watch(*NAMES)
        session.wait(10)
    assert not caplog.records


def test_whoever_waited_finds_that_listeners_have_heard_everything(store):
    heard = []

    def slow(event):
        time.sleep(0.02)
        heard.append(event)

    with Session(RECIPE, store=store, registry=registry()) as session:
        session.subscribe(slow)
        session.watch("root")
        session.wait()
        assert StatusChanged("root", Status.FRESH) in heard


def test_a_listener_that_waits_does_not_wait_for_itself(store):
    with Session(RECIPE, store=store, registry=registry()) as session:
        fresh = StatusChanged("root", Status.FRESH)
        session.subscribe(lambda event: session.wait() if event == fresh else None)
        session.watch("root")
        session.wait(timeout=10)
        assert session.state("root").status is Status.FRESH
