"""Keys: no two different values share one, and equal values always do."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph4d.keys import action_key, encode, hash_of, output_key

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


def canonical(value: Any) -> str:
    """An independent notation with the same notion of equality, written for reading and not for bytes."""
    if isinstance(value, dict):
        return json.dumps({"dict": sorted((key, canonical(item)) for key, item in value.items())})
    if isinstance(value, list | tuple):
        return json.dumps([canonical(item) for item in value])
    if isinstance(value, float):
        return "float " + ("nan" if math.isnan(value) else (value + 0.0).hex())
    return f"{type(value).__name__} {value!r}"


@settings(deadline=None)
@given(VALUES, VALUES)
def test_two_values_have_the_same_encoding_only_if_they_are_the_same(one: Any, other: Any) -> None:
    assert (encode(one) == encode(other)) == (canonical(one) == canonical(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0), (1, True), (0, False), (1, "1"), ("1", b"1"), (None, "None"), (None, []), ([], {}),
        (["a", "b"], ["ab"]), ([["a"], "b"], ["a", ["b"]]), ([[1, 2], [3]], [[1], [2, 3]]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}), ("a", Path("a")), ([1], 1), ([[[[[[[1]]]]]]], [[[[[[[2]]]]]]]),
    ],
)  # fmt: skip
def test_values_that_other_engines_confuse_differ(one: Any, other: Any) -> None:
    assert encode(one) != encode(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (-0.0, 0.0), (math.nan, -math.nan), ((1, 2), [1, 2]), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), (np.int64(3), 3),
        (np.float32(0.5), 0.5), (np.bool_(True), True), (np.str_("a"), "a"), (np.float64(math.nan), math.nan),
    ],
)  # fmt: skip
def test_values_that_are_the_same_have_one_encoding(one: Any, other: Any) -> None:
    assert encode(one) == encode(other)


@pytest.mark.parametrize("value", [{1, 2}, object(), 1j, np.zeros(2), np.longdouble(1), range(3), {"a": {1: 2}}])
def test_an_unknown_type_is_named_instead_of_guessed(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot make a key of"):
        encode(value)
    with pytest.raises(TypeError, match="cannot make a key of"):
        encode({"nested": [value]})


def test_a_file_name_that_is_not_text_has_a_key() -> None:
    assert encode(Path("scan\udcff.h5")) != encode(Path("scan\udcfe.h5"))


def test_each_part_of_an_action_changes_its_key() -> None:
    base: dict[str, Any] = {
        "node_id": "a.b", "version": 1, "fingerprint": "f", "parameters": {"k": 1}, "inputs": {"x": "d"},
    }  # fmt: skip
    changes: list[dict[str, Any]] = [
        {}, {"node_id": "a.c"}, {"version": 2}, {"fingerprint": "g"}, {"parameters": {"k": 2}},
        {"parameters": {"l": 1}}, {"inputs": {"x": "e"}}, {"inputs": {"y": "d"}},
        {"parameters": {}, "inputs": {"k": "d", "x": "d"}},
    ]  # fmt: skip
    keys = [action_key(**{**base, **change}) for change in changes]
    assert len(set(keys)) == len(keys)


def test_exchanging_the_inputs_of_two_ports_changes_the_key() -> None:
    assert action_key("a.b", 1, "f", {}, {"x": "1", "y": "2"}) != action_key("a.b", 1, "f", {}, {"x": "2", "y": "1"})


def test_outputs_of_one_action_have_keys_of_their_own() -> None:
    assert len({output_key("a", "x"), output_key("a", "y"), output_key("b", "x")}) == 3


def test_keys_are_the_same_in_another_process_with_another_hash_seed() -> None:
    value = {"b": [1, 2.5, None], "a": {"é": "ü", "z": True}}
    code = f"from graph4d.keys import hash_of; print(hash_of({value!r}))"
    seeds = ("1", "2")
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": s}, capture_output=True, text=True
        ).stdout.strip()
        for s in seeds
    }
    assert found == {hash_of(value)}
