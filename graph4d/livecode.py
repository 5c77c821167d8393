"""The code of functions that no file defines: made in a notebook, at a prompt, or by another function."""

from __future__ import annotations

import contextlib
import inspect
import textwrap
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from graph4d.keys import hash_of
from graph4d.symbols import read_symbols

__all__ = ["captured", "live_code"]

_ABOUT_A_CLASS = {"__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__firstlineno__"}


def live_code(function: Callable[..., Any]) -> dict[str, str]:
    """Hashes of a function, and of the functions, classes and plain values it uses in the module where it was made.

    Parameters
    ----------
    function : callable
        A Python function.

    Returns
    -------
    dict from str to str
        By the way on which a thing was reached, such as ``smooth:kernel``.
    """
    reader = _Reader(function.__module__)
    reader.read(function.__qualname__, function)
    return reader.found


def captured(function: Callable[..., Any]) -> dict[str, str]:
    """Hashes of what a function has from the function that made it, by name."""
    reader = _Reader(function.__module__)
    for name, value in _cells(function).items():
        reader.read(name, value)
    return reader.found


class _Reader:
    def __init__(self, module: str) -> None:
        self.module = module
        self.found: dict[str, str] = {}
        self.seen: set[int] = set()

    def read(self, way: str, value: Any) -> None:
        value = inspect.unwrap(value) if callable(value) else value
        own = getattr(value, "__module__", None) == self.module
        if not own or not isinstance(value, types.FunctionType | type):
            self.found[way] = _plain_hash(value)
            return
        if id(value) in self.seen:
            self.found[way] = value.__qualname__
            return
        self.seen.add(id(value))
        if isinstance(value, type):
            self.found[way] = hash_of([f"{base.__module__}.{base.__qualname__}" for base in value.__mro__])
            used = {name: _function_of(item) for name, item in vars(value).items() if name not in _ABOUT_A_CLASS}
        else:
            self.found[way], names = _read_function(value)
            around = {**value.__globals__, **_cells(value)}
            used = {name: around[name] for name in names if name in around}
        for name, item in used.items():
            self.read(f"{way}:{name}", item)


def _cells(function: Callable[..., Any]) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    if isinstance(function, types.FunctionType):
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            with contextlib.suppress(ValueError):  # it has not got its value yet
                cells[name] = cell.cell_contents
    return cells


def _function_of(item: Any) -> Any:
    """The function behind a property, class method or static method."""
    return getattr(item, "fget", None) or getattr(item, "__func__", item)


def _plain_hash(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return hash_of([value.dtype.str, list(value.shape), value.tobytes()])
    try:
        return hash_of(value)
    except TypeError:  # an object of some other package, which goes by its name
        kind = value if isinstance(value, types.FunctionType | type) else type(value)
        name = value.__name__ if isinstance(value, types.ModuleType) else f"{kind.__module__}.{kind.__qualname__}"
        return hash_of(["object", name])


def _read_function(function: types.FunctionType) -> tuple[str, set[str]]:
    """Hash of a function, and the names it takes from around it."""
    try:
        definitions = read_symbols(textwrap.dedent(inspect.getsource(function)), "", False).definitions
    except (OSError, SyntaxError):  # made from text that nobody kept, or a lambda inside a larger expression
        code = function.__code__
        return hash_of(_code_parts(code, function.__doc__)), set(_names(code))
    statements = {item.digest: item for items in definitions.values() for item in items}
    names = {use[0] for item in statements.values() for use in item.uses}
    return hash_of(sorted(statements)), names


def _code_parts(code: types.CodeType, doc: str | None) -> list[Any]:
    constants = list(code.co_consts)
    if constants and doc is not None and constants[0] == doc:
        constants[0] = None
    return [code.co_code, code.co_names, code.co_varnames, code.co_freevars, [_constant(item) for item in constants]]


def _constant(constant: Any) -> Any:
    if isinstance(constant, types.CodeType):
        return _code_parts(constant, None)
    if isinstance(constant, frozenset):
        return ["frozenset", *sorted(hash_of(_constant(item)) for item in constant)]
    if isinstance(constant, tuple):
        return [_constant(item) for item in constant]
    return ["repr", repr(constant)] if isinstance(constant, complex | types.EllipsisType) else constant


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    yield from code.co_freevars
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
