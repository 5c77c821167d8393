"""Other packages that compute the same, each in an environment of its own, as a process that is asked for its time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Peer", "environment", "peer"]

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent / ".peers"


@dataclass(frozen=True)
class Peer:
    """A running peer that has opened its input and computed its task once in every way it knows."""

    process: subprocess.Popen[str]
    version: str
    results: dict[str, NDArray[Any]]
    """What it computed, by way."""

    def seconds(self, way: str) -> float:
        """Let it compute once more; what that took by its own clock."""
        assert self.process.stdin is not None
        print(way, file=self.process.stdin, flush=True)
        return float(_answer(self.process)["seconds"])


@contextmanager
def peer(name: str, task: str, given: Path) -> Iterator[Peer]:
    """Start a peer on a file; it sleeps until it is asked, and ends with the context.

    Parameters
    ----------
    name : str
        Of ``NAME.txt``, what to install.
    task : str
        Of ``NAME_TASK.py``, what to run.
    given : Path
        The file that it opens.
    """
    python, folder = environment(name), ENVIRONMENTS / name
    result, messages = folder / f"{task}.npz", folder / "messages.txt"
    command = [str(python), str(HERE / f"{name}_{task}.py"), str(given), str(result)]
    with messages.open("w") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        ready = _answer(process)
        with np.load(result) as results:
            yield Peer(process, ready["version"], dict(results))
    finally:
        process.communicate()


def environment(name: str) -> Path:
    """The Python of a peer's own environment, made first if it is not there yet."""
    folder, requirements = ENVIRONMENTS / name, HERE / f"{name}.txt"
    python, done = folder / "bin" / "python", folder / "installed.txt"
    if not done.is_file() or done.read_text() != requirements.read_text():
        print(f"installing {name} into {folder} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(requirements)], check=True)
        done.write_text(requirements.read_text())
    return python


def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(
            f"{process.args!r} ended with exit code {process.wait()}; see messages.txt beside its result"
        )
    answer: dict[str, Any] = json.loads(line)
    return answer
