"""Methods compared on this machine."""

import csv
from pathlib import Path

RECIPES = Path(__file__).resolve().parents[2] / "recipes"


def test_the_table_of_methods_is_written_with_its_text_and_shown(cli, tmp_path):
    small = ["positions=[32, 16]", "detector=40", "dose=2000", "kernel=15", "repeats=1"]
    settings = [part for pair in small for part in ("--set", pair)]
    run = ["run", RECIPES / "method_table.yml", *settings, "--out", tmp_path, "--report", tmp_path / "report.html"]
    said = cli(*run)
    assert said.code == 0, said.err
    with (tmp_path / "table.csv").open(encoding="utf-8") as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    assert rows["SSB"]["published_resolution"] == "2α"
    assert rows["SSB"]["needs"] == "α, step, pixel, energy, rotation"
    assert float(rows["riCOM"]["speed"]) > 0
    assert rows["AIRPI"]["speed"] == ""
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "kernel size, rotation, optional filter" in report
    # What was measured is measured again.
    assert "(sample, table)" in cli(*run).out
