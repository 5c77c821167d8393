"""``python -m benchmarks``: everything, or ``--only`` some of it, as one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import import_module

from benchmarks.row import Options, Row, table

#: Modules with a function ``rows(options)``; memory first, before this process holds anything itself.
TOPICS = ("memory", "startup", "small", "passes", "multislice", "ssb", "ricom", "browser")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=TOPICS, help="just this topic; repeatable")
    parser.add_argument("--no-peers", action="store_true", help="install and run no other package")
    parser.add_argument("--quick", action="store_true", help="small scans: to see that it works, not how fast it is")
    arguments = parser.parse_args()
    options = Options(quick=arguments.quick, peers=not arguments.no_peers)
    measured: list[Row] = []
    for topic in arguments.only or TOPICS:
        print(f"measuring {topic} …", file=sys.stderr)
        rows: Callable[[Options], list[Row]] = import_module(f"benchmarks.{topic}").rows
        measured += rows(options)
    print(table(measured))
    return int(any(row.missed for row in measured))


if __name__ == "__main__":
    sys.exit(main())
