"""What is known of a graph without computing: the key of every step, as far as its inputs are known."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d.errors import UsageError
from graph4d.files import file_digest
from graph4d.fingerprint import fingerprint
from graph4d.keys import action_key, output_key

if TYPE_CHECKING:
    from graph4d.declaration import Node
    from graph4d.recipe.graph import Graph, Ref, Step
    from graph4d.store import Memo, Store

__all__ = ["Action", "Ledger", "is_lazy", "is_repeatable"]


@dataclass(frozen=True)
class Action:
    """A step with everything its result depends on: the key, and the parts the key is made of."""

    key: str
    record: dict[str, Any]
    """Node, version, code, parameters, files and inputs, readable and fit for JSON: for saying why it differs."""
    every: int = 1
    """More than 1 for a reduction in a preview, which sees every n-th position along each axis."""


def is_lazy(node: Node[Any, Any], output: str) -> bool:
    """Whether an output is a handle that is opened when needed and never stored."""
    return node.schema.outputs[output].type.container == "lazy"


@dataclass
class Ledger:
    """The actions and digests of a graph, as far as they are known without computing, growing as steps finish."""

    graph: Graph
    store: Store
    needed: Collection[str]
    """The steps to look at; the files of others may be missing."""
    every: int = 1
    """More than 1 in a preview: reductions whose exact result is not there see every n-th position along each axis."""
    actions: dict[str, Action] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Digest by output name, for each step whose outputs (or some lazy ones of them) are known."""

    def advance(self, names: Iterable[str] | None = None) -> None:
        """Work out what can be known of these steps (of all that are needed by default) and of those that follow.

        Raises
        ------
        UsageError
            A file that a step reads is missing; the message names the step's place.
        """
        queue = deque(self.graph.steps if names is None else names)
        while queue:
            name = queue.popleft()
            if name not in self.needed:
                continue
            before = len(self.outputs.get(name, ()))
            self._look_up(self.graph.steps[name])
            if names is not None and len(self.outputs.get(name, ())) > before:
                queue.extend(self.graph.successors(name))

    def settle(self, name: str, outputs: Mapping[str, str]) -> None:
        """Take note of what a step gave, and of all that is known because of it."""
        self.outputs[name] = dict(outputs)
        self.advance(self.graph.successors(name))

    def digest(self, ref: Ref) -> str | None:
        """Digest of an output, if it is known yet."""
        return self.outputs.get(ref.step, {}).get(ref.output)

    def _look_up(self, step: Step) -> None:
        if step.name in self.actions:
            return
        inputs = {port: self.digest(ref) for port, ref in step.inputs.items()}
        known = {port: digest for port, digest in inputs.items() if digest is not None}
        if len(known) < len(inputs):
            return
        action = _action(step, known, self.store)
        memo = self._memo(step, action)
        if self.every > 1 and step.node.schema.over is not None and not self._there(memo):
            action = _action(step, known, self.store, self.every)
            memo = self._memo(step, action)
        self.actions[step.name] = action
        outputs = {name: output_key(action.key, name) for name in step.node.schema.outputs if is_lazy(step.node, name)}
        outputs |= memo.outputs if memo is not None else {}
        if outputs:
            self.outputs[step.name] = outputs

    def _memo(self, step: Step, action: Action) -> Memo | None:
        if not is_repeatable(step.node):
            return None
        # Previews are on no disk, and to look there at every move takes its time.
        return self.store.memory.memo(action.key) if action.every > 1 else self.store.memo(action.key)

    def _there(self, memo: Memo | None) -> bool:
        return memo is not None and all(self.store.has(digest) for digest in memo.outputs.values())


def is_repeatable(node: Node[Any, Any]) -> bool:
    """Whether an earlier result stands for a new one."""
    return node.deterministic and node.effects != "writes"


def _action(step: Step, inputs: Mapping[str, str], store: Store, every: int = 1) -> Action:
    node = step.node
    code = fingerprint(node.function, store.folder)
    try:
        files = {str(path): file_digest(path, store.folder) for path in node.files(step.parameters)}
    except UsageError as error:
        raise UsageError(f"{step.where}error[input]: {step.name} ({node.id}): {error}") from error
    parameters = dict(step.parameters)
    for name, parameter in node.schema.parameters.items():
        if parameter.reads and parameters[name] is not None:
            parameters[name] = Path(parameters[name]).name  # its content counts, not where it lies
    content: dict[str, Any] = {
        "parameters": parameters,
        "files": [(Path(path).name, digest) for path, digest in files.items()],
    }
    if every > 1:
        content["every"] = every  # a preview must never be taken for the exact result
    if not node.deterministic:
        content["throw"] = secrets.token_hex()  # what has no digest by content must not be taken for the last result
    record = {
        "node": node.id,
        "version": node.version,
        "code": code,
        "parameters": {n: p.display(step.parameters[n]) for n, p in node.schema.parameters.items()},
        "files": files,
        "inputs": dict(inputs),
    }
    return Action(action_key(node.id, node.version, code, content, inputs), record, every)
