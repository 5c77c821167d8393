"""What a session runs, shows and says: asserted on its events and states."""

from __future__ import annotations

import threading

import pytest
from engine.graphs import gate, registry, written

from graph4d import UsageError
from graph4d.recipe.load import load
from graph4d.run.cancel import Cancelled
from graph4d.run.events import StepCancelled, StepFinished
from graph4d.run.failure import RunError
from graph4d.session import scheduler
from graph4d.session.events import Changed, Published, StatusChanged
from graph4d.session.session import Session
from graph4d.session.state import Shown, Status
from graph4d.types import ValueType

RECIPE = """\
graph4d: 1
params:
  value: {type: float, default: 1.0}
  length: {type: length, default: 5 nm, min: 1 nm}
nodes:
  one: {use: test.number, with: {value: $value}}
  two: {use: test.number, with: {value: 2.0}}
  sum: {use: test.add, in: {first: one, second: two}}
  sign: {use: test.sign, in: {number: one}}
  end: {use: test.add, in: {first: sign}, with: {more: 10.0}}
  root: {use: test.root, in: {number: one}}
  gated: {use: test.gated, in: {number: one}}
  stubborn: {use: test.stubborn, in: {number: one}}
  dear: {use: test.dear, in: {number: one}}
  apart: {use: test.dear_gated, in: {number: two}}
  writes: {use: test.writes, in: {number: one}}
  long: {use: test.long, with: {length: $length}}
outputs: {total: sum, end: end}
"""


@pytest.fixture
def session(store):
    with Session(RECIPE, store=store, registry=registry(), workers=2) as session:
        yield session


def computed(session: Session) -> list[str]:
    """Steps that were computed, in order of completion."""
    return [event.step for event in session.events if isinstance(event, StepFinished)]


def published(session: Session, name: str) -> list[int]:
    """Revisions of a value that were shown, in order."""
    return [event.revision for event in session.events if isinstance(event, Published) and event.name == name]


def statuses(session: Session, name: str) -> list[str]:
    return [event.status for event in session.events if isinstance(event, StatusChanged) and event.name == name]


def shown(session: Session, name: str) -> float:
    return float(session.state(name).shown.value)


def until(session: Session, condition) -> None:
    """Wait for something that events tell of."""
    changed = threading.Event()
    leave = session.subscribe(lambda event: changed.set())
    while not condition():
        assert changed.wait(10)
        changed.clear()
    leave()


def test_only_what_is_watched_is_computed(session):
    session.watch("total")
    session.wait()
    assert shown(session, "total") == 3.0
    assert sorted(computed(session)) == ["one", "sum", "two"]
    assert statuses(session, "total") == ["queued", "running", "fresh"]


def test_a_change_computes_what_it_affects_and_nothing_else(session):
    session.watch("total", "two")
    session.wait()
    before = len(computed(session))
    assert session.set(value=5) == session.revision == 2
    session.wait()
    assert shown(session, "total") == 7.0
    assert computed(session)[before:] == ["one", "sum"]
    assert published(session, "two") == [1]
    assert Changed(2, (("value", 5.0),)) in session.events


def test_what_nobody_watches_any_more_does_not_follow(session):
    session.watch("total", "end")
    session.watch("total")
    session.wait()
    session.unwatch("end", "total")
    before = len(computed(session))
    session.set(value=5)
    session.wait()
    assert computed(session)[before:] == ["one", "sum"]
    assert session.state("end").status is Status.STALE


def test_a_value_is_to_be_had_without_being_watched(session):
    session.set(value=5)
    assert float(session.value("sum")) == 7.0
    assert session.state("sum").shown is None


def test_a_change_that_makes_no_difference_makes_no_revision(session):
    session.watch("total")
    session.wait()
    before = session.events
    assert session.set({"value": 1, "two.value": 2.0}) == 1
    assert session.set(length="50 Å") == 1
    assert session.events == before


