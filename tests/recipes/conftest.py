"""The command line, called as a person would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from graph4d.cli.app import app


@dataclass
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command; the store on the disk lasts for the test."""

    def call(*arguments: object) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            app(list(map(str, arguments)))
        captured = capsys.readouterr()
        return Said(int(left.value.code or 0), captured.out, captured.err)

    return call
