"""Saved files, opened again by the programs they are for."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import xarray as xr
import zarr
from blake3 import blake3
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.io.image import open_image
from graph4d_nodes.io.open import open_scan
from graph4d_nodes.io.save import save, write_value
from graph4d_nodes.io.writers import blocks
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.values import image, metrics, vector_field

from graph4d import UsageError

GEOMETRY = Geometry(energy=300e3, semiangle=0.02, scan_step=(0.5, 0.25), detector_step=(0.1, 0.2))


class InMemory:
    """Frames that refuse to give more than some at a time."""

    alignment = 1

    def __init__(self, patterns: np.ndarray, most: int) -> None:
        self.patterns, self.most = patterns, most
        self.shape, self.dtype = patterns.shape, patterns.dtype

    def read(self, start: int, stop: int) -> np.ndarray:
        assert stop - start <= self.most
        return self.patterns[start:stop]


@pytest.fixture
def phase() -> xr.DataArray:
    return image(np.random.default_rng(0).normal(size=(4, 6)), GEOMETRY, "rad", "phase")


@pytest.fixture
def counts() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 65536, (3, 5, 4, 6), dtype=np.uint16)


@pytest.fixture
def scan(counts: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> Scan4D:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 2 * 4 * 6 * 2)
    return Scan4D.from_frames(InMemory(counts.reshape(-1, 4, 6), 2), (3, 5), geometry=GEOMETRY, title="lamella/1")


def test_netcdf_opens_as_the_same_value(tmp_path: Path, phase: xr.DataArray) -> None:
    row = save(phase, path=tmp_path / "phase.nc")
    with xr.open_dataarray(tmp_path / "phase.nc") as back:
        xr.testing.assert_identical(back.load(), phase)
    assert row.format.item() == "netcdf"
    assert row.bytes.item() == (tmp_path / "phase.nc").stat().st_size
    assert row.bytes.attrs["units"] == "byte"
    assert row.path.item() == str(tmp_path / "phase.nc")


def test_the_digest_is_that_of_the_file(tmp_path: Path, phase: xr.DataArray) -> None:
    first, second = (save(phase + shift, path=tmp_path / f"{shift}.npy").digest.item() for shift in (0, 1))
    assert first == blake3((tmp_path / "0.npy").read_bytes()).hexdigest()
    assert first != second


def test_zarr_opens_as_the_same_value(tmp_path: Path, phase: xr.DataArray) -> None:
    save(phase, path=tmp_path / "phase.zarr")
    with xr.open_dataarray(tmp_path / "phase.zarr", engine="zarr", consolidated=False) as back:
        xr.testing.assert_identical(back.load(), phase)
    assert zarr.open_group(tmp_path / "phase.zarr", mode="r").metadata.zarr_format == 3


@pytest.mark.parametrize("name", ["metrics.nc", "metrics.zarr"])
def test_metrics_and_tables_keep_their_units(tmp_path: Path, name: str, phase: xr.DataArray) -> None:
    numbers = metrics({"mean": (1.5, "rad"), "pearson": (0.9, "1")})
    table = save(phase, path=tmp_path / "phase.npy")
    options = {"engine": "zarr", "consolidated": False} if name.endswith("zarr") else {}
    for value in (numbers, table):
        save(value, path=tmp_path / name)
        with xr.open_dataset(tmp_path / name, **options) as back:
            assert {k: v.values.tolist() for k, v in back.items()} == {k: v.values.tolist() for k, v in value.items()}
            assert {k: v.attrs["units"] for k, v in back.items()} == {k: v.attrs["units"] for k, v in value.items()}


def test_hspy_is_what_hyperspy_reads(tmp_path: Path, phase: xr.DataArray) -> None:
    reader = pytest.importorskip("rsciio.hspy").file_reader
    save(phase, path=tmp_path / "phase.hspy")
    (signal,) = reader(tmp_path / "phase.hspy")
    np.testing.assert_array_equal(signal["data"], phase)
    assert [(a["name"], a["scale"], a["offset"], a["units"], a["size"], a["navigate"]) for a in signal["axes"]] == [
        ("y", 0.5, 0.0, "Å", 4, False),
        ("x", 0.25, 0.0, "Å", 6, False),
    ]
    assert signal["metadata"]["General"]["title"] == "phase"
    assert signal["metadata"]["Signal"]["quantity"] == "phase (rad)"


def test_components_of_a_field_are_navigated_in_hspy(tmp_path: Path) -> None:
    reader = pytest.importorskip("rsciio.hspy").file_reader
    save(vector_field(np.zeros((2, 3, 4)), GEOMETRY, "1/Å"), path=tmp_path / "com.hspy")
    (signal,) = reader(tmp_path / "com.hspy")
    assert [axis["navigate"] for axis in signal["axes"]] == [True, False, False]


@pytest.mark.parametrize("lazy", [False, True])
def test_a_scan_is_a_navigated_stack_of_patterns_in_hspy(
    tmp_path: Path, scan: Scan4D, counts: np.ndarray, lazy: bool
) -> None:
    reader = pytest.importorskip("rsciio.hspy").file_reader
    save(scan, path=tmp_path / "scan.hspy")
    (signal,) = reader(tmp_path / "scan.hspy", lazy=lazy)
    np.testing.assert_array_equal(np.asarray(signal["data"]), counts)
    assert signal["data"].dtype == np.uint16
    assert [(a["name"], a["scale"], a["units"], a["navigate"]) for a in signal["axes"]] == [
        ("y", 0.5, "Å", True), ("x", 0.25, "Å", True), ("ky", 0.1, "1/Å", False), ("kx", 0.2, "1/Å", False),
    ]  # fmt: skip
    microscope = signal["metadata"]["Acquisition_instrument"]["TEM"]
    assert (microscope["beam_energy"], microscope["convergence_angle"]) == (300, 20)


def test_a_scan_is_written_block_by_block_to_npy_and_zarr(tmp_path: Path, scan: Scan4D, counts: np.ndarray) -> None:
    save(scan, path=tmp_path / "scan.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "scan.npy"), counts)
    save(scan, path=tmp_path / "scan.zarr")
    with xr.open_dataset(tmp_path / "scan.zarr", engine="zarr", consolidated=False) as back:
        np.testing.assert_array_equal(back["data"], counts)
        assert back["data"].dims == ("y", "x", "ky", "kx")
        np.testing.assert_allclose(back.kx, [-0.5, -0.3, -0.1, 0.1, 0.3, 0.5])
        assert back.kx.attrs["units"] == "1/Å"


def test_a_mapped_scan_is_saved_as_mapped(tmp_path: Path, scan: Scan4D, counts: np.ndarray) -> None:
    flipped = scan.map_blocks(lambda block, start: block[:, ::-1])
    save(flipped, path=tmp_path / "scan.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "scan.npy"), counts[:, :, ::-1])


def test_tiff_shows_the_image_and_the_size_of_its_pixels(tmp_path: Path, phase: xr.DataArray) -> None:
    save(phase, path=tmp_path / "phase.tif")
    with tifffile.TiffFile(tmp_path / "phase.tif") as file:
        page = file.pages[0]
        np.testing.assert_array_equal(page.asarray(), phase.astype("f4"))
        x, y = (page.tags[name].value for name in ("XResolution", "YResolution"))
        assert page.tags["ResolutionUnit"].value == tifffile.RESUNIT.CENTIMETER
        assert x[1] / x[0] == pytest.approx(0.25e-8)
        assert y[1] / y[0] == pytest.approx(0.5e-8)
        assert file.shaped_metadata[0]["units"] == "rad"


@pytest.mark.parametrize("name", ["phase.nc", "phase.hspy", "phase.tif"])
def test_a_saved_image_opens_with_its_unit_and_its_steps(tmp_path: Path, name: str, phase: xr.DataArray) -> None:
    single = phase.astype("f4").assign_attrs(units="rad")
    save(single, path=tmp_path / name)
    xr.testing.assert_identical(open_image(path=tmp_path / name), single)


def test_a_saved_scan_opens_with_its_calibrations(tmp_path: Path, scan: Scan4D, counts: np.ndarray) -> None:
    save(scan, path=tmp_path / "scan.hspy")
    back = open_scan(path=tmp_path / "scan.hspy")
    np.testing.assert_array_equal(back.read(0, 15).reshape(back.shape), counts)
    assert back.geometry == scan.geometry


def test_a_scan_as_a_dask_array_has_its_patterns_axes_and_unit(counts: np.ndarray) -> None:
    pytest.importorskip("dask.array")
    scan = Scan4D.from_frames(InMemory(counts.reshape(-1, 4, 6), 5), (3, 5), geometry=GEOMETRY)
    lazy = scan.to_xarray()
    np.testing.assert_array_equal(lazy, counts)
    np.testing.assert_allclose(lazy.kx, [-0.5, -0.3, -0.1, 0.1, 0.3, 0.5])
    assert [lazy[dim].attrs["units"] for dim in lazy.dims] == ["Å", "Å", "1/Å", "1/Å"]
    assert lazy.attrs["units"] == "counts"


@pytest.mark.parametrize("stored", ["u1", "u2", "i4"])
def test_tiff_keeps_integers(tmp_path: Path, stored: str) -> None:
    save(image(np.arange(12).reshape(3, 4).astype(stored), Geometry(), "counts"), path=tmp_path / "counts.tiff")
    back = tifffile.imread(tmp_path / "counts.tiff")
    assert back.dtype == stored
    np.testing.assert_array_equal(back, np.arange(12).reshape(3, 4))


def test_a_file_is_replaced_and_a_named_format_needs_no_ending(tmp_path: Path, phase: xr.DataArray) -> None:
    for shift in (0, 1):
        assert write_value(phase + shift, tmp_path / "phase", "npy") == "npy"
        write_value(phase + shift, tmp_path / "phase.zarr")
    np.testing.assert_array_equal(np.load(tmp_path / "phase"), phase + 1)
    np.testing.assert_array_equal(zarr.open_group(tmp_path / "phase.zarr", mode="r")["phase"][:], phase + 1)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["phase", "phase.zarr"]


def refused(value: object, path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        save(value, path=path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_a_format_cannot_hold_is_refused_with_those_that_can(
    tmp_path: Path, scan: Scan4D, phase: xr.DataArray
) -> None:
    assert "netcdf cannot hold a scan" in refused(scan, tmp_path / "scan.nc")
    assert "save it as zarr, hspy, npy" in refused(scan, tmp_path / "scan.nc")
    assert "tiff cannot hold a table" in refused(metrics({"a": (1, "1")}), tmp_path / "a.tif")
    assert "TIFF holds real images" in refused(phase * 1j, tmp_path / "a.tif")
    assert "the ending of" in refused(phase, tmp_path / "phase.png")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_zarr_store_is_never_replaced(tmp_path: Path, phase: xr.DataArray) -> None:
    (tmp_path / "mine.zarr").mkdir()
    (tmp_path / "mine.zarr" / "thesis.tex").write_text("")
    assert "is no Zarr store" in refused(phase, tmp_path / "mine.zarr")
    assert (tmp_path / "mine.zarr" / "thesis.tex").exists()


@pytest.mark.parametrize("name", ["scan.npy", "scan.hspy", "scan.zarr"])
def test_a_scan_that_breaks_half_way_leaves_nothing(
    tmp_path: Path, scan: Scan4D, name: str, scan_breaking: Callable[[Scan4D], Scan4D]
) -> None:
    with pytest.raises(ZeroDivisionError):
        save(scan_breaking(scan), path=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def scan_breaking() -> Callable[[Scan4D], Scan4D]:
    def fail(block: np.ndarray, start: int) -> np.ndarray:
        if start >= 8:
            raise ZeroDivisionError
        return block

    return lambda scan: scan.map_blocks(fail)


def test_complex_values_keep_their_imaginary_part(tmp_path: Path, phase: xr.DataArray) -> None:
    wave = np.exp(1j * phase).assign_attrs(units="1").rename("wave")
    save(wave, path=tmp_path / "wave.nc")
    with xr.open_dataarray(tmp_path / "wave.nc") as back:
        np.testing.assert_array_equal(back, wave)
    save(wave, path=tmp_path / "wave.hspy")
    with h5py.File(tmp_path / "wave.hspy") as file:
        np.testing.assert_array_equal(file["Experiments/wave/data"], wave)
