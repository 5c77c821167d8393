"""Commands about the store: where it is, how full, pruning it, checking it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from graph4d.cli.telling import told

if TYPE_CHECKING:
    from graph4d.store import DiskStore

__all__ = ["app"]

app = typer.Typer(help="Look after the store of results.", no_args_is_help=True)


def _disk() -> DiskStore:
    from graph4d.store import DiskStore, store_folder

    return DiskStore(store_folder())


def path() -> None:
    """Say where the store is."""
    from graph4d.store import store_folder

    print(store_folder())


def stat() -> None:
    """Say how much the store holds."""
    figures = _disk().stat()
    print(f"{figures.objects} objects, {figures.nbytes / 2**20:.1f} MiB of {figures.budget / 2**20:.0f} MiB")


def prune(
    target: Annotated[
        float, typer.Option("--to", min=0, help="MiB to leave; what is cheapest to recompute goes first.")
    ] = 0,
) -> None:
    """Make the store smaller."""
    freed = _disk().prune(int(target * 2**20))
    print(f"freed {freed / 2**20:.1f} MiB")


def verify() -> None:
    """Hash every object again; broken ones are removed, and will be computed anew."""
    report = _disk().verify()
    print(f"{report.objects} objects good, {len(report.broken)} broken and removed")
    for digest in report.broken:
        print(f"    {digest}")


for name, command in {"path": path, "stat": stat, "prune": prune, "verify": verify}.items():
    app.command(name)(told(command))
