"""A recipe resolves to a flat graph with every value in its place."""

from pathlib import Path

import pytest
import xarray as xr
from engine.plugin import registry

from graph4d import UsageError
from graph4d.recipe.graph import Ref
from graph4d.recipe.load import check, load, read_setting
from graph4d.recipe.problem import RecipeErrors

CHAIN = """\
graph4d: 1
title: a chain, written backwards
params:
  scan: {type: path, default: data/scan.h5}
  kernel: {type: int, default: 41}
  tilt: {type: angle, default: 30 mrad}
nodes:
  ricom: {use: toy.ricom, in: {com: com}, with: {kernel: $kernel}}
  com: {use: toy.com, in: {stack: load}}
  load: {use: toy.open, with: {path: $scan, angle: $tilt}}
"""


def chain(**parameters):
    return load(CHAIN, registry=registry(), parameters=parameters)


def from_command_line(*settings):
    return load(CHAIN, registry=registry(), parameters=dict(map(read_setting, settings)))


def messages(text, **options):
    return [problem.message for problem in check(text, registry=registry(), **options)]


def test_steps_come_after_those_they_need():
    assert chain().order() == ["load", "com", "ricom"]


def test_a_step_knows_its_node_its_inputs_and_its_place():
    step = chain().steps["ricom"]
    assert step.node.id == "toy.ricom"
    assert step.inputs == {"com": Ref("com", "out")}
    assert step.where == "<recipe>:8:3: "


def test_all_parameters_are_there_in_base_units_with_the_given_ones_marked():
    step = chain().steps["load"]
    assert step.parameters == {"path": Path.cwd() / "data/scan.h5", "angle": 0.03, "step": None}
    assert step.given == {"path", "angle"}
    assert step.sources == {"path": "scan", "angle": "tilt"}


def test_what_nothing_else_uses_is_the_output_of_a_recipe_without_outputs():
    assert chain().outputs == {"ricom": Ref("ricom", "out")}


def test_several_unused_outputs_of_a_node_have_its_name_and_theirs():
    text = "graph4d: 1\nnodes:\n  im: {use: toy.image}\n  fit: {use: toy.fit, in: {image: im}, with: {name: x}}\n"
    assert list(load(text, registry=registry()).outputs) == ["fit.image", "fit.residual"]


def test_ancestors_and_descendants_include_the_steps_themselves():
    graph = chain()
    assert graph.ancestors(["com"]) == {"load", "com"}
    assert graph.descendants(["com"]) == {"com", "ricom"}
    assert graph.successors("load") == ["com"]


def test_a_value_is_found_by_the_name_of_an_output_a_step_or_an_output_of_a_step():
    graph = chain()
    assert graph.find("ricom") == graph.find("ricom.out") == Ref("ricom", "out")
    with pytest.raises(UsageError, match="did you mean `ricom`"):
        graph.find("rikom")


@pytest.mark.parametrize(
    ("setting", "value"),
    [("kernel=21", 21), ("kernel= 21 ", 21), ("kernel=2.1e1", 21), ("tilt=5 deg", 0.0872664625997165), ("tilt=0", 0.0)],
)
def test_a_value_from_the_command_line_is_read_as_yaml(setting, value):
    assert from_command_line(setting).parameters[setting.partition("=")[0]] == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=null", None),
        ("a=true", True),
        ("a=[64, 64]", [64, 64]),
        ("a=300 keV", "300 keV"),
        ("a='21'", "21"),
        ("a=", None),
    ],
)
def test_settings_are_scalars_and_lists_of_yaml(text, value):
    assert read_setting(text)[1].value == value


@pytest.mark.parametrize("text", ["kernel", "=3", "a=[1, 2"])
def test_a_setting_that_is_none_is_a_usage_error(text):
    with pytest.raises(UsageError, match="--set"):
        read_setting(text)


