"""What flows along an edge: a type is a name, named dimensions, and perhaps a unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, runtime_checkable

from graph4d.units import Unit, UnitsError, same_dimension

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = [
    "Dendrogram",
    "Features",
    "Image",
    "Labels",
    "LazyValue",
    "Metrics",
    "Pattern",
    "Profile",
    "Scalar",
    "Spectrum",
    "Stack",
    "Table",
    "Value",
    "ValueType",
    "VectorField",
    "type_of",
]


class ValueTypeError(TypeError):
    """A value is not what its type promises."""


@dataclass(frozen=True)
class ValueType:
    """The type of a port or an output.

    Parameters
    ----------
    name : str
        Nominal: two types of different names never match unless one is declared a kind of the other.
    dims : tuple of str
        Names of the dimensions, slowest first. ``...`` in the first place stands for any number of leading dimensions.
    container : {"array", "dataset", "lazy"}
        ``xarray.DataArray``, ``xarray.Dataset``, or a handle that is read block by block.
    unit : str, optional
        A unit of the dimension the values must have; ports convert to it.
    parent : ValueType, optional
        The more general type of which this is one kind.
    """

    name: str
    dims: tuple[str, ...] = ()
    container: str = "array"
    unit: str | None = None
    parent: ValueType | None = None

    def __str__(self) -> str:
        dims = f"({', '.join(self.dims)})" if self.dims else ""
        return f"{self.name}{dims}" + (f" in {self.unit}" if self.unit else "")

    def accepts(self, given: ValueType) -> bool:
        """Whether a value of type ``given`` may flow into a port of this type."""
        if self.unit and given.unit and not same_dimension(self.unit, given.unit):
            return False
        kind: ValueType | None = given
        while kind is not None:
            if kind.name == self.name:
                return True
            kind = kind.parent
        return self.name == "Value"

    def check(self, value: object) -> None:
        """Raise :class:`ValueTypeError` unless ``value`` has the container, dims and unit of this type."""
        if self.name == "Value":
            return
        found = getattr(value, "value_type", None)
        if self.container == "lazy":
            if not isinstance(found, ValueType) or not self.accepts(found):
                raise ValueTypeError(f"expected {self}, got {_describe(value)}")
            return
        kind = type(value).__name__
        if kind != {"array": "DataArray", "dataset": "Dataset"}[self.container]:
            raise ValueTypeError(f"expected {self}, an xarray object, got {_describe(value)}")
        if self.container == "array":
            self._check_dims(value)
            self._check_unit(value)
        else:
            self._check_dataset(value)

    def _check_dims(self, value: Any) -> None:
        dims = tuple(map(str, value.dims))
        expected = self.dims
        if expected[:1] == ("...",):
            expected = expected[1:]
            dims = dims[len(dims) - len(expected) :]
        if dims != expected:
            raise ValueTypeError(f"expected {self}, got an array with dims ({', '.join(map(str, value.dims))})")

    def _check_dataset(self, value: Any) -> None:
        # Its variables may have further dims, unless it is to have none at all.
        dims = set(map(str, value.dims))
        if not dims.issuperset(set(self.dims) - {"..."}) or (dims and not self.dims):
            found = f"with dims ({', '.join(map(str, value.dims))})" if dims else "without dims"
            raise ValueTypeError(f"expected {self}, got a dataset {found}")

    def _check_unit(self, value: Any) -> None:
        if self.unit is None:
            return
        unit = value.attrs.get("units")
        try:
            fits = unit is not None and same_dimension(str(unit), self.unit)
        except UnitsError:
            fits = False
        if not fits:
            raise ValueTypeError(f"expected {self}, got values in {unit or 'no unit'}")


@runtime_checkable
class LazyValue(Protocol):
    """A value too large to hold: stored never, recomputed (opened) when needed, keyed by its action."""

    value_type: ClassVar[ValueType]


def _describe(value: object) -> str:
    dims = getattr(value, "dims", None)
    name = type(value).__name__
    return f"{name}({', '.join(map(str, dims))})" if dims else name


def type_of(annotation: object) -> ValueType | None:
    """The value type an annotation stands for, or None if it is a parameter's.

    ``Annotated[Image, Unit("rad")]`` narrows a type to a unit.
    """
    found = getattr(annotation, "value_type", None)
    result = found if isinstance(found, ValueType) else None
    for item in getattr(annotation, "__metadata__", ()):
        if isinstance(item, ValueType):
            result = item
        elif isinstance(item, Unit) and result is not None:
            result = replace(result, unit=item.name)
    return result


_IMAGE = ValueType("Image", ("y", "x"))

Value = Annotated[Any, ValueType("Value")]
"""Anything: for nodes that treat all types alike."""
Image = Annotated["DataArray", _IMAGE]
"""A real-space map, one number a scan position or pixel."""
VectorField = Annotated["DataArray", ValueType("VectorField", ("component", "y", "x"))]
"""Two numbers a position; ``component`` has the coordinates ``y`` and ``x``, in this order."""
Pattern = Annotated["DataArray", ValueType("Pattern", ("ky", "kx"))]
"""A diffraction pattern or a detector, in reciprocal space."""
Labels = Annotated["DataArray", ValueType("Labels", ("y", "x"))]
"""A class a position, as integers; -1 is unassigned."""
Features = Annotated["DataArray", ValueType("Features", ("y", "x", "feature"))]
"""A vector a position."""
Stack = Annotated["DataArray", ValueType("Stack", ("...", "y", "x"))]
"""Images along further dimensions, a sweep's for example."""
Spectrum = Annotated["DataArray", ValueType("Spectrum", ("energy",))]
"""Counts over energy."""
Profile = Annotated["DataArray", ValueType("Profile", ("distance",))]
"""Values along a line."""
Table = Annotated["Dataset", ValueType("Table", ("row",), "dataset")]
"""Columns of equal length along ``row``."""
Scalar = Annotated["DataArray", ValueType("Scalar", ())]
"""One number, with its unit."""
Metrics = Annotated["Dataset", ValueType("Metrics", (), "dataset")]
"""Named numbers: variables without dimensions, each with its unit."""
Dendrogram = Annotated["Dataset", ValueType("Dendrogram", ("merge",), "dataset")]
"""A tree of merges."""
