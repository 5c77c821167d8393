"""Fingerprints of code: equal as long as neither a function nor anything it reaches in its own package has changed.

The source is read, and nothing is imported for it. What a function reaches is over-estimated where it cannot be known
exactly: a module that is passed around as a value counts whole. What is found at run time by name, such as the methods
of an object that the function is given, or data files beside the code, is not seen: there the node's version tells.
"""

from __future__ import annotations

import contextlib
import importlib.machinery
import inspect
import sys
import types
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from blake3 import blake3

from graph4d.keys import hash_of
from graph4d.livecode import captured, live_code
from graph4d.store.records import StoreError, read_record, write_record
from graph4d.symbols import Chain, Definition, Symbols, read_symbols

__all__ = ["fingerprint"]

_FORMAT = ("graph4d-code/1", *sys.version_info[:2])

_State = tuple[int, int] | types.ModuleType | importlib.machinery.ModuleSpec
"""What tells two versions of a module apart: its file's time and size, or, once imported, what the import made."""


def fingerprint(function: Callable[..., Any], store_folder: Path | None = None) -> str:
    """What stands for a function's code in the keys of its results.

    It covers the function with its decorators, defaults and annotations, and all functions, classes and constants of
    the same top-level package that it reaches, through any number of modules. Comments, docstrings and layout do not
    count. A module that was imported counts as it was when this process first looked at it: what runs is the code that
    was imported, whatever happens to the file. A function made in a notebook is taken as it is, with the functions and
    constants it uses there.

    Parameters
    ----------
    function : callable
        A function; of a decorated one that keeps ``__wrapped__``, the innermost.
    store_folder : Path, optional
        Where to remember what a file defines.

    Returns
    -------
    str
        64 hexadecimal digits; the same in every process.
    """
    function = inspect.unwrap(function)
    known = _known.get(function)
    if known is not None and all(_same(_state(module, path), state) for module, path, state in known[1]):
        return known[0]
    sources = _Sources(function, store_folder)
    name = function.__qualname__.split(".")[0]
    if name not in sources.symbols(function.__module__).definitions:
        return hash_of((*_FORMAT, "live", live_code(function)))
    reached = _reach(sources, function.__module__, name)
    result = hash_of((*_FORMAT, function.__module__, function.__qualname__, reached, captured(function)))
    _known[function] = result, sources.seen()
    return result


_known: WeakKeyDictionary[Callable[..., Any], tuple[str, list[tuple[str, Path, _State | None]]]] = WeakKeyDictionary()
_read: dict[Path, tuple[_State | None, Symbols]] = {}


def _reach(sources: _Sources, module: str, name: str) -> dict[str, list[str]]:
    """The hashes of all definitions that a name stands on, by ``module:name``."""
    reached: dict[str, list[str]] = {}
    seen: set[tuple[str, Chain]] = set()
    pending: list[tuple[str, Chain]] = [(module, (name,))]
    while pending:
        place = pending.pop()
        if place in seen:
            continue
        seen.add(place)
        module, chain = place
        definitions = sources.symbols(module).definitions.get(chain[0])
        if definitions is None:
            pending += sources.elsewhere(module, chain)
            continue
        for definition in definitions:
            pending += sources.imported(definition, chain)
        key = f"{module}:{chain[0]}"
        if key not in reached:
            reached[key] = [definition.digest for definition in definitions]
            for definition in definitions:
                for use in definition.uses:
                    pending += [(module, use), *sources.imported(definition, use)]
    return reached


