"""The virtual detector of the explorer: what is drawn on the pattern, and which step of the recipe it sets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from graph4d_nodes.image.virtual import PRESETS

__all__ = ["Detector", "Kind", "preset_hint", "presets", "rounded"]

Kind = Literal["annulus", "disc", "rectangle"]

SNAP = 0.75
"""A centre this near to the origin is meant to lie there [px]."""


@dataclass(frozen=True)
class Detector:
    """A region of the detector, in detector pixels.

    Parameters
    ----------
    kind : {"annulus", "disc", "rectangle"}
    inner, outer : float
        Radii of an annulus, in pixels along kx; a disc has the outer one, and a rectangle none.
    offset : (float, float)
        From the origin to the centre of an annulus or disc, along rows and columns.
    rectangle : (int, int, int, int)
        First row, last row + 1, first column, last column + 1.
    """

    kind: Kind
    inner: float = 0.0
    outer: float = 1.0
    offset: tuple[float, float] = (0.0, 0.0)
    rectangle: tuple[int, int, int, int] = (0, 1, 0, 1)

    @property
    def step(self) -> str:
        """Name of the step that makes its image: rings about the origin come from radial sums, in no time."""
        return "detector" if self.kind == "rectangle" or any(self.offset) else "ring"

    def settings(self, angle: float | None) -> dict[str, Any]:
        """Values of the parameters of its step; radii as angles if that of a pixel, ``angle`` [rad], is known."""
        inner = self.inner if self.kind == "annulus" else None
        outer = None if self.kind == "rectangle" else self.outer
        values: dict[str, Any] = {**_radius("inner", inner, angle), **_radius("outer", outer, angle)}
        if self.step == "detector":
            values |= {"detector": self.kind, "rectangle": None, "offset": self.offset}
        if self.kind == "rectangle":
            values |= {"rectangle": self.rectangle, "offset": (0.0, 0.0)}
        return {f"{self.step}.{name}": value for name, value in values.items()}

    def moved(self, **changes: Any) -> Detector:
        """A copy with other numbers, as a hand means them: on the origin if near it, no radius below zero."""
        result = replace(self, **changes)
        y, x = result.offset
        near = y * y + x * x < SNAP**2
        inner = max(0.0, result.inner)
        return replace(
            result,
            inner=inner,
            outer=max(result.outer, inner),
            offset=(0.0, 0.0) if near else (round(y, 1), round(x, 1)),
        )

    def turned_into(self, kind: Kind) -> Detector:
        """One of another kind in the same place; a ring gets a hole if there is none yet."""
        hole = self.outer / 2 if kind == "annulus" and self.inner <= 0 else self.inner
        return replace(self, kind=kind, inner=hole)


def presets(disc: float, edge: float) -> dict[str, Detector | None]:
    """The usual detectors: for each name a detector, or None where it would begin beyond the edge of the pattern.

    Parameters
    ----------
    disc : float
        Radius of the bright disc [px].
    edge : float
        Radius of the largest circle about the origin that lies on the pattern [px].
    """
    found: dict[str, Detector | None] = {}
    for name, (low, high) in PRESETS.items():
        inner, outer = low * disc, edge if high is None else high * disc
        kind: Kind = "annulus" if low else "disc"
        found[name] = Detector(kind, inner, outer) if inner < outer else None
    return found


def preset_hint(name: str, disc: float, edge: float, scale: float, unit: str) -> str:
    """What a usual detector counts, or why there is none.

    Parameters
    ----------
    name : str
    disc, edge : float
        As for :func:`presets`.
    scale : float
        What pixels are multiplied by for numbers in ``unit``.
    unit : str
    """
    low, high = PRESETS[name]
    inner, outer = low * disc, edge if high is None else high * disc

    def shown(pixels: float) -> str:
        return f"{pixels * scale:.3g}"

    if inner >= outer:
        begins = f"{low:g} radii of the bright disc, {shown(inner)} {unit}"
        return f"There is none: it begins at {begins}, and the pattern ends {shown(edge)} {unit} from the beam"
    end = "the edge of the pattern" if high is None else "the rim of the bright disc"
    return f"From {low:g} radii of the bright disc to {end}: {shown(inner)} to {shown(outer)} {unit}"


def rounded(number: float) -> float:
    """With four significant digits: more cannot be seen, and read badly."""
    return float(f"{number:.4g}")


def _radius(name: str, pixels: float | None, angle: float | None) -> dict[str, float | None]:
    if pixels is None:
        return {name: None, f"{name}_px": None}
    if angle is None:
        return {name: None, f"{name}_px": rounded(pixels)}
    return {name: rounded(pixels * angle), f"{name}_px": None}
