"""Every mistake in a recipe is told with its place, in these very words."""

import os
from pathlib import Path

import pytest
from engine.plugin import registry

from graph4d.recipe.load import check

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.yml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_recipe_is_described_in_these_words(name, monkeypatch):
    monkeypatch.chdir(GOLDEN)
    told = "\n".join(map(str, check(f"{name}.yml", registry=registry()))) + "\n"
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(told)
    assert told == golden.read_text()
