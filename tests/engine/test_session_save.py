"""What a session writes: the values that changed, into a recipe that is otherwise left as it is."""

from __future__ import annotations

import threading

import pytest
from engine.plugin import registry

from graph4d import UsageError
from graph4d.recipe.load import load
from graph4d.session.session import Session
from graph4d.store import MemoryStore, Store

RECIPE = """\
graph4d: 1   # the format
# why this recipe is here
params:
  sigma: {type: float, default: 1.50}   # in scan pixels
  tilt: {type: angle, default: '30 mrad'}
  scan: {type: path, default: scan.h5}
nodes:
  load: {use: toy.open, with: {path: $scan, angle: $tilt}}
  com: {use: toy.com, in: {stack: load}}
  ricom:
    # the phase
    use: toy.ricom   # the window follows
    in: {com: com}
    with:
      kernel: 41   # odd
  im:   {use: toy.image}
  smooth: {use: toy.smooth, in: {image: im}, with: {sigma: $sigma}}
"""


@pytest.fixture
def path(tmp_path):
    folder = tmp_path / "recipes"
    folder.mkdir()
    (folder / "scan.h5").write_text("a scan")
    (folder / "r.yml").write_text(RECIPE)
    return folder / "r.yml"


def a_session(recipe, **parameters) -> Session:
    return Session(recipe, store=Store(MemoryStore()), registry=registry(), parameters=parameters)


def facts(graph):
    return {name: (step.parameters, step.inputs) for name, step in graph.steps.items()}, graph.parameters


def test_what_changed_is_written_and_nothing_else(path):
    session = a_session(path)
    session.set({"sigma": 2.5, "ricom.kernel": 21, "ricom.low": "0.1 1/nm", "im.value": 3})
    assert session.save() == path
    expected = (
        RECIPE.replace("1.50", "2.5")
        .replace("      kernel: 41   # odd", "      low: 0.1 1/nm\n      kernel: 21   # odd")
        .replace("{use: toy.image}", "{use: toy.image, with: {value: 3.0}}")
    )
    assert path.read_text() == expected.replace("0.1 1/nm", load_low(path))
    assert facts(load(path, registry=registry())) == facts(session.graph)


def load_low(path) -> str:
    """How the file says it, in the unit that people use."""
    (line,) = [line for line in path.read_text().splitlines() if "low:" in line]
    return line.split("low: ")[1]


def test_what_was_set_and_set_back_is_not_written(path):
    session = a_session(path)
    session.set({"sigma": 2.5, "tilt": "5 mrad", "ricom.low": 0.1, "ricom.kernel": 21})
    session.reset()
    assert session.recipe() == RECIPE
    session.save()
    assert path.read_text() == RECIPE


def test_what_is_set_back_after_it_was_saved_is_written_again(path):
    session = a_session(path)
    session.set(sigma=2.5)
    session.save()
    session.set(sigma=1.5)
    session.save()
    assert load(path, registry=registry()).parameters["sigma"] == 1.5


def test_what_somebody_else_wrote_meanwhile_stays(path):
    session = a_session(path)
    session.set(sigma=2.5)
    path.write_text(RECIPE.replace("30 mrad", "7 mrad").replace("# in scan pixels", "# of the filter"))
    session.save()
    assert path.read_text() == RECIPE.replace("30 mrad", "7 mrad").replace(
        "1.50}   # in scan pixels", "2.5}   # of the filter"
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("  im:", "  picture:", "there is no `im` among its nodes"),
        ("  sigma: {", "  sigmas: {", "there is no `sigma` among its params"),
        ("nodes:", "nodes: [", "r.yml:"),
        ("im:   {use: toy.image}", "im: {use: toy.image, with: }", "with"),
        ("im:   {use: toy.image}", "im: 3", "im"),
    ],
)
def test_a_file_that_somebody_broke_meanwhile_is_left_alone_and_said_so(path, before, after, words):
    session = a_session(path)
    session.set({"sigma": 2.5, "im.value": 3})
    broken = RECIPE.replace(before, after)
    path.write_text(broken)
    with pytest.raises(UsageError, match=words):
        session.save()
    assert path.read_text() == broken


def test_the_recipe_of_the_present_values_loads_to_them(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    session = a_session(path, tilt="0.1234567890123 rad")
    session.set({"ricom.low": 1 / 3, "im.sizes": (4, 5), "im.mode": "ramp"})
    assert facts(load(session.recipe(), registry=registry())) == facts(session.graph)
    assert path.read_text() == RECIPE


def test_a_recipe_in_another_folder_leads_to_the_same_files(path, tmp_path):
    session = a_session(path)
    session.set({"sigma": 2.5, "im.value": 3})
    saved = session.save(tmp_path / "copy.yml")
    assert facts(load(saved, registry=registry())) == facts(session.graph)
    assert path.read_text() == RECIPE


def test_a_copy_in_the_same_folder_keeps_comments(path):
    session = a_session(path)
    session.set(sigma=2.5)
    saved = session.save(path.with_name("copy.yml"))
    assert saved.read_text() == RECIPE.replace("1.50", "2.5")
    assert path.read_text() == RECIPE


def test_one_file_by_another_way_is_one_file(path):
    session = a_session(path)
    session.set(sigma=2.5)
    path.write_text(RECIPE.replace("30 mrad", "7 mrad"))
    session.save(path.parent / ".." / "recipes" / "r.yml")
    assert "7 mrad" in path.read_text()


def test_a_file_below_the_recipe_is_written_relative_to_it(path):
    other = path.parent / "more" / "b.h5"
    other.parent.mkdir()
    other.write_text("another scan")
    session = a_session(path, scan=other)
    session.save()
    assert path.read_text() == RECIPE.replace("default: scan.h5", "default: more/b.h5")
    assert load(path, registry=registry()).parameters["scan"] == other


def test_a_relative_path_given_once_stays_where_it_was(path, monkeypatch, tmp_path):
    monkeypatch.chdir(path.parent)
    session = a_session(path, scan="other.h5")
    monkeypatch.chdir(tmp_path)
    session.set(sigma=2.5)
    assert session.values["scan"] == path.parent / "other.h5"


def test_a_recipe_that_is_a_text_has_to_be_told_where_to_go(path, tmp_path, monkeypatch):
    monkeypatch.chdir(path.parent)
    session = a_session(RECIPE)
    session.set(sigma=2.5)
    with pytest.raises(UsageError, match="say where"):
        session.save()
    assert load(session.save("new.yml"), registry=registry()).parameters["sigma"] == 2.5


def test_a_session_of_a_graph_has_its_values(path):
    session = a_session(load(path, registry=registry(), parameters={"sigma": 2.5}))
    assert (session.values["sigma"], session.initial["sigma"]) == (2.5, 2.5)
    session.save()
    assert path.read_text() == RECIPE.replace("1.50", "2.5")


def test_a_session_of_another_ones_graph_has_all_of_its_values(path):
    first = a_session(path)
    first.set({"ricom.low": 0.1, "sigma": 2.5})
    assert facts(a_session(first.graph).graph) == facts(first.graph)


def test_threads_may_save_at_once(path):
    session = a_session(path)
    errors = []

    def play(value):
        for step in range(30):
            session.set(sigma=value + step / 100)
            try:
                session.save()
            except UsageError as error:
                errors.append(error)

    threads = [threading.Thread(target=play, args=(value,)) for value in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert not errors
    session.save()
    assert load(path, registry=registry()).parameters["sigma"] == session.values["sigma"]
    assert [file.name for file in path.parent.glob(".*")] == []
