"""MATLAB files up to version 7: a matrix, or the observation in a StatSTEM file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError
from graph4d_nodes.io.formats.shapes import shape_text
from graph4d_nodes.io.picture import Picture, picture_of
from graph4d_nodes.io.steps import Step

__all__ = ["open_picture"]

#: StatSTEM's image, and the size of its pixels in Å.
OBSERVATION, PIXEL = "input.obs", "input.dx"
#: A matrix with fewer rows or columns is a list, not an image.
LEAST = 16


def open_picture(path: Path, dataset: str | None = None) -> Picture:
    """Read a matrix; ``dataset`` names it, with dots for fields of structures, such as ``input.obs``.

    Raises
    ------
    UsageError
        The file is damaged, the name is not there, or there is not exactly one image to choose.
    """
    import scipy.io

    try:
        variables = scipy.io.loadmat(path)
    except (ValueError, TypeError, OSError, EOFError) as error:
        raise UsageError(f"{path} is not a whole MATLAB file: {error}") from None
    matrices = dict(_matrices("", variables))
    images = {name: m for name, m in matrices.items() if min(m.shape) >= LEAST}
    if dataset is None and (OBSERVATION in images or len(images) == 1):
        dataset = OBSERVATION if OBSERVATION in images else next(iter(images))
    if dataset is None or dataset not in matrices:
        there = ", ".join(f"{name} ({shape_text(m.shape)})" for name, m in images.items()) or "no image"
        raise UsageError(f"{path} holds {there}; set `dataset` to one of them")
    return picture_of(matrices[dataset], _steps(dataset, matrices))


def _matrices(name: str, value: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """Numeric matrices of a variable and of the fields inside, by name."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _matrices(str(key), item)
    elif isinstance(value, np.ndarray) and value.dtype.names:
        if value.size == 1:
            for field in value.dtype.names:
                yield from _matrices(f"{name}.{field}", value.flat[0][field])
    elif isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind in "buif":
        yield name, value


def _steps(name: str, matrices: dict[str, NDArray[Any]]) -> list[Step]:
    if name != OBSERVATION or PIXEL not in matrices:
        return []
    size = float(matrices[PIXEL].flat[0])
    return [(size, "Å"), (size, "Å")]
