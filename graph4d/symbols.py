"""What the source of a module defines, and which names each definition uses; read without importing anything."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from blake3 import blake3

__all__ = ["Chain", "Definition", "Symbols", "read_symbols"]

Chain = tuple[str, ...]
"""A dotted name, such as ``("kernels", "moments")``."""


@dataclass(frozen=True)
class Definition:
    """A statement that gives a name its meaning."""

    digest: str
    """Hash of its code without comments, docstrings and layout."""
    uses: tuple[Chain, ...]
    """Names in it that it does not define itself."""
    imports: Mapping[str, Chain]
    """What it imports: absolute dotted names, by the name they get."""


@dataclass(frozen=True)
class Symbols:
    """A module, as far as its source says."""

    definitions: Mapping[str, tuple[Definition, ...]]
    """By name, in the order of the source: a name can be defined again, or changed by a later statement."""
    stars: tuple[Chain, ...] = ()
    """Modules all of whose names are imported."""


def read_symbols(source: bytes | str, module: str, is_package: bool) -> Symbols:
    """Take the source of a module apart.

    Parameters
    ----------
    source : bytes or str
        Python code.
    module : str
        Dotted name of the module, for imports relative to it.
    is_package : bool
        Whether it is an ``__init__.py``.

    Raises
    ------
    SyntaxError
        The source is not Python.
    """
    tree = _without_docstrings(ast.parse(source))
    package = tuple(module.split("."))[: None if is_package else -1]
    found: dict[str, list[Definition]] = {}
    stars: list[Chain] = []
    for statement in _flat(tree.body):
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for name, target in _imported(statement, package):
                if name == "*":
                    stars.append(target)
                else:
                    definition = Definition(_hash("import " + ".".join(target)), (), {name: target})
                    found.setdefault(name, []).append(definition)
            continue
        text = ast.unparse(statement)
        scope = symtable.symtable(text, module, "exec")
        definition = Definition(_hash(text), _uses(statement, scope), _inner_imports(statement, package))
        for name in _bound(statement, scope):
            found.setdefault(name, []).append(definition)
    return Symbols({name: tuple(items) for name, items in found.items()}, tuple(stars))


def _hash(text: str) -> str:
    return blake3(text.encode("utf-8", "surrogatepass")).hexdigest()


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [statement for statement in body if not _is_text(statement)]
            body[:] = kept or [ast.Pass()]
    return tree


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a module; those under ``if TYPE_CHECKING`` one by one, or any new import would change them all."""
    for statement in body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test).endswith("TYPE_CHECKING"):
            yield from _flat(statement.body + statement.orelse)
        else:
            yield statement


def _bound(statement: ast.stmt, scope: symtable.SymbolTable) -> set[str]:
    """The names that get their meaning from a statement."""
    if _only_assigns(statement):
        return {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_assigned()}
    # Anything else, `TABLE[key] = f` or `register(f)` or a loop, may change whatever it names.
    return set(scope.get_identifiers())


def _only_assigns(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return True
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    parts = (node for target in targets for node in ast.walk(target))
    return not any(isinstance(node, ast.Attribute | ast.Subscript) for node in parts)


def _imported(node: ast.AST, package: Chain) -> Iterator[tuple[str, Chain]]:
    """Names that an import statement makes, each with the absolute name of what it stands for."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            target = tuple(alias.name.split("."))
            yield (alias.asname, target) if alias.asname else (target[0], target[:1])
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else ()
        source = (*base, *(node.module or "").split(".")) if node.module else base
        for alias in node.names:
            yield (alias.asname or alias.name, source if alias.name == "*" else (*source, alias.name))


def _inner_imports(statement: ast.stmt, package: Chain) -> dict[str, Chain]:
    return {name: target for node in ast.walk(statement) for name, target in _imported(node, package)}


def _uses(statement: ast.stmt, scope: symtable.SymbolTable) -> tuple[Chain, ...]:
    """Dotted names in a statement whose first part it takes from the module, or imports itself."""
    outside = set(_outside(scope)) | {name for node in ast.walk(statement) for name, _ in _imported(node, ())}
    chains = {chain for chain in _chains(statement) if chain[0] in outside}
    for annotation in _annotations(statement):
        chains.update(_chains(annotation))
    return tuple(sorted(chains))


def _outside(scope: symtable.SymbolTable) -> Iterator[str]:
    in_class = scope.get_type() == "class"  # where `x = x` reads the module's x
    for symbol in scope.get_symbols():
        if symbol.is_global() or (in_class and symbol.is_referenced()):
            yield symbol.get_name()
    for inner in scope.get_children():
        yield from _outside(inner)


def _chains(node: ast.AST) -> Iterator[Chain]:
    attributes: list[str] = []
    root = node
    while isinstance(root, ast.Attribute):
        attributes.append(root.attr)
        root = root.value
    if isinstance(root, ast.Name):
        yield (root.id, *reversed(attributes))
        return
    for child in ast.iter_child_nodes(root):
        yield from _chains(child)


def _annotations(statement: ast.stmt) -> Iterator[ast.AST]:
    """Annotations in a statement, and what the texts in them say: a name in quotes is a name."""
    for node in ast.walk(statement):
        for field in ("annotation", "returns"):
            annotation = getattr(node, field, None)
            if annotation is not None:
                yield annotation
                yield from _quoted(annotation)


def _quoted(annotation: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                yield ast.parse(node.value, mode="eval")
            except SyntaxError:  # a text that is a text
                continue
