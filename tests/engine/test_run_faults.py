"""What becomes of a run when the store, a stack or a node misbehaves."""

from __future__ import annotations

import errno
import threading
import time
from typing import NamedTuple

import numpy as np
import pytest
import xarray as xr
from engine.graphs import Movie, a_movie, add, fail, graph, number, step, total

from graph4d import Image, Over, Scalar, accumulate, node
from graph4d.run.cancel import Cancelled, Token
from graph4d.run.events import NotStored, StepFailed
from graph4d.run.execute import execute
from graph4d.run.failure import RunError
from graph4d.store import DiskStore, MemoryStore, Store


@pytest.fixture
def store(tmp_path) -> Store:
    return at(tmp_path)


def at(folder, memory=1 << 30, disk=1 << 30) -> Store:
    """A store as a new process would find it."""
    return Store(MemoryStore(memory), DiskStore(folder, disk))


def sum_graph(value=1.0):
    return graph(step("one", number, value=value), step("sum", add, {"first": "one"}, more=1.0))


@pytest.fixture
def read_only(monkeypatch):
    """Makes every writing into a store's folder fail, for root too."""

    def refuse(*args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system")

    def apply():
        for name in ("mkdir", "rename", "replace", "unlink", "write_bytes"):
            monkeypatch.setattr(f"pathlib.Path.{name}", refuse)
        monkeypatch.setattr("os.utime", refuse)

    return apply


def test_a_run_on_a_store_that_cannot_be_written_gives_its_values_and_says_why_they_are_not_kept(store, read_only):
    read_only()
    run = execute(sum_graph(), store)
    assert float(run.value("sum")) == 2.0
    notes = [event for event in run.log if isinstance(event, NotStored)]
    assert notes
    assert "Read-only file system" in notes[0].why


def test_a_damaged_object_that_cannot_be_removed_is_computed_anew(store, read_only):
    execute(sum_graph(), store)
    for path in store.folder.glob("v1/objects/*/*/0.npy"):
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    read_only()
    changed = graph(*sum_graph().steps.values(), step("end", add, {"first": "sum"}, more=1.0))
    done = []
    thread = threading.Thread(target=lambda: done.append(execute(changed, at(store.folder))), daemon=True)
    thread.start()
    thread.join(20)
    assert done, "the run does not end"
    assert float(done[0].value("end")) == 3.0


@node("fault.noise")
def noise(*, seed: int = 0, size: int = 200) -> Image:
    """Random numbers."""
    values = np.random.default_rng(seed).random((size, size))
    return xr.DataArray(values, dims=("y", "x"), attrs={"units": "1"})


@node("fault.slow_noise")
def slow_noise(*, seed: int = 0, size: int = 200) -> Image:
    """Random numbers that are worth storing."""
    time.sleep(0.01)
    return noise.function(seed=seed, size=size)


@node("fault.mean")
def mean_of(first: Image, second: Image, third: Image) -> Scalar:
    """The mean of three images."""
    return xr.DataArray(float((first + second + third).mean()) / 3, attrs={"units": "1"})


@pytest.mark.parametrize("of", [noise, slow_noise])
def test_inputs_that_do_not_fit_into_the_store_together_do_not_evict_each_other(of, tmp_path):
    size = 200 * 200 * 8
    names = {"first": "a", "second": "b", "third": "c"}
    steps = [step(name, of, seed=seed) for seed, name in enumerate(names.values())]
    many = graph(*steps, step("mean", mean_of, names))
    done = []
    store = at(tmp_path, memory=int(1.5 * size), disk=int(1.5 * size))
    thread = threading.Thread(target=lambda: done.append(execute(many, store, workers=1)), daemon=True)
    thread.start()
    thread.join(20)
    assert done, "the run does not end"
    assert sorted(done[0].log.computed()) == ["a", "b", "c", "mean"]


@pytest.mark.parametrize("workers", [1, 3])
def test_outputs_that_do_not_fit_into_the_store_together_are_all_there_after_the_run(workers, tmp_path):
    size = 200 * 200 * 8
    steps = [step(name, slow_noise, seed=seed) for seed, name in enumerate("abc")]
    small = at(tmp_path, memory=int(1.5 * size), disk=int(1.5 * size))
    run = execute(graph(*steps, outputs="a b c"), small, workers=workers)
    for seed, name in enumerate("abc"):
        assert np.array_equal(run.value(name), noise(seed=seed))
    notes = [event.why for event in run.log if isinstance(event, NotStored)]
    # Of several threads one may push out what another has just stored, and nothing is refused.
    assert notes == ["its 0.3 MiB do not fit into the store's 0.5 MiB beside what is in use"] * 2 or workers > 1


class Torn(Movie):
    """A stack that cannot be read to its end."""

    def read(self, start, stop):
        raise OSError(errno.EIO, "Input/output error")


@node("fault.torn")
def torn() -> Movie:
    """A stack on a broken disk."""
    whole = a_movie()
    return Torn(whole.items, whole.positions)


def test_a_stack_that_cannot_be_read_fails_its_steps_and_leaves_the_other_branches_alone(store):
    run = execute(
        graph(
            step("load", torn),
            step("total", total, {"movie": "load"}),
            step("one", number),
            outputs="total one",
        ),
        store,
    )
    assert float(run.value("one")) == 1.0
    with pytest.raises(RunError, match=r"total \(test.total\) raised OSError: .*Input/output error"):
        run.value("total")


@node("fault.late")
def late() -> Movie:
    """A stack."""
    return a_movie()


@node("fault.late_error")
def late_error(movie: Movie) -> Over[Movie, Scalar]:
    """Fails when all is read."""

    def finish(state, count):
        raise ArithmeticError("nothing to divide by")

    return accumulate(lambda: 0, lambda s, b: s, lambda a, b: a, finish)


def test_a_reduction_that_fails_at_its_end_leaves_the_others_of_its_pass_alone(store):
    run = execute(
        graph(
            step("load", late),
            step("total", total, {"movie": "load"}),
            step("bad", late_error, {"movie": "load"}),
            outputs="total bad",
        ),
        store,
    )
    assert len(run.log.passes()) == 1
    assert run.value("total").shape == (20, 30)
    with pytest.raises(RunError, match="ArithmeticError: nothing to divide by"):
        run.raise_for_errors()


def test_everything_behind_a_failure_is_skipped_however_long_the_chain(store):
    steps = [step("one", number), step("bad", fail, {"number": "one"})]
    for i in range(3000):
        steps.append(step(f"s{i}", add, {"first": steps[-1].name}))
    run = execute(graph(*steps), store)
    assert [event.step for event in run.log if isinstance(event, StepFailed)] == ["bad"]
    assert len(run.errors) == 3001


class Explosive:
    """Looks like an array until somebody wants its numbers."""

    def __init__(self):
        self.shape, self.dtype, self.ndim = (), np.dtype(float), 0

    def __array__(self, dtype=None, copy=None):
        raise OSError("the file is gone")

    def __array_function__(self, *args, **kwargs):
        return NotImplemented

    def __array_ufunc__(self, *args, **kwargs):
        return NotImplemented


@node("fault.explosive")
def explosive() -> Scalar:
    """Returns what can be read only later, and then cannot."""
    return xr.DataArray(xr.Variable((), Explosive(), fastpath=True), attrs={"units": "1"})


def test_a_result_that_cannot_be_read_fails_its_node_and_leaves_the_other_branches_alone(store):
    run = execute(graph(step("bad", explosive), step("one", number), outputs="bad one"), store)
    assert float(run.value("one")) == 1.0
    with pytest.raises(RunError, match="the file is gone"):
        run.value("bad")


class Two(NamedTuple):
    movie: Movie
    mean: Scalar


@node("fault.live", deterministic=False)
def live() -> Two:
    """Another stack at every look."""
    fresh = a_movie(seed=int(np.random.default_rng().integers(2**31)))
    return Two(fresh, xr.DataArray(float(fresh.items.mean()), attrs={"units": "1"}))


def test_what_is_made_of_a_stack_that_is_not_deterministic_always_runs(store):
    scan = graph(step("load", live), step("total", total, {"movie": "load.movie"}))
    first, second = execute(scan, store), execute(scan, store)
    assert second.log.computed() == ["load", "total"]
    assert not first.value("total").identical(second.value("total"))


@node("fault.large_dice", deterministic=False)
def large_dice() -> Image:
    """Too large to be digested by its content, and different every time."""
    return xr.DataArray(np.random.default_rng().random((3000, 3000)), dims=("y", "x"), attrs={"units": "1"})


def test_a_large_result_that_is_not_deterministic_is_not_taken_for_the_last_one(store):
    thrown = graph(step("dice", large_dice))
    first = execute(thrown, store).value("dice").values[0, 0]
    assert execute(thrown, store).value("dice").values[0, 0] != first


@node("fault.relabel")
def relabel(number: Scalar) -> Scalar:
    """Writes into the attributes of its input."""
    number.attrs["units"] = "rad"
    return number


def test_a_node_that_changes_the_attributes_of_its_input_changes_nobody_elses(store):
    run = execute(
        graph(
            step("one", number),
            step("bad", relabel, {"number": "one"}),
            step("good", add, {"first": "one"}),
            outputs="one bad good",
        ),
        store,
        workers=1,
    )
    assert run.value("one").attrs == {"units": "1"}
    run.value("one").attrs["note"] = "mine"
    assert run.value("one").attrs == {"units": "1"}


@node("fault.sleep")
def sleep(number: Scalar) -> Scalar:
    """Looks neither left nor right."""
    time.sleep(5)
    return number


def test_a_cancelled_run_does_not_wait_for_a_node_that_does_not_listen(store):
    token = Token()
    started = threading.Event()

    def listener(event):
        if getattr(event, "step", "") == "nap":
            started.set()

    threading.Thread(target=lambda: (started.wait(10), token.cancel()), daemon=True).start()
    with pytest.raises(Cancelled):
        execute(
            graph(step("one", number), step("nap", sleep, {"number": "one"})), store, token=token, listener=listener
        )
    assert any(thread.name.startswith("graph4d") for thread in threading.enumerate())


@node("fault.leave")
def leave(number: Scalar) -> Scalar:
    """Ends the process, as some libraries do."""
    raise SystemExit(3)


def test_a_node_that_ends_the_process_ends_itself_alone(store):
    run = execute(
        graph(step("one", number), step("bad", leave, {"number": "one"}), step("good", number), outputs="bad good"),
        store,
    )
    assert float(run.value("good")) == 1.0
    with pytest.raises(RunError, match=r"bad .* raised SystemExit: 3"):
        run.raise_for_errors()


def leave_at_once(*_):
    raise SystemExit(3)


@node("fault.leave_first")
def leave_first(movie: Movie) -> Over[Movie, Scalar]:
    """Ends the process before a pass."""
    return leave_at_once()


@node("fault.leave_within")
def leave_within(movie: Movie) -> Over[Movie, Scalar]:
    """Ends the process within a pass."""
    return accumulate(lambda: 0, leave_at_once, lambda a, b: a, leave_at_once)


@pytest.mark.parametrize("leaving", [leave_first, leave_within])
def test_a_reduction_that_ends_the_process_ends_itself_alone(leaving, store):
    steps = [step("load", late), step("total", total, {"movie": "load"}), step("bad", leaving, {"movie": "load"})]
    run = execute(graph(*steps, outputs="total bad"), store)
    assert run.value("total").shape == (20, 30)
    with pytest.raises(RunError, match=r"bad .* raised SystemExit: 3"):
        run.raise_for_errors()
