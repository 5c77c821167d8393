"""Why a step runs, in words a person would use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graph4d.ledger import Action
    from graph4d.recipe.graph import Step
    from graph4d.store import Memo

__all__ = ["why"]


def why(action: Action, step: Step, before: Mapping[str, Any] | None, memo: Memo | None) -> str:
    """Why a step must run: how its action differs from the one that last ran under its name.

    Parameters
    ----------
    action : Action
        Of now.
    step : Step
    before : mapping or None
        The ``record`` of the last time, from the store's history.
    memo : Memo or None
        What this very action gave, if it ever ran.

    Returns
    -------
    str
        For example ``parameter kernel 41→21``, ``code changed; input com changed`` or ``never ran``.
    """
    if not step.node.deterministic:
        return "not deterministic"
    if step.node.effects == "writes":
        return "writes files"
    changes = list(dict.fromkeys(_changes(action.record, step, before))) if before is not None else []
    if changes:
        return "; ".join(changes)
    if before is None and memo is None:
        return "never ran"
    if all(output.type.container == "lazy" for output in step.node.schema.outputs.values()):
        return "opened for what needs it"
    return "evicted" if memo is None or memo.kept else "quicker to compute than to keep"


def _changes(now: Mapping[str, Any], step: Step, before: Mapping[str, Any]) -> Iterator[str]:
    if before["node"] != now["node"]:
        yield f"node {before['node']}→{now['node']}"
        return
    if before["version"] != now["version"]:
        yield f"version {before['version']}→{now['version']}"
    elif before["code"] != now["code"]:
        yield "code changed"
    yield from _changed_parameters(now, step, before)
    yield from _changed_files(now["files"], before["files"])
    for port in before["inputs"]:
        if port not in now["inputs"]:
            yield f"input {port} is gone"
    for port, ref in step.inputs.items():
        if before["inputs"].get(port) != now["inputs"][port]:
            yield f"input {ref.step} changed"


def _changed_parameters(now: Mapping[str, Any], step: Step, before: Mapping[str, Any]) -> Iterator[str]:
    for name, value in now["parameters"].items():
        old = before["parameters"].get(name, "unset")
        moved = step.node.schema.parameters[name].reads and Path(old).name == Path(value).name
        if old != value and not moved:  # where a file lies is no part of a key
            yield f"parameter {name} {old}→{value}"


def _changed_files(now: Mapping[str, str], before: Mapping[str, str]) -> Iterator[str]:
    old = {Path(path).name: digest for path, digest in before.items()}
    for path, digest in now.items():
        name = Path(path).name
        if old.get(name, digest) != digest:  # one of another name was named by a parameter
            yield f"file {name} changed"
