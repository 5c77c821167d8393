"""A tiny package of nodes for tests of the engine, which must not know the real ones."""

from typing import Annotated, Literal, NamedTuple

import numpy as np

from graph4d import (
    Angle,
    Frequency,
    Image,
    Length,
    Odd,
    Range,
    Scalar,
    Table,
    Unit,
    Value,
    ValueType,
    VectorField,
    node,
)
from graph4d.marks import InputPath
from graph4d.registry import Registry


class Stack4:
    value_type = ValueType("Stack4", ("y", "x", "ky", "kx"), "lazy")

    def __init__(self, path):
        self.path = path


class Fit(NamedTuple):
    image: Image
    residual: Scalar


@node("toy.open", effects="reads")
def open_stack(*, path: InputPath, angle: Angle = 0.0, step: Length | None = None) -> Stack4:
    """Open a stack."""
    return Stack4(path)


@node("toy.com")
def com(stack: Stack4, mask: Image | None = None, *, outer: Angle | None = None) -> VectorField:
    """Centre of mass."""
    import xarray as xr

    return xr.DataArray(np.ones((2, 3, 3)), dims=("component", "y", "x"), attrs={"units": "1"})


@node(
    "toy.ricom",
    version=2,
    migrate={
        1: lambda old: {
            **{k: v for k, v in old.items() if k != "size"},
            **({"kernel": old["size"]} if "size" in old else {}),
        }
    },
)
def ricom(com: VectorField, *, kernel: Annotated[int, Odd, Range(3, 401)] = 41, low: Frequency | None = None) -> Image:
    """Integrated centre of mass."""
    return com[0] * kernel


@node("toy.image")
def image(*, value: float = 1.0, mode: Literal["flat", "ramp"] = "flat", sizes: tuple[int, int] = (3, 3)) -> Image:
    """An image from nothing."""
    import xarray as xr

    return xr.DataArray(np.full(sizes, value), dims=("y", "x"), attrs={"units": "1"})


@node("toy.smooth")
def smooth(image: Image, *, sigma: Annotated[float, Range(0, 10)] = 1.0) -> Image:
    """A smoother image."""
    return image * sigma


@node("toy.fit")
def fit(image: Image, *, name: str) -> Fit:
    """An image and what is left of it."""
    return Fit(image, image.sum())


@node("toy.rows")
def rows(image: Image, *, width: Annotated[float, Unit("nm")] = 1.0) -> Table:
    """A table of an image."""
    return image.stack(row=("y", "x")).drop_vars(("row", "y", "x")).to_dataset(name="v")


def forget(old):
    return old["forgotten"]


@node("toy.old", version=3, migrate={2: forget})
def old() -> Scalar:
    """A node whose migration is broken, and which has none from its first version."""


@node("toy.any")
def anything(value: Value) -> Value:
    """Whatever comes in."""
    return value


NODES = [open_stack, com, ricom, image, smooth, fit, rows, old, anything]


def registry():
    """A registry that holds the nodes above and nothing else."""
    result = Registry(group=None)
    for each in NODES:
        result.register(each)
    return result
