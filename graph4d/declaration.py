"""``@node``: a pure function becomes a node, and its signature the node's schema."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ForwardRef, Generic, ParamSpec, TypeVar, get_args, get_origin, overload

from graph4d.parameters import Parameter
from graph4d.reduction import Over
from graph4d.types import ValueType, type_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Node", "Output", "Port", "node"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

NODE_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True)
class Port:
    """An input of a node: a positional parameter of its function."""

    name: str
    type: ValueType
    optional: bool
    help: str = ""


@dataclass(frozen=True)
class Output:
    """A result of a node: what it returns, or one field of the NamedTuple it returns."""

    name: str
    type: ValueType


@dataclass(frozen=True)
class Schema:
    """All that a signature says."""

    ports: Mapping[str, Port]
    parameters: Mapping[str, Parameter]
    outputs: Mapping[str, Output]
    over: str | None
    """The port whose items the node reduces, or None."""


class Node(Generic[P, R]):
    """A function with an identity: what :func:`node` returns. Call it on values and it just computes."""

    def __init__(
        self,
        function: Callable[P, Any],
        node_id: str,
        version: int,
        *,
        effects: str | None = None,
        deterministic: bool = True,
        cost: str = "cheap",
        reads: Callable[[Mapping[str, Any]], Iterable[Path]] | None = None,
        migrate: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] | None = None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function: Callable[..., Any] = function
        self.id = node_id
        self.version = version
        self.effects = effects
        self.deterministic = deterministic
        self.cost = cost
        self.migrate = dict(migrate or {})
        self._reads = reads

    def __repr__(self) -> str:
        return f"<node {self.id}@{self.version}>"

    @functools.cached_property
    def schema(self) -> Schema:
        """Ports, parameters and outputs, read from the signature."""
        return _read_signature(self)

    @functools.cached_property
    def summary(self) -> str:
        """First sentence of the docstring."""
        text = inspect.getdoc(self.function) or ""
        return " ".join(text.split("\n\n")[0].split())

    def validate(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters in base units, defaults included, in the order of the signature.

        Raises
        ------
        ParameterErrors
            All that is wrong with ``given`` at once.
        """
        from graph4d.parameters import validate

        return validate(self.id, self.schema.parameters, given)

    def files(self, parameters: Mapping[str, Any]) -> list[Path]:
        """The files whose content the node's result depends on, for validated parameters."""
        if self._reads is not None:
            return list(self._reads(parameters))
        named = [parameters[name] for name, p in self.schema.parameters.items() if p.reads]
        return [Path(path) for path in named if path is not None]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Compute on values: ports by position or name, parameters by name, in base units or as text with a unit."""
        bound = inspect.signature(self.function).bind(*args, **kwargs)
        parameters = {k: v for k, v in bound.arguments.items() if k in self.schema.parameters}
        inputs = {k: v for k, v in bound.arguments.items() if k in self.schema.ports}
        result: R = self.compute(inputs, self.validate(parameters))
        return result

    def compute(self, inputs: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
        """Call the function on checked inputs and validated parameters; a reduction is carried out at once."""
        from graph4d.run.fused import reduce_now
        from graph4d.run.ports import checked_inputs

        inputs = checked_inputs(self, inputs)
        result = self.function(**inputs, **parameters)
        if isinstance(result, Over):
            over = self.schema.over
            if over is None:
                raise TypeError(f"{self.id} returned a reduction, but its signature does not say `-> Over[…]`")
            return reduce_now(result, inputs[over])
        return result


class _Decorator:
    """What ``node(...)`` returns; typed so that calling a node gives the value, not the reduction."""

    def __init__(self, node_id: str, version: int, options: dict[str, Any]) -> None:
        self.node_id, self.version, self.options = node_id, version, options

    @overload
    def __call__(self, function: Callable[P, Over[Any, T]]) -> Node[P, T]: ...
    @overload
    def __call__(self, function: Callable[P, T]) -> Node[P, T]: ...
    def __call__(self, function: Callable[P, Any]) -> Node[P, Any]:
        return Node(function, self.node_id, self.version, **self.options)


def node(
    node_id: str,
    *,
    version: int = 1,
    effects: str | None = None,
    deterministic: bool = True,
    cost: str = "cheap",
    reads: Callable[[Mapping[str, Any]], Iterable[Path]] | None = None,
    migrate: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] | None = None,
) -> _Decorator:
    """Declare a function to be a node.

    Positional parameters are ports and need a value type; keyword-only ones are parameters, which must be given if they
    have no default. The return annotation is one value type, a NamedTuple of them, or ``Over[Stack, …]`` for a
    reduction.

    Parameters
    ----------
    node_id : str
        ``topic.name``, unique among all installed nodes.
    version : int
        To be raised whenever the result for the same input changes.
    effects : {"reads", "writes"}, optional
        The node depends on, or changes, the world outside its ports.
    deterministic : bool
        False if two calls on the same input may differ: such a node is never reused.
    cost : {"cheap", "expensive"}
        An expensive node waits for a word before it follows a moving control.
    reads : callable, optional
        ``reads(parameters)`` lists the files whose content the result depends on; by default those named by parameters
        of type ``InputPath``.
    migrate : mapping from int to callable, optional
        For each retired version, a function from its parameters to those of the next one.

    Returns
    -------
    callable
        A decorator that turns the function into a :class:`Node`.

    Raises
    ------
    ValueError
        The id, the version or the effect is not well-formed.
    """
    if not NODE_ID.fullmatch(node_id):
        raise ValueError(f"node id {node_id!r} is not of the form topic.name, in lower case")
    if version < 1:
        raise ValueError(f"version {version} of {node_id} is not a positive integer")
    if effects not in (None, "reads", "writes"):
        raise ValueError(f"effects={effects!r} of {node_id}: expected 'reads', 'writes' or None")
    options = {"effects": effects, "deterministic": deterministic, "cost": cost, "reads": reads, "migrate": migrate}
    return _Decorator(node_id, version, options)


def _read_signature(n: Node[Any, Any]) -> Schema:
    signature = inspect.signature(n.function, eval_str=True)
    helps = _documented(n.function)
    ports: dict[str, Port] = {}
    parameters: dict[str, Parameter] = {}
    for name, p in signature.parameters.items():
        if p.kind is p.POSITIONAL_OR_KEYWORD:
            value_type, optional = _port_type(p.annotation)
            if value_type is None:
                raise TypeError(f"{n.id}: port `{name}` has no value type; parameters are keyword-only (after `*`)")
            ports[name] = Port(name, value_type, optional or p.default is not p.empty, helps.get(name, ""))
        elif p.kind is p.KEYWORD_ONLY:
            parameters[name] = Parameter.from_annotation(name, p.annotation, p.default, helps.get(name, ""))
        else:
            raise TypeError(f"{n.id}: `{name}` is neither a port nor a keyword-only parameter")
    over, returned = None, signature.return_annotation
    if get_origin(returned) is Over:
        stack, returned = get_args(returned)
        over = next((port.name for port in ports.values() if port.type == type_of(stack)), None)
        if over is None:
            raise TypeError(f"{n.id}: it reduces over {stack}, but has no port of that type")
    return Schema(ports, parameters, _outputs(n.id, returned), over)


def _port_type(annotation: Any) -> tuple[ValueType | None, bool]:
    found = type_of(annotation)
    if found is not None:
        return found, False
    options = [a for a in get_args(annotation) if a is not type(None)]
    if len(options) == 1 and len(get_args(annotation)) == 2:
        return type_of(options[0]), True
    return None, False


def _outputs(node_id: str, annotation: Any) -> dict[str, Output]:
    named = hasattr(annotation, "_fields")
    outputs = {}
    for name, item in (_fields(annotation) if named else {"out": annotation}).items():
        value_type = type_of(item)
        if value_type is None:
            raise TypeError(f"{node_id}: output `{name}` has no value type: {item!r}")
        outputs[name] = Output(name, value_type)
    return outputs


def _fields(named_tuple: type) -> dict[str, Any]:
    """Annotations of a NamedTuple, evaluated where it was defined."""
    # NamedTuple wraps annotations that are text, as under `from __future__ import annotations`, in a ForwardRef.
    raw = inspect.get_annotations(named_tuple)
    texts = {name: item.__forward_arg__ if isinstance(item, ForwardRef) else item for name, item in raw.items()}
    stand_in = type(named_tuple.__name__, (), {"__annotations__": texts, "__module__": named_tuple.__module__})
    return inspect.get_annotations(stand_in, eval_str=True)


_ENTRY = re.compile(r"^(\w+(?:, \w+)*)\s*(?::.*)?$")


def _documented(function: Callable[..., Any]) -> dict[str, str]:
    """Texts of the numpydoc section ``Parameters``, by name."""
    doc = inspect.getdoc(function) or ""
    match = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", doc, re.M | re.S)
    texts: dict[str, str] = {}
    names: list[str] = []
    for line in match.group(1).splitlines() if match else ():
        entry = _ENTRY.match(line)
        if entry and not line.startswith(" "):
            names = entry.group(1).split(", ")
        elif line.strip():
            for name in names:
                texts[name] = f"{texts.get(name, '')} {line.strip()}".strip()
    return texts
