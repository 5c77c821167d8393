"""The reasons for which steps run: each is the true one, in the words a person would use."""

from __future__ import annotations

from dataclasses import replace

import pytest
import xarray as xr
from engine.graphs import add, graph, movie, number, step, total

from graph4d import InputPath, Scalar, node
from graph4d.declaration import Node
from graph4d.planning import Status, plan
from graph4d.recipe.graph import Graph, Ref
from graph4d.run.events import StepStarted
from graph4d.run.execute import execute
from graph4d.store import DiskStore, MemoryStore, Store


@pytest.fixture
def store(tmp_path) -> Store:
    return at(tmp_path / "store")


def at(folder) -> Store:
    """A store as a new process would find it."""
    return Store(MemoryStore(), DiskStore(folder))


def reasons(of: Graph, store: Store) -> dict[str, str]:
    """Of the steps that a run started; the plan beforehand must have said the same."""
    planned = plan(of, store)
    run = execute(of, store)
    told = {event.step: event.reason for event in run.log if isinstance(event, StepStarted)}
    for name, reason in told.items():
        if planned[name].status is Status.RUN and "waits for" not in planned[name].reason:
            assert planned[name].reason == reason
    return told


@node("why.read", effects="reads")
def read(*, path: InputPath, factor: float = 1.0) -> Scalar:
    """The number in a file."""
    return xr.DataArray(factor * float(path.read_text()), attrs={"units": "1"})


def test_a_file_that_changed_is_named_and_not_its_parameter(store, tmp_path):
    (tmp_path / "a.txt").write_text("1")
    of = graph(step("read", read, path=tmp_path / "a.txt"))
    assert reasons(of, store) == {"read": "never ran"}
    (tmp_path / "a.txt").write_text("20")
    assert reasons(of, store) == {"read": "file a.txt changed"}


def test_another_file_is_a_changed_parameter_and_not_a_changed_file(store, tmp_path):
    (tmp_path / "a.txt").write_text("1")
    (tmp_path / "b.txt").write_text("2")
    reasons(graph(step("read", read, path=tmp_path / "a.txt")), store)
    told = reasons(graph(step("read", read, path=tmp_path / "b.txt")), store)
    assert told == {"read": f"parameter path {tmp_path / 'a.txt'}→{tmp_path / 'b.txt'}"}


def test_a_file_that_was_moved_makes_nothing_run(store, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text("1")
    reasons(graph(step("read", read, path=tmp_path / "one" / "a.txt")), store)
    assert reasons(graph(step("read", read, path=tmp_path / "two" / "a.txt")), store) == {}
    told = reasons(graph(step("read", read, path=tmp_path / "one" / "a.txt", factor=2.0)), store)
    assert told == {"read": "parameter factor 1→2"}


def other_version(of: Node, version: int) -> Node:
    return Node(of.function, of.id, version)


def test_a_version_a_swapped_node_and_several_reasons_at_once_are_told(store):
    @node("why.other")
    def other(first: Scalar, *, more: float = 0.0) -> Scalar:
        """Something else."""
        return (first - more).assign_attrs(units="1")

    def two(of, value=1.0, more=0.0):
        return graph(step("one", number, value=value), step("end", of, {"first": "one"}, more=more))

    reasons(two(add), store)
    assert reasons(two(other_version(add, 2)), store)["end"] == "version 1→2"
    assert reasons(two(other), store)["end"] == "node test.add→why.other"
    assert reasons(two(other, 5.0, 1.0), store)["end"] == "parameter more 0→1; input one changed"


def test_code_that_changed_is_told(store):
    def make(factor):
        @node("why.made")
        def made() -> Scalar:
            """A number."""
            return xr.DataArray(float(factor), attrs={"units": "1"})

        return made

    reasons(graph(step("one", make(1))), store)
    assert reasons(graph(step("one", make(2))), store) == {"one": "code changed"}


def test_an_input_that_is_not_given_any_more_is_told(store):
    both = graph(
        step("one", number), step("two", number, value=2.0), step("end", add, {"first": "one", "second": "two"})
    )
    reasons(both, store)
    assert reasons(graph(*both.steps.values(), outputs="end"), store) == {}
    lonely = replace(both.steps["end"], inputs={"first": Ref("one", "out")})
    told = reasons(graph(both.steps["one"], both.steps["two"], lonely), store)
    assert told["end"] == "input second is gone"


def test_what_was_never_worth_keeping_is_not_called_evicted(store, monkeypatch):
    monkeypatch.setattr("graph4d.run.compute.worth_storing", lambda seconds, nbytes: False)

    def two(more):
        return graph(step("one", number), step("end", add, {"first": "one"}, more=more))

    reasons(two(1.0), store)
    told = reasons(two(2.0), at(store.folder))
    assert told == {"one": "quicker to compute than to keep", "end": "parameter more 1→2"}


def test_what_was_kept_and_is_gone_is_called_evicted(store):
    of = graph(step("one", number))
    reasons(of, store)
    store.disk.prune(0)
    assert reasons(of, at(store.folder)) == {"one": "evicted"}


def test_a_stack_that_is_opened_again_is_not_called_evicted(store):
    of = graph(step("load", movie), step("total", total, {"movie": "load"}))
    assert reasons(of, store)["load"] == "never ran"
    store.disk.prune(0)
    assert reasons(of, at(store.folder)) == {"load": "opened for what needs it", "total": "evicted"}
