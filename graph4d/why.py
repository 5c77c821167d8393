"""Why a step runs, in words a person would use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graph4d.ledger import Action
    from graph4d.recipe.graph import Step

__all__ = ["why"]


def why(action: Action, step: Step, before: Mapping[str, Any] | None) -> str:
    """Why a step must run: how its action differs from the one that last ran under its name.

    Parameters
    ----------
    action : Action
        Of now.
    step : Step
    before : mapping or None
        The ``record`` of the last time, from the store's history.

    Returns
    -------
    str
        For example ``parameter kernel 41→21`` or ``never ran``.
    """
    if not step.node.deterministic:
        return "not deterministic"
    if step.node.effects == "writes":
        return "writes files"
    if before is None:
        return "never ran"
    now = action.record
    reasons = []
    if before["node"] != now["node"]:
        return f"node {before['node']}→{now['node']}"
    if before["version"] != now["version"]:
        reasons.append(f"version {before['version']}→{now['version']}")
    elif before["code"] != now["code"]:
        reasons.append("code changed")
    for name, value in now["parameters"].items():
        if before["parameters"].get(name) != value:
            reasons.append(f"parameter {name} {before['parameters'].get(name, 'unset')}→{value}")
    if list(before["files"].values()) != list(now["files"].values()):
        reasons.append("file " + ", ".join(Path(path).name for path in now["files"]) + " changed")
    for port, ref in step.inputs.items():
        if before["inputs"].get(port) != now["inputs"][port]:
            reasons.append(f"input {ref.step} changed")
    return "; ".join(dict.fromkeys(reasons)) or "evicted"
