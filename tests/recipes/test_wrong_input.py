"""What is wrong with a file or a setting is said in one line, with exit code 2 and no traceback."""

from __future__ import annotations

from pathlib import Path

import numpy as np

EXPLORE = Path(__file__).resolve().parents[2] / "recipes" / "explore.yml"


def complaint(cli, scan: object, *settings: str) -> str:
    pairs = [part for setting in (f"scan={scan}", *settings) for part in ("--set", setting)]
    said = cli("run", EXPLORE, "--only", "mean_pattern", *pairs)
    assert said.code == 2
    assert "Traceback" not in said.err
    assert len(said.err.strip().splitlines()) == 1, said.err
    return said.err


def test_a_missing_file(cli, tmp_path):
    assert "nowhere.h5" in complaint(cli, tmp_path / "nowhere.h5")


def test_a_truncated_hdf5_file(cli, shared_data, tmp_path):
    whole = (shared_data / "sto_rot23.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    assert "cut.h5" in complaint(cli, tmp_path / "cut.h5")


def test_a_wrong_dataset_name_lists_those_there_are(cli, shared_data):
    said = complaint(cli, shared_data / "rotavirus.h5", "dataset=date")
    assert "date" in said
    assert "data" in said.replace("date", "")


def test_a_stack_without_scan_shape(cli, tmp_path):
    np.save(tmp_path / "stack.npy", np.zeros((12, 8, 8), np.uint16))
    assert "scan_shape" in complaint(cli, tmp_path / "stack.npy")


def test_an_image_given_as_a_scan(cli, shared_data):
    assert "io.image" in complaint(cli, shared_data / "images" / "atomap_STO_ADF.hdf5")


def test_a_corrupted_merlin_file(cli, shared_data):
    assert "corrupted.mib" in complaint(cli, shared_data / "formats" / "gemini_test_CL30cm_corrupted.mib")


def test_an_event_stream_needs_the_live_source(cli, shared_data):
    assert "live" in complaint(cli, shared_data / "formats" / "tpx3" / "raw_test_data_00.tpx3")


def test_a_wrong_unit_and_a_misspelt_parameter_are_told_together(cli, tmp_path):
    said = cli("run", EXPLORE, "--set", f"scan={tmp_path}", "--set", "energy=30 mrad", "--set", "kernal=3")
    assert said.code == 2
    assert "an angle; expected an energy such as 300 keV" in said.err
    assert "did you mean `kernel`?" in said.err


def test_an_output_folder_that_cannot_be_made(cli, tmp_path):
    (tmp_path / "file").touch()
    said = cli("run", EXPLORE.parent / "quickstart.yml", "--only", "mean_pattern", "--out", tmp_path / "file" / "out")
    assert said.code == 2
    assert "choose another --out" in said.err
