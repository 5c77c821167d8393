"""The node that joins the points of a sweep."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from graph4d.declaration import Node, Output, Port, Schema
from graph4d.errors import UsageError
from graph4d.parameters import Parameter
from graph4d.types import ValueType

__all__ = ["StackNode", "stacked_type"]


def stacked_type(one: ValueType) -> ValueType:
    """The type of many values of one type: a ``Stack`` of images, or ``Swept…`` for what has no y and x."""
    if one.container == "array" and one.dims[-2:] == ("y", "x"):
        return ValueType("Stack", ("...", "y", "x"), unit=one.unit)
    return ValueType(f"Swept{one.name}", ("...", *(dim for dim in one.dims if dim != "...")), one.container, one.unit)


class StackNode(Node[..., Any]):
    """Joins values along new dimensions; a node whose ports depend on what it joins.

    Parameters
    ----------
    types : mapping from output to ValueType
        Of a single point. Port ``output_i`` takes the value at point ``i``.
    shape : tuple of int
        Number of values of each parameter of the sweep; points are numbered in C order.
    """

    def __init__(self, types: Mapping[str, ValueType], shape: tuple[int, ...]) -> None:
        super().__init__(stack, "graph4d.stack", 1)
        self.types, self.shape = dict(types), shape

    @cached_property
    def schema(self) -> Schema:
        """A port for every output at every point."""
        points = range(math.prod(self.shape))
        names = {f"{key}_{i}": kind for key, kind in self.types.items() for i in points}
        ports = {name: Port(name, kind, optional=False) for name, kind in names.items()}
        outputs = {key: Output(key, stacked_type(kind)) for key, kind in self.types.items()}
        return Schema(ports, _PARAMETERS, outputs, over=None)


_TEXT = Parameter("item", "str")
_PARAMETERS = {
    "dims": Parameter("dims", "list", items=(_TEXT,), help="names of the new dimensions"),
    "units": Parameter("units", "list", items=(_TEXT,), help="units of their coordinates"),
    "values": Parameter("values", "list", items=(Parameter("values", "list", items=(_TEXT,)),), help="coordinates"),
}


def stack(
    *, dims: Sequence[str], units: Sequence[str], values: Sequence[Sequence[Any]], **points: Any
) -> tuple[Any, ...]:
    """Values joined along new leading dimensions.

    Parameters
    ----------
    dims : sequence of str
        Names of the new dimensions.
    units : sequence of str
        Of their coordinates; "1" where they have no dimension.
    values : sequence of sequences
        Their coordinates.
    **points
        ``output_i``, for every output the values at all points in C order.

    Returns
    -------
    tuple
        One stacked value for each output.

    Raises
    ------
    UsageError
        The values do not have the same shape everywhere.
    """
    import xarray as xr

    axes = [
        xr.Variable(dim, _coordinate(numbers), {"units": unit})
        for dim, unit, numbers in zip(dims, units, values, strict=True)
    ]
    count = math.prod(len(v) for v in values)
    items = list(points.values())
    try:
        return tuple(_joined(items[i : i + count], axes) for i in range(0, len(items), count))
    except ValueError as error:
        raise UsageError(f"the points of a sweep over {', '.join(dims)} cannot be stacked: {error}") from error


def _joined(items: list[Any], axes: list[Any]) -> Any:
    import xarray as xr

    if not axes:
        return items[0]
    size = len(items) // len(axes[0])
    parts = [_joined(items[i : i + size], axes[1:]) for i in range(0, len(items), size)]
    return xr.concat(parts, dim=axes[0], coords="minimal", compat="override", join="exact", combine_attrs="override")


def _coordinate(values: Sequence[Any]) -> Any:
    numbers = all(isinstance(value, int | float) for value in values)
    return np.array(values if numbers else [str(value) for value in values])
