"""Fingerprints change with the code that a function stands on, and with nothing else."""

import functools
import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graph4d import fingerprint as module_under_test
from graph4d.fingerprint import fingerprint

PACKAGE = {
    "__init__.py": "",
    "nodes.py": '''
from __future__ import annotations
import functools
import numpy as np
from typing import TYPE_CHECKING
from samplepkg.tools import smooth, unrelated_tool
from samplepkg import constants
import samplepkg.deep.maths as maths
if TYPE_CHECKING:
    from samplepkg.deep.lazy import Handle
    from samplepkg.tools import OnlyForTypes

LIMIT = 3
TABLE = {}
TABLE["first"] = np.sin


def main(image, *, kernel: int = 5) -> Handle:
    """Doc."""
    from .kernels import run
    total = smooth(image) + maths.scale(1) + constants.OFFSET
    return run(total) + LIMIT + TABLE["first"](kernel) + Shape().area()


def other(image):
    return image + 1


def of_quoted(scan: "OnlyForTypes") -> None: ...


def of_module():
    return sorted(vars(constants))


def of_local(smooth):
    unrelated_tool = 3
    return smooth, unrelated_tool


class Shape:
    side = 2

    def area(self):
        return self.side**2
''',
    "tools.py": """
from samplepkg.deep.maths import base


def smooth(image):
    return base(image) * 2


def unrelated_tool():
    return 1


class OnlyForTypes:
    def size(self):
        return 1
""",
    "constants.py": "OFFSET = 10\nUNUSED = 1\n",
    "kernels.py": """
import numba

@numba.njit(cache=True)
def run(x):
    return helper(x)

@numba.njit
def helper(x):
    return x + 1
""",
    "deep/__init__.py": "from .lazy import *\nfrom .maths import base as renamed\n",
    "deep/maths.py": """
def base(x):
    return again(x)


def again(x):
    return x or base(x)


def scale(x):
    return x
""",
    "deep/lazy.py": """
class Handle:
    def read(self):
        return 1
""",
    "stars.py": """
from samplepkg.deep import renamed, Handle

def main():
    return renamed(Handle)
""",
    "broken.py": "def nothing(:\n",
    "made.py": """
def make(k):
    def inner(x):
        return x + k
    return inner

one, two = make(1), make(2)
""",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, source in PACKAGE.items():
        path = tmp_path / "samplepkg" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path / "samplepkg"
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "samplepkg"]:
        del sys.modules[name]


def of(name: str = "nodes:main", store: Path | None = None) -> str:
    """The fingerprint a new process would find."""
    forget()
    importlib.invalidate_caches()
    module, function = name.split(":")
    return fingerprint(getattr(importlib.import_module(f"samplepkg.{module}"), function), store)


def edit(path: Path, old: str, new: str) -> None:
    source = path.read_text()
    assert old in source
    path.write_text(source.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("nodes.py", "    total =", "    # a comment\n\n    total ="),
        ("nodes.py", '"""Doc."""', '"""Another."""'),
        ("nodes.py", '    """Doc."""\n', ""),
        ("nodes.py", "class Shape:", 'class Shape:\n    """A shape."""'),
        ("nodes.py", "LIMIT = 3", "\n\nLIMIT = 0x3  # why"),
        ("nodes.py", "image + 1", "image + 2"),
        ("nodes.py", "import OnlyForTypes", "import OnlyForTypes, unrelated_tool as more"),
        ("tools.py", "return base(image) * 2", "return (base(image)\n            * 2)"),
        ("tools.py", "return 1\n\n\nclass", "return 2\n\n\nclass"),
        ("constants.py", "UNUSED = 1", "UNUSED = 2"),
        ("kernels.py", "def helper(x):", 'def helper(x):\n    "Explains."'),
        ("deep/maths.py", "def scale(x):", "def new(x):\n    return 5\n\n\ndef scale(x):"),
    ],
)
def test_an_edit_that_changes_no_code_it_reaches_changes_nothing(folder: Path, file: str, old: str, new: str) -> None:
    before = of()
    edit(folder / file, old, new)
    assert of() == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("nodes.py", "+ LIMIT", "- LIMIT"),
        ("nodes.py", "kernel: int = 5", "kernel: int = 7"),
        ("nodes.py", "kernel: int", "kernel: float"),
        ("nodes.py", "LIMIT = 3", "LIMIT = 4"),
        ("nodes.py", "np.sin", "np.cos"),
        ("nodes.py", "side = 2", "side = 3"),
        ("nodes.py", "def main", "@functools.cache\ndef main"),
        ("nodes.py", "import smooth,", "import unrelated_tool as smooth,"),
        ("tools.py", "* 2", "* 3"),
        ("constants.py", "OFFSET = 10", "OFFSET = 11"),
        ("kernels.py", "return helper(x)", "return helper(x) + 0"),
        ("kernels.py", "x + 1", "x + 2"),
        ("kernels.py", "cache=True", "fastmath=True"),
        ("deep/maths.py", "x or base(x)", "x or base(x + 1)"),
        ("deep/maths.py", "return x\n", "return -x\n"),
        ("deep/lazy.py", "return 1", "return 2"),
    ],
)
def test_an_edit_of_anything_it_reaches_changes_it(folder: Path, file: str, old: str, new: str) -> None:
    before = of()
    edit(folder / file, old, new)
    assert of() != before


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "changes"),
    [
        ("nodes:of_quoted", "tools.py", "        return 1", "        return 2", True),
        ("nodes:of_module", "constants.py", "UNUSED = 1", "UNUSED = 2", True),
        ("nodes:of_local", "tools.py", "return 1", "return 2", False),
        ("nodes:of_local", "tools.py", "* 2", "* 3", False),
        ("stars:main", "deep/lazy.py", "return 1", "return 2", True),
        ("stars:main", "deep/maths.py", "x or base(x)", "x or 1", True),
        ("stars:main", "deep/maths.py", "    return x\n", "    return 2\n", False),
        ("made:one", "made.py", "return x + k", "return x - k", True),
    ],
)
def test_names_are_followed_as_python_would(
    folder: Path, name: str, file: str, old: str, new: str, changes: bool
) -> None:
    before = of(name)
    edit(folder / file, old, new)
    assert (of(name) != before) == changes


