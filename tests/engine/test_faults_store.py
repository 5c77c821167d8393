"""Whatever happens to processes, disks and bits, the store gives the right value or none."""

import errno
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from graph4d.store import DiskStore, Memo, StoreError, encode_value
from graph4d.store.objects import is_intact

#: A process that does without xarray, so that many can be started.
COMMON = """
import sys
from pathlib import Path
import numpy as np
from graph4d.store.codec import Encoded
from graph4d.store import DiskStore, Memo
from graph4d.store.records import canonical

def value(number, size):
    array = np.full(size, float(number))
    item = {"array": 0, "attrs": {"@dict": {}}, "dims": ["x"], "name": None}
    spec = {"dtype": array.dtype.str, "shape": [size]}
    meta = canonical({"kind": "array", "attrs": None, "data": [item], "coords": [], "arrays": [spec]})
    return Encoded(meta, (array,), None)
"""


def value(number: int, size: int) -> xr.DataArray:
    return xr.DataArray(np.full(size, float(number)), dims="x")


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", COMMON + code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def temporary(folder: Path) -> list[Path]:
    return list(folder.glob("v1/tmp/*"))


def test_after_a_kill_at_any_moment_the_store_is_whole(tmp_path: Path) -> None:
    code = """
store = DiskStore(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(int(sys.argv[2]), 10_000):
    encoded = value(number, 200_000)
    store.put(encoded.content, encoded, seconds=1.0)
    store.remember(encoded.content, Memo({"out": encoded.content}, 1.0, 8, "a.b@1"))
"""
    moments = random.Random(4)
    for attempt in range(10):
        process = start(code, tmp_path, 1000 * attempt)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moments.uniform(0, 0.04))
        process.kill()
        process.communicate()
        store = DiskStore(tmp_path)
        assert temporary(tmp_path) == []
        assert store.verify().broken == ()
        encoded = encode_value(value(1000 * attempt, 200_000))
        assert store.put(encoded.content, encoded, seconds=1)
        assert store.get(encoded.content).identical(encoded.value)
    assert store.stat().nbytes == sum(path.stat().st_size for path in tmp_path.glob("v1/objects/*/*/*"))


@pytest.mark.parametrize("step", range(1, 9))
def test_after_a_kill_between_any_two_steps_of_writing_the_store_is_whole(tmp_path: Path, step: int) -> None:
    code = """
import itertools, os, signal
steps = itertools.count(1)
def mortal(real):
    def call(*arguments, **options):
        if next(steps) == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)
    return call
os.fsync, os.rename, os.mkdir = mortal(os.fsync), mortal(os.rename), mortal(os.mkdir)
encoded = value(1, 100)
DiskStore(Path(sys.argv[1])).put(encoded.content, encoded, seconds=10.0)
"""
    process = start(code, tmp_path, step)
    assert process.wait() == -signal.SIGKILL
    store = DiskStore(tmp_path)
    assert temporary(tmp_path) == []
    assert store.verify().broken == ()
    encoded = encode_value(value(1, 100))
    assert store.put(encoded.content, encoded, seconds=1)
    assert store.get(encoded.content).identical(encoded.value)
    assert store.stat().objects == 1


def test_of_many_processes_that_store_one_value_all_find_it_there(tmp_path: Path) -> None:
    code = """
import time
encoded = value(7, 100_000)
store = DiskStore(Path(sys.argv[1]) / "store")
while not (Path(sys.argv[1]) / "go").exists():
    time.sleep(0.0005)
print(store.put(encoded.content, encoded, seconds=1.0))
"""
    racers = [start(code, tmp_path) for _ in range(8)]
    time.sleep(0.5)
    (tmp_path / "go").touch()
    assert [racer.communicate()[0].strip() for racer in racers] == ["True"] * 8
    store = DiskStore(tmp_path / "store")
    assert (store.verify().objects, store.verify().broken, temporary(tmp_path / "store")) == (1, (), [])
    assert store.get(encode_value(value(7, 100_000)).content).identical(value(7, 100_000))


