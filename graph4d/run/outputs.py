"""Outputs on disk: arrays as netCDF, tables as CSV, numbers and provenance as JSON; what is there already stays."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d.errors import UsageError
from graph4d.export import replacing, write_netcdf
from graph4d.run.provenance import provenance

if TYPE_CHECKING:
    from graph4d.run.result import Run
    from graph4d.types import ValueType

__all__ = ["write_outputs"]

NUMBERS = ("Scalar", "Metrics")


def write_outputs(run: Run, folder: Path) -> dict[str, Any]:
    """Write every output that was computed into ``folder``, and what it came from beside it.

    Each array goes to ``<output>.nc`` (netCDF-4), each table to ``<output>.csv``, scalars and metrics together to
    ``metrics.json``, and everything about the run to ``provenance.json``. A file that an earlier run wrote from the
    same digest, and that nobody touched since, is left as it is. Lazy outputs are not written: ``io.save`` does that.

    Parameters
    ----------
    run : Run
    folder : Path
        Made if it is missing.

    Returns
    -------
    dict
        The provenance as written.

    Raises
    ------
    UsageError
        The folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        document = provenance(run)
        before = _earlier(folder)
        for name in run.wanted:
            if run.digest(name) is not None and run.wanted[name].step not in run.errors:
                document["outputs"][name] |= _write_output(run, name, folder, before.get(name, {}))
        _write_numbers(run, folder, document["outputs"], before)
        _write_text(folder / "provenance.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written to: {error.strerror or error}; choose another --out") from error
    return document


def _earlier(folder: Path) -> dict[str, Any]:
    try:
        outputs = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["outputs"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # no earlier run, or not one of ours: everything is written
    return outputs if isinstance(outputs, dict) else {}


def _write_output(run: Run, name: str, folder: Path, before: dict[str, Any]) -> dict[str, Any]:
    value_type = run.graph.type_of(run.wanted[name])
    if value_type.container == "lazy" or value_type.name in NUMBERS:
        return {}
    path = folder / f"{name}{_suffix(value_type)}"
    if not _is_current(path, before, run.digest(name)):
        if path.suffix == ".csv":
            _write_text(path, run.value(name).to_dataframe().to_csv())
        else:
            write_netcdf(run.value(name), path)
    return _stamp(path)


def _suffix(value_type: ValueType) -> str:
    return ".csv" if value_type.name == "Table" else ".nc"


def _is_current(path: Path, before: dict[str, Any], digest: str | None) -> bool:
    if before.get("digest") != digest or not path.is_file():
        return False
    return all(before.get(key) == value for key, value in _stamp(path).items())


def _stamp(path: Path) -> dict[str, Any]:
    status = path.stat()
    return {"file": path.name, "bytes": status.st_size, "mtime_ns": status.st_mtime_ns}


def _write_numbers(run: Run, folder: Path, outputs: dict[str, Any], before: dict[str, Any]) -> None:
    names = [n for n in run.wanted if run.graph.type_of(run.wanted[n]).name in NUMBERS and run.digest(n) is not None]
    names = [n for n in names if run.wanted[n].step not in run.errors]
    if not names:
        return
    path = folder / "metrics.json"
    if not all(_is_current(path, before.get(n, {}), run.digest(n)) for n in names):
        numbers = {n: _numbers(run.value(n)) for n in names}
        _write_text(path, json.dumps(numbers, indent=1, ensure_ascii=False) + "\n")
    for n in names:
        outputs[n] |= _stamp(path)


def _numbers(value: Any) -> dict[str, Any]:
    """``{"value", "units"}`` of a scalar, or of each variable of metrics; None for what is not a finite number."""
    variables = getattr(value, "data_vars", None)
    if variables is not None:
        return {str(name): _numbers(variable) for name, variable in variables.items()}
    number = value.item()
    if isinstance(number, float) and not math.isfinite(number):
        number = None  # JSON has no word for it
    elif not isinstance(number, bool | int | float | str):
        number = str(number)
    return {"value": number, "units": value.attrs.get("units", "1")}


def _write_text(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
