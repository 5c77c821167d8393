"""Scans in HDF5: mapped or in chunks, with the calibrations that other programs write."""

from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest
from graph4d_nodes.io.formats import hdf5_frames
from graph4d_nodes.io.formats.hdf5_frames import ChunkedFrames
from graph4d_nodes.io.mapped import MappedFrames
from graph4d_nodes.io.open import open_scan
from graph4d_nodes.io.steps import detector_step

from graph4d import UsageError

TRUTH = np.random.default_rng(1).integers(0, 60000, (7, 9, 6, 5)).astype("u2")


def written(path, data=TRUTH, name="data", **options):
    with h5py.File(path, "w", userblock_size=options.pop("userblock_size", 0)) as file:
        file.create_dataset(name, data=data, **options)
    return path


def all_of(scan):
    return scan.read(0, scan.positions[0] * scan.positions[1]).reshape(scan.shape)


@pytest.mark.parametrize("dtype", ["<u2", ">u2", "<f4"])
@pytest.mark.parametrize("userblock_size", [0, 512])
def test_a_dataset_in_one_piece_is_mapped(tmp_path, dtype, userblock_size):
    scan = open_scan(path=written(tmp_path / "s.h5", TRUTH.astype(dtype), userblock_size=userblock_size))
    assert isinstance(scan.frames, MappedFrames)
    assert scan.dtype.isnative
    np.testing.assert_array_equal(all_of(scan), TRUTH.astype(dtype))


@pytest.mark.parametrize("chunks", [(1, 4, 6, 5), (1, 3, 6, 5), (2, 4, 6, 5), (3, 3, 2, 2), (7, 9, 6, 5)])
@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_a_dataset_in_chunks_gives_the_same_patterns_in_any_blocks(tmp_path, chunks, dtype):
    path = written(tmp_path / "s.h5", TRUTH.astype(dtype), chunks=chunks, compression="gzip", shuffle=True)
    scan = open_scan(path=path)
    assert isinstance(scan.frames, ChunkedFrames)
    assert scan.read(0, 1).dtype == np.dtype("u2")
    np.testing.assert_array_equal(all_of(scan), TRUTH)
    flat = TRUTH.reshape(-1, 6, 5)
    for size in (1, 5, 20):
        pieces = [scan.read(at, min(at + size, 63)) for at in range(0, 63, size)]
        np.testing.assert_array_equal(np.concatenate(pieces), flat)


@pytest.mark.parametrize(("chunks", "together"), [((1, 3, 6, 5), 3), ((1, 4, 6, 5), 9), ((2, 4, 3, 3), 18)])
def test_alignment_is_where_a_flat_read_splits_no_chunk(tmp_path, chunks, together):
    assert open_scan(path=written(tmp_path / "s.h5", chunks=chunks)).alignment == together


def test_copied_patterns_cannot_be_written_to_either(tmp_path):
    scan = open_scan(path=written(tmp_path / "s.h5", chunks=(1, 3, 6, 5)))
    with pytest.raises(ValueError, match="read-only"):
        scan.read(0, 1)[0] = 1


def test_a_stack_of_patterns_is_read_in_its_chunks(tmp_path):
    path = written(tmp_path / "s.h5", TRUTH.reshape(63, 6, 5), chunks=(4, 6, 5))
    scan = open_scan(path=path, scan_shape=[7, 9])
    assert scan.alignment == 4
    np.testing.assert_array_equal(all_of(scan), TRUTH)


def test_threads_read_chunks_without_mixing_them_up(tmp_path):
    scan = open_scan(path=written(tmp_path / "s.h5", chunks=(1, 4, 6, 5), compression="gzip"))
    flat = TRUTH.reshape(-1, 6, 5)
    with ThreadPoolExecutor(4) as pool:
        blocks = list(pool.map(lambda at: scan.read(at, at + 5), [i % 58 for i in range(300)]))
    assert all(np.array_equal(block, flat[i % 58 : i % 58 + 5]) for i, block in enumerate(blocks))


@pytest.mark.parametrize(("kept", "bytes_kept"), [(256 << 20, 7 * 12 * 6 * 5 * 2), (2000, 2 * 12 * 6 * 5 * 2)])
def test_a_small_packed_scan_is_unpacked_once_and_of_a_larger_one_two_rows_are_kept(
    tmp_path, monkeypatch, kept, bytes_kept
):
    monkeypatch.setattr(hdf5_frames, "CACHE_BYTES", kept)
    scan = open_scan(path=written(tmp_path / "s.h5", chunks=(1, 4, 6, 5), compression="gzip"))
    scan.read(0, 1)
    _, _, size, _ = scan.frames._opened.file.id.get_access_plist().get_cache()
    assert size == bytes_kept


