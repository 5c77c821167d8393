"""``<recipe>.lock.yml``: the versions, code and data that a result was made with."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from graph4d.errors import UsageError
from graph4d.files import file_digest
from graph4d.fingerprint import fingerprint
from graph4d.recipe.graph import Graph
from graph4d.recipe.problem import RecipeErrors
from graph4d.recipe.save import replace_text
from graph4d.recipe.source import parse, read_text
from graph4d.recipe.write import flow, written
from graph4d.registry import Registry, default_registry

__all__ = ["check_lock", "freeze", "lock_path"]

_REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+")


def lock_path(graph: Graph) -> Path:
    """Where the lock of a recipe lies: beside it.

    Raises
    ------
    UsageError
        The recipe is not a file.
    """
    if graph.path is None:
        raise UsageError(f"{graph.title!r} is not a file; save it first, then freeze it")
    return graph.path.with_suffix(".lock.yml")


def freeze(graph: Graph, path: Path | None = None, *, registry: Registry | None = None) -> Path:
    """Write down what the results of a graph depend on. Data files are read whole.

    Parameters
    ----------
    graph : Graph
    path : Path, optional
        By default ``<recipe>.lock.yml`` beside the recipe.
    registry : Registry, optional
        Knows the packages that the nodes come from.

    Returns
    -------
    Path

    Raises
    ------
    UsageError
        A data file is missing, or the lock cannot be written.
    """
    target = path or lock_path(graph)
    replace_text(target, _text(_state(graph, target.absolute().parent, registry or default_registry())))
    return target


def check_lock(graph: Graph, lock: Path | None = None, *, registry: Registry | None = None) -> list[str]:
    """What has changed since a graph was frozen.

    Returns
    -------
    list of str
        A line for each difference; none if a run would give the same results.

    Raises
    ------
    UsageError
        The lock cannot be read, or a data file is missing.
    """
    target = lock or lock_path(graph)
    text = read_text(target, str(target))
    if not isinstance(text, str):
        raise RecipeErrors([text])
    document = parse(text, str(target), target)
    if document.problems:
        raise RecipeErrors(document.problems)
    then = dict(_flat(document.data))
    now = dict(_flat(_state(graph, target.absolute().parent, registry or default_registry())))
    return [
        f"{name}: {then.get(name, 'not there')} → {now.get(name, 'not there')}"
        for name in dict.fromkeys([*then, *now])
        if then.get(name) != now.get(name)
    ]


def _state(graph: Graph, folder: Path, registry: Registry) -> dict[str, Any]:
    nodes = {step.node.id: step.node for step in graph.steps.values()}
    files = {file for step in graph.steps.values() for file in step.node.files(step.parameters)}
    packages = {node_id: registry.package(node_id) for node_id in nodes}
    return {
        "lock": 1,
        "parameters": {
            name: _portable(graph.declared[name].kind, written(graph.declared[name], value), folder)
            for name, value in graph.parameters.items()
        },
        "nodes": {
            node_id: {
                "version": node.version,
                "code": fingerprint(node.function),
                "package": str(packages[node_id] or "none"),
            }
            for node_id, node in sorted(nodes.items())
        },
        "data": {_relative(file, folder): file_digest(file, full=True) for file in sorted(files)},
        "packages": _versions({package.name for package in packages.values() if package is not None}),
    }


def _portable(kind: str, value: Any, folder: Path) -> Any:
    return _relative(Path(value), folder) if kind == "path" and value is not None else value


def _relative(path: Path, folder: Path) -> str:
    # A lock that travels with its recipe and data stays true.
    return Path(os.path.relpath(path, folder)).as_posix()


def _versions(names: set[str]) -> dict[str, str]:
    """Versions of packages and of what they need directly, as far as that is installed; extras are not needed."""
    requirements = [text for name in names | {"graph4d"} for text in metadata.requires(name) or ()]
    needed = {_REQUIREMENT.match(text) for text in requirements if "extra ==" not in text}
    wanted = names | {"graph4d"} | {match[0] for match in needed if match is not None}
    found = {}
    for name in sorted(wanted, key=str.lower):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key} ")
        else:
            yield f"{prefix}{key}", value


def _text(state: Mapping[str, Any]) -> str:
    lines = []
    for key, value in state.items():
        if isinstance(value, Mapping) and value:
            lines += [f"{key}:", *(f"  {flow(name)}: {flow(item)}" for name, item in value.items())]
        else:
            lines.append(f"{key}: {flow(value)}")
    return "\n".join(lines) + "\n"
