"""Values of parameters, as people and programs give them."""

from __future__ import annotations

import numpy as np
import pytest
from engine.plugin import image, ricom

from graph4d import Unit, UsageError
from graph4d.parameters import Parameter, ParameterErrors

FLOAT, INT, BOOL = Parameter("a", "float"), Parameter("a", "int"), Parameter("a", "bool")


@pytest.mark.parametrize(
    ("parameter", "given", "expected"),
    [
        (INT, np.int64(3), 3),
        (INT, np.float64(3.0), 3),
        (FLOAT, np.float32(0.5), 0.5),
        (FLOAT, np.uint8(7), 7.0),
        (BOOL, np.bool_(True), True),
        (Parameter("a", "list", items=(INT,)), np.array([1, 2]), (1, 2)),
        (Parameter("a", "list", items=(INT, INT), length=2), (np.int32(1), 2), (1, 2)),
        (FLOAT, -0.0, 0.0),
    ],
)
def test_numbers_of_numpy_are_numbers(parameter, given, expected):
    value = parameter.coerce(given)
    assert (type(value), value) == (type(expected), expected)
    assert str(value) == str(expected)


@pytest.mark.parametrize("given", [10**400, float("inf"), float("nan"), np.float32("inf")])
def test_numbers_without_end_are_refused(given):
    with pytest.raises(ParameterErrors, match="is not a finite number"):
        FLOAT.coerce(given)


@pytest.mark.parametrize("given", [True, np.bool_(True), "3", 3.5, [3], np.array([3])])
def test_what_is_no_integer_is_refused(given):
    with pytest.raises(ParameterErrors, match="expected an integer"):
        INT.coerce(given)


def test_a_node_called_as_a_function_tells_all_wrong_parameters_in_one_line():
    with pytest.raises(UsageError) as caught:
        ricom(image(), kernel=42, low="3 mrad")
    message = str(caught.value)
    assert "\n" not in message
    for part in ("42 is even", "'3 mrad' is an angle"):
        assert part in message


def test_bounds_count_in_the_unit_of_the_parameter():
    width = Parameter("width", "float", unit=Unit("Å"), low=0, high=10)
    assert width.coerce("0.5 nm") == 5.0
    with pytest.raises(ParameterErrors, match="5 nm is out of bounds; expected a number from 0 Å to 10 Å"):
        width.coerce("5 nm")


def test_bounds_are_told_in_the_unit_that_people_read():
    tilt = Parameter("tilt", "float", unit=Unit("rad", "mrad"), low=0, high=0.2)
    with pytest.raises(ParameterErrors, match="300 mrad is out of bounds; expected a number from 0 mrad to 200 mrad"):
        tilt.coerce("300 mrad")
