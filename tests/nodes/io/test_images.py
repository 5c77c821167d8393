"""``io.image``: every format, with its sampling in Å or 1/Å."""

import sys

import h5py
import numpy as np
import pytest
from graph4d_nodes.io.image import open_image
from graph4d_nodes.io.open import open_scan

from graph4d import UsageError


def step(image, dim="x"):
    return float(image[dim][1] - image[dim][0]), image[dim].attrs["units"]


def test_a_velox_image_has_its_pixel_size(shared_data):
    path = shared_data / "formats/velox/scifi_EMDReader_Image_FEI.emd"
    image = open_image(path=path)
    assert (image.dims, image.shape, image.dtype) == (("y", "x"), (512, 512), np.dtype("u2"))
    assert step(image) == (pytest.approx(53.024, rel=1e-4), "Å")
    assert image.attrs["units"] == "counts"
    emd = pytest.importorskip("rsciio.emd")
    np.testing.assert_array_equal(image, emd.file_reader(str(path))[0]["data"])


def test_a_digital_micrograph_pattern_is_in_inverse_angstrom(shared_data):
    digitalmicrograph = pytest.importorskip("rsciio.digitalmicrograph")
    path = shared_data / "formats/dm/rsciio_test_diffraction_pattern.dm3"
    image = open_image(path=path)
    assert (image.shape, image.dtype) == ((87, 87), np.dtype("i4"))
    assert step(image) == (pytest.approx(0.01744, rel=1e-3), "1/Å")
    np.testing.assert_array_equal(image, digitalmicrograph.file_reader(str(path))[0]["data"])


def test_a_ser_image_is_as_its_bytes(shared_data):
    pytest.importorskip("rsciio")
    path = shared_data / "images/sto_haadf.ser"
    image = open_image(path=path)
    assert (image.shape, image.dtype) == ((1024, 1024), np.dtype("u2"))
    assert step(image) == (pytest.approx(0.10013, rel=1e-4), "Å")
    # The format counts rows from the bottom, so the last one stored is at the top.
    stored = np.frombuffer(path.read_bytes(), "<u2", 1024**2, offset=126).reshape(1024, 1024)
    np.testing.assert_array_equal(image, stored[::-1])


def test_hyperspy_images_take_their_axes(shared_data):
    image = open_image(path=shared_data / "formats/gemini_test_CL30cm.hspy")
    assert (image.shape, image.dtype) == ((256, 256), np.dtype("u1"))
    assert step(image) == (pytest.approx(0.0041035, rel=1e-5), "1/Å")


@pytest.mark.parametrize("name", ["atomap_STO_ADF.hdf5", "atomap_STO_ABF.hdf5"])
def test_an_axis_without_a_unit_stays_in_pixels_until_told(shared_data, name):
    path = shared_data / "images" / name
    image = open_image(path=path)
    assert (image.shape, image.dtype) == ((999, 1012), np.dtype("f4"))
    assert step(image) == (1.0, "px")
    with h5py.File(path) as file:
        np.testing.assert_array_equal(image, file["Experiments/__unnamed__/data"][()])
    assert step(open_image(path=path, sampling="9.326 pm")) == (pytest.approx(0.09326), "Å")


def test_the_observation_of_a_statstem_file_is_found_among_its_objects(shared_data):
    path = shared_data / "images/statstem_Example3.mat"
    image = open_image(path=path)
    assert (image.shape, image.dtype) == ((241, 246), np.dtype("u2"))
    assert step(image) == (pytest.approx(0.3109), "Å")
    assert open_image(path=path, dataset="output.model").shape == (241, 246)
    with pytest.raises(UsageError, match=r"input\.obs \(241 × 246\).*set `dataset`"):
        open_image(path=path, dataset="nothing")


@pytest.mark.parametrize("dtype", ["u1", ">u2", "<f4"])
def test_a_tiff_image_keeps_values_and_imagej_sampling(tmp_path, dtype):
    tifffile = pytest.importorskip("tifffile")
    truth = np.arange(12).reshape(3, 4).astype(dtype)
    tifffile.imwrite(tmp_path / "plain.tif", truth)
    np.testing.assert_array_equal(open_image(path=tmp_path / "plain.tif"), truth)
    tifffile.imwrite(tmp_path / "ij.tif", truth, imagej=True, resolution=(2.0, 4.0), metadata={"unit": "nm"})
    image = open_image(path=tmp_path / "ij.tif")
    np.testing.assert_array_equal(image, truth)
    assert image.dtype.isnative
    assert (step(image, "x"), step(image, "y")) == ((pytest.approx(5.0), "Å"), (pytest.approx(2.5), "Å"))


