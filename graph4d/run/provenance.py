"""Where results come from: recipe, parameters, digests, versions, what ran and what was reused."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

import graph4d
from graph4d.run.events import StepFailed, StepFinished, StepReused, StepSkipped, StepStarted

if TYPE_CHECKING:
    from graph4d.run.result import Run

__all__ = ["provenance", "versions"]

PACKAGES = ("numpy", "numba", "scipy", "xarray", "h5py", "torch", "scikit-image", "scikit-learn")


def provenance(run: Run) -> dict[str, Any]:
    """All there is to know of a run, fit for JSON.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        ``recipe, title, started, seconds, parameters, steps, outputs, versions``; each step with node, version, code
        fingerprint, parameters, files, inputs, action, outputs, status, reason and seconds.
    """
    graph = run.graph
    return {
        "graph4d": graph4d.__version__,
        "title": graph.title,
        "recipe": str(graph.path) if graph.path else None,
        "started": run.started.isoformat(timespec="seconds"),
        "seconds": round(run.seconds, 6),
        "parameters": {n: p.display(graph.parameters[n]) for n, p in graph.declared.items() if n in graph.parameters},
        "steps": {name: _step(run, name, said) for name, said in _told(run).items()},
        "outputs": {name: {"from": str(ref), "digest": run.ledger.digest(ref)} for name, ref in run.wanted.items()},
        "versions": versions(PACKAGES),
    }


def _told(run: Run) -> dict[str, dict[str, Any]]:
    """What the log says of each step, in the order of the graph."""
    told: dict[str, dict[str, Any]] = {name: {"status": "not needed"} for name in run.graph.steps}
    for event in run.log:
        if isinstance(event, StepStarted):
            told[event.step] = {"status": "interrupted", "reason": event.reason}
        elif isinstance(event, StepFinished):
            told[event.step] |= {"status": "computed", "seconds": round(event.seconds, 6)}
        elif isinstance(event, StepReused):
            told[event.step] = {"status": "reused"}
        elif isinstance(event, StepFailed):
            told[event.step] |= {"status": "failed", "error": event.error}
        elif isinstance(event, StepSkipped):
            told[event.step] = {"status": "skipped", "reason": f"{event.failed} failed"}
    return told


def _step(run: Run, name: str, said: dict[str, Any]) -> dict[str, Any]:
    step = run.graph.steps[name]
    action = run.ledger.actions.get(name)
    known = {"action": action.key, **action.record} if action else {"node": step.node.id, "version": step.node.version}
    return {**known, "outputs": run.ledger.outputs.get(name, {}), **said}


@cache
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of Python and of those packages that are installed; nothing is imported."""
    found = {package: version for package in packages if (version := _version(package)) is not None}
    return {"python": platform.python_version(), **found}