class _Sources:
    """The modules of one top-level package, found beside the file of one function."""

    def __init__(self, function: Callable[..., Any], store_folder: Path | None) -> None:
        parts = function.__module__.split(".")
        code = getattr(function, "__code__", None)
        self.file = Path(code.co_filename if code is not None else "")
        self.module = function.__module__
        self.top = parts[0]
        levels = len(parts) + (self.file.stem == "__init__")
        self.root = Path(*self.file.parts[: max(0, len(self.file.parts) - levels)])
        self.store_folder = store_folder
        self._symbols: dict[str, Symbols] = {}

    def symbols(self, module: str) -> Symbols:
        """What a module defines; nothing if it has no source."""
        if module not in self._symbols:
            path = self.path(module)
            self._symbols[module] = Symbols({}) if path is None else _symbols(path, module, self.store_folder)
        return self._symbols[module]

    def path(self, module: str) -> Path | None:
        """The source file of a module."""
        if module == self.module:
            return self.file if self.file.is_file() else None
        place = self.root.joinpath(*module.split("."))
        candidates = (place / "__init__.py", place.with_name(f"{place.name}.py"))
        return next((path for path in candidates if path.is_file()), None)

    def exists(self, module: str) -> bool:
        """Whether there is such a module, or a folder that is a package without ``__init__.py``."""
        return self.path(module) is not None or self.root.joinpath(*module.split(".")).is_dir()

    def seen(self) -> list[tuple[str, Path, _State | None]]:
        """All modules that were looked at, as they were."""
        found = [(module, path) for module in self._symbols if (path := self.path(module)) is not None]
        return [(module, path, _read[path][0]) for module, path in found]

    def imported(self, definition: Definition, chain: Chain) -> list[tuple[str, Chain]]:
        """Where a dotted name leads whose first part a definition imports."""
        target = definition.imports.get(chain[0])
        return [] if target is None else self.follow((*target, *chain[1:]))

    def elsewhere(self, module: str, chain: Chain) -> list[tuple[str, Chain]]:
        """Where a dotted name may lead that a module uses but does not define."""
        return [place for star in self.symbols(module).stars for place in self.follow((*star, *chain))]

    def follow(self, target: Chain) -> list[tuple[str, Chain]]:
        """The place in a module to which an absolute dotted name leads; all places of a module if it is one."""
        if target[0] != self.top:
            return []
        module = target[0]
        for number, name in enumerate(target[1:], 1):
            symbols = self.symbols(module)
            if name in symbols.definitions:
                return [(module, target[number:])]
            if self.exists(f"{module}.{name}"):
                module = f"{module}.{name}"
            elif symbols.stars:
                return [(module, target[number:])]
            else:
                break
        return [(module, (name,)) for name in self.symbols(module).definitions]


def _symbols(path: Path, module: str, store_folder: Path | None) -> Symbols:
    state = _state(module, path)
    known = _read.get(path)
    if known is None or not _same(known[0], state):
        known = _read[path] = state, _remembered_symbols(path, module, store_folder)
    return known[1]


def _state(module: str, path: Path) -> _State | None:
    loaded = sys.modules.get(module)
    if loaded is not None:
        return loaded.__spec__ or loaded  # a reload makes a new spec; a script that is run has none
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _same(one: _State | None, other: _State | None) -> bool:
    return one is other or (isinstance(one, tuple) and one == other)


def _remembered_symbols(path: Path, module: str, store_folder: Path | None) -> Symbols:
    source = path.read_bytes()
    is_package = path.stem == "__init__"
    if store_folder is None:
        return _parsed(source, module, is_package)
    version = store_folder / "v1"
    key = hash_of((*_FORMAT, blake3(source).hexdigest(), module, is_package))
    record = version / "code" / key[:2] / f"{key}.json"
    document = read_record(record)
    if document is not None:
        return _from_document(document)
    symbols = _parsed(source, module, is_package)
    with contextlib.suppress(StoreError):  # then it is read again next time
        write_record(record, asdict(symbols), version / "tmp")
    return symbols


def _parsed(source: bytes, module: str, is_package: bool) -> Symbols:
    try:
        return read_symbols(source, module, is_package)
    except SyntaxError:  # importing it fails, and that is told when it is imported
        return Symbols({})


def _from_document(document: Any) -> Symbols:
    definitions = {
        name: tuple(
            Definition(
                item["digest"], tuple(map(tuple, item["uses"])), {k: tuple(v) for k, v in item["imports"].items()}
            )
            for item in items
        )
        for name, items in document["definitions"].items()
    }
    return Symbols(definitions, tuple(map(tuple, document["stars"])))
