"""``io.open``: arrangement of patterns, geometry, and what is not read."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from graph4d_nodes.geometry import detector_to_scan
from graph4d_nodes.io.open import open_scan

from graph4d import UsageError


def ramp(*shape: int, dtype: str = "u2") -> np.ndarray:
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def saved(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", ">u4", "<i4", "<f4", ">f8"])
def test_a_npy_scan_keeps_its_values_and_its_dtype_in_native_byte_order(tmp_path, dtype):
    truth = ramp(3, 4, 5, 6, dtype=dtype)
    scan = open_scan(path=saved(tmp_path / "scan.npy", truth))
    assert scan.shape == truth.shape
    assert scan.dtype == np.dtype(dtype).newbyteorder("=")
    block = scan.read(0, 12)
    assert block.dtype.isnative
    assert block.dtype.itemsize == np.dtype(dtype).itemsize
    np.testing.assert_array_equal(block.reshape(truth.shape), truth)


def test_native_patterns_are_views_of_the_file_and_cannot_be_written_to(tmp_path):
    scan = open_scan(path=saved(tmp_path / "scan.npy", ramp(2, 3, 4, 4)))
    block = scan.read(0, 3)
    assert not block.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        block[0] = 1


def test_any_split_into_blocks_gives_the_same_patterns(tmp_path):
    truth = ramp(4, 5, 3, 2)
    scan = open_scan(path=saved(tmp_path / "scan.npy", truth), skip_row=1)
    whole = scan.read(0, 16)
    for size in (1, 3, 7):
        pieces = [scan.read(at, min(at + size, 16)) for at in range(0, 16, size)]
        np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_a_stack_is_arranged_by_scan_shape(tmp_path):
    truth = ramp(6, 3, 2)
    scan = open_scan(path=saved(tmp_path / "stack.npy", truth), scan_shape=[2, 3])
    np.testing.assert_array_equal(scan.read(0, 6), truth)
    np.testing.assert_array_equal(scan.pattern(1, 0), truth[3])


def test_flyback_patterns_and_those_before_the_scan_are_left_out(tmp_path):
    rows, columns, flyback, before = 3, 4, 2, 5
    stack = ramp(before + rows * (columns + flyback), 2, 2)
    scan = open_scan(
        path=saved(tmp_path / "stack.npy", stack), scan_shape=[rows, columns], skip_frames=before, skip_row=flyback
    )
    kept = stack[before:].reshape(rows, columns + flyback, 2, 2)[:, :columns]
    np.testing.assert_array_equal(scan.read(0, rows * columns).reshape(kept.shape), kept)
    np.testing.assert_array_equal(scan.read(3, 6), kept.reshape(-1, 2, 2)[3:6])


def test_a_missing_flyback_of_the_last_row_is_no_error(tmp_path):
    stack = ramp(3 * 6 - 2, 2, 2)
    assert open_scan(path=saved(tmp_path / "s.npy", stack), scan_shape=[3, 4], skip_row=2).positions == (3, 4)


def test_flyback_columns_of_a_four_dimensional_file_are_cut_off(tmp_path):
    truth = ramp(3, 5, 2, 2)
    scan = open_scan(path=saved(tmp_path / "scan.npy", truth), skip_row=2)
    np.testing.assert_array_equal(scan.read(0, 9).reshape(3, 3, 2, 2), truth[:, :3])


@pytest.mark.parametrize("shape", [[3, 4], [4, 2], [5, 3], [0, 12]])
def test_a_scan_shape_that_does_not_fit_says_how_many_patterns_there_are(tmp_path, shape):
    path = saved(tmp_path / "stack.npy", ramp(11, 2, 2))
    with pytest.raises(UsageError, match=r"11|has none") as error:
        open_scan(path=path, scan_shape=shape)
    assert "scan_shape" in str(error.value)
    assert "\n" not in str(error.value)


def test_patterns_of_an_unfinished_last_row_may_be_left_over(tmp_path):
    assert open_scan(path=saved(tmp_path / "stack.npy", ramp(11, 2, 2)), scan_shape=[2, 4]).positions == (2, 4)


def test_a_stack_without_a_shape_gets_factor_pairs_offered(tmp_path):
    with pytest.raises(UsageError, match=r"12 patterns.*scan_shape: \[rows, columns\].*\[3, 4\], \[4, 3\]"):
        open_scan(path=saved(tmp_path / "stack.npy", ramp(12, 2, 2)))


def test_given_calibrations_win_and_are_in_base_units(tmp_path):
    scan = open_scan(
        path=saved(tmp_path / "scan.npy", ramp(2, 2, 2, 2)),
        energy="300 keV",
        semiangle="20 mrad",
        scan_step="0.5 nm",
        detector_step="0.4 1/nm",
        rotation="90 deg",
        transpose=True,
    )
    geometry = scan.geometry
    assert geometry.energy == 300e3
    assert geometry.semiangle == 0.02
    assert geometry.scan_step == (5.0, 5.0)
    assert geometry.detector_step == pytest.approx((0.04, 0.04))
    np.testing.assert_allclose(geometry.transform, detector_to_scan(np.pi / 2, True), atol=1e-12)
    np.testing.assert_allclose(geometry.transform, [[1, 0], [0, -1]], atol=1e-12)


def test_steps_may_differ_between_the_axes(tmp_path):
    path = saved(tmp_path / "scan.npy", ramp(2, 3, 4, 5))
    steps = {"scan_step": "2 Å", "scan_step_x": "3 Å", "detector_step": "0.1 1/Å", "detector_step_x": "0.2 1/Å"}
    geometry = open_scan(path=path, **steps).geometry
    assert geometry.scan_step == (2.0, 3.0)
    assert geometry.detector_step == (0.1, 0.2)
    with pytest.raises(UsageError, match="`scan_step_x` is given without `scan_step`"):
        open_scan(path=path, scan_step_x="3 Å")


def test_without_a_rotation_detector_and_scan_agree(tmp_path):
    scan = open_scan(path=saved(tmp_path / "scan.npy", ramp(2, 2, 2, 2)))
    assert scan.geometry.transform == ((1.0, 0.0), (0.0, 1.0))


def test_real_numbers_that_no_kernel_adds_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"holds float16.*save it as float32") as caught:
        open_scan(path=saved(tmp_path / "scan.npy", ramp(2, 2, 2, 2).astype(np.float16)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [{"energy": "0 keV"}, {"semiangle": "-1 mrad"}, {"scan_step": "0 Å"}, {"detector_step": "-0.1 1/Å"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_calibrations_that_cannot_be_are_out_of_bounds(tmp_path, wrong):
    with pytest.raises(ValueError, match=r"`\w+`: .* is out of bounds; expected a number of at least"):
        open_scan(path=saved(tmp_path / "scan.npy", ramp(2, 2, 2, 2)), **wrong)


def test_threads_read_the_same_patterns(tmp_path):
    truth = ramp(40, 25, 8, 8)
    scan = open_scan(path=saved(tmp_path / "scan.npy", truth))
    flat = truth.reshape(-1, 8, 8)
    with ThreadPoolExecutor(4) as pool:
        blocks = pool.map(lambda at: scan.read(at, at + 7), range(0, 990, 3))
        assert all(np.array_equal(block, flat[at : at + 7]) for at, block in zip(range(0, 990, 3), blocks, strict=True))


PEAK = """
import resource, sys
from graph4d_nodes.io.open import open_scan
scan = open_scan(path=sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for start in range(0, 49152, 256):
    scan.read(start, start + 256)[:, ::16].max()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_reading_through_a_huge_scan_takes_little_memory(tmp_path):
    shape = (1024, 1024, 96, 96)
    path = tmp_path / "huge.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<u2", "fortran_order": False, "shape": shape})
        file.truncate(file.tell() + int(np.prod(shape)) * 2)  # 19 GB, none of which is on the disk
    done = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True)
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * unit < 500e6  # of 0.9 GB that were read


def test_declaring_the_nodes_imports_no_file_library():
    code = (
        "import sys, graph4d_nodes.io.open, graph4d_nodes.io.image; heavy = 'h5py xarray scipy tifffile rsciio numba'; "
        "print([name for name in heavy.split() if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_folder_is_no_scan_and_a_zarr_store_says_what_to_save_instead(tmp_path):
    for name, remedy in (("scan.zarr", r"save scans as \.hspy or \.npy"), ("folder", "give a file in it")):
        (tmp_path / name).mkdir()
        with pytest.raises(UsageError, match=f"{name} is a folder; {remedy}"):
            open_scan(path=tmp_path / name)
