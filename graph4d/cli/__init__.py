"""The command line: ``graph4d``."""

import io
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; exit 0, 2 for a wrong recipe, parameter or file, 1 if a node failed, 130 if interrupted."""
    from graph4d.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Å or → still gets the rest of the line
    app()
