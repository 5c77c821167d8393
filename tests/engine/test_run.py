"""What runs, what is reused, and what becomes of errors: asserted on the log of events."""

from __future__ import annotations

import threading
from typing import Annotated, NamedTuple

import numpy as np
import pytest
import xarray as xr
from engine.graphs import (
    a_movie,
    add,
    brightest,
    dice,
    fail,
    graph,
    mean,
    movie,
    number,
    odd_attribute,
    opened,
    scaled,
    sign,
    step,
    total,
    total_kernel,
)

from graph4d import Image, InputPath, Metrics, Scalar, Table, Unit, UsageError, node
from graph4d.planning import plan
from graph4d.recipe.graph import Graph, Ref
from graph4d.reduction import per_pattern
from graph4d.run.cancel import Cancelled, Token, report_progress
from graph4d.run.events import StepProgress, UnitConverted
from graph4d.run.execute import execute
from graph4d.run.failure import RunError
from graph4d.run.fused import run_pass
from graph4d.run.job import Job
from graph4d.run.provenance import provenance
from graph4d.store import DiskStore, MemoryStore, Store


@pytest.fixture
def store(tmp_path) -> Store:
    return at(tmp_path)


def at(folder) -> Store:
    """A store as a new process would find it."""
    return Store(MemoryStore(), DiskStore(folder))


def sum_graph(value=1.0, more=0.0, outputs="sum"):
    return graph(
        step("one", number, value=value),
        step("two", number, value=2.0),
        step("sum", add, {"first": "one", "second": "two"}),
        step("more", add, {"first": "sum"}, more=more),
        outputs=outputs,
    )


def test_only_what_is_looked_at_is_computed(store):
    run = execute(sum_graph(), store)
    assert sorted(run.log.computed()) == ["one", "sum", "two"]
    assert float(run.value("sum")) == 3.0


def test_the_second_run_computes_nothing(store):
    execute(sum_graph(), store)
    again = execute(sum_graph(), store)
    assert again.log.computed() == []
    assert again.log.reused() == ["sum"]
    assert float(again.value("sum")) == 3.0


def test_a_new_process_with_the_same_store_computes_nothing(store):
    execute(sum_graph(), store)
    assert execute(sum_graph(), at(store.folder)).log.computed() == []


def test_a_changed_parameter_runs_its_node_and_what_follows_and_nothing_else(store):
    execute(sum_graph(outputs="more"), store)
    run = execute(sum_graph(more=5.0, outputs="more"), store)
    assert run.log.computed() == ["more"]
    assert float(run.value("more")) == 8.0


def sign_graph(value):
    return graph(
        step("one", number, value=value),
        step("sign", sign, {"number": "one"}),
        step("end", add, {"first": "sign"}, more=1.0),
    )


def test_an_unchanged_result_ends_the_recomputation(store):
    execute(sign_graph(3.0), store)
    run = execute(sign_graph(4.0), store)
    assert run.log.computed() == ["one", "sign"]
    assert run.log.reused() == ["end"]


def test_what_is_not_deterministic_always_runs(store):
    thrown = graph(step("dice", dice), step("sum", add, {"first": "dice"}))
    first, second = execute(thrown, store), execute(thrown, store)
    assert "dice" in second.log.computed()
    assert float(first.value("sum")) != float(second.value("sum"))


def test_all_reductions_on_one_stack_share_one_pass(store):
    opened.clear()
    run = execute(
        graph(
            step("load", movie),
            step("twice", scaled, {"movie": "load"}, factor=2),
            step("total", total, {"movie": "load"}),
            step("mean", mean, {"movie": "load"}),
            step("double", total, {"movie": "twice"}),
            outputs="total mean double",
        ),
        store,
    )
    assert [set(names) for names in run.log.passes()] == [{"total", "mean", "double"}]
    assert (opened[0].reads == 1).all()
    assert np.array_equal(run.value("double"), 2 * run.value("total"))