def test_a_bare_number_from_the_command_line_needs_its_unit_but_one_from_python_is_in_base_units():
    with pytest.raises(RecipeErrors, match="4 has no unit"):
        from_command_line("tilt=4")
    assert chain(tilt=0.004).steps["load"].parameters["angle"] == 0.004


def test_a_setting_that_does_not_fit_the_node_is_shown_where_it_is_used():
    with pytest.raises(RecipeErrors) as caught:
        from_command_line("kernel=20")
    (problem,) = caught.value.problems
    assert (problem.place.line, problem.kind, problem.hint) == (8, "bounds", "--set kernel=20")


def test_an_unknown_setting_is_told_with_the_name_that_was_meant():
    with pytest.raises(RecipeErrors, match=r"no parameter `kernl` \(--set kernl=3\); did you mean `kernel`"):
        from_command_line("kernl=3")


def test_a_parameter_without_a_default_must_be_given_to_run_but_not_to_check():
    text = CHAIN.replace("type: path, default: data/scan.h5", "type: path")
    assert messages(text) == []
    with pytest.raises(RecipeErrors, match="give it with --set scan="):
        load(text, registry=registry())


def test_paths_in_a_recipe_start_at_its_folder_and_those_given_at_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "recipes").mkdir()
    recipe = tmp_path / "recipes" / "r.yml"
    recipe.write_text(CHAIN)
    monkeypatch.chdir(tmp_path)
    assert load(recipe, registry=registry()).parameters["scan"] == tmp_path / "recipes/data/scan.h5"
    given = load(recipe, registry=registry(), parameters={"scan": "other.h5"})
    assert given.steps["load"].parameters["path"] == tmp_path / "other.h5"


def test_a_path_written_in_a_recipe_may_not_lead_out_of_its_folder_unless_allowed(tmp_path):
    text = CHAIN.replace("data/scan.h5", "../scan.h5")
    assert messages(text, base=tmp_path) == ["parameter `scan`: the path leads out of the recipe's folder"]
    assert messages(text, base=tmp_path, allow_outside=True) == []
    (tmp_path / "link").symlink_to(tmp_path.parent)
    assert messages(CHAIN.replace("data/scan.h5", "link/scan.h5"), base=tmp_path) != []


def test_none_passes_where_the_parameter_and_the_node_allow_it():
    text = (
        "graph4d: 1\nparams: {step: {type: length, default: null, optional: true}}\n"
        "nodes: {load: {use: toy.open, with: {path: a, step: $step}}}\n"
    )
    assert load(text, registry=registry()).steps["load"].parameters["step"] is None
    assert load(text, registry=registry(), parameters={"step": 2.0}).steps["load"].parameters["step"] == 2.0


def test_a_parameter_with_another_unit_of_the_same_dimension_is_converted():
    text = (
        "graph4d: 1\nparams: {step: {type: float, unit: nm, default: 0.4 nm}}\n"
        "nodes: {load: {use: toy.open, with: {path: a, step: $step}}}\n"
    )
    assert load(text, registry=registry()).steps["load"].parameters["step"] == 4.0


def test_a_number_from_python_is_converted_to_the_unit_of_the_node():
    text = (
        "graph4d: 1\nparams: {width: {type: length, default: 1 nm}}\n"
        "nodes: {im: {use: toy.image}, rows: {use: toy.rows, in: {image: im}, with: {width: $width}}}\n"
    )
    assert load(text, registry=registry(), parameters={"width": 25.0}).steps["rows"].parameters["width"] == 2.5


def test_a_retired_version_is_migrated_with_a_note():
    text = CHAIN.replace("toy.ricom, in", "toy.ricom@1, in").replace("{kernel: $kernel}", "{size: $kernel}")
    graph = load(text, registry=registry())
    assert graph.steps["ricom"].parameters["kernel"] == 41
    assert [note.kind for note in graph.notes] == ["note"]


def test_the_present_version_can_be_pinned():
    graph = load(CHAIN.replace("toy.ricom, in", "toy.ricom@2, in"), registry=registry())
    assert graph.notes == ()


