"""EMPAD: raw float32 frames of 130 × 128, the last two rows of which are not part of the picture, and an XML."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

from graph4d import UsageError
from graph4d_nodes.geometry import Geometry
from graph4d_nodes.io.mapped import MappedFrames
from graph4d_nodes.io.recording import Recording

__all__ = ["open_recording", "partners"]

SIDE = 128
FRAME_BYTES = 130 * SIDE * 4


def open_recording(path: Path, dataset: str | None = None) -> Recording:
    """Open a ``.raw``, or the ``.xml`` that belongs to it.

    Calibrations follow the conventions of RosettaSciIO: the field of view is divided by the number of positions (and,
    since version 1.2, by the scale factor beside it), and ``calibrated_pixelsize`` is taken in 1/nm per 10⁻⁹.

    Raises
    ------
    UsageError
        The raw file is not there or holds no whole number of frames, or the XML is damaged.
    """
    if dataset is not None:
        raise UsageError(f"{path} is an EMPAD file, which has no datasets; leave `dataset` out")
    is_description = path.suffix.lower() == ".xml"
    raw = _raw_beside(path) if is_description else path
    descriptions = [path] if is_description else partners(path)
    root = _parsed(descriptions[0]) if descriptions else None
    count, rest = divmod(raw.stat().st_size, FRAME_BYTES)
    if rest or not count:
        raise UsageError(
            f"{raw} holds {count} whole EMPAD frames of {FRAME_BYTES} bytes and {rest} bytes more: it is cut short or "
            f"not an EMPAD file"
        )
    frames = MappedFrames(raw, (count, SIDE, SIDE), "<f4", stride=FRAME_BYTES)
    positions = _positions(raw, root)
    if positions is not None and positions[0] * positions[1] != count:
        positions = None  # an acquisition that was stopped
    return Recording(frames, positions, Geometry() if root is None else _geometry(root, positions))


def partners(path: Path) -> list[Path]:
    """The raw file an ``.xml`` names, or the ``.xml`` files beside a ``.raw`` that name it."""
    if path.suffix.lower() == ".xml":
        return [path.with_name(_raw_name(path))] if path.is_file() else []
    return [p for p in sorted(path.parent.glob("*.xml")) if _raw_name(p) == path.name]


def _raw_name(xml: Path) -> str:
    """The name in ``<raw_file filename="…">``, without the folder it once had."""
    found = re.search(r'<raw_file\s+filename="([^"]*)"', xml.read_text("utf-8", "replace"))
    return Path(found[1]).name if found else ""


def _raw_beside(xml: Path) -> Path:
    name = _raw_name(xml)
    raw = xml.with_name(name) if name else xml
    if not name or not raw.is_file():
        what = f"names {name}, which is not beside it" if name else "is not an EMPAD description: it names no raw file"
        raise UsageError(f"{xml} {what}; give the .raw file, with `scan_shape`")
    return raw


def _parsed(xml: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(xml).getroot()
    except ElementTree.ParseError as error:
        raise UsageError(f"{xml} is not well-formed XML: {error}") from None


def _positions(raw: Path, root: ElementTree.Element | None) -> tuple[int, int] | None:
    """Scan rows and columns: in the XML, differently before and since version 1.2, or in the file's name."""
    if root is not None:
        scan = root.find("scan_parameters[@mode='acquire']")
        for place, rows, columns in ((root, "pix_y", "pix_x"), (scan, "scan_resolution_y", "scan_resolution_x")):
            if place is not None and (y := place.findtext(rows)) and (x := place.findtext(columns)):
                return int(y), int(x)
    named = re.search(r"_x(\d+)_y(\d+)$", raw.stem)
    return (int(named[2]), int(named[1])) if named else None


def _geometry(root: ElementTree.Element, positions: tuple[int, int] | None) -> Geometry:
    microscope = root.find("iom_measurements")
    if microscope is None:
        return Geometry()
    voltage = microscope.findtext("high_voltage") or microscope.findtext("source.get_voltage")
    pixel = microscope.findtext("calibrated_pixelsize")
    detector_step = None if pixel is None else float(pixel) * 1e8  # 1e9 to 1/nm, 0.1 to 1/Å
    return Geometry(
        energy=None if voltage is None else float(voltage),
        scan_step=None if positions is None else _scan_step(microscope, positions),
        detector_step=None if detector_step is None else (detector_step, detector_step),
    )


def _scan_step(microscope: ElementTree.Element, positions: tuple[int, int]) -> tuple[float, float] | None:
    """From the field of view, in metres."""
    view = microscope.find("full_scan_field_of_view")
    if view is not None and (x := view.findtext("x")) and (scale := view.findtext("scale_factor")):
        step = float(x) * 1e10 / float(scale) / max(positions)
        return step, step
    before = microscope.findtext("optics.get_full_scan_field_of_view")
    if before is None:
        return None
    height, width = json.loads(before)
    return height * 1e10 / positions[0], width * 1e10 / positions[1]
