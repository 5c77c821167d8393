"""Controls: what a hand does to them reaches the session, what the session does shows, and nothing goes round."""

from collections.abc import Iterator
from typing import Any

import pytest
from ui.play import KINDS, RECIPE, play

from graph4d import MemoryStore, Store
from graph4d.session.events import Changed
from graph4d.session.session import Session
from graph4d.widgets.controls import Control, Controls

__all__ = ["play"]


@pytest.fixture
def session(play: None) -> Iterator[Session]:
    with Session(KINDS, store=Store(MemoryStore())) as session:
        yield session


def the_control(session: Session, name: str, **options: Any) -> Control:
    """A control that follows its session, as all do on a dashboard."""
    control = Control(session, f"all.{name}", options)
    session.subscribe(lambda event: control.refresh() if isinstance(event, Changed) else None)
    return control


def field(control: Control) -> Any:
    """Where text is typed."""
    editor: Any = control.editor
    return getattr(editor, "field", editor).widget


def slider(control: Control) -> Any:
    editor: Any = control.editor
    return editor.slider


def slide(control: Control, position: float, *, moving: bool = False) -> None:
    """What the browser sends when the slider is moved."""
    slider(control).hand = [position, moving, len(control.session.events)]


def test_a_number_with_two_bounds_is_a_slider_and_a_field_that_agree(session: Session) -> None:
    control = the_control(session, "angle")
    assert (slider(control).min, slider(control).max, slider(control).position) == pytest.approx((0, 100, 30))
    slide(control, 42)
    assert session.values["all.angle"] == 0.042
    assert field(control).value == "42"
    field(control).value = "50"
    assert slider(control).position == 50


@pytest.mark.parametrize(
    ("text", "value"), [("21", 0.021), ("21 mrad", 0.021), ("0.05 rad", 0.05), ("1 deg", 0.017453)]
)
def test_a_bare_number_is_in_the_unit_of_the_field_and_any_other_unit_may_be_typed(
    session: Session, text: str, value: float
) -> None:
    control = the_control(session, "angle", number={})
    assert (field(control).value, control.editor.unit) == ("30", "mrad")
    field(control).value = text
    assert session.values["all.angle"] == pytest.approx(value, rel=1e-4)


def test_the_same_value_in_another_unit_is_shown_in_the_unit_of_the_field(session: Session) -> None:
    control = the_control(session, "angle", number={})
    field(control).value = "0.03 rad"
    assert field(control).value == "30"
    assert session.revision == 1


def test_a_length_is_shown_in_the_unit_in_which_it_reads_best(session: Session) -> None:
    control = the_control(session, "length")
    assert (field(control).value, control.editor.unit) == ("2.5", "nm")
    field(control).value = "4"
    assert session.values["all.length"] == 40.0


def test_degrees_are_shown_where_they_are_wanted(session: Session) -> None:
    control = the_control(session, "turn")
    field(control).value = "120°"
    assert session.values["all.turn"] == pytest.approx(2.0943951)
    assert (field(control).value, control.editor.unit) == ("120", "°")


def test_the_slider_of_an_odd_number_has_odd_places_only(session: Session) -> None:
    control = the_control(session, "width")
    assert (slider(control).min, slider(control).step) == (3, 2)


def test_a_logarithmic_slider_goes_by_factors(session: Session) -> None:
    control = the_control(session, "weight")
    middle = (slider(control).min + slider(control).max) / 2
    slide(control, middle + (slider(control).max - middle) / 2)
    assert session.values["all.weight"] == pytest.approx(10, rel=0.01)


def test_a_value_beyond_a_slider_makes_it_longer(session: Session) -> None:
    control = the_control(session, "length", slider={"min": "1 nm", "max": "4 nm"})
    session.set({"all.length": 80.0})
    assert slider(control).position == slider(control).max == 8


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("width", "4", "4 is even; expected an odd integer such as 5"),
        ("angle", "200", "out of bounds"),
        ("angle", "3 nm", "'3 nm' is a length; expected an angle"),
        ("limit", "high", "expected a number, got 'high'"),
        ("span", "", "expected a list of 2, got 1 items"),
        ("numbers", "1, x", "expected an integer, got 'x'"),
    ],
)
def test_a_wrong_entry_is_told_in_place_and_changes_nothing(
    session: Session, name: str, text: str, problem: str
) -> None:
    control = the_control(session, name)
    editor: Any = control.editor
    entry = editor.fields[0] if hasattr(editor, "fields") else field(control)
    right = entry.value
    entry.value = text
    assert problem in control.problem
    assert session.revision == 1
    entry.value = right
    assert control.problem == ""
    assert session.revision == 1