def test_identity_follows_the_file_not_the_parameters(tmp_path):
    one, two = tmp_path / "one.yml", tmp_path / "two.yml"
    one.write_text(CHAIN)
    two.write_text(CHAIN)
    first = load(one, registry=registry())
    assert first.identity == load(one, registry=registry(), parameters={"kernel": 3}).identity
    assert first.identity != load(two, registry=registry()).identity


# Sub-recipes

SMOOTH = """\
graph4d: 1
params: {sigma: {type: float, default: 1}}
inputs: {picture: Image}
nodes:
  once: {use: toy.smooth, in: {image: picture}, with: {sigma: $sigma}}
  twice: {use: toy.smooth, in: {image: once}}
"""
OUTER = """\
graph4d: 1
params: {strength: {type: float, default: 2}}
nodes:
  im: {use: toy.image}
  clean: {recipe: smooth.yml, in: {picture: im}, with: {sigma: $strength}}
  more: {use: toy.smooth, in: {image: clean}}
"""


@pytest.fixture
def outer(tmp_path):
    (tmp_path / "smooth.yml").write_text(SMOOTH)
    path = tmp_path / "outer.yml"
    path.write_text(OUTER)
    return path


def test_a_sub_recipe_is_inlined_with_its_inputs_parameters_and_outputs(outer):
    graph = load(outer, registry=registry())
    assert graph.order() == ["im", "clean/once", "clean/twice", "more"]
    assert graph.steps["clean/once"].inputs == {"image": Ref("im", "out")}
    assert graph.steps["clean/once"].parameters == {"sigma": 2.0}
    assert graph.steps["clean/once"].sources == {"sigma": "strength"}
    assert graph.steps["more"].inputs == {"image": Ref("clean/twice", "out")}


def test_a_parameter_that_a_sub_recipe_is_not_given_has_its_default(outer):
    outer.write_text(
        OUTER.replace(", with: {sigma: $strength}", "").replace(
            "{use: toy.image}", "{use: toy.image, with: {value: $strength}}"
        )
    )
    assert load(outer, registry=registry()).steps["clean/once"].parameters == {"sigma": 1.0}


def test_a_value_that_fails_inside_a_sub_recipe_says_who_gave_it(outer):
    with pytest.raises(RecipeErrors) as caught:
        load(outer, registry=registry(), parameters={"strength": 11.0})
    (problem,) = caught.value.problems
    assert Path(problem.place.source).name == "smooth.yml"
    assert problem.hint == "strength=11.0"


def test_a_mistake_in_a_sub_recipe_that_is_used_twice_is_told_once(outer):
    (outer.parent / "smooth.yml").write_text(SMOOTH.replace("default: 1", "default: 11"))
    uses = "".join(f"  use{i}: {{recipe: smooth.yml, in: {{picture: im}}}}\n" for i in range(2))
    outer.write_text("graph4d: 1\nnodes:\n  im: {use: toy.image}\n" + uses)
    assert [problem.kind for problem in check(outer, registry=registry())] == ["bounds"]


def test_a_sub_recipe_with_several_outputs_is_referred_to_by_output(outer):
    (outer.parent / "smooth.yml").write_text(SMOOTH + "outputs: {phase: twice, half: once}\n")
    outer.write_text(OUTER.replace("image: clean", "image: clean.half"))
    assert load(outer, registry=registry()).steps["more"].inputs == {"image": Ref("clean/once", "out")}


def test_an_input_may_be_an_output(outer):
    (outer.parent / "smooth.yml").write_text(SMOOTH + "outputs: {same: picture}\n")
    assert load(outer, registry=registry()).steps["more"].inputs == {"image": Ref("im", "out")}


def test_a_recipe_with_inputs_can_be_checked_but_not_run(outer):
    part = outer.parent / "smooth.yml"
    assert check(part, registry=registry()) == []
    with pytest.raises(RecipeErrors, match="only as a part"):
        load(part, registry=registry())


