"""Outputs on disk, as other programs read them."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import xarray as xr
from engine.graphs import add, graph, number, step

from graph4d import Image, Metrics, Table, node
from graph4d.recipe.graph import Graph, Ref
from graph4d.run.execute import execute
from graph4d.run.outputs import write_outputs
from graph4d.store import MemoryStore, Store


@node("out.numbers")
def numbers() -> Metrics:
    """Numbers of all kinds."""
    values = {"good": 1.5, "bad": np.nan, "huge": np.inf, "wave": 1 + 2j, "count": 3, "yes": True}
    return xr.Dataset({name: xr.DataArray(value, attrs={"units": "1"}) for name, value in values.items()})


@node("out.columns")
def columns() -> Table:
    """Two columns."""
    return xr.Dataset({"x": ("row", [1.0, 2.0]), "name": ("row", ["a", "b"])})


@node("out.image")
def image() -> Image:
    """An image of complex numbers with attributes that netCDF has no word for."""
    attrs = {"units": "rad", "window": None, "frame": {"rotation": 0.5}}
    return xr.DataArray(np.array([[1 + 1j, 2]]), dims=("y", "x"), coords={"x": [0.0, 0.5]}, attrs=attrs)


@pytest.fixture
def written(tmp_path):
    of = graph(
        step("numbers", numbers), step("columns", columns), step("image", image), outputs="numbers columns image"
    )
    write_outputs(execute(of, Store(MemoryStore())), tmp_path)
    return tmp_path


def refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def test_numbers_are_json_that_every_program_reads(written):
    found = json.loads((written / "metrics.json").read_text(), parse_constant=refuse)["numbers"]
    values = {name: item["value"] for name, item in found.items()}
    assert values == {"good": 1.5, "bad": None, "huge": None, "wave": "(1+2j)", "count": 3, "yes": True}


def test_tables_are_csv(written):
    with (written / "columns.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["x"], row["name"]) for row in rows] == [("1.0", "a"), ("2.0", "b")]


def test_arrays_are_netcdf_with_coordinates_and_units(written):
    with xr.open_dataarray(written / "image.nc") as found:
        assert found.values.tolist() == [[1 + 1j, 2]]
        assert found.x.values.tolist() == [0.0, 0.5]
        assert found.attrs["units"] == "rad"


def test_a_step_of_a_part_is_written_into_a_folder_of_its_name(tmp_path):
    of = graph(step("part/columns", columns), step("part/image", image))
    wanted = {name: Ref(name, "out") for name in of.steps}
    write_outputs(execute(of, Store(MemoryStore()), wanted=wanted), tmp_path)
    assert (tmp_path / "part" / "columns.csv").is_file()
    assert (tmp_path / "part" / "image.nc").is_file()


def test_what_failed_is_not_written_and_the_rest_is(tmp_path):
    @node("out.broken")
    def broken() -> Table:
        """Fails."""
        raise RuntimeError("no")

    steps = {s.name: s for s in (step("good", columns), step("bad", broken))}
    of = Graph("a test", steps, {"good": Ref("good", "out"), "bad": Ref("bad", "out")})
    document = write_outputs(execute(of, Store(MemoryStore())), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.csv", "provenance.json"]
    assert document["steps"]["bad"]["status"] == "failed"


def test_a_file_that_is_current_is_left_as_it_is_and_one_that_was_touched_is_written_again(tmp_path):
    def numbers_of(value):
        return graph(step("one", number, value=value), step("sum", add, {"first": "one"}))

    store = Store(MemoryStore())
    write_outputs(execute(numbers_of(1.0), store), tmp_path)
    before = (tmp_path / "metrics.json").stat()
    write_outputs(execute(numbers_of(1.0), store), tmp_path)
    assert (tmp_path / "metrics.json").stat().st_ino == before.st_ino
    (tmp_path / "metrics.json").write_text("{}")
    write_outputs(execute(numbers_of(1.0), store), tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text())["sum"]["value"] == 1.0
