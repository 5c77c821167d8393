"""What is made of recipe files: their schema, migrated ones, and locks."""

import jsonschema
import pytest
import ruamel.yaml
from engine.plugin import registry

from graph4d import Scalar, UsageError, node
from graph4d.marks import InputPath
from graph4d.recipe.freeze import check_lock, freeze
from graph4d.recipe.json_schema import recipe_schema
from graph4d.recipe.load import load
from graph4d.recipe.migrate import migrate

GOOD = """\
graph4d: 1
title: fits the schema
params: {kernel: {type: int, default: 41}}
nodes:
  load: {use: toy.open, with: {path: scan.h5, angle: 30 mrad, step: null}}
  com: {use: toy.com, in: {stack: load}}
  ricom: {use: toy.ricom, in: {com: com}, with: {kernel: $kernel, low: 0}}
  old: {use: toy.ricom@1, in: {com: com}, with: {}}
  im: {use: toy.image, with: {mode: ramp, sizes: [3, 4]}}
  part: {recipe: part.yml, in: {picture: im}, with: {anything: 3}}
sweeps: {s: {over: {kernel: [3, 5]}, collect: [ricom]}}
views: {main: {show: [ricom], controls: {kernel: {slider: {step: 2}}}}}
outputs: {phase: ricom}
"""


def schema_errors(text):
    validator = jsonschema.Draft202012Validator(recipe_schema(registry()))
    return list(validator.iter_errors(ruamel.yaml.YAML(typ="safe").load(text)))


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(recipe_schema(registry()))


def test_a_good_recipe_fits_the_schema():
    assert schema_errors(GOOD) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("graph4d: 1", "graph4d: 2"),
        ("title:", "titel:"),
        ("use: toy.com,", "use: toy.con,"),
        ("in: {stack: load}", "in: {stak: load}"),
        (", in: {stack: load}", ""),
        ("in: {stack: load}", "in: {stack: 3}"),
        ("angle: 30 mrad", "angle: 30"),
        ("angle: 30 mrad", "tilt: 30 mrad"),
        ("path: scan.h5, ", ""),
        ("mode: ramp", "mode: rmap"),
        ("sizes: [3, 4]", "sizes: [3]"),
        ("kernel: $kernel", "kernel: 1001"),
        ("type: int", "type: itn"),
        ("recipe: part.yml", "recipe: part.yml, use: toy.com"),
        ("show: [ricom]", "shown: [ricom]"),
    ],
)
def test_what_is_wrong_does_not_fit_the_schema(right, wrong):
    assert right in GOOD
    assert schema_errors(GOOD.replace(right, wrong)) != []


def test_a_node_that_cannot_be_imported_does_not_spoil_the_schema(monkeypatch):
    found = registry()
    monkeypatch.setattr(found, "ids", lambda: ["not.there", "toy.com"])
    assert "toy.com" in str(recipe_schema(found))


OLD = """\
graph4d: 1
# the reason for it all
nodes:
  load: {use: toy.open, with: {path: scan.h5}}
  com: {use: toy.com@1, in: {stack: load}}   # the field
  ricom:
    use: toy.ricom@1   # pinned long ago
    in: {com: com}
    with:
      low: 0.00   # takes the slope out
      size: 21
  lost: {use: toy.old@2}
  none: {use: toy.nothing@1}
  never: {use: toy.com@0}
"""


def test_pinned_nodes_are_brought_up_to_date_in_place_with_their_comments(tmp_path):
    path = tmp_path / "r.yml"
    path.write_text(OLD)
    lines = migrate(path, registry=registry())
    assert path.read_text() == OLD.replace("toy.ricom@1", "toy.ricom@2").replace("size: 21", "kernel: 21")
    assert lines[:2] == ["com: toy.com@1 is current", "ricom: toy.ricom@1 → toy.ricom@2"]


def test_one_failing_migration_does_not_keep_the_others(tmp_path):
    path = tmp_path / "r.yml"
    path.write_text(OLD)
    lines = migrate(path, registry=registry())
    assert lines[2].startswith("lost: left at toy.old@2: the migration of toy.old@2 failed with KeyError")
    assert lines[3].startswith("none: left at toy.nothing@1: there is no node")
    assert lines[4].startswith("never: left at toy.com@0: toy.com@0 is retired, and nothing tells")


def test_a_file_with_nothing_to_migrate_is_not_touched(tmp_path):
    path = tmp_path / "r.yml"
    text = "graph4d:   1\nnodes:   {com: {use: toy.com@1}}\n"
    path.write_text(text)
    migrate(path, registry=registry())
    assert path.read_text() == text


@node("file.size", effects="reads")
def size_of(*, path: InputPath, scale: float = 1.0) -> Scalar:
    """How large a file is."""


@pytest.fixture
def frozen(tmp_path):
    """A recipe with its data and its lock."""
    (tmp_path / "data.bin").write_bytes(b"one")
    recipe = tmp_path / "r.yml"
    recipe.write_text(
        "graph4d: 1\nparams: {file: {type: path, default: data.bin}, scale: {type: float, default: 2}}\n"
        "nodes: {size: {use: file.size, with: {path: $file, scale: $scale}}}\n"
    )
    found = registry()
    found.register(size_of)
    freeze(load(recipe, registry=found), registry=found)
    return recipe, found


def test_a_lock_holds_versions_code_and_data(frozen):
    recipe, _ = frozen
    lock = ruamel.yaml.YAML(typ="safe").load(recipe.with_suffix(".lock.yml"))
    assert lock["parameters"] == {"file": "data.bin", "scale": 2.0}
    assert lock["nodes"]["file.size"]["version"] == 1
    assert list(lock["data"]) == ["data.bin"]
    assert "numpy" in lock["packages"]


def test_nothing_differs_from_a_fresh_lock_wherever_it_is_moved(frozen, tmp_path):
    recipe, found = frozen
    assert check_lock(load(recipe, registry=found), registry=found) == []
    moved = tmp_path / "moved"
    moved.mkdir()
    for file in ("r.yml", "r.lock.yml", "data.bin"):
        (tmp_path / file).rename(moved / file)
    assert check_lock(load(moved / "r.yml", registry=found), registry=found) == []


def test_every_difference_from_a_lock_is_named(frozen):
    recipe, found = frozen
    (recipe.parent / "data.bin").write_bytes(b"two")
    differences = check_lock(load(recipe, registry=found, parameters={"scale": 3.0}), registry=found)
    assert differences[0] == "parameters scale: 2.0 → 3.0"
    assert differences[1].startswith("data data.bin: ")
    assert len(differences) == 2


def test_only_a_file_can_be_frozen():
    text = "graph4d: 1\nnodes: {im: {use: toy.image}}\n"
    with pytest.raises(UsageError, match="save it first"):
        freeze(load(text, registry=registry()))
