"""riCOM scattered as patterns arrive against the convolution of the whole field."""

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.phase.live.ricom import LiveRicom
from graph4d_nodes.phase.ricom import ricom
from graph4d_nodes.values import vector_field

from graph4d import UsageError

GEOMETRY = Geometry(scan_step=(0.3, 0.5), detector_step=(0.02, 0.02))
SETTINGS = [
    {"kernel": 11},
    {"kernel": 101},
    {"kernel": 15, "rotation": -2.1},
    {"kernel": 21, "high": 0.6},
    {"kernel": 21, "low": 0.1, "high": 1.4, "rotation": 0.4},
]


def arrived_at_random(live: LiveRicom, values: np.ndarray, seed: int) -> xr.DataArray:
    """The field in portions of up to 40 vectors, shuffled."""
    rng = np.random.default_rng(seed)
    flat = values.reshape(2, -1)
    cuts = np.concatenate([[0], np.cumsum(rng.integers(1, 40, flat.shape[1]))])
    cuts = np.append(cuts[cuts < flat.shape[1]], flat.shape[1])
    for i in rng.permutation(len(cuts) - 1):
        live.add(int(cuts[i]), flat[:, cuts[i] : cuts[i + 1]])
    return live.image()


@pytest.mark.parametrize("shape", [(23, 41), (50, 9), (1, 30)])
@pytest.mark.parametrize("settings", SETTINGS)
def test_whatever_the_order_of_arrival_the_image_is_the_convolution(shape: tuple[int, int], settings: dict) -> None:
    values = np.random.default_rng(0).normal(size=(2, *shape))
    offline = ricom(vector_field(values, GEOMETRY, "1/Å"), **{
        name: f"{value} {'rad' if name == 'rotation' else '1/Å'}" if isinstance(value, float) else value
        for name, value in settings.items()
    })  # fmt: skip
    live = arrived_at_random(LiveRicom(shape, GEOMETRY, **settings), values, seed=1)
    assert float(np.abs(live - offline).max()) < 1e-6 * float(np.abs(offline).max())
    xr.testing.assert_allclose(live, offline)
    assert live.attrs == offline.attrs == {"units": "rad"}


def test_what_has_not_arrived_counts_as_nothing() -> None:
    values = np.random.default_rng(0).normal(size=(2, 12, 20))
    live = LiveRicom((12, 20), GEOMETRY, kernel=7)
    assert not live.image().any()
    live.add(100, values.reshape(2, -1)[:, 100:130])
    rest = values.reshape(2, -1).copy()
    rest[:, :100] = rest[:, 130:] = 0
    np.testing.assert_allclose(
        live.image(), ricom(vector_field(rest.reshape(2, 12, 20), GEOMETRY, "1/Å"), kernel=7), atol=1e-12
    )


def test_a_vector_that_is_not_finite_spoils_nothing() -> None:
    live, other = LiveRicom((6, 6), GEOMETRY, kernel=5), LiveRicom((6, 6), GEOMETRY, kernel=5)
    live.add(3, np.array([[1.0, np.nan], [2.0, 1.0]]))
    other.add(3, np.array([[1.0], [2.0]]))
    np.testing.assert_array_equal(live.image(), other.image())


def test_a_picture_taken_meanwhile_does_not_change_later() -> None:
    live = LiveRicom((6, 6), Geometry(), kernel=3)
    before = live.image()
    live.add(0, np.ones((2, 36)))
    assert not before.any()
    assert live.image().attrs["units"] == "1"


def test_vectors_beyond_the_scan_are_refused() -> None:
    with pytest.raises(UsageError, match=r"35 … 37 do not fit on a scan of 6 × 6"):
        LiveRicom((6, 6), GEOMETRY, kernel=3).add(35, np.zeros((2, 2)))


def test_limits_need_a_scan_step() -> None:
    with pytest.raises(UsageError, match="give `scan_step`"):
        LiveRicom((6, 6), Geometry(), high=0.1)
