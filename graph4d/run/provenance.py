"""Where results come from: recipe, parameters, digests, versions, what ran and what was reused."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

import graph4d
from graph4d.registry import default_registry
from graph4d.run.events import NotStored, StepFailed, StepFinished, StepReused, StepSkipped, StepStarted, UnitConverted

if TYPE_CHECKING:
    from graph4d.ledger import Action
    from graph4d.run.result import Run

__all__ = ["notes", "provenance", "versions"]

PACKAGES = ("numpy", "numba", "scipy", "xarray", "h5py", "torch", "scikit-image", "scikit-learn")


def provenance(run: Run) -> dict[str, Any]:
    """All there is to know of a run, fit for JSON.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        ``graph4d, title, recipe, source, started, seconds, parameters, steps, outputs, versions, notes``; each step
        with node, package, version, code fingerprint, parameters, files, inputs, action, outputs, status, reason,
        seconds and the units that were converted; a reused one with the ``origin`` of its result.
    """
    graph = run.graph
    return {
        "graph4d": graph4d.__version__,
        "title": graph.title,
        "recipe": str(graph.path) if graph.path else None,
        "source": dict(graph.data),
        "started": run.started.isoformat(timespec="seconds"),
        "seconds": round(run.seconds, 6),
        "parameters": {n: p.display(graph.parameters[n]) for n, p in graph.declared.items() if n in graph.parameters},
        "steps": {name: _step(run, name, said) for name, said in _told(run).items()},
        "outputs": {name: {"from": str(ref), "digest": run.ledger.digest(ref)} for name, ref in run.wanted.items()},
        "versions": versions(PACKAGES),
        "notes": notes(run),
    }


def notes(run: Run) -> list[str]:
    """What a person should know although nothing failed, in a line each."""
    lines = [f"{p.place or p.source}: {p.message}" + (f" ({p.hint})" if p.hint else "") for p in run.graph.notes]
    not_stored: dict[str, dict[str, str]] = {}
    for event in run.log:
        if isinstance(event, NotStored):  # a full disk is one thing to know, however many results it refuses
            not_stored.setdefault(event.why.rpartition(": ")[2], {})[event.step] = event.why
    for told in not_stored.values():
        names, why = ", ".join(told), next(iter(told.values()))
        lines.append(f"{names} {'were' if len(told) > 1 else 'was'} not stored: {why}")
    return lines


def _told(run: Run) -> dict[str, dict[str, Any]]:
    """What the log says of each step, in the order of the graph."""
    told: dict[str, dict[str, Any]] = {name: {"status": "not needed"} for name in run.graph.steps}
    for event in run.log:
        if isinstance(event, StepStarted):
            told[event.step] = {"status": "interrupted", "reason": event.reason}
        elif isinstance(event, StepFinished):
            told[event.step] |= {"status": "computed", "seconds": round(event.seconds, 6)}
        elif isinstance(event, UnitConverted):
            told[event.step].setdefault("converted", {})[event.port] = f"{event.given}→{event.unit}"
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
    package = default_registry().package(step.node.id)
    made = {"package": str(package)} if package else {}
    origin = _origin(run, action) if said["status"] == "reused" else {}
    return {**known, **made, "outputs": run.ledger.outputs.get(name, {}), **said, **origin}


def _origin(run: Run, action: Action | None) -> dict[str, Any]:
    """What is known of the time when a reused result was computed."""
    memo = run.store.memo(action.key) if action else None
    if memo is None:
        return {}
    seconds = {"seconds": round(memo.seconds, 6), "versions": dict(memo.environment)}
    converted = {port: "→".join(units) for port, units in memo.converted.items()}
    return {"origin": seconds} | ({"converted": converted} if converted else {})


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