def test_processes_that_evict_each_others_values_do_not_fail_and_keep_the_budget(tmp_path: Path) -> None:
    code = """
store = DiskStore(Path(sys.argv[1]), budget=60_000)
for number in range(25):
    encoded = value(number % 12, 1000)
    store.put(encoded.content, encoded, seconds=1.0)
print("done")
"""
    racers = [start(code, tmp_path) for _ in range(4)]
    assert [racer.communicate()[0].strip() for racer in racers] == ["done"] * 4
    store = DiskStore(tmp_path, budget=60_000)
    assert store.verify().broken == ()
    encoded = encode_value(value(99, 1000))
    assert store.put(encoded.content, encoded, seconds=1)
    assert store.stat().nbytes <= 60_000


def rich_value() -> xr.DataArray:
    coords = {"x": [0.0, 0.5, 1.0], "name": ("x", ["Sr", "Ti", "O"])}
    attrs = {"units": "Å", "matrix": np.eye(2), "limit": float("nan")}
    return xr.DataArray(np.arange(3.0), dims="x", coords=coords, attrs=attrs, name="positions")


def test_any_flipped_bit_in_any_file_of_an_object_is_detected(tmp_path: Path) -> None:
    encoded = encode_value(rich_value())
    DiskStore(tmp_path).put(encoded.content, encoded, seconds=1)
    (folder,) = tmp_path.glob("v1/objects/*/*")
    unnoticed = []
    for path in folder.iterdir():
        content = path.read_bytes()
        with path.open("r+b", buffering=0) as file:
            for position, byte in enumerate(content):
                os.pwrite(file.fileno(), bytes([byte ^ 1 << position % 8]), position)
                if is_intact(folder, encoded.content):
                    unnoticed.append((path.name, position))
                os.pwrite(file.fileno(), bytes([byte]), position)
    line_break = (folder / "meta.json").stat().st_size - 1
    assert set(unnoticed) <= {("meta.json", line_break)}
    assert is_intact(folder, encoded.content)


@pytest.mark.parametrize("damage", ["flip", "truncate", "append", "empty", "remove", "exchange"])
@pytest.mark.parametrize("file", ["meta.json", "0.npy"])
def test_a_damaged_object_is_a_miss_and_is_removed_and_can_be_stored_again(
    tmp_path: Path, file: str, damage: str
) -> None:
    store = DiskStore(tmp_path)
    encoded = encode_value(rich_value())
    store.put(encoded.content, encoded, seconds=1)
    assert store.check(encoded.content)
    (path,) = tmp_path.glob(f"v1/objects/*/*/{file}")
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 4
    changed = {"truncate": content[:-3], "append": content + b"\0", "empty": b"", "exchange": b"{}"}.get(
        damage, content
    )
    path.write_bytes(changed)
    if damage == "remove":
        path.unlink()
    assert store.get(encoded.content) is None
    assert not store.has(encoded.content)
    assert store.put(encoded.content, encoded, seconds=1)
    assert store.get(encoded.content).identical(rich_value())


def test_an_object_is_hashed_once_a_process_and_again_when_it_was_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []

    def counted(folder: Path, digest: str) -> bool:
        hashed.append(digest)
        return is_intact(folder, digest)

    monkeypatch.setattr("graph4d.store.disk.is_intact", counted)
    monkeypatch.setattr("graph4d.store.disk.TIME_STAMP_STEP", -1)
    store, encoded = DiskStore(tmp_path), encode_value(rich_value())
    store.put(encoded.content, encoded, seconds=1)
    assert store.check(encoded.content)
    assert store.get(encoded.content).identical(rich_value())
    assert len(hashed) == 1
    time.sleep(0.02)
    (path,) = tmp_path.glob("v1/objects/*/*/0.npy")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert not store.check(encoded.content)
    assert len(hashed) == 2