def test_a_npy_image_is_in_pixels(tmp_path):
    truth = np.arange(12.0).reshape(3, 4)
    np.save(tmp_path / "i.npy", truth.astype(">f8"))
    image = open_image(path=tmp_path / "i.npy")
    np.testing.assert_array_equal(image, truth)
    assert (step(image), image.attrs["units"], image.dtype.isnative) == ((1.0, "px"), "1", True)


def test_a_scan_is_sent_to_the_node_for_scans(tmp_path, shared_data):
    np.save(tmp_path / "scan.npy", np.zeros((2, 2, 3, 3)))
    for path in (tmp_path / "scan.npy", shared_data / "rotavirus.h5", shared_data / "formats/test1.blo"):
        with pytest.raises(UsageError, match=r"open it with io\.open") as error:
            open_image(path=path)
        assert "\n" not in str(error.value)


def test_an_image_is_sent_to_the_node_for_images(tmp_path, shared_data):
    pytest.importorskip("rsciio")
    np.save(tmp_path / "image.npy", np.zeros((3, 3)))
    tif = tmp_path / "image.tif"
    tif.write_bytes(b"II*\0" + bytes(20))
    single = shared_data / "formats/gemini_test_CL30cm.mib"
    images = [
        "velox/scifi_EMDReader_Image_FEI.emd",
        "dm/rsciio_test_diffraction_pattern.dm3",
        "gemini_test_CL30cm.hspy",
    ]
    ours = [tmp_path / "image.npy", tif, single, shared_data / "images/sto_haadf.ser"]
    for path in (*ours, *(shared_data / "formats" / name for name in images)):
        with pytest.raises(UsageError, match=r"io\.image") as error:
            open_scan(path=path)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("node", [open_scan, open_image])
class TestWhatIsNoFile:
    """One line each, whichever node is asked."""

    def refused(self, node, path, match):
        with pytest.raises(UsageError, match=match) as error:
            node(path=path)
        assert "\n" not in str(error.value)
        assert path.name in str(error.value)

    def test_a_missing_file(self, node, tmp_path):
        self.refused(node, tmp_path / "none.h5", "does not exist")

    def test_a_folder(self, node, tmp_path):
        self.refused(node, tmp_path, "is a folder")

    def test_an_empty_file(self, node, tmp_path):
        (tmp_path / "empty.npy").touch()
        self.refused(node, tmp_path / "empty.npy", "is empty")

    def test_a_name_that_does_not_fit_the_bytes(self, node, tmp_path):
        (tmp_path / "text.npy").write_text("not an array")
        self.refused(node, tmp_path / "text.npy", r"named \.npy but begins with b'not an a'")

    def test_a_npy_file_cut_short(self, node, tmp_path):
        np.save(tmp_path / "a.npy", np.zeros((2, 2, 30, 30)))
        (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:1000])
        self.refused(node, tmp_path / "a.npy", r"not a whole \.npy file")

    def test_an_unknown_format(self, node, tmp_path):
        pytest.importorskip("rsciio")
        (tmp_path / "a.xyz").write_text("atoms")
        self.refused(node, tmp_path / "a.xyz", r"neither graph4d \(.npy.*nor RosettaSciIO reads \.xyz")

    def test_a_format_of_the_extra_that_is_not_installed(self, node, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "rsciio", None)
        (tmp_path / "a.dm4").write_bytes(b"\0\0\0\4")
        self.refused(node, tmp_path / "a.dm4", r'pip install "graph4d\[formats\]"')

    def test_a_damaged_file_of_another_format(self, node, tmp_path):
        pytest.importorskip("rsciio")
        (tmp_path / "a.dm4").write_bytes(b"nothing of the kind")
        self.refused(node, tmp_path / "a.dm4", "RosettaSciIO cannot read it as DigitalMicrograph")

    def test_a_stream_of_events(self, node, shared_data):
        for i in range(3):
            self.refused(node, shared_data / f"formats/tpx3/raw_test_data_0{i}.tpx3", "events.*live source")

    def test_a_pickled_array(self, node, tmp_path):
        np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
        self.refused(node, tmp_path / "a.npy", "not a whole .npy file of numbers")