def test_a_reduction_that_needs_another_waits_for_it(store):
    run = execute(
        graph(
            step("load", movie),
            step("total", total, {"movie": "load"}),
            step("top", brightest, {"movie": "load", "image": "total"}),
        ),
        store,
    )
    assert run.log.passes() == [("total",), ("top",)]
    assert float(run.value("top")) == a_movie().items.max()


def test_a_lazy_value_is_not_even_opened_when_nothing_needs_it(store):
    scan = graph(step("load", movie), step("total", total, {"movie": "load"}))
    execute(scan, store)
    opened.clear()
    run = execute(scan, store)
    assert run.log.computed() == []
    assert opened == []


def test_a_node_called_as_a_function_gives_what_the_run_gives(store):
    run = execute(graph(step("load", movie), step("total", total, {"movie": "load"})), store)
    assert total(a_movie()).identical(run.value("total").load())


def test_a_failure_leaves_the_other_branches_finished(store):
    branches = graph(
        step("one", number),
        step("bad", fail, {"number": "one"}),
        step("after", add, {"first": "bad"}),
        step("good", add, {"first": "one"}, more=1.0),
        outputs="after good",
    )
    run = execute(branches, store)
    assert float(run.value("good")) == 2.0
    with pytest.raises(RunError, match=r"bad \(test.fail\) raised RuntimeError: the lens is off") as caught:
        run.value("after")
    assert "chain: one → bad" in str(caught.value)
    assert "number: DataArray() float64 in 1" in str(caught.value)
    assert execute(branches, store).log.computed() == []


def test_a_result_that_cannot_be_stored_fails_its_node_and_says_what_it_is(store):
    run = execute(graph(step("odd", odd_attribute)), store)
    with pytest.raises(RunError, match=r"odd \(test.odd_attribute\) raised TypeError: cannot store .*attrs"):
        run.raise_for_errors()


def test_a_failing_reduction_does_not_stop_the_others_of_its_pass():
    def bad_kernel(block, out):
        raise ZeroDivisionError("no counts")

    stack = a_movie()
    good, bad = Job(total.function(stack), stack), Job(per_pattern(bad_kernel, finish=lambda a: a), stack)
    run_pass([bad, good])
    assert isinstance(bad.error, ZeroDivisionError)
    assert np.array_equal(good.value.values.ravel(), stack.items.sum((1, 2)))


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("tile_bytes", [1, 1000, 10**9])
def test_neither_threads_nor_block_sizes_show_in_a_result(threads, tile_bytes):
    stack = a_movie(31, 37)
    jobs = [Job(total.function(stack), stack), Job(mean.function(stack), stack)]
    run_pass(jobs, threads=threads, tile_bytes=tile_bytes, read_bytes=max(tile_bytes, 5000))
    assert np.array_equal(jobs[0].value.values.ravel(), stack.items.sum((1, 2)))
    reference = [Job(mean.function(stack), stack)]
    run_pass(reference, threads=1)
    assert float(jobs[1].value) == float(reference[0].value)


def test_a_cancelled_run_stops_between_tiles_and_keeps_what_was_finished(store):
    token = Token()
    seen = []

    def slow_kernel(block, out):
        seen.append(len(block))
        token.cancel()

    stack = a_movie(200, 200)
    with pytest.raises(Cancelled):
        run_pass([Job(per_pattern(slow_kernel, finish=lambda a: a), stack)], threads=1, token=token, tile_bytes=1000)
    assert len(seen) == 1


def test_cancelling_a_run_from_another_thread_ends_it(store):
    token, started = Token(), threading.Event()

    def listener(event):
        started.set()
        token.cancel()

    with pytest.raises(Cancelled):
        execute(sum_graph(), store, token=token, listener=listener)
    assert started.is_set()
    assert float(execute(sum_graph(), store).value("sum")) == 3.0


def test_a_damaged_object_is_computed_anew(store):
    run = execute(sum_graph(), store)
    for path in store.folder.glob("v1/objects/*/*/*"):
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.chmod(0o644)
        path.write_bytes(content)
    again = execute(sum_graph(), at(store.folder))
    assert "sum" in again.log.computed()
    assert again.value("sum").identical(run.value("sum"))


