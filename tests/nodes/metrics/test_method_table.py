"""What methods need and cost; not how much, which depends on the machine."""

import tracemalloc

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.metrics.method_table import dose_at_part, method_table
from graph4d_nodes.metrics.methods import cost, methods, needs
from graph4d_nodes.simulate.phase_object import phase_object

from graph4d import UsageError


@pytest.fixture(scope="module")
def sample():
    return phase_object(positions=(32, 16), detector=32, detector_step=0.1, scan_step=0.3, dose=4000)


@pytest.fixture(scope="module")
def table(sample) -> xr.Dataset:
    return method_table(sample.scan, truth=sample.phase, kernel=15, crossing="last", repeats=1)


def test_every_method_has_a_row_with_what_was_measured_beside_what_was_published(table: xr.Dataset) -> None:
    assert table["method"].values.tolist() == ["ADF", "SSB", "riCOM", "iCOM", "AIRPI"]
    assert table.published_needs.values[1] == "α, step, energy, rotation"
    assert table.published_speed.values.tolist() == ["30 k (events 100 k)", "1 k", "30 k (events 100 k)", "", "4 k"]
    names = list(table)
    assert names.index("published_speed") == names.index("speed") + 1
    measured = table.isel(row=slice(4))
    for name in ("speed", "memory", "memory_exponent", "time_exponent", "robust_to"):
        assert np.isfinite(measured[name]).all(), name
    assert np.isnan(table.isel(row=4)["speed"])  # not in this project
    assert (measured["speed"] > 0).all()
    assert table["speed"].attrs["units"] == "1/s"
    # The pixels of the bright field are held by SSB alone.
    assert np.argmax(measured["memory"].values) == 1
    assert measured["robust_to"].values[3] < 4000


def test_what_a_method_needs_is_found_by_taking_it_away(sample) -> None:
    found = {method.name: needs(method.image, sample.scan) for method in methods(None, None, 15) if method.image}
    assert found == {
        "ADF": ["α", "pixel", "energy"],
        "SSB": ["α", "step", "pixel", "energy", "rotation"],
        "riCOM": ["step for rad", "pixel for rad", "rotation"],
        "iCOM": ["step for rad", "pixel for rad", "rotation"],
    }


def test_memory_is_what_the_image_allocates_at_most(sample) -> None:
    def wasteful(scan: object) -> xr.DataArray:
        return xr.DataArray(np.ones(3_000_000)[:1].copy())

    seconds, memory = cost(wasteful, sample.scan, 1)
    assert memory == pytest.approx(24e6, rel=0.01)
    assert seconds > 0
    tracemalloc.start()
    try:
        np.ones(9_000_000).sum()  # of somebody who watches too
        assert cost(wasteful, sample.scan, 1)[1] == pytest.approx(24e6, rel=0.01)
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


def test_the_dose_that_a_method_bears_lies_where_its_quality_falls_to_nine_tenths() -> None:
    doses = [1000.0, 100.0, 10.0, 1.0]
    assert dose_at_part(doses, [1.0, 0.95, 0.85]) == pytest.approx(10**1.5)
    assert dose_at_part(doses, [0.8, 0.72, 0.1]) == pytest.approx(100)
    assert dose_at_part(doses, [1.0, np.nan]) == pytest.approx(1000 * 0.1 ** (0.1))
    assert dose_at_part(doses, [1.0, 0.99, 0.98, 0.97]) == 1.0


def test_a_scan_of_a_few_positions_is_refused() -> None:
    with pytest.raises(UsageError, match="16 × 16 positions is too small to compare methods on"):
        method_table(phase_object(positions=(16, 16), detector=32, detector_step=0.1).scan)
