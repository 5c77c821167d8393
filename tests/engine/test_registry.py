"""Nodes are found by name, and imported only when they are used."""

import sys
from importlib.metadata import EntryPoint

import pytest
from engine.plugin import com, registry

from graph4d.registry import BrokenPlugin, Registry, UnknownNode, default_registry


def with_entries(monkeypatch, **values):
    """A registry over an environment with these entry points, ``__`` standing for the dot of a node's id."""
    entries = [EntryPoint(name.replace("__", "."), value, "graph4d.nodes") for name, value in values.items()]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: entries)
    return Registry()


def test_ids_are_listed_without_importing(monkeypatch, tmp_path):
    (tmp_path / "lazy_plugin.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert with_entries(monkeypatch, lazy__one="lazy_plugin:one").ids() == ["lazy.one"]
    assert "lazy_plugin" not in sys.modules


def test_only_the_module_of_the_wanted_node_is_imported(monkeypatch, tmp_path):
    for name in ("first", "second"):
        code = f'from graph4d import Image, node\n\n\n@node("some.{name}")\ndef f(image: Image) -> Image: ...\n'
        (tmp_path / f"{name}_plugin.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    found = with_entries(monkeypatch, some__first="first_plugin:f", some__second="second_plugin:f")
    assert found.get("some.first").id == "some.first"
    assert "second_plugin" not in sys.modules


def test_an_unknown_node_is_told_with_the_name_that_was_meant():
    with pytest.raises(UnknownNode, match=r"no node `toy\.rikom`; did you mean `toy\.ricom`"):
        registry().get("toy.rikom")
    with pytest.raises(LookupError):
        registry().get("something.else")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import no_such_module", "cannot be imported from broken_plugin:f: ModuleNotFoundError"),
        ("f = 3", "broken_plugin:f is not a node"),
        (
            'from graph4d import Image, node\n@node("some.other")\ndef f(i: Image) -> Image: ...',
            "calls itself `some.other`",
        ),
    ],
)
def test_a_broken_plugin_gives_one_clear_line(monkeypatch, tmp_path, code, words):
    (tmp_path / "broken_plugin.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_plugin", raising=False)
    with pytest.raises(BrokenPlugin, match=words) as caught:
        with_entries(monkeypatch, some__name="broken_plugin:f").get("some.name")
    assert "\n" not in str(caught.value)


def test_a_registered_node_takes_the_place_of_one_of_the_same_name():
    found = Registry(group=None)
    assert found.ids() == []
    found.register(com)
    assert found.get("toy.com") is com
    assert found.package("toy.com") is None


def test_installed_nodes_know_their_package():
    found = default_registry()
    assert found is default_registry()
    assert all(found.package(node_id).name == "graph4d" for node_id in found.ids() if node_id.startswith("image."))
