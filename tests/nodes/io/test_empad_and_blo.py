"""EMPAD and ASTAR blockfiles, against an independent reader."""

import shutil

import numpy as np
import pytest
from graph4d_nodes.io.companions import files_with
from graph4d_nodes.io.open import open_scan

from graph4d import UsageError


@pytest.fixture
def empad(tmp_path, shared_data):
    """A raw file beside the description that names it, as the microscope leaves them."""
    source = shared_data / "formats/empad"
    shutil.copy(source / "empad_scan_x4_y4.raw", tmp_path / "scan_x4_y4.raw")
    shutil.copy(source / "map4x4.xml", tmp_path / "acquisition_1.xml")
    return tmp_path


def test_empad_frames_lose_their_last_two_rows(empad):
    stored = np.fromfile(empad / "scan_x4_y4.raw", "<f4").reshape(4, 4, 130, 128)
    for name in ("scan_x4_y4.raw", "acquisition_1.xml"):
        scan = open_scan(path=empad / name)
        assert (scan.shape, scan.dtype) == ((4, 4, 128, 128), np.dtype("f4"))
        np.testing.assert_array_equal(scan.read(0, 16).reshape(scan.shape), stored[:, :, :128])


def test_empad_equals_an_independent_reader_in_values_and_steps(empad):
    reader = pytest.importorskip("rsciio.empad").file_reader
    signal = reader(str(empad / "acquisition_1.xml"))[0]
    scan = open_scan(path=empad / "acquisition_1.xml")
    np.testing.assert_array_equal(scan.read(0, 16).reshape(scan.shape), signal["data"])
    y, x, ky, kx = (axis["scale"] for axis in signal["axes"])
    assert [axis["units"] for axis in signal["axes"]] == ["µm", "µm", "1/nm", "1/nm"]
    assert scan.geometry.scan_step == pytest.approx((y * 1e4, x * 1e4))
    assert scan.geometry.detector_step == pytest.approx((ky / 10, kx / 10))
    assert scan.geometry.energy == 300e3


def test_the_newer_empad_description_is_read_as_well(tmp_path, shared_data):
    reader = pytest.importorskip("rsciio.empad").file_reader
    path = tmp_path / "new.xml"
    shutil.copy(shared_data / "formats/empad/EMPAD_v1.2.2_x32_y64_size0.8.xml", path)
    with (tmp_path / "scan_x32_y64.raw").open("wb") as file:
        file.truncate(32 * 64 * 130 * 128 * 4)
    axes = reader(str(path), lazy=True)[0]["axes"]
    scan = open_scan(path=path)
    assert scan.shape == (64, 32, 128, 128)
    assert axes[0]["units"] == "nm"
    assert scan.geometry.scan_step == pytest.approx((axes[0]["scale"] * 10, axes[1]["scale"] * 10))
    assert scan.geometry.detector_step is None
    assert scan.geometry.energy == 300e3


def test_a_stopped_empad_acquisition_keeps_what_does_not_depend_on_its_shape(empad):
    with (empad / "scan_x4_y4.raw").open("r+b") as file:
        file.truncate(130 * 128 * 4 * 8)
    with pytest.raises(UsageError, match="set `scan_shape"):
        open_scan(path=empad / "acquisition_1.xml")
    geometry = open_scan(path=empad / "acquisition_1.xml", scan_shape=[2, 4]).geometry
    assert (geometry.energy, geometry.scan_step) == (300e3, None)
    assert geometry.detector_step == pytest.approx((0.018265, 0.018265), rel=1e-4)


def test_a_raw_file_by_itself_has_its_shape_in_its_name(shared_data):
    assert open_scan(path=shared_data / "formats/empad/empad_scan_x4_y4.raw").positions == (4, 4)


def test_a_description_without_its_raw_file_says_which_one(shared_data):
    for name, raw in (("map4x4.xml", "scan_x4_y4.raw"), ("stack_images.xml", "series_x10.raw")):
        with pytest.raises(UsageError, match=rf"names {raw}, which is not beside it"):
            open_scan(path=shared_data / "formats/empad" / name)


def test_an_empad_file_cut_short_is_refused(empad):
    with (empad / "scan_x4_y4.raw").open("r+b") as file:
        file.truncate(130 * 128 * 4 * 3 + 17)
    with pytest.raises(UsageError, match="3 whole EMPAD frames of 66560 bytes and 17 bytes more"):
        open_scan(path=empad / "scan_x4_y4.raw")


def test_files_that_belong_together_are_found(empad):
    (empad / "other_x1_y1.raw").touch()
    (empad / "other.xml").write_text('<root><raw_file filename="other_x1_y1.raw"/></root>')
    pair = {empad / "scan_x4_y4.raw", empad / "acquisition_1.xml"}
    assert set(files_with(empad / "scan_x4_y4.raw")) == pair
    assert set(files_with(empad / "acquisition_1.xml")) == pair
    for name in ("a.mib", "a.hdr", "x_master.h5", "x_data_000001.h5", "x_data_000002.h5", "y_data_000001.h5"):
        (empad / name).touch()
    assert [p.name for p in files_with(empad / "a.mib")] == ["a.mib", "a.hdr"]
    names = ["x_master.h5", "x_data_000001.h5", "x_data_000002.h5"]
    assert [p.name for p in files_with(empad / "x_master.h5")] == names
    assert open_scan.files({"path": empad / "x_master.h5"}) == [empad / name for name in names]


def test_a_blockfile_equals_an_independent_reader(shared_data):
    reader = pytest.importorskip("rsciio.blockfile").file_reader
    path = shared_data / "formats/test1.blo"
    scan = open_scan(path=path)
    assert (scan.shape, scan.dtype) == ((3, 2, 144, 144), np.dtype("u1"))
    np.testing.assert_array_equal(scan.read(0, 6).reshape(scan.shape), reader(str(path))[0]["data"])
    assert scan.geometry.energy == 200e3
    assert scan.geometry.scan_step == pytest.approx((128.0, 128.0))


def test_a_blockfile_cut_short_is_refused(tmp_path, shared_data):
    (tmp_path / "cut.blo").write_bytes((shared_data / "formats/test1.blo").read_bytes()[:50000])
    with pytest.raises(UsageError, match="holds 2 patterns where its header says 3 × 2"):
        open_scan(path=tmp_path / "cut.blo")