def test_functions_made_by_one_function_differ_by_what_they_were_made_with(folder: Path) -> None:
    assert of("made:one") != of("made:two")


def test_the_order_of_definitions_does_not_count(folder: Path) -> None:
    before = of()
    path = folder / "deep" / "maths.py"
    path.write_text("\n\n".join(reversed(path.read_text().split("\n\n\n"))))
    assert of() == before


def test_a_later_definition_of_a_name_counts(folder: Path) -> None:
    before = of()
    (folder / "constants.py").write_text("OFFSET = 10\nOFFSET += 1\n")
    after = of()
    (folder / "constants.py").write_text("OFFSET = 10\nfor OFFSET in range(3): pass\n")
    assert len({before, after, of()}) == 3


def test_nothing_is_imported_to_find_out(folder: Path) -> None:
    of()
    assert "samplepkg.kernels" not in sys.modules


def test_a_file_that_cannot_be_read_as_python_is_left_to_its_import(folder: Path) -> None:
    edit(
        folder / "nodes.py",
        "import samplepkg.deep.maths as maths",
        "import samplepkg.deep.maths as maths\nif 0: from samplepkg.broken import nothing",
    )
    edit(folder / "nodes.py", "return image + 1", "return nothing")
    assert of("nodes:other") == of("nodes:other")


def test_another_process_finds_the_same(folder: Path, tmp_path: Path) -> None:
    code = "from samplepkg.nodes import main; from graph4d.fingerprint import fingerprint; print(fingerprint(main))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(folder.parent)},
            capture_output=True, text=True, check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }  # fmt: skip
    assert found == {of()}


def test_what_was_remembered_of_a_file_gives_the_same_and_spares_reading_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = of()
    assert of(store=tmp_path) == before

    def fail(*_: Any) -> None:
        raise AssertionError("a file was taken apart again")

    monkeypatch.setattr(module_under_test, "read_symbols", fail)
    assert of(store=tmp_path) == before


def test_code_that_was_imported_counts_as_it_was_until_it_is_reloaded(folder: Path) -> None:
    before = of()
    module = sys.modules["samplepkg.nodes"]
    edit(folder / "nodes.py", "LIMIT = 3", "LIMIT = 44")
    assert fingerprint(module.main) == before
    assert fingerprint(importlib.reload(module).main) != before


def test_a_wrapped_function_counts_as_the_one_inside(folder: Path) -> None:
    before = of()
    main = sys.modules["samplepkg.nodes"].main
    assert fingerprint(functools.wraps(main)(lambda: main())) == before


CELL = """
SCALE = {scale}
def helper(x):
    {doc}
    return x * SCALE
class Tool:
    @property
    def size(self):
        return {size}
def unused():
    return {unused}
def main(x):
    return helper(x) + Tool().size
"""


def made_at_a_prompt(scale: float = 1, doc: str = "'doc'", size: int = 1, unused: int = 1) -> Callable[..., Any]:
    """What a notebook or a prompt leaves: functions of a module without a file."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(CELL.format(scale=scale, doc=doc, size=size, unused=unused), names)
    main: Callable[..., Any] = names["main"]
    return main


def test_code_without_a_file_counts_with_what_it_uses() -> None:
    plain = fingerprint(made_at_a_prompt())
    assert fingerprint(made_at_a_prompt()) == plain
    assert fingerprint(made_at_a_prompt(unused=2)) == plain
    assert fingerprint(made_at_a_prompt(doc="'another'")) == plain
    assert len({plain, fingerprint(made_at_a_prompt(scale=2)), fingerprint(made_at_a_prompt(size=2))}) == 3


def test_a_cell_of_a_notebook_counts_without_its_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    import linecache

    def cell(source: str) -> str:
        lines = source.splitlines(keepends=True)
        monkeypatch.setitem(linecache.cache, "<cell>", (len(source), None, lines, "<cell>"))
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(source, "<cell>", "exec"), names)
        return fingerprint(names["main"])

    plain = cell("def main(x):\n    return x\n")
    assert cell('def main(x):\n    """New."""\n    return x  # comment\n') == plain
    assert cell("def main(x):\n    return -x\n") != plain
