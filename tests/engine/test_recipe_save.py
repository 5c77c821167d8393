"""Recipes go to files and come back the same."""

import json

import pytest
import ruamel.yaml
from engine.plugin import com, image, registry, smooth

from graph4d import UsageError
from graph4d.build import Recipe
from graph4d.recipe.load import load
from graph4d.recipe.rewrite import rewritten
from graph4d.recipe.save import save, write_values
from graph4d.recipe.source import parse

WRITTEN = """\
graph4d: 1   # the format
# why this recipe is here
title: an example
params:
  kernel: {type: int,   default: 41,  help: odd window}   # in scan pixels
  tilt: {type: angle, default: '30 mrad'}
  size:
    type: list   # rows and columns
    items: int
    length: 2
  sigma: {type: float}
nodes:
  load: {use: toy.open, with: {path: scan.h5, angle: $tilt}}
  com: {use: toy.com, in: {stack: load}}
  ricom: {use: toy.ricom, in: {com: com}, with: {kernel: $kernel}}
  im: {use: toy.image, with: {sizes: $size}}
  smooth: {use: toy.smooth, in: {image: im}, with: {sigma: $sigma}}
"""


def facts(graph):
    """All that counts in a graph."""
    steps = [
        (name, step.node.id, step.parameters, step.inputs, step.given, step.sources)
        for name, step in graph.steps.items()
    ]
    return steps, graph.title, graph.outputs, graph.views, graph.parameters


@pytest.fixture
def built():
    recipe = Recipe("built in Python", registry=registry())
    kernel = recipe.param("kernel", "int", 41, help="odd window: in scan pixels", min=3)
    scan = recipe.param("scan", "path", "data/scan.h5")
    value = recipe.param("value", "float", 1.5)
    load_ = recipe.add("load", "toy.open", path=scan, angle="30 mrad")
    centre = recipe.add("com", com, stack=load_)
    ricom = recipe.add("ricom", "toy.ricom", com=centre, kernel=kernel)
    im = recipe.add("im", image, value=value, sizes=[4, 4])
    fit = recipe.add("fit", "toy.fit", image=im, name="yes: no")
    best = recipe.add("best", "toy.smooth", image=fit["image"])
    values = recipe.sweep("values", {value: [1, 2]}, [best])
    recipe.view("main", [ricom, values], {kernel: {"slider": {"step": 2}}})
    recipe.output(phase=ricom, residual=fit["residual"], values=values)
    return recipe


