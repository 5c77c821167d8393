"""Kill runs at random moments: the next run must succeed, and give what an undisturbed one gives, bit for bit.

``python -m benchmarks.kills [RECIPE [NAME=VALUE …]]``; by default the recipe that needs no data.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Trial", "difference", "killed", "outcome", "together", "undisturbed"]

QUICKSTART = Path(__file__).parents[1] / "recipes" / "quickstart.yml"

#: For every file or digest that a run gave, a hash of what it holds.
Outcome = Mapping[str, str]


@dataclass(frozen=True)
class Trial:
    """A recipe with its settings, as ``NAME=VALUE``."""

    recipe: Path
    settings: Sequence[str] = ()

    def start(self, store: Path, out: Path) -> subprocess.Popen[str]:
        """Begin a run, in a session of its own."""
        graph4d = Path(sys.executable).with_name("graph4d")
        settings = [f"--set={setting}" for setting in self.settings]
        return subprocess.Popen(
            [graph4d, "run", self.recipe, *settings, "--out", out],
            env={**os.environ, "GRAPH4D_CACHE": str(store)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


def undisturbed(trial: Trial, folder: Path) -> tuple[Outcome, float]:
    """Run a trial in peace: what it gives, and the seconds it takes.

    Raises
    ------
    RuntimeError
        It does not end well.
    """
    _finish(trial.start(folder / "first store", folder / "first out"))  # compiles what the other runs find compiled
    started = time.perf_counter()
    _finish(trial.start(folder / "store", folder / "out"))
    return outcome(folder / "out"), time.perf_counter() - started


def killed(trial: Trial, folder: Path, after: float) -> tuple[Outcome, bool]:
    """Kill a run, then run the same to the end.

    Parameters
    ----------
    trial : Trial
    folder : Path
        A new one, for store and outputs.
    after : float
        When to kill the first run [s].

    Returns
    -------
    outcome : mapping
        Of the second run.
    hit : bool
        Whether the first one was still running.

    Raises
    ------
    RuntimeError
        The second run does not end well.
    """
    run = trial.start(folder / "store", folder / "out")
    time.sleep(after)
    hit = run.poll() is None
    if hit:
        os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    _finish(trial.start(folder / "store", folder / "out"))
    return outcome(folder / "out"), hit


def together(trial: Trial, folder: Path, count: int = 2) -> list[Outcome]:
    """Run a trial in several processes at once, on one store; what each gives.

    Raises
    ------
    RuntimeError
        One of them does not end well.
    """
    outs = [folder / f"out {number}" for number in range(count)]
    runs = [trial.start(folder / "store", out) for out in outs]
    for run in runs:
        _finish(run)
    return [outcome(out) for out in outs]


def outcome(out: Path) -> Outcome:
    """Hashes of all that a run wrote, decoded: of each variable in each file, the numbers, the digests, and the code.

    The code is part of it so that an edit between two runs is not taken for a fault of one of them.
    """
    hashes = {}
    # A killed run may leave a draft, whose name begins with a dot; nobody takes that for an output.
    for path in sorted(out.glob("[!.]*.nc")):
        for name, content in _variables(path).items():
            hashes[f"{path.name}: {name}"] = hashlib.sha256(content).hexdigest()
    for path in sorted([*out.glob("[!.]*.csv"), *out.glob("metrics.json")]):
        hashes[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    provenance = json.loads((out / "provenance.json").read_text(encoding="utf-8"))
    hashes |= {f"digest of {name}": output["digest"] for name, output in provenance["outputs"].items()}
    return hashes | {f"code of {name}": step["code"] for name, step in provenance["steps"].items()}


def difference(one: Outcome, other: Outcome) -> list[str]:
    """In what two outcomes differ; empty if they are the same."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def _variables(path: Path) -> dict[str, bytes]:
    """Each variable of a netCDF file as its type, shape, attributes and bytes."""
    import xarray as xr

    with xr.open_dataset(path, engine="h5netcdf") as file:
        return {
            str(name): repr((v.dtype, v.dims, v.shape, sorted(v.attrs.items()))).encode() + v.values.tobytes()
            for name, v in file.variables.items()
        }


def _finish(run: subprocess.Popen[str]) -> None:
    _, messages = run.communicate()
    if run.returncode != 0:
        raise RuntimeError(f"a run that nobody killed ended with exit code {run.returncode}:\n{messages}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("recipe", nargs="?", type=Path, default=QUICKSTART)
    parser.add_argument("settings", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    trial, moments = Trial(arguments.recipe, arguments.settings), random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expected, seconds = undisturbed(trial, folder)
        print(f"undisturbed: {len(expected)} results in {seconds:.2f} s")
        hits, faults = 0, 0
        for number in range(arguments.kills):
            after = moments.uniform(0, seconds)
            found, hit = killed(trial, folder / f"kill {number}", after)
            hits += hit
            faults += _told(f"killed after {after:.3f} s", difference(expected, found))
        for number, found in enumerate(together(trial, folder / "together")):
            faults += _told(f"process {number} of two at once", difference(expected, found))
    print(f"{hits} of {arguments.kills} runs were killed while they ran; two ran at once; {faults} differed")
    return int(faults > 0)


def _told(run: str, differing: Sequence[str]) -> bool:
    """Print in what a run differs, at once; whether it does."""
    if differing:
        print(f"{run}: differs in {', '.join(differing)}", flush=True)
    return bool(differing)


if __name__ == "__main__":
    sys.exit(main())