def test_the_only_four_dimensional_dataset_is_chosen(tmp_path):
    path = written(tmp_path / "s.h5", name="entry/patterns")
    with h5py.File(path, "a") as file:
        file["mask"] = np.zeros((6, 5))
        file["stack"] = np.zeros((3, 6, 5))
    np.testing.assert_array_equal(all_of(open_scan(path=path)), TRUTH)


def test_several_candidates_are_listed_with_their_shapes(tmp_path):
    path = written(tmp_path / "s.h5", name="a")
    with h5py.File(path, "a") as file:
        file["b"] = np.zeros((2, 2, 3, 3))
    with pytest.raises(UsageError, match=r"set `dataset` to one of a \(7 × 9 × 6 × 5\), b \(2 × 2 × 3 × 3\)"):
        open_scan(path=path)
    assert open_scan(path=path, dataset="b").shape == (2, 2, 3, 3)


def test_a_wrong_dataset_name_lists_what_is_there_and_the_closest(tmp_path):
    path = written(tmp_path / "s.h5", name="entry/patterns")
    with pytest.raises(
        UsageError, match=r"`entry/pattern` is not there; did you mean `entry/patterns`\?.*7 × 9 × 6 × 5"
    ):
        open_scan(path=path, dataset="entry/pattern")
    with pytest.raises(UsageError, match=r"`entry` is a group"):
        open_scan(path=path, dataset="entry")


def test_an_image_is_sent_to_the_node_for_images(tmp_path):
    path = written(tmp_path / "s.h5", np.zeros((5, 5)))
    for dataset in (None, "data"):
        with pytest.raises(UsageError, match=r"image.*io\.image"):
            open_scan(path=path, dataset=dataset)


def test_complex_numbers_are_no_patterns(tmp_path):
    with pytest.raises(UsageError, match="complex64"):
        open_scan(path=written(tmp_path / "s.h5", TRUTH.astype("c8")), dataset="data")


def test_a_truncated_file_gives_one_clear_line(tmp_path, shared_data):
    whole = (shared_data / "sto_rot23.h5").read_bytes()
    path = tmp_path / "cut.h5"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match=r"cut\.h5 cannot be opened as HDF5: it is cut short; copy it again") as error:
        open_scan(path=path)
    assert "\n" not in str(error.value)


