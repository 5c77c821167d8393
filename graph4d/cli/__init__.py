"""The command line: ``graph4d``."""

import io
import os
import sys
import warnings
from typing import TextIO

__all__ = ["main"]

INTERRUPTED = 130


def main() -> None:
    """Run the command line; exit 0, 2 for a wrong recipe, parameter or file, 1 if a node failed, 130 if interrupted."""
    try:
        _run_app()
    except KeyboardInterrupt:  # before there was a command
        pass
    except SystemExit as left:
        if left.code != INTERRUPTED:
            raise
    # Python would wait here for the thread of a node that does not stop. A store may be left at any moment.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def _run_app() -> None:
    from graph4d.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Å or → still gets the rest of the line
    warnings.showwarning = _warn
    app()


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A node's warning in one line; where in Python it was made helps nobody here."""
    del category, filename, lineno, line
    print(f"warning: {message}", file=file or sys.stderr)