def test_a_stored_value_cannot_be_changed_by_whoever_gets_it(store):
    value = execute(graph(step("load", movie), step("total", total, {"movie": "load"})), store).value("total")
    with pytest.raises(ValueError, match="read-only"):
        value.values[0, 0] = -1


@node("test.turned")
def turned(*, unit: str = "mrad") -> Annotated[Scalar, Unit("rad")]:
    """An angle in some unit."""
    return xr.DataArray(30.0, attrs={"units": unit})


@node("test.sine")
def sine(angle: Annotated[Scalar, Unit("rad")]) -> Scalar:
    """The sine of an angle."""
    assert angle.attrs["units"] == "rad"
    return xr.DataArray(np.sin(float(angle)), attrs={"units": "1"})


def test_a_unit_is_converted_at_the_port_and_the_provenance_says_so_in_every_later_run(store):
    angles = graph(step("angle", turned), step("sine", sine, {"angle": "angle"}))
    run = execute(angles, store)
    assert float(run.value("sine")) == np.sin(0.03)
    assert UnitConverted("sine", "angle", "mrad", "rad") in list(run.log)
    assert provenance(run)["steps"]["sine"]["converted"] == {"angle": "mrad→rad"}
    again = provenance(execute(angles, at(store.folder)))["steps"]["sine"]
    assert (again["status"], again["converted"]) == ("reused", {"angle": "mrad→rad"})
    assert "numpy" in again["origin"]["versions"]


def test_nothing_is_converted_that_has_the_right_unit(store):
    run = execute(graph(step("angle", turned, unit="rad"), step("sine", sine, {"angle": "angle"})), store)
    assert "converted" not in provenance(run)["steps"]["sine"]


class Pair(NamedTuple):
    first: Scalar
    second: Scalar


@node("test.half_a_pair")
def half_a_pair() -> Pair:
    """Forgets one of its outputs."""
    return _one()


@node("test.flat")
def flat() -> Image:
    """Promises an image, gives a line."""
    return xr.DataArray(np.zeros(3), dims=("x",), attrs={"units": "1"})


@node("test.meters")
def meters() -> Annotated[Scalar, Unit("rad")]:
    """Promises an angle, gives a length."""
    return xr.DataArray(1.0, attrs={"units": "m"})


@node("test.table_of_metrics")
def table_of_metrics() -> Metrics:
    """Promises numbers, gives columns."""
    return xr.Dataset({"a": ("row", [1.0, 2.0])})


@node("test.columns")
def columns() -> Table:
    """Promises columns, gives numbers."""
    return xr.Dataset({"a": 1.0})


def _one() -> Scalar:
    return xr.DataArray(1.0, attrs={"units": "1"})


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (half_a_pair, r"expected the outputs first, second, got one DataArray"),
        (flat, r"output `out`: expected Image\(y, x\), got an array with dims \(x\)"),
        (meters, r"output `out`: expected Scalar in rad, got values in m"),
        (table_of_metrics, r"output `out`: expected Metrics, got a dataset with dims \(row\)"),
        (columns, r"output `out`: expected Table\(row\), got a dataset without dims"),
    ],
)
def test_a_result_that_is_not_what_was_promised_is_told_in_words(of, words, store):
    outputs = list(of.schema.outputs)
    one = step("bad", of)
    wrong = graph(one) if outputs == ["out"] else Graph("a test", {"bad": one}, {"bad": Ref("bad", outputs[0])})
    with pytest.raises(RunError, match=words):
        execute(wrong, store).raise_for_errors()


def test_only_the_files_of_what_is_wanted_must_be_there(store, tmp_path):
    two = graph(step("lost", read, path=tmp_path / "lost.txt"), step("one", number), outputs="lost one")
    assert float(execute(two, store, wanted={"one": Ref("one", "out")}).value("one")) == 1.0
    assert plan(two, store, [Ref("one", "out")])["lost"].reason == "its result is not needed"
    with pytest.raises(UsageError, match=r"no such file: .*lost.txt"):
        execute(two, store)


@node("test.read", effects="reads")
def read(*, path: InputPath) -> Scalar:
    """The number in a file."""
    return xr.DataArray(float(path.read_text()), attrs={"units": "1"})


