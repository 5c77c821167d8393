"""Previews: what a part of the scan gives, compared with numpy; exact results are exact."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import pytest
from engine.graphs import Movie, a_movie, gate, graph, mean, movie, opened, registry, scaled, step, total, written

from graph4d.ledger import Ledger
from graph4d.recipe.graph import Ref
from graph4d.reduction import accumulate, per_pattern
from graph4d.run.events import StepCancelled, StepFinished
from graph4d.run.execute import execute
from graph4d.run.fused import run_pass
from graph4d.run.job import Job
from graph4d.session import leftovers, scheduler, stride
from graph4d.session import session as sessions
from graph4d.session.events import Published
from graph4d.session.session import Session
from graph4d.session.state import Status
from graph4d.store import DiskStore, MemoryStore, Store

SHAPES = [(20, 30), (1, 7), (5, 1), (31, 17), (23,), (3, 4, 5)]
SUMS = a_movie().items.sum((1, 2)).reshape(20, 30).astype(float)


def middles(size: int, every: int) -> list[int]:
    """For each position along an axis, the one whose result it is given."""
    return [min(i // every * every + every // 2, size - 1) for i in range(size)]


def coarse(values, every: int, axes: int | None = None):
    """Every position has the value of the middle of its block."""
    for axis in range(values.ndim if axes is None else axes):
        values = values.take(middles(values.shape[axis], every), axis)
    return values


def a_stack(shape) -> Movie:
    """A stack whose items can be told apart."""
    items = np.random.default_rng(1).poisson(5.0, (int(np.prod(shape)), 8, 6)).astype(np.uint16)
    items[:, 0, 0] = np.arange(len(items))
    return Movie(items, shape)


def sums(block, out):
    out[:] = block.sum((1, 2))


@pytest.mark.parametrize("every", [2, 3, 7, 50])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_preview_repeats_the_middle_of_each_block(shape, every):
    stack = a_stack(shape)
    job = Job(per_pattern(sums, finish=lambda a: a), stack, every)
    run_pass([job], threads=2, tile_bytes=500)
    assert np.array_equal(job.value, coarse(stack.items.sum((1, 2)).reshape(shape), every))


@pytest.mark.parametrize("every", [2, 7, 50])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_preview_reads_just_what_it_shows(shape, every):
    stack = a_stack(shape)
    seen = accumulate(list, lambda s, b: [*s, *b[:, 0, 0].tolist()], lambda a, b: a + b, lambda s, n: (s, n))
    job = Job(seen, stack, every)
    run_pass([job], threads=3, tile_bytes=200)
    expected = np.unique(coarse(np.arange(len(stack.items)).reshape(shape), every)).tolist()
    assert job.value == (expected, len(expected))
    assert np.flatnonzero(stack.reads).tolist() == expected
    assert stack.reads.max() == 1


@pytest.mark.parametrize("alignment", [2, 5, 64])
def test_how_a_stack_is_stored_does_not_show_in_a_preview(alignment):
    stack = a_stack((31, 17))
    stack.alignment = alignment
    jobs = [
        Job(per_pattern(sums, finish=lambda a: a), stack, 4),
        Job(accumulate(list, lambda s, b: [*s, *b[:, 0, 0]], lambda a, b: a + b, lambda s, _: s), stack, 4),
    ]
    run_pass(jobs, threads=2, tile_bytes=1000)
    assert np.array_equal(jobs[0].value, coarse(stack.items.sum((1, 2)).reshape(31, 17), 4))
    assert jobs[1].value == np.unique(coarse(np.arange(31 * 17).reshape(31, 17), 4)).tolist()


@dataclass(eq=False)
class Numbered(Movie):
    """A stack to each of whose items its number is added."""

    def transform(self, block, start):
        return block + np.arange(start, start + len(block), dtype=np.int64)[:, None, None]


def test_a_preview_of_a_mapped_stack_maps_each_item_as_itself():
    stack = a_stack((31, 17))
    mapped = Numbered(stack.items, stack.positions, stack)
    along = np.arange(31 * 17) * 1000.0
    job = Job(
        per_pattern(lambda b, out, a: np.add(b.sum((1, 2)), a, out=out), finish=lambda a: a, along=[along]), mapped, 4
    )
    run_pass([job], threads=2, tile_bytes=1000)
    numbers = np.arange(31 * 17)
    expected = stack.items.sum((1, 2)) + 48 * numbers + 1000.0 * numbers
    assert np.array_equal(job.value, coarse(expected.reshape(31, 17), 4))


def sum_and_double(block, out):
    out[:, 0] = block.sum((1, 2))
    out[:, 1] = 2 * out[:, 0]


def both_at_once(reductions):
    return per_pattern(sum_and_double, finish=lambda sums: [sums[..., 0], sums[..., 1]], shape=(2,))


def test_a_preview_by_a_common_kernel_is_that_of_each():
    stack = a_stack((31, 17))
    jobs = [Job(per_pattern(sums, finish=lambda a: a.copy(), together=both_at_once), stack, 4) for _ in range(2)]
    run_pass(jobs)
    expected = coarse(stack.items.sum((1, 2)).reshape(31, 17), 4)
    assert np.array_equal(jobs[0].value, expected)
    assert np.array_equal(jobs[1].value, 2 * expected)


def test_results_with_axes_of_their_own_are_repeated_along_the_scan_alone():
    stack = a_stack((9, 10))
    job = Job(per_pattern(lambda b, out: np.sum(b, 1, out=out), finish=lambda a: a, shape=(6,)), stack, 4)
    run_pass([job])
    assert np.array_equal(job.value, coarse(stack.items.sum(1).reshape(9, 10, 6), 4, axes=2))


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(MemoryStore(), DiskStore(tmp_path))


def passing(store: Store) -> Store:
    return Store(store.memory, store.disk, transient=True)


def the_scan():
    return graph(step("load", movie), step("total", total, {"movie": "load"}), step("mean", mean, {"movie": "load"}))


def on_disk(store: Store) -> list[str]:
    return sorted(str(path) for path in store.folder.rglob("*") if "files" not in path.parts)


def test_a_preview_is_neither_on_the_disk_nor_taken_for_the_exact_result(store):
    scan = the_scan()
    wanted = {"total": Ref("total", "out")}
    run = execute(scan, passing(store), wanted=wanted, every=4)
    assert np.array_equal(run.value("total"), coarse(SUMS, 4))
    assert not list(store.folder.glob("v1/objects/*/*"))
    assert not list(store.folder.glob("v1/memo/*/*"))
    ledger = Ledger(scan, store, scan.steps)
    ledger.advance()
    assert store.memo(ledger.actions["total"].key) is None
    exact = execute(scan, store, wanted=wanted)
    assert "total" in exact.log.computed()
    assert np.array_equal(exact.value("total"), SUMS)


def test_an_exact_result_that_is_there_is_used_in_a_preview(store):
    scan = the_scan()
    both = {name: Ref(name, "out") for name in ("total", "mean")}
    execute(scan, store, wanted={"total": both["total"]})
    run = execute(scan, passing(store), wanted=both, every=4)
    assert run.log.reused() == ["total"]
    assert "mean" in run.log.computed()
    assert np.array_equal(run.value("total"), SUMS)
    assert float(run.value("mean")) != float(execute(scan, store, wanted=both).value("mean"))


def test_a_preview_of_a_mapped_step_is_multiplied(store):
    scan = graph(
        step("load", movie), step("twice", scaled, {"movie": "load"}), step("total", total, {"movie": "twice"})
    )
    assert np.array_equal(execute(scan, passing(store), every=3).value("total"), coarse(2 * SUMS, 3))


RECIPE = """\
graph4d: 1
params:
  factor: {type: float, default: 1.0}
  by: {type: float, default: 0.0}
