"""``use: image.com@1``: a pinned version, and the way from a retired one to the present."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph4d.declaration import Node
from graph4d.errors import GraphError

__all__ = ["MigrationError", "migrated", "split_pin"]


class MigrationError(GraphError):
    """A node has no way from one of its versions to the present one."""


def split_pin(use: str) -> tuple[str, int | None]:
    """Node id and version of ``image.com@1``; None for no version.

    Raises
    ------
    ValueError
        What follows the ``@`` is not a version.
    """
    node_id, at, version = use.partition("@")
    if not at:
        return node_id, None
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise ValueError(f"`{use}`: a version is a whole number, such as `{node_id}@1`")
    return node_id, int(version)


def migrated(node: Node[..., Any], version: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a retired version as those of the present one.

    Parameters
    ----------
    node : Node
    version : int
        Of the parameters.
    values : mapping
        Parameters as they are written in a recipe, references to recipe parameters included.

    Returns
    -------
    dict

    Raises
    ------
    MigrationError
        The version is not known, or a migration failed.
    """
    if version > node.version:
        raise MigrationError(
            f"{node.id}@{version} is newer than the installed {node.id}@{node.version}; update the package"
        )
    result = dict(values)
    for retired in range(version, node.version):
        step = node.migrate.get(retired)
        if step is None:
            raise MigrationError(f"{node.id}@{retired} is retired, and nothing tells how to go on to @{node.version}")
        try:
            result = dict(step(result))
        except Exception as error:  # a node's author may have made any mistake; it must not hide the other problems
            message = f"{type(error).__name__}: {error}"
            raise MigrationError(f"the migration of {node.id}@{retired} failed with {message}") from error
    return result