def test_a_result_that_stays_the_same_ends_the_recomputation(session):
    session.watch("end")
    session.wait()
    before = len(computed(session))
    session.set(value=3)
    session.wait()
    assert computed(session)[before:] == ["one", "sign"]
    assert (shown(session, "end"), session.state("end").status) == (11.0, Status.FRESH)


def test_reset_goes_back_to_the_start_and_computes_nothing(session):
    session.watch("total")
    session.wait()
    session.set({"value": 5, "end.more": 2.0, "length": "7 nm"})
    session.wait()
    before = len(computed(session))
    session.reset("end.more")
    assert (session.values["end.more"], session.values["value"]) == (10.0, 5.0)
    session.reset()
    session.wait()
    assert dict(session.values) == dict(session.initial)
    assert shown(session, "total") == 3.0
    assert computed(session)[before:] == []


def test_values_given_at_the_start_are_what_reset_goes_back_to(store):
    with Session(RECIPE, store=store, registry=registry(), parameters={"value": 4, "end.more": 1}) as session:
        session.set({"value": 5, "end.more": 2})
        session.reset()
        assert (session.values["value"], session.values["end.more"]) == (4.0, 1.0)
        assert float(session.value("end")) == 2.0


def test_units_come_as_text_or_not_at_all(session):
    session.set(length="7 nm")
    assert session.values["length"] == 70.0
    session.set(length=80)
    assert session.values["length"] == 80.0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"valeu": 1}, "no parameter `valeu`; did you mean `value`"),
        ({"end.mroe": 1}, "no parameter `end.mroe`; did you mean `end.more`"),
        ({"value": "3 nm"}, "value"),
        ({"length": "3 mrad"}, "3 mrad"),
        ({"length": "0.5 nm"}, "0.5 nm"),
        ({"value": 3, "end.more": "many"}, "many"),
    ],
)
def test_a_wrong_value_changes_nothing(session, values, words):
    session.watch("total")
    session.wait()
    before, had = session.events, dict(session.values)
    with pytest.raises(UsageError, match=words):
        session.set(values)
    assert (session.revision, session.events, session.values) == (1, before, had)


def test_what_the_recipe_allows_and_a_node_does_not_is_refused(store):
    from engine.plugin import registry as toys

    text = "graph4d: 1\nparams:\n  k: {type: float, default: 1.0}\nnodes:\n"
    text += "  i: {use: toy.image}\n  s: {use: toy.smooth, in: {image: i}, with: {sigma: $k}}\n"
    with Session(text, store=store, registry=toys()) as session:
        with pytest.raises(UsageError, match="11"):
            session.set(k=11)
        assert (session.revision, session.values["k"]) == (1, 1.0)


def test_resetting_an_unknown_name_is_a_mistake_of_the_user(session):
    with pytest.raises(UsageError, match="did you mean `value`"):
        session.reset("valeu")


def test_points_of_a_sweep_follow_the_values_of_their_step(store):
    text = RECIPE + "sweeps:\n  s: {over: {value: [1, 2]}, collect: [end]}\n"
    with Session(text, store=store, registry=registry()) as session:
        session.set({"end.more": 5.0})
        assert session.value("s.end" if "s.end" in session.graph.steps else "s").values.tolist() == [6.0, 6.0]
        again = load(session.recipe(), registry=registry())
        assert {n: s.parameters for n, s in again.steps.items()} == {
            n: s.parameters for n, s in session.graph.steps.items()
        }


def test_of_what_comes_while_something_is_computed_only_the_last_is_computed(session):
    session.watch("gated")
    session.wait()
    seen = len(gate.seen)
    with gate.closed():
        session.set(value=2)
        gate.entered()
        for value in (3, 4, 5, 6, 7):
            session.set(value=value)
    session.wait()
    assert gate.seen[seen:] == [2.0, 7.0]
    assert (shown(session, "gated"), session.state("gated").shown.revision) == (7.0, 7)


