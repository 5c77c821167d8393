"""``io.open``: a 4D-STEM scan from a file of any format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from graph4d import Angle, InputPath, Range, UsageError, node
from graph4d_nodes.geometry import detector_to_scan
from graph4d_nodes.io.companions import files_with
from graph4d_nodes.io.formats.discover import open_recording
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.types import BeamEnergy, DetectorStep, Rotation, Sampling

__all__ = ["arrangements", "open_scan"]


def _files(parameters: Mapping[str, Any]) -> Iterable[Path]:
    return files_with(parameters["path"])


@node("io.open", effects="reads", reads=_files)
def open_scan(
    *,
    path: InputPath,
    dataset: str | None = None,
    scan_shape: tuple[int, int] | None = None,
    skip_frames: Annotated[int, Range(0)] = 0,
    skip_row: Annotated[int, Range(0)] = 0,
    energy: BeamEnergy | None = None,
    semiangle: Annotated[Angle, Range(0)] | None = None,
    scan_step: Sampling | None = None,
    scan_step_x: Sampling | None = None,
    detector_step: DetectorStep | None = None,
    detector_step_x: DetectorStep | None = None,
    rotation: Rotation = 0.0,
    transpose: bool = False,
) -> Scan4D:
    """Open a scan without reading it.

    Patterns are counted row by row, (0, 0) top-left; a pattern's first row is the first row stored. Calibrations given
    here win over those in the file.

    Parameters
    ----------
    path : Path
        File of the scan. Files that belong to it (header, data files of a master) are found beside it.
    dataset : str, optional
        Which dataset of an HDF5 file; by default the only one that can be a scan.
    scan_shape : (int, int), optional
        Scan rows and columns, where the file does not say or is wrong.
    skip_frames : int
        Patterns recorded before the first position.
    skip_row : int
        Patterns recorded during flyback, at the end of each scan row.
    energy : float, optional
        Of the electrons [eV].
    semiangle : float, optional
        Convergence semi-angle of the probe [rad].
    scan_step : float, optional
        Distance of scan positions along y and x [Å].
    scan_step_x : float, optional
        Distance along x [Å] where it differs from that along y.
    detector_step : float, optional
        Size of a detector pixel along ky and kx [1/Å], without 2π.
    detector_step_x : float, optional
        Size along kx [1/Å] where it differs from that along ky.
    rotation : float
        Angle [rad] by which the scan's axes appear turned on the detector, clockwise on screen.
    transpose : bool
        The detector's rows and columns are exchanged.

    Returns
    -------
    Scan4D
        (y, x, ky, kx) in the file's own dtype and native byte order; nothing has been read.

    Raises
    ------
    UsageError
        The file is missing, damaged, of an unknown format or not a scan, or its patterns do not fit the shape.
    """
    recording = open_recording(path, dataset)
    count = recording.frames.shape[0]
    if scan_shape is not None:
        rows, columns = scan_shape
    elif recording.positions is not None:
        rows, columns = recording.positions[0], recording.positions[1] - skip_row
    else:
        raise UsageError(_shape_wanted(path, count))
    _check_fit(path, count, (rows, columns), skip_frames, skip_row)
    geometry = recording.geometry.updated(
        energy=energy,
        semiangle=semiangle,
        scan_step=_both_axes("scan_step", scan_step, scan_step_x),
        detector_step=_both_axes("detector_step", detector_step, detector_step_x),
        transform=detector_to_scan(rotation, transpose),
    )
    return Scan4D.from_frames(
        recording.frames,
        (rows, columns),
        geometry=geometry,
        first=skip_frames,
        row_stride=columns + skip_row,
        title=path.stem,
        metadata=recording.metadata,
    )


def _both_axes(name: str, along_y: float | None, along_x: float | None) -> tuple[float, float] | None:
    if along_y is None:
        if along_x is not None:
            raise UsageError(f"`{name}_x` is given without `{name}`, which it differs from; give both")
        return None
    return along_y, along_y if along_x is None else along_x


def arrangements(count: int) -> list[tuple[int, int]]:
    """Rows and columns in which so many patterns may have been recorded, nearly square ones first; six at most."""
    pairs = [(n, count // n) for n in range(2, int(count**0.5) + 1) if count % n == 0][-3:]
    return [shape for rows, columns in reversed(pairs) for shape in dict.fromkeys([(rows, columns), (columns, rows)])]


def _shape_wanted(path: Path, count: int) -> str:
    if count == 1:
        return f"{path} holds a single pattern; open it with io.image, or set `scan_shape: [1, 1]`"
    options = [f"[{rows}, {columns}]" for rows, columns in arrangements(count)]
    such = f", such as {', '.join(options)}" if options else ""
    return (
        f"{path} holds a stack of {count} patterns and not their arrangement; set `scan_shape: [rows, columns]`{such}"
    )


def _check_fit(path: Path, count: int, positions: tuple[int, int], skip_frames: int, skip_row: int) -> None:
    rows, columns = positions
    if rows < 1 or columns < 1:
        raise UsageError(f"{path}: a scan of {rows} × {columns} positions has none; check `scan_shape` and `skip_row`")
    stride = columns + skip_row
    wanted = skip_frames + rows * stride - skip_row
    skipped = f" after {skip_frames} skipped" if skip_frames else ""
    flyback = f" with {skip_row} more after each row" if skip_row else ""
    asked = f"{path}: {rows} × {columns} positions{flyback}{skipped} take {wanted} patterns, the file holds {count}"
    if count < wanted:
        raise UsageError(f"{asked}; correct `scan_shape`, `skip_row` or `skip_frames`")
    # The beginning of a row that was not finished may be left over, a whole row means that the shape is wrong.
    if count - wanted >= stride + skip_row:
        raise UsageError(f"{asked}, {count - wanted} too many; correct `scan_shape`, `skip_row` or `skip_frames`")
