"""Which arrays can be a scan, a stack of patterns, or an image."""

from __future__ import annotations

from typing import Any

import numpy as np

from graph4d import UsageError

__all__ = ["check_is_patterns", "check_is_picture", "shape_text"]


def shape_text(shape: tuple[int, ...]) -> str:
    """``64 × 64 × 96 × 96``."""
    return " × ".join(map(str, shape)) if shape else "a single number"


def check_is_patterns(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise UsageError unless an array is a scan (y, x, ky, kx) or a stack of patterns (n, ky, kx) of real numbers."""
    if len(shape) == 2 or (len(shape) == 3 and shape[-1] == 1):
        raise UsageError(f"{name} holds an image of {shape_text(shape)}, not a scan; open it with io.image")
    if len(shape) not in (3, 4):
        raise UsageError(
            f"{name} has {len(shape)} dimensions ({shape_text(shape)}); a scan has four (y, x, ky, kx), a stack of "
            f"patterns three (n, ky, kx)"
        )
    if dtype.kind not in "uif":
        raise UsageError(f"{name} holds {dtype}; patterns are unsigned or signed integers or real numbers")
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        raise UsageError(f"{name} holds {dtype}, which the compiled loops do not know; save it as float32 or float64")
    if 0 in shape:
        raise UsageError(f"{name} is empty: {shape_text(shape)}")


def check_is_picture(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise UsageError unless an array is an image (y, x) of real numbers."""
    if len(shape) in (3, 4):
        raise UsageError(f"{name} holds patterns or several images ({shape_text(shape)}); open it with io.open")
    if len(shape) != 2 or dtype.kind not in "buif" or 0 in shape:
        raise UsageError(
            f"{name} holds {dtype} of {shape_text(shape)}; an image is numbers along two dimensions (y, x)"
        )
