"""What a vector field tells: sources, eddies, strength and direction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph4d import Image, UsageError, VectorField, node
from graph4d_nodes.values import sampling

__all__ = ["curl", "direction", "divergence", "magnitude"]


@node("image.divergence")
def divergence(field: VectorField) -> Image:
    """Divergence ∂v_y/∂y + ∂v_x/∂x of a vector field; of a COM it is negative at atoms.

    Parameters
    ----------
    field : VectorField
        (component, y, x).

    Returns
    -------
    Image
        (y, x) in the field's unit per unit of length, by central differences (one-sided at the border).

    Raises
    ------
    UsageError
        The field has fewer than two rows or columns.
    """
    gradients = _gradients(field)
    return _derived(field, gradients[0, 0] + gradients[1, 1], "divergence", derivative=True)


@node("image.curl")
def curl(field: VectorField) -> Image:
    """Curl of a vector field about the axis into the page: ∂v_y/∂x − ∂v_x/∂y, positive where it turns clockwise.

    A COM field without magnetic deflection has none, if the rotation between scan and detector is right.

    Parameters
    ----------
    field : VectorField
        (component, y, x).

    Returns
    -------
    Image
        (y, x) in the field's unit per unit of length, by central differences (one-sided at the border).

    Raises
    ------
    UsageError
        The field has fewer than two rows or columns.
    """
    gradients = _gradients(field)
    return _derived(field, gradients[0, 1] - gradients[1, 0], "curl", derivative=True)


@node("image.magnitude")
def magnitude(field: VectorField) -> Image:
    """Length of the vector at every position.

    Parameters
    ----------
    field : VectorField
        (component, y, x).

    Returns
    -------
    Image
        (y, x) in the field's unit.
    """
    y, x = field.values
    return _derived(field, np.hypot(y, x), "magnitude")


@node("image.direction")
def direction(field: VectorField) -> Image:
    """Direction of the vector at every position.

    Parameters
    ----------
    field : VectorField
        (component, y, x).

    Returns
    -------
    Image
        (y, x) in rad, −π … π: the angle from the direction of x, positive clockwise on screen, as y points down.
    """
    y, x = field.values
    result = _derived(field, np.arctan2(y, x), "direction")
    result.attrs = {"units": "rad", "period": 2 * np.pi}
    return result


def _gradients(field: VectorField) -> NDArray[np.float64]:
    """[component, derivative along]: (2, 2, y, x)."""
    if min(field.shape[1:]) < 2:
        raise UsageError(
            f"a field of {field.shape[1]} × {field.shape[2]} positions has no derivatives; at least 2 × 2 are needed"
        )
    steps, _ = sampling(field)
    return np.array([np.gradient(component, *steps) for component in field.values])


def _derived(field: VectorField, values: NDArray[np.float64], name: str, *, derivative: bool = False) -> Image:
    result = field.isel(component=0, drop=True).copy(data=values)
    unit = str(field.attrs["units"])
    result.attrs = {"units": f"{unit}/{sampling(field)[1]}", "signed": True} if derivative else {"units": unit}
    return result.rename(name)
