"""What ``graph4d open`` serves for a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from graph4d import UsageError
from graph4d_nodes.io.open import open_scan

__all__ = ["code"]


def code(path: Path, settings: Mapping[str, object]) -> str:
    """Python code whose last line displays the explorer of a scan.

    Parameters
    ----------
    path : Path
        Of the scan. What it lacks in order to be opened is asked for on the page.
    settings : mapping
        Parameters of ``io.open`` as the command line has them: numbers that need a unit have one, and so are text.

    Raises
    ------
    UsageError
        There is no such file, or a parameter is unknown, wrong or the path.
    """
    if "path" in settings:
        raise UsageError(f"`path` is the file that is opened, {path}, and cannot be set as well; leave it out")
    if not path.is_file():
        raise UsageError(f"{path} is no file; give the path of a scan")
    known = open_scan.schema.parameters
    # Python may give bare numbers, in base units; a person at the command line has to say the unit.
    bare = {n: str(v) for n, v in settings.items() if n in known and known[n].unit and type(v) in (int, float) and v}
    open_scan.validate({"path": path, **settings, **bare})
    given = "".join(f", {name}={value!r}" for name, value in settings.items())
    return f"from graph4d_nodes.explorer import explore\nexplore({str(path.absolute())!r}{given})"