def test_a_wrong_entry_is_forgotten_when_the_value_changes_elsewhere(session: Session) -> None:
    control = the_control(session, "width")
    field(control).value = "4"
    session.set({"all.width": 7})
    assert (control.problem, field(control).value) == ("", "7")


@pytest.mark.parametrize(("text", "value"), [("", None), ("2.5", 2.5)])
def test_an_empty_field_is_a_value_that_is_not_set(session: Session, text: str, value: float | None) -> None:
    session.set({"all.limit": 1.0})
    control = the_control(session, "limit")
    field(control).value = text
    assert session.values["all.limit"] == value
    assert field(control).placeholder == "not set"


def test_choices_keep_their_types_and_yes_or_no_may_be_left_open(session: Session) -> None:
    choices = (("method", "exact", "exact"), ("number", "1", 1), ("maybe", "no", False), ("maybe", "not set", None))
    for name, chosen, value in choices:
        the_control(session, name).editor.widget.value = chosen
        assert session.values[f"all.{name}"] == value
        assert type(session.values[f"all.{name}"]) is type(value)


def test_a_switch_switches(session: Session) -> None:
    the_control(session, "flag").editor.widget.value = False
    assert session.values["all.flag"] is False


def test_a_pair_with_units_has_two_fields_and_a_longer_list_one(session: Session) -> None:
    pair: Any = the_control(session, "span").editor
    assert ([entry.value for entry in pair.fields], pair.unit) == (["1", "5"], "nm")
    pair.fields[1].value = "60 Å"
    assert session.values["all.span"] == (10.0, 60.0)
    several: Any = the_control(session, "numbers").editor
    several.fields[0].value = "4, 5"
    assert session.values["all.numbers"] == (4, 5)


def test_a_control_that_is_told_a_value_does_not_set_it_again(session: Session) -> None:
    controls = Controls(session, {name: {} for name in session.parameters})
    session.subscribe(lambda event: controls.refresh() if isinstance(event, Changed) else None)
    session.set({"all.angle": 0.0123456789, "all.span": (11.0, 13.0), "all.weight": 0.7654321, "all.length": 3.0})
    assert session.revision == 2
    assert session.values["all.angle"] == 0.0123456789


def test_one_reset_and_all(session: Session) -> None:
    controls = Controls(session, {"all.width": {}, "all.angle": {}})
    session.set({"all.width": 9, "all.angle": 0.05})
    controls.refresh()
    assert controls.controls["all.width"].can_reset
    controls.controls["all.width"].reset()
    assert (session.values["all.width"], session.values["all.angle"]) == (5, 0.05)
    assert not controls.controls["all.width"].can_reset


def test_help_and_name_are_the_tooltip_and_are_plain_text(session: Session) -> None:
    label = the_control(session, "width").widget.children[0].children[0].value
    assert "How wide it &lt;is&gt;." in label
    assert "all.width" in label


def test_controls_of_one_group_stand_under_their_heading(session: Session) -> None:
    children = Controls(session, {"all.width": {}, "all.weight": {}}).widget.children
    assert [getattr(child, "value", "") for child in children] == ["all", "", "fine tuning", ""]


def test_a_recipes_parameter_knows_what_the_node_it_feeds_demands(play: None) -> None:
    recipe = """\
graph4d: 1
params:
  wide: {type: int, default: 5, min: 1, max: 51}
  how: {type: str, default: fast}
nodes: {all: {use: play.kinds, with: {width: $wide, method: $how}}}
outputs: {all: all}
"""
    with Session(recipe, store=Store(MemoryStore())) as session:
        wide = Control(session, "wide")
        assert (slider(wide).min, slider(wide).max, slider(wide).step) == (3, 51, 2)
        field(wide).value = "6"
        assert "6 is even" in wide.problem
        assert session.values["wide"] == 5
        how: Any = Control(session, "how").editor
        assert (how.widget.options, how.widget.value) == (("fast", "exact"), "fast")


def test_a_control_of_an_unknown_kind_is_refused_with_the_nearest(session: Session) -> None:
    from graph4d import UsageError

    with pytest.raises(UsageError, match="there is no `slidr`; did you mean `slider`"):
        Control(session, "all.width", {"slidr": {}})


def test_the_recipe_of_these_tests_is_sound(play: None) -> None:
    with Session(RECIPE, store=Store(MemoryStore())) as session:
        assert set(session.graph.views) == {"main", "dear", "gated", "seen", "drag", "hand"}