def test_what_is_shown_while_values_change_is_never_older_than_what_was(session):
    session.watch("gated")
    session.wait()
    for value in range(2, 30):
        session.set(value=value)
    session.wait()
    revisions = published(session, "gated")
    assert revisions == sorted(set(revisions))
    assert (revisions[-1], shown(session, "gated")) == (session.revision, 29.0)


def test_a_result_that_nobody_wants_any_more_is_given_up(session, monkeypatch):
    monkeypatch.setattr(scheduler, "QUICK", 0.0)
    monkeypatch.setattr(scheduler, "PATIENCE", -1.0)
    with gate.closed():
        session.watch("gated", "two")
        gate.entered()
        session.set(value=2)
    session.wait()
    assert StepCancelled("gated") in session.events
    assert published(session, "gated") == [2]
    assert computed(session).count("gated") == 1
    assert computed(session).count("two") == 1


def test_a_result_whose_last_watcher_leaves_is_given_up(session):
    with gate.closed():
        session.watch("gated")
        gate.entered()
        session.watch("total")
        session.unwatch("gated")
    session.wait()
    assert StepCancelled("gated") in session.events
    assert shown(session, "total") == 3.0


def test_a_result_that_a_change_does_not_affect_is_not_given_up(session):
    with gate.closed():
        session.watch("gated", "end")
        gate.entered()
        session.set({"end.more": 3.0})
    session.wait()
    assert StepCancelled("gated") not in session.events
    assert computed(session).count("gated") == 1
    assert (session.state("gated").status, shown(session, "end")) == (Status.FRESH, 4.0)


def test_a_failure_says_why_and_leaves_the_last_good_value(session):
    session.watch("root", "total")
    session.wait()
    session.set(value=-4)
    with pytest.raises(RunError, match=r"root \(test.root\) raised ValueError: -4.0 has no root"):
        session.wait()
    state = session.state("root")
    assert (state.status, state.shown.revision, float(state.shown.value)) == (Status.FAILED, 1, 1.0)
    assert "-4.0 has no root" in str(state.error)
    assert (session.state("total").status, shown(session, "total")) == (Status.FRESH, -2.0)
    with pytest.raises(RunError, match="has no root"):
        session.value("root")
    session.set(value=1)
    session.wait()
    assert (session.state("root").status, session.state("root").error) == (Status.FRESH, None)


def test_a_missing_file_concerns_only_what_is_read_from_it(store, tmp_path):
    from engine.plugin import registry as toys

    text = "graph4d: 1\nparams:\n  scan: {type: path, default: lost.h5}\nnodes:\n"
    text += "  load: {use: toy.open, with: {path: $scan}}\n  com: {use: toy.com, in: {stack: load}}\n"
    text += "  i: {use: toy.image}\n"
    (tmp_path / "r.yml").write_text(text)
    with Session(tmp_path / "r.yml", store=store, registry=toys()) as session:
        session.watch("com", "i")
        with pytest.raises(UsageError, match=r"no such file: .*lost.h5"):
            session.wait()
        assert session.state("i").status is Status.FRESH
        (tmp_path / "lost.h5").write_text("found")
        session.apply()
        session.wait()
        assert session.state("com").status is Status.FRESH


def test_cancel_stops_what_runs_and_the_next_change_goes_on(session):
    with gate.closed():
        session.watch("gated", "total")
        gate.entered()
        session.cancel()
        assert session.state("gated").status is Status.CANCELLED
        with pytest.raises(Cancelled):
            session.wait()
    session.set({"end.more": 3.0})
    session.wait()
    assert (shown(session, "gated"), shown(session, "total")) == (1.0, 3.0)


def test_apply_goes_on_after_cancel(session):
    with gate.closed():
        session.watch("gated")
        gate.entered()
        session.cancel()
    session.apply()
    session.wait()
    assert shown(session, "gated") == 1.0


def test_waiting_has_an_end(session):
    with gate.closed():
        session.watch("gated")
        gate.entered()
        with pytest.raises(TimeoutError, match=r"gated: not there after 0.01 s"):
            session.wait(0.01)
    session.wait(10)