nodes:
  load: {use: test.movie}
  weighted: {use: test.weighted, in: {movie: load}, with: {factor: $factor}}
  map: {use: test.shifted, in: {image: weighted}, with: {by: $by}}
  total: {use: test.total, in: {movie: load}}
  mean: {use: test.mean, in: {movie: load}}
  writes: {use: test.writes, in: {number: mean}}
  gated: {use: test.gated_pass, in: {movie: load}, with: {factor: $factor}}
  long: {use: test.movie, with: {rows: 300}}
  long_gated: {use: test.gated_pass, in: {movie: long}, with: {factor: $factor}}
  long_total: {use: test.total, in: {movie: long}}
"""


@pytest.fixture
def session(store, monkeypatch):
    """A session in which every pass takes long, and a control rests only when somebody waits."""
    monkeypatch.setattr(scheduler, "QUICK", 0.0)
    monkeypatch.setattr(sessions, "REST", 1000.0)
    with Session(RECIPE, store=store, registry=registry(), workers=2) as session:
        yield session


def until(session: Session, condition) -> None:
    """Wait for something that events tell of."""
    changed = threading.Event()
    leave = session.subscribe(lambda event: changed.set())
    while not condition():
        assert changed.wait(10), session.state("weighted")
        changed.clear()
    leave()


def is_preview(session: Session, name: str) -> bool:
    state = session.state(name)
    return state.status is Status.PREVIEW and state.shown.revision == session.revision


def test_a_preview_is_shown_while_a_control_moves_and_the_exact_result_when_it_rests(session):
    session.watch("weighted")
    session.wait()
    session.set(factor=3, moving=True)
    until(session, lambda: is_preview(session, "weighted"))
    shown = session.state("weighted").shown
    assert shown.every > 1
    assert np.array_equal(shown.value, coarse(3 * SUMS, shown.every))
    session.wait()
    shown = session.state("weighted").shown
    assert (shown.every, shown.revision) == (1, 2)
    assert np.array_equal(shown.value, 3 * SUMS)
    assert np.array_equal(shown.value, execute(session.graph, Store(MemoryStore())).value("weighted"))


def test_what_follows_from_a_preview_is_a_preview(session, monkeypatch):
    session.watch("map")
    session.wait()
    monkeypatch.setattr(scheduler, "QUICK", 0.1)
    session._scheduler._seconds |= {"weighted": 5.0, "map": 0.0}
    session.set({"factor": 3, "by": 1}, moving=True)
    until(session, lambda: is_preview(session, "map"))
    shown = session.state("map").shown
    assert np.array_equal(shown.value, coarse(3 * SUMS, shown.every) + 1)
    session.wait()
    assert np.array_equal(session.state("map").shown.value, 3 * SUMS + 1)


def test_a_preview_is_never_written_to_a_file(session):
    written.clear()
    session.watch("writes", "weighted")
    session.apply()
    session.wait()
    session._scheduler._seconds["writes"] = 0.0
    session.set({"load.seed": 1}, moving=True)
    session.apply()
    until(session, lambda: is_preview(session, "weighted"))
    session.wait()
    means = [float(np.sqrt(a_movie(seed=seed).items.astype(float)).sum()) / 600 for seed in (0, 1)]
    assert np.allclose(written, means, rtol=1e-12)


def test_a_value_that_is_there_is_shown_exactly_even_while_moving(session):
    session.watch("weighted")
    session.wait()
    session.set(factor=3)
    session.wait()
    session.set(factor=1, moving=True)
    until(session, lambda: session.state("weighted").shown.revision == 3)
    assert (session.state("weighted").status, session.state("weighted").shown.every) == (Status.FRESH, 1)


def test_previews_leave_nothing_on_the_disk(session, store):
    session.watch("weighted")
    session.wait()
    before = on_disk(store)
    for factor in (3, 4, 5):
        session.set(factor=factor, moving=True)
        until(session, lambda: is_preview(session, "weighted"))
    assert on_disk(store) == before


def test_a_long_play_leaves_memory_and_files_as_they_were(session, store, monkeypatch):
    session.watch("weighted")
    session.wait()
    exact, sizes = store.memory.nbytes // 2, []  # the other half is the preview that was shown before
    for move in range(60):
        session.set(factor=move + 2, moving=True)
        until(session, lambda: is_preview(session, "weighted"))
        sizes.append(store.memory.nbytes)
    assert max(sizes) == sizes[leftovers.RECENT + 2] == sizes[-1]
    assert len(session._scheduler._leftovers.opened) == 1
    session.close()
    assert store.memory.nbytes == exact
    assert not session._scheduler._leftovers.opened


def test_an_older_exact_result_is_shown_but_never_over_a_newer_preview(session, monkeypatch):
    session.watch("gated")
    session.wait()
    monkeypatch.setattr(scheduler, "PATIENCE", 1000.0)
    session._scheduler._seconds["load"] = 0.0
    seen = len(gate.seen)
    session.set(factor=2)
    session.wait()
    session.set(factor=3, moving=True)
    until(session, lambda: is_preview(session, "gated"))
    session.wait()
    assert set(gate.seen[seen:]) == {2.0, 3.0}
    shows = [(e.revision, -e.every) for e in session.events if isinstance(e, Published)]
    assert shows == sorted(shows)
    assert np.array_equal(session.state("gated").shown.value, 3 * SUMS)


def test_when_one_reduction_of_a_pass_is_given_up_the_others_finish_and_run_once(session, monkeypatch):
    monkeypatch.setattr(scheduler, "QUICK", -1.0)  # no previews
    opened.clear()
    with gate.closed():
        session.watch("long_gated", "long_total")
        gate.entered()
        session.set(factor=2)
    session.wait()
    assert StepCancelled("long_gated") in session.events
    finished = [event.step for event in session.events if isinstance(event, StepFinished)]
    assert sorted(finished) == ["long", "long_gated", "long_total"]
    assert len(opened) == 1
    long = opened[0].items.sum((1, 2)).reshape(300, 30)
    assert np.array_equal(session.state("long_total").shown.value, long)
    assert np.array_equal(session.state("long_gated").shown.value, 2 * long)


def test_there_is_something_to_be_seen_on_the_slowest_preview(session, monkeypatch):
    monkeypatch.setattr(stride, "FRAME", 1e-12)
    session.watch("weighted")
    session.wait()
    for move in range(12):
        session.set(factor=move + 2, moving=True)
        until(session, lambda: is_preview(session, "weighted"))
    assert session._scheduler._stride.every == 3  # 20 × 30 positions, of which 64 are seen, about
    assert np.array_equal(session.state("weighted").shown.value, coarse(13 * SUMS, 3))


def test_a_preview_that_takes_long_makes_room_for_what_is_newer_and_the_next_is_coarser(session, monkeypatch):
    begun, go_on, really = threading.Event(), threading.Event(), scheduler.execute

    def slowly(*arguments, token, every=1, **options):
        if every > 1 and not begun.is_set():
            begun.set()
            assert go_on.wait(10)
            token.check()  # as a pass does before it reads more
        return really(*arguments, token=token, every=every, **options)

    session.watch("weighted")
    session.wait()
    session._scheduler._stride.every = 2
    monkeypatch.setattr(scheduler, "BLINK", 0.0)
    monkeypatch.setattr(scheduler, "execute", slowly)
    monkeypatch.setattr(stride, "FRAME", 1e-12)
    monkeypatch.setattr(stride, "FEWEST", 1)
    given_up = session.set(factor=2, moving=True)
    assert begun.wait(10)
    session.set(factor=3, moving=True)
    go_on.set()
    until(session, lambda: is_preview(session, "weighted"))
    assert given_up not in {event.revision for event in session.events if isinstance(event, Published)}
    assert session.state("weighted").shown.every == 4
