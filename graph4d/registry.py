"""The nodes that are installed: found by the name of an entry point, imported when first used."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any

from graph4d.declaration import Node
from graph4d.errors import GraphError, UsageError, suggestion

__all__ = ["BrokenPlugin", "Package", "Registry", "UnknownNode", "default_registry"]

GROUP = "graph4d.nodes"


class UnknownNode(UsageError, LookupError):
    """No installed package has a node of that name."""


class BrokenPlugin(GraphError):
    """An installed package promises a node that it does not deliver."""


@dataclass(frozen=True)
class Package:
    """The distribution that a node comes from."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Registry:
    """Nodes by id.

    Parameters
    ----------
    group : str, optional
        The entry point group to read, in which the name of an entry point is the id of its node. None for a registry
        that holds only what is registered by hand.
    """

    def __init__(self, group: str | None = GROUP) -> None:
        found = metadata.entry_points(group=group) if group else ()
        self._entries = {entry.name: entry for entry in found}
        self._nodes: dict[str, Node[..., Any]] = {}
        self._lock = threading.RLock()

    def ids(self) -> list[str]:
        """Names of all nodes, sorted; nothing is imported."""
        with self._lock:
            return sorted({*self._entries, *self._nodes})

    def get(self, node_id: str) -> Node[..., Any]:
        """The node of that name; its module is imported, and no other.

        Raises
        ------
        UnknownNode
            Nothing of that name is installed.
        BrokenPlugin
            The module cannot be imported, or what it holds is not the node of that name.
        """
        with self._lock:
            if node_id not in self._nodes:
                self._nodes[node_id] = self._import(node_id)
            return self._nodes[node_id]

    def register(self, node: Node[..., Any]) -> None:
        """Add a node that is defined in a notebook or a test; it takes the place of one of the same name."""
        with self._lock:
            self._nodes[node.id] = node

    def package(self, node_id: str) -> Package | None:
        """Where the node comes from; None for one that was registered by hand."""
        entry = self._entries.get(node_id)
        if entry is None or entry.dist is None:
            return None
        return Package(entry.dist.name, entry.dist.version)

    def _import(self, node_id: str) -> Node[..., Any]:
        entry = self._entries.get(node_id)
        if entry is None:
            known = self.ids()
            hint = suggestion(node_id, known) or "; `graph4d nodes` lists those that are installed"
            raise UnknownNode(f"there is no node `{node_id}`{hint}")
        origin = f"node `{node_id}` of {self.package(node_id) or 'an unnamed package'}"
        try:
            found = entry.load()
        except Exception as error:  # a stranger's module may raise anything while it is imported
            raise BrokenPlugin(f"{origin} cannot be imported from {entry.value}: {_line(error)}") from error
        if not isinstance(found, Node):
            raise BrokenPlugin(f"{origin}: {entry.value} is not a node; decorate it with @node")
        if found.id != node_id:
            raise BrokenPlugin(f"{origin}: {entry.value} calls itself `{found.id}`; the two names must be equal")
        return found


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


@cache
def default_registry() -> Registry:
    """All nodes installed in this environment; one a process."""
    return Registry()
