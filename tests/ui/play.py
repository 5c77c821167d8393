"""Nodes to play with: images of one value, one that fails, one that waits, and one with all kinds of parameters."""

import threading
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
import pytest
import xarray as xr

from graph4d import Angle, Group, Image, InputPath, Length, Log, Odd, Pattern, Range, Step, Unit, default_registry, node

gate = threading.Event()
"""What a gated image waits for."""

RECIPE = """\
graph4d: 1
params:
  value: {type: float, default: 1.0, help: of all pixels}
  inner: {type: angle, default: 10 mrad, min: 0}
  outer: {type: angle, default: 20 mrad, max: 50 mrad}
  centre: {type: list, items: float, length: 2, default: [0.0, 0.0]}
  position: {type: list, items: int, length: 2, default: [3, 4]}
  window: {type: list, items: int, length: 4, default: [1, 5, 2, 8]}
nodes:
  plain: {use: play.image, with: {value: $value}}
  gated: {use: play.gated, with: {value: $value}}
  dear: {use: play.dear, with: {value: $value}}
  pattern: {use: play.pattern}
  bar: {use: play.bar, with: {value: $value}}
  mask: {use: play.mask, with: {inner: $inner, outer: $outer}}
  cross: {use: play.cross, with: {position: $position}}
  places:
    use: play.places
    with: {inner: $inner, outer: $outer, centre: $centre, position: $position, window: $window}
views:
  main: {show: [plain], controls: {value: {slider: {min: 0, max: 10, step: 0.5}}}}
  dear: {show: [dear, plain], controls: {value: {}}}
  gated: {show: [gated], controls: {value: {number: {}}}}
  seen: {show: [bar], controls: {value: {slider: {min: 0, max: 10, step: 0.5}}}}
  drag:
    show: [pattern, mask, cross]
    controls: {inner: {ring: {on: pattern, outer: outer}}, position: {point: {on: cross}}}
  hand:
    show: [pattern, places]
    controls:
      inner: {ring: {on: pattern, outer: outer, center: centre}}
      position: {point: {on: places}}
      window: {rectangle: {on: places}}
"""

KINDS = """\
graph4d: 1
nodes: {all: {use: play.kinds}}
outputs: {all: all}
"""


def an_image(value: float) -> xr.DataArray:
    """12 × 16 pixels of 2 Å."""
    coords = {dim: (dim, np.arange(size) * 2.0, {"units": "Å"}) for dim, size in (("y", 12), ("x", 16))}
    values = np.full((12, 16), value) + np.linspace(0, 0.1, 16)
    return xr.DataArray(values, dims=("y", "x"), coords=coords, attrs={"units": "counts"})


@node("play.image")
def image(*, value: float = 1.0) -> Image:
    """An image of one value; none of a negative one."""
    if value < 0:
        raise ValueError(f"{value} is negative")
    return an_image(value)


@node("play.gated")
def gated(*, value: float = 1.0) -> Image:
    """An image that waits for the gate."""
    assert gate.wait(20)
    return an_image(value)


@node("play.dear", cost="expensive")
def dear(*, value: float = 1.0) -> Image:
    """An image that takes long, it says."""
    return an_image(value)


@node("play.bar")
def bar(*, value: float = 1.0) -> Image:
    """An image whose columns below ``value`` are white, the others black; none of a negative one."""
    if value < 0:
        raise ValueError(f"{value} is negative")
    return xr.DataArray(np.zeros((8, 11)) + (np.arange(11) < value), dims=("y", "x"), attrs={"units": "1"})


@node("play.cross")
def cross(*, position: tuple[int, int]) -> Image:
    """An image with one white row and one white column."""
    values = np.zeros((8, 11))
    values[position[0]] = 1.0
    values[:, position[1]] = 1.0
    return xr.DataArray(values, dims=("y", "x"), attrs={"units": "1"})


K = (np.arange(32) - 16) * 0.05
"""Of 32 pixels of 0.05 1/Å, which is 1 mrad at a wavelength of 0.02 Å."""


@node("play.pattern")
def pattern() -> Pattern:
    """A pattern of a known wavelength."""
    return _a_pattern(np.exp(-20 * (K[:, None] ** 2 + K**2)) + 1e-3)


@node("play.mask")
def mask(*, inner: Angle, outer: Angle) -> Image:
    """A pattern that is white within a ring, drawn as an image."""
    radius = 0.02 * np.hypot(K[:, None], K)
    return _a_pattern(1.0 * ((radius >= inner) & (radius < outer))).rename(ky="y", kx="x")


def _a_pattern(values: Any) -> xr.DataArray:
    coords = {dim: (dim, K, {"units": "1/Å"}) for dim in ("ky", "kx")}
    attrs = {"units": "counts", "equivalents": {"rad": 0.02}}
    return xr.DataArray(values, dims=("ky", "kx"), coords=coords, attrs=attrs)


@node("play.places")
def places(
    *,
    inner: Annotated[float, Unit("rad", "mrad"), Range(0, None)] = 0.0,
    outer: Angle = 0.02,
    centre: tuple[float, float] = (0.0, 0.0),
    position: tuple[int, int] = (0, 0),
    window: tuple[int, int, int, int] = (0, 1, 0, 1),
) -> Image:
    """An image that depends on places."""
    return an_image(1e3 * (inner + outer) + sum(centre) + sum(position) + sum(window))


@node("play.kinds")
def kinds(
    *,
    width: Annotated[int, Odd, Range(3, 99)] = 5,
    weight: Annotated[float, Log, Range(0.01, 100.0), Group("fine tuning")] = 1.0,
    angle: Annotated[float, Unit("rad", "mrad"), Range(0.0, 0.1), Step(0.001)] = 0.03,
    length: Length = 25.0,
    turn: Annotated[float, Unit("rad", "deg")] = 0.0,
    method: Literal["fast", "exact"] = "fast",
    number: Literal[1, 2] = 2,
    flag: bool = True,
    maybe: bool | None = None,
    limit: float | None = None,
    span: tuple[Length, Length] = (10.0, 50.0),
    numbers: tuple[int, ...] = (1, 2, 3),
    path: InputPath | None = None,
    name: str = "a",
) -> Image:
    """An image with all kinds of parameters.

    Parameters
    ----------
    width : int
        How wide it <is>.
    """
    return an_image(float(width))


NODES = (image, gated, dear, bar, cross, pattern, mask, places, kinds)


def install() -> None:
    """Make the nodes known in this process, for good."""
    for known in NODES:
        default_registry().register(known)
    gate.set()


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Installs the nodes."""
    registry: Any = default_registry()
    own = {known.id: known for known in NODES}
    monkeypatch.setattr(registry, "_nodes", {**registry._nodes, **own})
    gate.set()
    yield
    gate.set()
