"""Palettes: grey for images, perceptual for the rest; every palette a list of ``#rrggbb``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PALETTES", "UNASSIGNED", "anchors", "categorical", "hue_colours"]

UNASSIGNED = "#d9dde3"
"""For what belongs to no class."""

# Twelve colours that stay apart for colour-blind eyes as far as twelve can; further ones come from the hue circle.
CLASSES = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377",
    "#ee7733", "#009988", "#994f00", "#bbbbbb", "#332288", "#ddcc77",
)  # fmt: skip

# Oklab to linear sRGB: B. Ottosson, "A perceptual color space for image processing" (2020).
OKLAB_TO_LMS = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
LMS_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def oklch(lightness: Any, chroma: Any, hue: Any) -> NDArray[np.float64]:
    """Colours (…, 3) of sRGB in 0 … 1 from perceptual lightness 0 … 1, chroma, and hue [rad]; clipped to its gamut."""
    lightness, chroma, hue = np.broadcast_arrays(lightness, chroma, hue)
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    linear = np.clip((lab @ OKLAB_TO_LMS.T) ** 3 @ LMS_TO_RGB.T, 0.0, 1.0)
    gamma = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(gamma, np.float64)


def _hex(colours: NDArray[np.float64]) -> list[str]:
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in np.rint(255 * colours).astype(int)]


@cache
def grey() -> list[str]:
    """Black to white."""
    return [f"#{v:02x}{v:02x}{v:02x}" for v in range(256)]


@cache
def inverted_grey() -> list[str]:
    """White to black."""
    return grey()[::-1]


@cache
def inferno() -> list[str]:
    """Dark to bright over red, perceptually even: matplotlib's."""
    from bokeh.palettes import Inferno256

    return list(Inferno256)


@cache
def viridis() -> list[str]:
    """Dark to bright over green, perceptually even: matplotlib's."""
    from bokeh.palettes import Viridis256

    return list(Viridis256)


@cache
def diverging() -> list[str]:
    """Blue over near-white, which is zero, to red; both arms alike in lightness."""
    t = np.linspace(-1, 1, 255)
    lightness = 0.97 - 0.52 * np.abs(t)
    chroma = 0.17 * np.sin(np.pi / 2 * np.abs(t))
    return _hex(oklch(lightness, chroma, np.where(t < 0, np.deg2rad(256), np.deg2rad(27))))


def hue_colours(angle: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The colour (…, 3) in 0 … 1 that stands for a direction [rad], all of one lightness; 0 is red."""
    return oklch(0.74, 0.125, np.asarray(angle) + np.deg2rad(27))


@cache
def cyclic() -> list[str]:
    """Once around the hue circle: its ends are one colour."""
    return _hex(hue_colours(np.linspace(-np.pi, np.pi, 256)))


def categorical(count: int) -> list[str]:
    """Colours of ``count`` classes, far apart for neighbours."""
    further = np.arange(max(0, count - len(CLASSES)))
    golden = np.pi * (3 - np.sqrt(5))
    more = oklch(np.where(further % 2, 0.55, 0.78), 0.13, golden * further)
    return [*CLASSES[:count], *_hex(more)]


#: By the names that people choose from.
PALETTES: Mapping[str, Callable[[], list[str]]] = {
    "grey": grey,
    "inverted grey": inverted_grey,
    "inferno": inferno,
    "viridis": viridis,
    "blue – red": diverging,
    "hues": cyclic,
}


@cache
def anchors() -> dict[str, str]:
    """Every palette as 33 colours at equal distances, ``rrggbbrrggbb…``, of which scripts make longer ones."""
    return {
        name: "".join(palette()[round(place)][1:] for place in np.linspace(0, len(palette()) - 1, 33))
        for name, palette in PALETTES.items()
    }
