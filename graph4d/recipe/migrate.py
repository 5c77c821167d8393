"""An old recipe file brought to the versions of the nodes that are installed."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graph4d.errors import GraphError
from graph4d.recipe.problem import RecipeErrors
from graph4d.recipe.save import replace_text
from graph4d.recipe.source import parse, read_text
from graph4d.recipe.versions import migrated, split_pin
from graph4d.registry import Registry, default_registry

__all__ = ["migrate"]


def migrate(path: str | Path, *, registry: Registry | None = None) -> list[str]:
    """Rewrite the pinned nodes of a recipe for the versions that are installed, keeping comments and order.

    Parameters
    ----------
    path : str or Path
        The file. It is written only if something in it changes.
    registry : Registry, optional
        Where nodes are looked up; by default all that are installed.

    Returns
    -------
    list of str
        A line for each pinned node: what was done, or why it could not be. One that fails does not keep the others.

    Raises
    ------
    RecipeErrors
        The file cannot be read.
    """
    from ruamel.yaml import YAML

    target = Path(path)
    text = read_text(target, str(path))
    if not isinstance(text, str):
        raise RecipeErrors([text])
    document = parse(text, str(path), target)
    if document.problems:
        raise RecipeErrors(document.problems)
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 16
    data = yaml.load(text)
    outcomes = [
        _migrate_entry(name, entry, registry or default_registry())
        for name, entry in document.section("nodes").items()
        if isinstance(entry, dict) and "@" in str(entry.get("use"))
    ]
    changed = {outcome.name: outcome for outcome in outcomes if outcome.use is not None}
    for name, outcome in changed.items():
        data["nodes"][name]["use"] = outcome.use
        _update(data["nodes"][name], outcome.values)
    if changed:
        stream = io.StringIO()
        yaml.dump(data, stream)
        replace_text(target, stream.getvalue())
    return [outcome.line for outcome in outcomes] or [f"{path}: no node is pinned to a version"]


@dataclass(frozen=True)
class _Outcome:
    name: str
    line: str
    use: str | None = None
    """The pin to write, or None to leave the entry as it is."""
    values: Mapping[str, Any] = field(default_factory=dict)


def _migrate_entry(name: str, entry: Mapping[str, Any], registry: Registry) -> _Outcome:
    use = str(entry["use"])
    try:
        node_id, version = split_pin(use)
        node = registry.get(node_id)
        values = migrated(node, node.version if version is None else version, entry.get("with") or {})
    except (GraphError, ValueError) as error:
        return _Outcome(name, f"{name}: left at {use}: {error}")
    if version == node.version:
        return _Outcome(name, f"{name}: {use} is current")
    current = f"{node_id}@{node.version}"
    return _Outcome(name, f"{name}: {use} → {current}", current, values)


def _update(entry: Any, values: Mapping[str, Any]) -> None:
    """Make ``with:`` hold just these values, touching only what differs, for comments hang on what stays."""
    if not values:
        entry.pop("with", None)
        return
    written = entry.setdefault("with", {})
    for key in [key for key in written if key not in values]:
        del written[key]
    for key, value in values.items():
        if key not in written or written[key] != value:
            written[key] = value
