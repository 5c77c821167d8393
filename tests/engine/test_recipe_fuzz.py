"""Whatever the text, a recipe either loads or says what is wrong with it."""

import contextlib
import json

from engine.plugin import registry
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from graph4d.recipe.load import check, load
from graph4d.recipe.problem import Problem, RecipeErrors
from graph4d.recipe.scalars import plain
from graph4d.recipe.source import parse
from graph4d.recipe.write import flow, recipe_text

REGISTRY = registry()
QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)

words = st.sampled_from(
    [
        "graph4d",
        "title",
        "params",
        "inputs",
        "nodes",
        "sweeps",
        "views",
        "outputs",
        "use",
        "recipe",
        "in",
        "with",
        "over",
        "collect",
        "show",
        "type",
        "default",
        "unit",
        "a",
        "b",
        "c",
        "kernel",
        "com",
        "image",
        "path",
        "$a",
        "$kernel",
        "toy.com",
        "toy.ricom",
        "toy.ricom@1",
        "toy.image",
        "toy.open",
        "toy.smooth",
        "Image",
        "int",
        "list",
        "angle",
        "choice",
        "path",
        "30",
        "mrad",
        "a.out",
        "null",
        "~",
        ".inf",
        ".nan",
        "1e999",
        "-0",
        "0x1f",
        "<<",
        "&",
        "*",
        "!",
        "|",
        ">",
        "?",
        "%",
        "@",
        "{}",
        "[]",
        "''",
        '"',
        ":",
        ",",
        "-",
        "#",
        "../x",
        "\t",
        "\n",
        "\r",
    ]
)
texts = st.one_of(
    st.text(max_size=60), st.lists(words, max_size=40).map(" ".join), st.lists(words, max_size=40).map("".join)
)
leaves = st.one_of(words, st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=8,
)
names = st.sampled_from("abc")
node_entries = st.fixed_dictionaries(
    {},
    optional={
        "use": st.sampled_from([node.id for node in map(REGISTRY.get, REGISTRY.ids())]) | words,
        "recipe": st.sampled_from(["x.yml", ".", "", "a\0b"]),
        "in": st.dictionaries(st.sampled_from(["com", "image", "stack", "value"]), names | values, max_size=2),
        "with": st.dictionaries(
            st.sampled_from(["kernel", "low", "path", "sizes", "mode", "value"]), values, max_size=3
        ),
    },
)
param_entries = st.fixed_dictionaries(
    {"type": st.sampled_from(["int", "float", "bool", "str", "path", "choice", "list", "angle", "length"])},
    optional=dict.fromkeys(
        ("default", "unit", "min", "max", "step", "choices", "optional", "items", "length", "odd"), values
    ),
)
recipes = st.fixed_dictionaries(
    {"graph4d": st.just(1), "nodes": st.dictionaries(names, node_entries, max_size=3)},
    optional={
        "params": st.dictionaries(names, param_entries, max_size=3) | values,
        "inputs": st.dictionaries(names, st.just("Image") | values, max_size=2) | values,
        "sweeps": st.dictionaries(
            names, st.fixed_dictionaries({"over": st.dictionaries(names, st.lists(values)), "collect": st.lists(names)})
        )
        | values,
        "views": values,
        "outputs": st.dictionaries(names, names | values) | values,
    },
)


def told(text):
    """Load it and check it: the only exception let through is the proper one."""
    problems = check(f"{text}\n", registry=REGISTRY)
    assert all(isinstance(problem, Problem) and str(problem) for problem in problems)
    with contextlib.suppress(RecipeErrors):
        load(f"{text}\n", registry=REGISTRY)


@QUICK
@given(texts)
def test_any_text_gives_nothing_but_recipe_errors(text):
    told(text)


@QUICK
@given(recipes)
def test_anything_in_the_shape_of_a_recipe_gives_nothing_but_recipe_errors(data):
    told(json.dumps(data))


@QUICK
@given(recipes)
def test_what_is_written_reads_back(data):
    assume(all(isinstance(data[key], dict) for key in data if key != "graph4d"))
    document = parse(recipe_text(data), "r.yml")
    expected = {key: value for key, value in data.items() if value or key in ("graph4d", "nodes")}
    assert not document.problems
    assert repr(document.data) == repr(expected)


@QUICK
@given(values)
def test_any_value_on_one_line_reads_back(value):
    text = flow(value)
    assert "\n" not in text
    assert repr(parse(f"a: {text}", "r.yml").data["a"]) == repr(value)


@QUICK
@given(st.floats(allow_nan=False) | st.integers(-(10**20), 10**20) | st.booleans() | st.none())
def test_numbers_truth_and_null_are_plain_scalars(value):
    assert repr(plain(flow(value))) == repr(value)