def test_an_expensive_step_waits_for_apply(session):
    session.watch("dear", "total")
    session.wait()
    assert session.state("dear").status is Status.STALE
    assert session.needs_apply
    session.apply()
    session.wait()
    assert (shown(session, "dear"), session.needs_apply) == (2.0, False)
    session.set(value=5)
    session.wait()
    assert (session.state("dear").status, shown(session, "dear"), shown(session, "total")) == (Status.STALE, 2.0, 7.0)
    session.set(value=1)
    session.wait()
    assert (session.state("dear").status, shown(session, "dear")) == (Status.FRESH, 2.0)
    assert computed(session).count("dear") == 1


def test_an_expensive_result_that_a_change_does_not_affect_stays_fresh(session):
    session.watch("apart", "total")
    session.apply()
    session.wait()
    session.set(value=5)
    session.wait()
    assert session.state("apart").status is Status.FRESH
    assert computed(session).count("apart") == 1


def test_an_expensive_step_that_runs_goes_on_when_something_else_changes(session):
    session.watch("end")
    session.wait()
    with gate.closed():
        session.watch("apart")
        session.apply()
        gate.entered()
        session.set({"end.more": 3.0})
        until(session, lambda: shown(session, "end") == 4.0)  # by now the session has looked what there is to do
        assert session.state("apart").status is Status.RUNNING
    session.wait()
    assert (session.state("apart").status, session.needs_apply) == (Status.FRESH, False)


def test_a_step_that_writes_files_waits_for_apply(session):
    written.clear()
    session.watch("writes", "one")
    session.wait()
    session.set(value=5, moving=True)
    session.wait()
    assert (written, session.state("writes").status) == ([], Status.STALE)
    session.apply()
    session.wait()
    session.set({"end.more": 3.0})
    session.wait()
    assert (written, session.state("writes").status) == ([5.0], Status.FRESH)


def test_what_takes_no_longer_than_somebody_waits_is_finished_and_shown(session, monkeypatch):
    monkeypatch.setattr(scheduler, "QUICK", -1.0)
    session.watch("one")
    session.set(value=2)
    session.wait()
    session._scheduler._seconds = {"gated": 0.5}  # not that of `one`, which is there and need not run
    with gate.closed():
        session.watch("gated")
        gate.entered()
        session.set(value=3)
    session.wait()
    assert published(session, "gated") == [2, 3]


def test_asking_for_one_value_runs_no_other_expensive_step(session):
    session.watch("apart")
    session.wait()
    assert float(session.value("dear")) == 2.0
    assert session.state("apart").status is Status.STALE
    assert "apart" not in computed(session)


def test_a_value_that_changes_while_somebody_waits_for_it_is_the_last_one(session):
    got = []
    with gate.closed():
        asking = threading.Thread(target=lambda: got.append(float(session.value("gated"))))
        asking.start()
        gate.entered()
        session.set(value=6)
    asking.join(10)
    assert got == [6.0]


def test_closing_ends_whoever_waits_for_a_value(session):
    errors = []

    def ask():
        try:
            session.value("gated")
        except Cancelled as error:
            errors.append(error)

    with gate.closed():
        asking = threading.Thread(target=ask)
        asking.start()
        gate.entered()
        session.close()
        asking.join(10)
    assert len(errors) == 1


def test_an_unknown_name_cannot_be_watched(session):
    with pytest.raises(UsageError, match="did you mean `total`"):
        session.watch("end", "totl")
    assert session.state("end").status is Status.STALE
    session.wait(1)


def test_seconds_count_from_when_somebody_asked(session):
    session._since -= 1000
    session.watch("total")
    session.wait()
    assert session.state("total").shown.seconds < 100


@pytest.mark.parametrize(("every", "words"), [(1, ""), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (21, "21st")])
def test_a_preview_says_so(every, words):
    note = Shown(None, ValueType("Image", ("y", "x")), 1, every, 0.0, False).note
    assert note == (f"preview, every {words} position" if words else "")
