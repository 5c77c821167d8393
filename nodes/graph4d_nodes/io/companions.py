"""Files that belong to a recording beside the one that was named, found by their names alone."""

from __future__ import annotations

from pathlib import Path

from graph4d_nodes.io.formats.empad import partners

__all__ = ["files_with"]


def files_with(path: Path) -> list[Path]:
    """The file itself and those whose content is read with it.

    Parameters
    ----------
    path : Path
        A Merlin ``.mib`` (with its ``.hdr``), an EMPAD ``.raw`` or ``.xml`` (with the other), an ARINA or EIGER master
        (with its data files), or any other file, which stands alone.
    """
    suffix = path.suffix.lower()
    if suffix == ".mib":
        beside = [path.with_suffix(".hdr")]
    elif suffix in (".raw", ".xml"):
        beside = partners(path)
    elif path.stem.endswith("_master"):
        beside = sorted(path.parent.glob(f"{path.stem.removesuffix('_master')}_data_*{path.suffix}"))
    else:
        beside = []
    return [path, *(p for p in beside if p.is_file())]
