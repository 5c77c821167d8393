"""Plans say what would run and why, in the words a person would use."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import xarray as xr
from engine.graphs import Movie, a_movie, add, dice, graph, movie, number, sign, step, total

from graph4d import Scalar, node
from graph4d.planning import Status, plan
from graph4d.recipe.graph import Ref
from graph4d.run.execute import execute
from graph4d.store import DiskStore, MemoryStore, Store


@pytest.fixture
def store(tmp_path) -> Store:
    return at(tmp_path)


def at(folder) -> Store:
    """A store as a new process would find it."""
    return Store(MemoryStore(), DiskStore(folder))


def chain(value=1.0, more=0.0):
    return graph(
        step("one", number, value=value),
        step("sign", sign, {"number": "one"}),
        step("end", add, {"first": "sign"}, more=more),
    )


def test_what_never_ran_says_so(store):
    planned = plan(chain(), store)
    assert planned["one"].reason == "never ran"
    assert planned["end"].reason == "never ran; waits for sign"
    assert planned.named(Status.RUN) == ["one", "sign", "end"]


def test_planning_computes_nothing_and_changes_nothing(store):
    plan(chain(), store)
    assert plan(chain(), store)["one"].reason == "never ran"


def test_what_is_in_the_store_is_reused_and_what_it_came_from_is_not_needed(store):
    execute(chain(), store)
    planned = plan(chain(), store)
    assert planned["end"].status is Status.REUSE
    assert planned.named(Status.IDLE) == ["one", "sign"]


def test_a_changed_parameter_is_named_with_both_values(store):
    execute(chain(more=1.0), store)
    planned = plan(chain(more=2.5), store)
    assert planned["end"].status is Status.RUN
    assert planned["end"].reason == "parameter more 1→2.5"
    assert planned["one"].status is Status.IDLE


def test_what_depends_on_an_open_result_may_turn_out_to_be_reused(store):
    execute(chain(3.0), store)
    planned = plan(chain(4.0), store)
    assert planned["one"].reason == "parameter value 3→4"
    assert planned["sign"].status is Status.MAYBE
    assert planned["sign"].reason == "runs only if the result of one changes"


def test_an_evicted_result_is_called_evicted(store):
    execute(chain(), store)
    store.disk.prune(0)
    fresh = at(store.folder)
    assert plan(chain(), fresh)["end"].reason == "evicted"


def test_a_throw_of_dice_is_never_reused(store):
    throw = graph(step("dice", dice))
    execute(throw, store)
    planned = plan(throw, store)
    assert (planned["dice"].status, planned["dice"].reason) == (Status.RUN, "not deterministic")


def test_a_lazy_value_is_opened_only_for_a_step_that_runs(store):
    scan = graph(step("load", movie), step("total", total, {"movie": "load"}))
    assert plan(scan, store)["load"].status is Status.OPEN
    execute(scan, store)
    assert plan(scan, store)["load"].status is Status.IDLE


def test_a_changed_input_is_named(store):
    def two(value):
        return graph(step("one", number, value=value), step("end", add, {"first": "one"}))

    execute(two(1.0), store)
    execute(graph(step("one", number, value=2.0)), store)
    assert plan(two(2.0), store)["end"].reason == "input one changed"


class Both(NamedTuple):
    movie: Movie
    mean: Scalar


@node("test.both")
def both() -> Both:
    """A stack and a number."""
    stack = a_movie()
    return Both(stack, xr.DataArray(float(stack.items.mean()), attrs={"units": "1"}))


@pytest.mark.parametrize("outputs", ["total mean", "mean total"])
def test_a_step_that_must_compute_one_of_its_outputs_is_not_called_opened(outputs, store):
    refs = {"total": Ref("total", "out"), "mean": Ref("both", "mean")}
    steps = (step("both", both), step("total", total, {"movie": "both.movie"}))
    wanted = [refs[name] for name in outputs.split()]
    assert plan(graph(*steps), store, wanted)["both"].status is Status.RUN
    assert plan(graph(*steps), store, [refs["total"]])["both"].status is Status.OPEN
