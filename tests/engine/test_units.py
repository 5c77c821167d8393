"""Text with a unit becomes a number in the unit a parameter declares."""

from __future__ import annotations

import subprocess
import sys

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph4d.units import COMMON, UnitsError, convert, same_dimension, to_number

BASE = {"length": "Å", "frequency": "1/Å", "energy": "eV", "angle": "rad", "time": "s"}


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("300 keV", "eV", 300000.0),
        ("30 mrad", "rad", 0.03),
        ("15 deg", "rad", 0.261799387799149),
        ("31.25 Å", "Å", 31.25),
        ("3.125nm", "Å", 31.25),
        ("0.1744 1/nm", "1/Å", 0.01744),
        ("1e-3 um", "Å", 10.0),
        ("-13.5 µm", "Å", -135000.0),
        ("2 inch", "Å", 5.08e8),
    ],
)
def test_text_is_converted_to_the_declared_unit(text, unit, number):
    assert to_number(text, unit) == number


@given(st.sampled_from([(d, u) for d in BASE for u in COMMON[d]]), st.floats(-1e6, 1e6, allow_subnormal=False))
def test_the_table_of_common_units_agrees_with_pint(dimension_and_unit, number):
    dimension, unit = dimension_and_unit
    registry = pint.get_application_registry()
    expected = (number * registry.Unit(unit)).to(BASE[dimension]).magnitude
    assert to_number(f"{number!r} {unit}", BASE[dimension]) == pytest.approx(expected, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize(
    ("value", "unit", "message"),
    [
        ("30 mrad", "Å", "'30 mrad' is an angle; expected a length such as 0.4 nm or 31.25 Å"),
        ("4 nm", "rad", "'4 nm' is a length; expected an angle"),
        ("5", "Å", "'5' has no unit; expected a length"),
        (3, "eV", "3 has no unit; expected an energy such as 300 keV"),
        ("0.03", "rad", "'0.03' has no unit"),
        ("3 blorks", "Å", "'3 blorks' is not a number with a unit"),
        ("nan Å", "Å", "not a finite number"),
        (True, "Å", "True is not a quantity"),
    ],
)
def test_a_wrong_quantity_says_what_was_expected(value, unit, message):
    with pytest.raises(UnitsError, match=message.replace("(", r"\(")):
        to_number(value, unit)


def test_zero_needs_no_unit():
    assert to_number(0, "rad") == 0.0
    assert to_number("0", "Å") == 0.0


def test_angles_are_a_dimension_of_their_own():
    assert same_dimension("mrad", "deg")
    assert not same_dimension("mrad", "px")
    assert not same_dimension("rad", "1/Å")
    with pytest.raises(UnitsError, match="cannot be converted"):
        convert("rad", "Å")


def test_common_units_do_not_load_pint():
    code = (
        "import sys; from graph4d.units import to_number; to_number('300 keV', 'eV'); sys.exit('pint' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("text", ["9**9**9**9 m", "1 m**9**9**9", "1e5*3 nm", "(1 nm)", "1 " + "m" * 100_000])
def test_a_quantity_is_a_number_and_a_unit_never_an_expression(text):
    with pytest.raises(UnitsError, match="is not a number with a unit"):
        to_number(text, "Å")


def test_a_unit_is_never_an_expression_of_powers():
    with pytest.raises(UnitsError):
        same_dimension("m**9**9**9", "Å")


def test_units_whose_zeros_differ_are_not_converted_by_a_factor():
    with pytest.raises(UnitsError, match="their zeros differ"):
        convert("degC", "K")