def test_a_recipe_built_in_python_gives_the_graph_of_its_file(built, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph = built.graph(kernel=21)
    assert graph.steps["ricom"].parameters["kernel"] == 21
    path = built.save("r.yml")
    assert facts(load(path, registry=built.registry, parameters={"kernel": 21})) == facts(graph)


def test_a_graph_goes_to_a_file_with_its_values_and_comes_back(built, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph = built.graph(kernel=21, value=0.1 + 0.2)
    save(graph, "one.yml", registry=built.registry)
    again = load("one.yml", registry=built.registry)
    assert facts(again) == facts(graph)
    save(again, "two.yml", registry=built.registry)
    assert (tmp_path / "two.yml").read_text() == (tmp_path / "one.yml").read_text()


def test_paths_still_lead_to_the_same_files_when_a_recipe_is_saved_elsewhere(built, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    built.add("direct", "toy.open", path="direct.h5")
    (tmp_path / "sub").mkdir()
    built.save("sub/r.yml")
    graph = load("sub/r.yml", registry=built.registry, allow_outside=True)
    assert graph.steps["load"].parameters["path"].resolve() == (tmp_path / "data/scan.h5").resolve()
    assert graph.steps["direct"].parameters["path"].resolve() == (tmp_path / "direct.h5").resolve()


def test_a_mistake_made_in_python_is_shown_in_the_text_it_would_have(built):
    built.add("wrong", "toy.smooth", image=built.add("more", "toy.rows"))
    with pytest.raises(UsageError, match=r"<recipe>:\d+:\d+: error\[missing\]"):
        built.graph()


def test_a_saved_recipe_is_plain_yaml_for_others(built, tmp_path):
    data = ruamel.yaml.YAML(typ="safe").load(built.save(tmp_path / "r.yml"))
    assert json.loads(json.dumps(data))["nodes"]["fit"]["with"] == {"name": "yes: no"}


def test_new_values_go_into_a_file_and_nothing_else_changes(tmp_path):
    path = tmp_path / "r.yml"
    path.write_text(WRITTEN)
    write_values(path, {"kernel": 21, "tilt": 0.005, "size": [3, 4], "sigma": 2.5})
    expected = (
        WRITTEN.replace("default: 41", "default: 21")
        .replace("'30 mrad'", "5 mrad")
        .replace("rows and columns\n", "rows and columns\n    default: [3, 4]\n")
        .replace("{type: float}", "{type: float, default: 2.5}")
    )
    assert path.read_text() == expected


def test_a_new_value_that_does_not_fit_leaves_the_file_alone(tmp_path):
    path = tmp_path / "r.yml"
    path.write_text(WRITTEN)
    for values in ({"kernel": "many"}, {"tilt": "3 nm"}, {"kernl": 3}):
        with pytest.raises(UsageError):
            write_values(path, values)
    assert path.read_text() == WRITTEN


def test_a_default_over_several_lines_is_not_cut_in_two(tmp_path):
    path = tmp_path / "r.yml"
    text = WRITTEN.replace("    length: 2\n", "    length: 2\n    default: [1,\n      2]\n")
    path.write_text(text)
    with pytest.raises(UsageError, match="on one line"):
        write_values(path, {"size": [3, 4]})
    assert path.read_text() == text


def test_windows_line_ends_and_letters_beyond_ascii_survive(tmp_path):
    path = tmp_path / "r.yml"
    path.write_bytes(WRITTEN.replace("an example", "Ångström µ").replace("\n", "\r\n").encode())
    write_values(path, {"kernel": 21})
    assert (
        path.read_bytes()
        == WRITTEN.replace("an example", "Ångström µ")
        .replace("default: 41", "default: 21")
        .replace("\n", "\r\n")
        .encode()
    )


STEPS = """\
graph4d: 1
nodes:
  flow: {use: toy.image, with: { value: 2 }}   # two
  block:
    use: toy.image   # what it is
    with:
      # how bright
      value: 2.0   # of white
  empty:
    use: toy.image
    with: {}   # nothing yet
  bare: {use: toy.smooth, in: {image: flow}}
  open:
    # the smoother
    use: toy.smooth   # it smooths
    in: {image: flow}
  part: {recipe: part.yml}
"""
OF_STEPS = {
    **{f"{step}.{name}": of for step in ("flow", "block", "empty") for name, of in image.schema.parameters.items()},
    **{f"{step}.sigma": smooth.schema.parameters["sigma"] for step in ("bare", "open", "part")},
}


@pytest.mark.parametrize(
    ("values", "before", "after"),
    [
        ({"flow.value": 3.5}, "{ value: 2 }", "{ value: 3.5 }"),
        ({"flow.mode": "ramp"}, "{ value: 2 }", "{mode: ramp,  value: 2 }"),
        ({"block.value": 3.5}, "value: 2.0 ", "value: 3.5 "),
        ({"block.mode": "ramp"}, "      value: 2.0", "      mode: ramp\n      value: 2.0"),
        ({"empty.sizes": (4, 5), "empty.value": 0.5}, "with: {} ", "with: {sizes: [4, 5], value: 0.5} "),
        ({"bare.sigma": 2.0}, "use: toy.smooth, in", "use: toy.smooth, with: {sigma: 2.0}, in"),
        ({"open.sigma": 2.0}, "# it smooths\n", "# it smooths\n    with: {sigma: 2.0}\n"),
        ({"part.sigma": 2.0}, "part.yml}", "part.yml, with: {sigma: 2.0}}"),
    ],
)
def test_the_value_of_a_step_goes_where_it_belongs_and_nothing_else_changes(values, before, after):
    assert STEPS.count(before) == 1
    assert rewritten(parse(STEPS, "r"), values, OF_STEPS) == STEPS.replace(before, after)


def test_values_of_many_steps_go_in_at_once():
    values = {"flow.value": 3.5, "flow.mode": "ramp", "block.value": 1.5, "open.sigma": 2.0, "empty.mode": "ramp"}
    data = parse(rewritten(parse(STEPS, "r"), values, OF_STEPS), "r").data["nodes"]
    assert data["flow"]["with"] == {"value": 3.5, "mode": "ramp"}
    assert data["block"]["with"] == {"value": 1.5}
    assert data["open"]["with"] == {"sigma": 2.0}
    assert data["empty"]["with"] == {"mode": "ramp"}


def test_new_lines_end_like_the_old_ones():
    text = rewritten(parse(STEPS.replace("\n", "\r\n"), "r"), {"open.sigma": 2.0, "block.mode": "ramp"}, OF_STEPS)
    assert text.replace("\r\n", "").count("\n") == 0


@pytest.mark.parametrize("step", ["open", "block"])
def test_a_value_of_what_is_not_there_any_more_is_refused(step):
    text = STEPS.replace(f"  {step}:", "  renamed:")
    with pytest.raises(UsageError, match=f"there is no `{step}` among its nodes"):
        rewritten(parse(text, "r"), {f"{step}.value": 0.5}, {f"{step}.value": image.schema.parameters["value"]})
