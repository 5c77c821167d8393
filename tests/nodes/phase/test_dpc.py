"""DPC of segments against discs moved by a known distance, and against the centre of mass of whole patterns."""

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import Geometry, detector_to_scan, wavelength
from graph4d_nodes.image.com import center_of_mass
from graph4d_nodes.image.virtual import segment_images
from graph4d_nodes.phase.dpc import dpc
from graph4d_nodes.phase.icom import integrate
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.simulate.phase_object import phase_object

from graph4d import UsageError

ENERGY, SEMIANGLE = 200e3, 0.02
RADIUS = SEMIANGLE / wavelength(ENERGY)
STEP = RADIUS / 14, RADIUS / 20
SHIFTS = np.random.default_rng(0).uniform(-0.05, 0.05, (5, 7, 2)) * RADIUS
GEOMETRY = Geometry(ENERGY, SEMIANGLE, (2.0, 3.0), STEP, detector_to_scan(0.6, False))


class Discs:
    """Even discs moved by ``SHIFTS`` (along ky, kx) [1/Å] on pixels that are not square; drawn on 8 × 8 parts each."""

    shape, dtype, alignment = (35, 40, 56), np.dtype("float32"), 1

    def read(self, start: int, stop: int) -> np.ndarray:
        ky, kx = ((np.arange(8 * n) + 0.5) / 8 * step - n / 2 * step for n, step in zip((40, 56), STEP, strict=True))
        moved = SHIFTS.reshape(-1, 2)[start:stop]
        inside = [np.hypot(ky[:, None] - y, kx - x) < RADIUS for y, x in moved]
        return np.stack([part.reshape(40, 8, 56, 8).mean(axis=(1, 3)) for part in inside]).astype("float32")


@pytest.fixture(scope="module")
def scan() -> Scan4D:
    return Scan4D.from_frames(Discs(), (5, 7), geometry=GEOMETRY)


def in_the_scan(shifts: np.ndarray) -> np.ndarray:
    """(y, x) in the axes of the scan, of shifts (…, [ky, kx]) on the detector."""
    x, y = np.array(GEOMETRY.transform) @ shifts[..., ::-1].reshape(-1, 2).T
    return np.stack([y, x]).reshape(2, *shifts.shape[:-1])


@pytest.mark.parametrize("rings", [1, 2, 3, 4])
@pytest.mark.parametrize("reach", [(0, 1.3), (0, 1.15), (0.4, 1.35)])
def test_a_disc_that_moves_tells_by_how_much(scan: Scan4D, rings: int, reach: tuple[float, float]) -> None:
    inner, outer = (f"{angle * SEMIANGLE} rad" for angle in reach)
    field = dpc(segment_images(scan, rings=rings, inner=inner, outer=outer), zero="origin")
    np.testing.assert_allclose(field, in_the_scan(SHIFTS), atol=0.03 * 0.05 * RADIUS)
    assert field.attrs == {"units": "1/Å", "energy": ENERGY}
    assert field.dims == ("component", "y", "x")
    assert float(field.x[1] - field.x[0]) == 3


def test_by_default_the_mean_deflection_is_zero(scan: Scan4D) -> None:
    segments = segment_images(scan, rings=1)
    np.testing.assert_allclose(dpc(segments).mean(("y", "x")), 0, atol=1e-12)
    difference = dpc(segments, zero="origin") - dpc(segments)
    np.testing.assert_allclose(difference.std(("y", "x")), 0, atol=1e-12)


@pytest.mark.parametrize("rings", [1, 4])
def test_a_slow_phase_gives_the_centre_of_mass(rings: int) -> None:
    scan, phase = phase_object(
        positions=(24, 32), detector=48, sample="blobs", spacing="30 Å", height="1 rad", scan_step="1.5 Å", dose=0,
        rotation="25 deg", transpose=True,
    )  # fmt: skip
    com, field = center_of_mass(scan), dpc(segment_images(scan, rings=rings))
    slope = float((field * com).sum() / (com**2).sum())
    assert slope == pytest.approx(1, abs=0.03)
    assert np.corrcoef(field.values.ravel(), com.values.ravel())[0, 1] > 0.999
    origin = xr.DataArray(np.full((2, 24, 32), 24.0), dims=("component", "y", "x"), attrs={"units": "px"})
    whole = dpc(segment_images(scan, origin, rings=rings), zero="origin")
    found = integrate(whole, border="free").values
    # The pixels on an axis go to one side as a whole, which shifts the zero and adds a small slope.
    assert np.corrcoef(found.ravel(), phase.values.ravel())[0, 1] > 0.95


def test_a_position_without_counts_is_not_deflected(scan: Scan4D) -> None:
    segments = segment_images(scan, rings=2).copy()
    segments[:, 2, 3] = 0
    field = dpc(segments)
    assert not field[:, 2, 3].any()
    assert np.isfinite(field).all()


def test_a_position_that_is_no_number_leaves_the_others_as_they_are(scan: Scan4D) -> None:
    segments = segment_images(scan, rings=2)
    holed = segments.copy()
    holed[5, 2, 3] = np.nan
    expected, found = dpc(segments, zero="origin"), dpc(holed)
    assert np.isnan(found[:, 2, 3]).all()
    others = np.isfinite(found.values)
    assert np.count_nonzero(~others) == 2
    expected -= expected.where(others).mean(("y", "x"))
    np.testing.assert_allclose(found.values[others], expected.values[others], atol=1e-12)


def test_what_is_missing_is_named_with_its_remedy(scan: Scan4D) -> None:
    with pytest.raises(UsageError, match=r"as image\.segments gives them"):
        dpc(xr.DataArray(np.zeros((4, 2, 2)), dims=("segment", "y", "x"), attrs={"units": "counts"}))
    bare = Scan4D.from_frames(Discs(), (5, 7), geometry=Geometry(energy=ENERGY))
    with pytest.raises(UsageError, match=r"give detector_step, semiangle to io\.open"):
        dpc(segment_images(bare))
    with pytest.raises(UsageError, match=r"the edge of the bright-field disc at .* must lie between"):
        dpc(segment_images(scan, outer=f"{SEMIANGLE} rad"))