def test_damaged_chunks_say_which_patterns_cannot_be_read(tmp_path):
    path = written(tmp_path / "s.h5", chunks=(1, 9, 6, 5), compression="gzip")
    with h5py.File(path) as file:
        chunk = file["data"].id.get_chunk_info(2)
    scan = open_scan(path=path)
    with path.open("r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(bytes(chunk.size))
    np.testing.assert_array_equal(scan.read(0, 18), TRUTH.reshape(-1, 6, 5)[:18])
    with pytest.raises(OSError, match=r"s\.h5: patterns 18 to 26 of /data cannot be read"):
        scan.read(18, 27)


def test_real_scans_have_the_shapes_of_their_datasets(shared_data):
    for name, alignment in (("rotavirus.h5", 127), ("sto_rot23.h5", 64)):
        scan = open_scan(path=shared_data / name)
        with h5py.File(shared_data / name) as file:
            assert scan.shape == file["data"].shape
            assert scan.alignment == alignment
            np.testing.assert_array_equal(scan.read(60, 200), file["data"][:4].reshape(-1, *scan.item_shape)[60:200])


def test_py4dstem_calibrations_come_from_the_root(shared_data):
    path = shared_data / "formats/emd/py4DSTEM_size2x3x4x5.h5"
    scan = open_scan(path=path)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(all_of(scan), file["datacube_root/datacube/data"][()])
    assert scan.shape == (2, 3, 4, 5)
    assert scan.geometry.scan_step == pytest.approx((1.26796875, 1.26796875))
    assert scan.geometry.detector_step == pytest.approx((0.044251566616087125,) * 2)


def test_what_py4dstem_users_correct_at_the_root_wins_over_the_axes(tmp_path, shared_data):
    path = tmp_path / "corrected.h5"
    path.write_bytes((shared_data / "formats/emd/py4DSTEM_size2x3x4x5.h5").read_bytes())
    with h5py.File(path, "a") as file:
        file["datacube_root/metadatabundle/calibration/R_pixel_size"][()] = 0.5
        file["datacube_root/metadatabundle/calibration/Q_pixel_size"][()] = 0.25
    geometry = open_scan(path=path).geometry
    assert geometry.scan_step == pytest.approx((5.0, 5.0))
    assert geometry.detector_step == pytest.approx((0.25, 0.25))


@pytest.mark.parametrize(
    ("value", "unit", "energy", "step"),
    [
        (0.1, "A^-1", None, 0.1),
        (1.0, "[n_m^-1]", None, 0.1),
        (1.0, "$\\mathrm{1/nm}$", None, None),
        (0.5, "mrad", None, None),
        (0.5, "mrad", 300e3, 0.5e-3 / 0.0196875),
        (1.0, "pixels", None, None),
        (0.0, "1/nm", None, None),
    ],
)
def test_detector_steps_are_understood_or_left_unknown(value, unit, energy, step):
    assert detector_step(value, unit, energy) == (None if step is None else pytest.approx(step, rel=1e-4))


def test_prismatic_counts_in_angstrom_whatever_it_writes(shared_data):
    # Its cell is that of silicon, 5.43 Å, and its detector pixel the inverse of that.
    name = "4DSTEM_simulation/data/datacubes/CBED_array_depth0001/datacube"
    path = shared_data / "formats/emd/Si100_4D.emd"
    with pytest.raises(UsageError, match=r"CBED_array_depth0000.*CBED_array_depth0001"):
        open_scan(path=path)
    scan = open_scan(path=path, dataset=name)
    assert scan.shape == (11, 11, 8, 8)
    assert scan.geometry.scan_step == pytest.approx((0.5, 0.5))
    assert scan.geometry.detector_step == pytest.approx((1 / 5.43, 1 / 5.43), rel=1e-4)
    assert scan.geometry.energy == 100e3
    assert scan.geometry.semiangle == pytest.approx(0.03)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(all_of(scan), file[name][()])


def test_hyperspy_axes_give_the_steps(tmp_path):
    path = written(tmp_path / "s.hspy", name="Experiments/scan/data", chunks=True)
    facts = [(2.0, "nm"), (3.0, "nm"), (0.5, "$nm^{-1}$"), (0.25, "1/nm")]
    with h5py.File(path, "a") as file:
        for i, (scale, units) in enumerate(facts):
            file.create_group(f"Experiments/scan/axis-{i}").attrs.update(scale=scale, units=units)
    geometry = open_scan(path=path).geometry
    assert geometry.scan_step == pytest.approx((20.0, 30.0))
    assert geometry.detector_step == pytest.approx((0.05, 0.025))


def test_fpd_medipix_is_squeezed_and_in_native_byte_order(shared_data):
    path = shared_data / "formats/fpd_medipix.hdf5"
    scan = open_scan(path=path)
    assert (scan.shape, scan.dtype) == ((2, 2, 256, 256), np.dtype("u2"))
    with h5py.File(path) as file:
        np.testing.assert_array_equal(all_of(scan), file["fpd_expt/fpd_data/data"][:, :, 0])
        np.testing.assert_array_equal(all_of(scan).sum((2, 3)), file["fpd_expt/fpd_sum_im/data"][:, :, 0])
    np.testing.assert_array_equal(all_of(open_scan(path=path, dataset="fpd_expt/fpd_data/data")), all_of(scan))


def test_arina_patterns_lose_the_pixels_that_hold_no_count(shared_data):
    pytest.importorskip("hdf5plugin")
    path = shared_data / "formats/arina/test_arina_master.h5"
    scan = open_scan(path=path, scan_shape=[4, 4])
    assert (scan.shape, scan.dtype) == ((4, 4, 24, 24), np.dtype("u4"))
    assert scan.geometry.energy == 200e3
    with h5py.File(path.with_name("test_arina_data_000001.h5")) as file:
        stored = file["entry/data/data"][()]
    excluded = (stored >= 2**26).all(axis=0)
    assert excluded.sum() == scan.metadata["excluded pixels"] == 4
    assert scan.read(0, 16).max() < 1000
    np.testing.assert_array_equal(scan.read(0, 16), np.where(excluded, 0, stored))


def test_arina_joins_its_data_files_and_counts_the_largest_number_as_none(tmp_path):
    stack = np.random.default_rng(0).integers(0, 100, (10, 4, 4)).astype("u2")
    stack[:, 1, 2] = 65535
    for i, part in enumerate((stack[:6], stack[6:]), 1):
        written(tmp_path / f"x_data_{i:06}.h5", part, "entry/data/data", chunks=(1, 4, 4))
    with h5py.File(tmp_path / "x_master.h5", "w") as file:
        file["entry/instrument/detector/bit_depth_image"] = 16
        for i in (1, 2):
            file[f"entry/data/data_{i:06}"] = h5py.ExternalLink(f"x_data_{i:06}.h5", "entry/data/data")
    scan = open_scan(path=tmp_path / "x_master.h5", scan_shape=[2, 5])
    np.testing.assert_array_equal(scan.read(4, 9), np.where(stack == 65535, 0, stack)[4:9])
    (tmp_path / "x_data_000002.h5").unlink()
    with pytest.raises(UsageError, match=r"links to x_data_000002\.h5, which is not beside it"):
        open_scan(path=tmp_path / "x_master.h5", scan_shape=[2, 5])