def test_recipes_nest_eight_deep_and_no_deeper(tmp_path):
    def chain_of(count):
        for i in range(count):
            inner = f"{{recipe: r{i + 1}.yml}}" if i + 1 < count else "{use: toy.image}"
            (tmp_path / f"r{i}.yml").write_text(f"graph4d: 1\nnodes: {{a: {inner}}}\n")
        return [p.message for p in check(tmp_path / "r0.yml", registry=registry())]

    assert chain_of(8) == []
    assert "recipes are nested deeper than 8 levels" in chain_of(9)


def test_recipes_that_contain_each_other_are_a_cycle(tmp_path):
    (tmp_path / "a.yml").write_text("graph4d: 1\nnodes: {x: {recipe: b.yml}}\n")
    (tmp_path / "b.yml").write_text("graph4d: 1\nnodes: {x: {recipe: a.yml}}\n")
    assert "a recipe cannot contain itself: a.yml → b.yml → a.yml" in [
        p.message for p in check(tmp_path / "a.yml", registry=registry())
    ]


def test_a_graph_of_too_many_steps_is_refused_before_it_fills_the_memory(tmp_path):
    for i in range(7):
        nodes = "\n".join(f"  n{k}: {{recipe: r{i + 1}.yml}}" for k in range(10))
        (tmp_path / f"r{i}.yml").write_text(f"graph4d: 1\nnodes:\n{nodes}\noutputs: {{a: n0}}\n")
    (tmp_path / "r7.yml").write_text("graph4d: 1\nnodes: {a: {use: toy.image}}\n")
    assert [p.message for p in check(tmp_path / "r0.yml", registry=registry())] == [
        "the graph has more than 10000 steps"
    ]


def test_results_that_multiply_from_recipe_to_recipe_must_be_named(tmp_path):
    for i in range(4):
        nodes = "\n".join(f"  n{k}: {{recipe: r{i + 1}.yml}}" for k in range(10))
        (tmp_path / f"r{i}.yml").write_text(f"graph4d: 1\nnodes:\n{nodes}\n")
    (tmp_path / "r4.yml").write_text("graph4d: 1\nnodes: {a: {use: toy.image}}\n")
    (problem,) = check(tmp_path / "r0.yml", registry=registry())
    assert problem.message.startswith("10000 values are used by nothing")


# Sweeps

SWEEP = """\
graph4d: 1
params: {value: {type: float, default: 1}, sigma: {type: float, default: 1}, kernel: {type: int, default: 3}}
nodes:
  im: {use: toy.image, with: {value: $value}}
  smooth: {use: toy.smooth, in: {image: im}, with: {sigma: $sigma}}
  again: {use: toy.smooth, in: {image: smooth}}
  other: {use: toy.image, with: {value: $kernel}}
sweeps:
  widths: {over: {sigma: [1, 2.5]}, collect: [again]}
"""


def test_a_sweep_copies_the_affected_steps_only_and_collects_them():
    graph = load(SWEEP, registry=registry())
    assert graph.order() == [
        "im", "other", "smooth", "again", "smooth[sigma=1]", "again[sigma=1]", "smooth[sigma=2.5]", "again[sigma=2.5]",
        "widths",
    ]  # fmt: skip
    assert graph.steps["smooth[sigma=2.5]"].parameters == {"sigma": 2.5}
    assert graph.steps["smooth[sigma=2.5]"].inputs == {"image": Ref("im", "out")}
    assert graph.outputs["widths"] == graph.find("widths.again") == Ref("widths", "again")


def run(graph, name):
    """The values of a step, computed the plain way."""
    step = graph.steps[name]
    inputs = {port: run(graph, ref.step)[ref.output] for port, ref in step.inputs.items()}
    result = step.node.compute(inputs, step.parameters)
    outputs = list(step.node.schema.outputs)
    return {"out": result} if outputs == ["out"] else dict(zip(outputs, result, strict=True))


