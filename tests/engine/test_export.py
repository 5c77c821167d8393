"""Values written as netCDF open again as what they were."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from graph4d import UsageError
from graph4d.export import replacing, write_netcdf


def test_an_array_comes_back_with_dims_coordinates_units_and_name(tmp_path: Path) -> None:
    value = xr.DataArray(
        np.arange(6.0).reshape(2, 3),
        dims=("y", "x"),
        coords={"x": ("x", [0.0, 0.5, 1.0], {"units": "Å"})},
        attrs={"units": "rad"},
        name="phase",
    )
    write_netcdf(value, tmp_path / "deep" / "phase.nc")
    with xr.open_dataarray(tmp_path / "deep" / "phase.nc") as back:
        xr.testing.assert_identical(back.load(), value)


@pytest.mark.parametrize("dtype", ["bool", "u1", "i8", "f4", "c8", "c16", "U"])
def test_numbers_of_any_kind_keep_their_type(tmp_path: Path, dtype: str) -> None:
    column = np.array(["a", "Å"]) if dtype == "U" else np.array([0, 1]).astype(dtype)
    write_netcdf(xr.Dataset({"column": ("row", column, {"units": "1"})}), tmp_path / "table.nc")
    with xr.open_dataset(tmp_path / "table.nc") as back:
        assert back["column"].dtype == column.dtype
        np.testing.assert_array_equal(back["column"], column)


def test_attributes_that_files_do_not_know_are_left_out_or_become_text(tmp_path: Path) -> None:
    value = xr.DataArray(
        np.zeros(2),
        dims="x",
        coords={"x": ("x", [0, 1], {"from": None})},
        attrs={"none": None, "flag": np.True_, "nested": {"a": [1]}, "list": [1, 2], "number": np.float32(2)},
    )
    write_netcdf(value, tmp_path / "value.nc")
    with xr.open_dataarray(tmp_path / "value.nc") as back:
        assert back.attrs["nested"] == '{"a": [1]}'
        assert (back.attrs["flag"], back.attrs["number"], list(back.attrs["list"])) == (1, 2, [1, 2])
        assert "none" not in back.attrs
        assert back.x.attrs == {}
    assert value.attrs["none"] is None
    assert value.x.attrs == {"from": None}


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "value.nc"
    path.write_text("old")

    def fail_half_way() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("value.nc", "old")]


def test_what_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot write .*value\.nc: (Not a directory|File exists)"):
        write_netcdf(xr.DataArray(0.0), tmp_path / "file" / "value.nc")
    with pytest.raises(UsageError, match="it is a folder"):
        write_netcdf(xr.DataArray(0.0), tmp_path)
