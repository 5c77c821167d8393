"""What coordinates of values tell."""

import numpy as np
import pytest
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.values import image, sampling


@pytest.mark.parametrize(
    ("shape", "steps"), [((3, 4), (0.2, 0.5)), ((1, 4), (0.5, 0.5)), ((3, 1), (0.2, 0.2)), ((1, 1), (1.0, 1.0))]
)
def test_an_axis_of_one_position_counts_with_the_step_of_the_other(
    shape: tuple[int, int], steps: tuple[float, float]
) -> None:
    value = image(np.zeros(shape), Geometry(scan_step=(0.2, 0.5)), "1")
    assert sampling(value) == (pytest.approx(steps), "Å")
    assert sampling(value.drop_vars(["y", "x"])) == ((1.0, 1.0), "px")
