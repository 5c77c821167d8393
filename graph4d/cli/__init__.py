"""The command line: ``graph4d``."""

import io
import os
import sys

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
    app()