def test_an_object_in_the_place_of_another_is_not_taken_for_it(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    encoded = encode_value(rich_value())
    store.put(encoded.content, encoded, seconds=1)
    (folder,) = tmp_path.glob("v1/objects/*/*")
    other = "0" * 64
    shutil.copytree(folder, tmp_path / "v1" / "objects" / "00" / other)
    assert store.get(other) is None


def test_verification_finds_and_removes_what_is_broken(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    encoded = [encode_value(value(number, 50)) for number in range(3)]
    for item in encoded:
        store.put(item.content, item, seconds=1)
        store.remember(item.content, Memo({"out": item.content}, 1.0, 8, "a.b@1"))
    (tmp_path / "v1" / "objects" / encoded[0].content[:2] / encoded[0].content / "0.npy").write_bytes(b"?")
    (tmp_path / "v1" / "memo" / encoded[1].content[:2] / f"{encoded[1].content}.json").write_bytes(b"?")
    report = store.verify()
    assert report.objects == 2
    assert report.broken == tuple(sorted([encoded[0].content, encoded[1].content]))
    assert store.verify().broken == ()
    assert store.memo(encoded[1].content) is None


def test_any_flipped_bit_in_a_memo_makes_it_a_miss(tmp_path: Path) -> None:
    store, memo = DiskStore(tmp_path), Memo({"out": "d" * 64}, 1.5, 8, "a.b@1", {"numpy": "2"})
    store.remember("a" * 64, memo)
    (path,) = tmp_path.glob("v1/memo/*/*.json")
    content = path.read_bytes()
    for position, byte in enumerate(content):
        path.write_bytes(content[:position] + bytes([byte ^ 1 << position % 8]) + content[position + 1 :])
        assert store.memo("a" * 64) in ((memo, None) if position == len(content) - 1 else (None,))


@pytest.mark.parametrize(
    ("failing", "call"),
    [("mkdir", 1), ("mkdir", 2), ("open", 1), ("open", 2), *(("fsync", call) for call in range(1, 5)), ("write", 1)],
)
def test_a_full_disk_gives_one_clear_line_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str, call: int
) -> None:
    store = DiskStore(tmp_path)
    kept, new = encode_value(value(1, 1000)), encode_value(value(2, 1000))
    store.put(kept.content, kept, seconds=1)
    calls = itertools.count(1)
    owner: Any = Path if failing == "open" else os
    real = getattr(owner, failing)

    def full(*arguments: Any, **options: Any) -> Any:
        if next(calls) >= call:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(owner, failing, full)
        with pytest.raises(StoreError) as caught:
            store.put(new.content, new, seconds=10)
    line = str(caught.value)
    assert "\n" not in line
    for part in (str(tmp_path), "No space left on device", "graph4d cache prune", "GRAPH4D_CACHE"):
        assert part in line
    assert temporary(tmp_path) == []
    assert DiskStore(tmp_path).verify().broken == ()
    assert store.get(kept.content).identical(kept.value)
    assert store.put(new.content, new, seconds=1)
    assert store.get(new.content).identical(new.value)


def test_what_another_machine_left_unfinished_is_swept_only_when_it_is_old(tmp_path: Path) -> None:
    for name, age in {"elsewhere~1~aa": 7200, "elsewhere~2~bb": 60}.items():
        path = tmp_path / "v1" / "tmp" / name
        path.mkdir(parents=True)
        os.utime(path, (time.time() - age,) * 2)
    DiskStore(tmp_path)
    assert [path.name for path in temporary(tmp_path)] == ["elsewhere~2~bb"]


def test_what_a_living_process_is_writing_is_not_swept(tmp_path: Path) -> None:
    from graph4d.store.records import unused_name

    draft = tmp_path / "v1" / "tmp" / unused_name()
    draft.mkdir(parents=True)
    DiskStore(tmp_path)
    assert draft.is_dir()