def test_one_thing_under_two_names_is_computed_once(store):
    run = execute(
        graph(
            step("a", number, value=3.0),
            step("b", number, value=3.0),
            step("left", add, {"first": "a"}, more=1.0),
            step("right", add, {"first": "b"}, more=1.0),
            outputs="left right",
        ),
        store,
    )
    assert len(run.log.computed()) == 2
    assert float(run.value("left")) == float(run.value("right")) == 4.0
    assert execute(run.graph, at(store.folder)).log.computed() == []


def test_one_stack_under_two_names_is_read_once(store):
    opened.clear()
    run = execute(
        graph(
            step("a", movie),
            step("b", movie),
            step("left", total, {"movie": "a"}),
            step("right", mean, {"movie": "b"}),
            outputs="left right",
        ),
        store,
    )
    assert len(opened) == 1
    assert (opened[0].reads == 1).all()
    assert run.value("left").shape == (20, 30)


def test_a_failure_under_two_names_fails_both(store):
    run = execute(
        graph(
            step("one", number),
            step("a", fail, {"number": "one"}),
            step("b", fail, {"number": "one"}),
            outputs="a b",
        ),
        store,
    )
    assert set(run.errors) == {"a", "b"}


@node("test.iterates")
def iterates(*, steps: int = 4) -> Scalar:
    """A node that says how far it is."""
    for done in range(steps):
        report_progress(done / steps)
    return xr.DataArray(float(steps), attrs={"units": "1"})


def test_a_node_that_runs_long_says_how_far_it_is(store):
    run = execute(graph(step("fit", iterates)), store)
    assert [event for event in run.log if isinstance(event, StepProgress)] == [
        StepProgress("fit", fraction) for fraction in (0, 0.25, 0.5, 0.75)
    ]


def test_a_node_that_runs_long_stops_when_the_run_is_cancelled(store):
    token = Token()

    def listener(event):
        if isinstance(event, StepProgress):
            token.cancel()

    others = set(threading.enumerate())
    with pytest.raises(Cancelled):
        execute(graph(step("fit", iterates, steps=10**9)), store, token=token, listener=listener)
    for thread in set(threading.enumerate()) - others:
        thread.join(10)
        assert not thread.is_alive()


def sum_and_double(block, out):
    out[:, 0] = block.sum((1, 2))
    out[:, 1] = 2 * out[:, 0]


def both_at_once(reductions):
    return per_pattern(sum_and_double, finish=lambda sums: [sums[..., 0], sums[..., 1]], shape=(2,))


def never_called(block, out):
    raise AssertionError("each by itself")


def joined_jobs(stack, together, kernel=never_called):
    return [Job(per_pattern(kernel, finish=lambda sums: sums.copy(), together=together), stack) for _ in range(2)]


def test_reductions_that_agree_on_it_are_computed_by_one_kernel():
    stack = a_movie()
    first, second = joined_jobs(stack, both_at_once)
    run_pass([first, second])
    assert first.error is None
    assert np.array_equal(first.value.ravel(), stack.items.sum((1, 2)))
    assert np.array_equal(second.value, 2 * first.value)
    assert np.array_equal(first.partial(), first.value)


def test_reductions_that_cannot_be_joined_are_computed_one_by_one():
    stack = a_movie()
    jobs = joined_jobs(stack, lambda reductions: None, total_kernel)
    run_pass(jobs)
    assert all(np.array_equal(job.value.ravel(), stack.items.sum((1, 2))) for job in jobs)


def test_what_fails_in_a_common_kernel_fails_all_that_share_it_and_nobody_else():
    def common_failure(reductions):
        def kernel(block, out):
            raise ZeroDivisionError("no counts")

        return per_pattern(kernel, finish=lambda sums: [sums, sums])

    stack = a_movie()
    alone = Job(total.function(stack), stack)
    jobs = joined_jobs(stack, common_failure)
    run_pass([*jobs, alone])
    assert [type(job.error) for job in jobs] == [ZeroDivisionError, ZeroDivisionError]
    assert alone.error is None