def test_a_sweep_stacks_along_a_dimension_with_the_values_as_coordinate():
    stacked = run(load(SWEEP, registry=registry()), "widths")["again"]
    assert stacked.dims == ("sigma", "y", "x")
    assert stacked.coords["sigma"].values.tolist() == [1.0, 2.5]
    assert stacked.coords["sigma"].attrs == {"units": "1"}
    assert stacked[:, 0, 0].values.tolist() == [1.0, 2.5]


def test_a_sweep_over_two_parameters_has_two_dimensions_in_their_order():
    text = SWEEP.replace("{sigma: [1, 2.5]}", "{value: [1, 2, 3], sigma: [1, 10]}")
    stacked = run(load(text, registry=registry()), "widths")["again"]
    assert stacked.dims == ("value", "sigma", "y", "x")
    assert stacked[:, :, 0, 0].values.tolist() == [[1, 10], [2, 20], [3, 30]]


def test_the_coordinate_of_a_parameter_with_a_unit_is_in_base_units():
    text = CHAIN + "sweeps: {tilts: {over: {tilt: [1 mrad, 2 mrad]}, collect: [com]}}\n"
    parameters = load(text, registry=registry()).steps["tilts"].parameters
    assert (parameters["values"], parameters["units"]) == (((0.001, 0.002),), ("rad",))


def test_a_sweep_collects_tables_too():
    text = SWEEP.replace("collect: [again]", "collect: [again, rows]").replace(
        "  other:", "  rows: {use: toy.rows, in: {image: again}}\n  other:"
    )
    table = run(load(text, registry=registry()), "widths")["rows"]
    assert isinstance(table, xr.Dataset)
    assert dict(table.sizes) == {"sigma": 2, "row": 9}


def test_points_that_differ_in_shape_cannot_be_stacked():
    text = (
        "graph4d: 1\nparams: {size: {type: list, items: int, length: 2, default: [2, 2]}}\n"
        "nodes: {im: {use: toy.image, with: {sizes: $size}}}\n"
        "sweeps: {s: {over: {size: [[2, 2], [3, 3]]}, collect: [im]}}\n"
    )
    with pytest.raises(UsageError, match="points of a sweep over size"):
        run(load(text, registry=registry()), "s")


def test_what_follows_a_sweep_is_swept_by_another_sweep_as_well():
    text = SWEEP.replace("sweeps:\n", "sweeps:\n  both: {over: {value: [5]}, collect: [last]}\n").replace(
        "  other:", "  last: {use: toy.any, in: {value: widths}}\n  other:"
    )
    graph = load(text, registry=registry())
    assert graph.steps["last[value=5]"].inputs == {"value": Ref("widths[value=5]", "again")}
    assert graph.steps["widths[value=5]"].inputs["again_1"] == Ref("again[value=5][sigma=2.5]", "out")


def test_a_sub_recipe_is_swept_whole(outer):
    outer.write_text(OUTER + "sweeps: {s: {over: {strength: [1, 2]}, collect: [clean]}}\n")
    graph = load(outer, registry=registry())
    assert graph.steps["clean[strength=2]/once"].parameters == {"sigma": 2.0}
    assert graph.steps["s"].inputs["clean_1"] == Ref("clean[strength=2]/twice", "out")


def test_a_point_that_does_not_fit_names_itself():
    (problem,) = check(SWEEP.replace("2.5", "25"), registry=registry())
    assert problem.hint == "point [sigma=25] of sweep `widths`"


def test_a_sweep_has_at_most_two_thousand_points():
    values = ", ".join(map(str, range(50)))
    text = SWEEP.replace("{sigma: [1, 2.5]}", f"{{value: [{values}], kernel: [{values}]}}")
    assert "sweep `widths` has 2500 points; at most 2000 are allowed" in messages(text)
