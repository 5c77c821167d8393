"""The store gives back what was put into it, stays within its budget, and keeps what is worth most."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from graph4d.store import (
    DiskStore,
    Encoded,
    Memo,
    MemoryStore,
    Store,
    StoreError,
    default_store,
    encode_value,
    worth_storing,
)
from graph4d.store.budget import Entry, victims

MEMO = Memo({"out": "d" * 64}, 1.5, 48, "a.b@1", {"numpy": "2"})


def image(number: float = 0, size: int = 100) -> xr.DataArray:
    values = np.full(size, float(number))
    return xr.DataArray(values, dims="x", coords={"x": np.arange(size)}, attrs={"units": "Å"}, name="image")


def put(store: DiskStore | MemoryStore | Store, number: float, *, size: int = 100, seconds: float = 1.0) -> str:
    """Put a value of which ``number`` is the content; its digest."""
    encoded = encode_value(image(number, size))
    store.put(encoded.content, encoded, seconds=seconds)
    return encoded.content


def size_of(number: float = 0, size: int = 100) -> int:
    """What such a value takes [bytes], in memory; on the disk it is somewhat more."""
    return encode_value(image(number, size)).nbytes


def bytes_on_disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("v1/objects/*/*/*"))


@pytest.fixture(params=["memory", "disk", "both"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    made = {
        "memory": lambda: MemoryStore(),
        "disk": lambda: DiskStore(tmp_path),
        "both": lambda: Store(MemoryStore(), DiskStore(tmp_path)),
    }
    return made[request.param]()


def test_a_value_is_found_again(store: Any) -> None:
    digest = put(store, 3)
    assert store.has(digest)
    assert store.get(digest).identical(image(3))


def test_what_was_never_put_is_not_there(store: Any) -> None:
    assert not store.has("0" * 64)
    assert store.get("0" * 64) is None
    assert store.memo("0" * 64) is None


def test_what_an_action_gave_is_remembered(store: Any) -> None:
    store.remember("a" * 64, MEMO)
    assert store.memo("a" * 64) == MEMO


def test_nobody_can_change_a_stored_value(store: Any) -> None:
    digest = put(store, 3, size=1 << 18)
    with pytest.raises(ValueError, match="read-only"):
        store.get(digest).values[0] = 1


def test_many_threads_can_put_and_get_at_once(store: Any) -> None:
    def work(number: int) -> bool:
        digest = put(store, number % 5)
        return bool(store.get(digest).identical(image(number % 5)))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(40)))


def test_a_new_process_finds_what_another_put(tmp_path: Path) -> None:
    digest = put(DiskStore(tmp_path), 3)
    DiskStore(tmp_path).remember("a" * 64, MEMO)
    code = f"""
import sys; from pathlib import Path; from graph4d.store import DiskStore
store = DiskStore(Path({str(tmp_path)!r}))
print(store.check({digest!r}), store.memo({"a" * 64!r}).seconds, "xarray" in sys.modules)
print(float(store.get({digest!r})[0]))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert found == ["True", "1.5", "False", "3.0"]


def is_mapped(array: Any) -> bool:
    return isinstance(array, np.memmap) or (isinstance(array, np.ndarray) and is_mapped(array.base))


def test_a_large_array_is_mapped_and_a_small_one_read(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    large, small = (store.get(put(store, 1, size=size)) for size in (1 << 18, 100))
    assert [is_mapped(value.values) for value in (large, small)] == [True, False]


def test_an_array_on_a_disk_is_stored_without_being_loaded(tmp_path: Path) -> None:
    mapped = np.lib.format.open_memmap(tmp_path / "source.npy", "w+", np.uint16, (64, 300, 400))
    mapped[:] = np.arange(300 * 400).reshape(300, 400) % 65536
    value = xr.DataArray(mapped.transpose(1, 2, 0), dims=("y", "x", "feature"), attrs={"units": "1"})
    store = DiskStore(tmp_path / "store")
    encoded = encode_value(value)
    assert store.put(encoded.content, encoded, seconds=1)
    assert store.get(encoded.content).identical(value)


def test_the_history_of_a_recipe_is_what_was_recorded_last(tmp_path: Path) -> None:
    store = Store(MemoryStore(), DiskStore(tmp_path))
    assert store.history("r" * 64) == {}
    store.record("r" * 64, {"com": {"kernel": 41}})
    store.record("r" * 64, {"com": {"kernel": 21}})
    assert Store(MemoryStore(), DiskStore(tmp_path)).history("r" * 64) == {"com": {"kernel": 21}}


def test_a_value_from_the_disk_stays_in_memory(tmp_path: Path) -> None:
    digest = put(DiskStore(tmp_path), 3)
    store = Store(MemoryStore(), DiskStore(tmp_path))
    assert np.shares_memory(store.get(digest), store.get(digest))


def test_without_a_disk_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPH4D_CACHE", str(tmp_path))
    store = Store(MemoryStore())
    store.record("r" * 64, {})
    digest = put(store, 1)
    assert store.check(digest)
    assert list(tmp_path.iterdir()) == []


def test_looking_into_a_store_does_not_make_one(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "none")
    assert not store.check("0" * 64)
    assert store.get("0" * 64) is None
    assert store.memo("0" * 64) is None
    assert store.stat().objects == 0
    assert not (tmp_path / "none").exists()


def test_the_environment_names_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPH4D_CACHE", str(tmp_path / "mine"))
    put(default_store(), 1)
    assert (tmp_path / "mine" / "v1" / "objects").is_dir()
    monkeypatch.delenv("GRAPH4D_CACHE")
    assert default_store().folder is not None
    assert tmp_path not in Path(str(default_store().folder)).parents


# The budget


def test_the_budget_holds_after_every_write(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    store = DiskStore(tmp_path, budget=30_000)
    for number in range(25):
        put(store, number, size=int(random.integers(1, 900)), seconds=float(random.random()))
        assert bytes_on_disk(tmp_path) <= 30_000
    assert store.stat().nbytes == bytes_on_disk(tmp_path)
    assert store.stat().objects > 3


def test_the_budget_holds_when_two_stores_share_a_folder(tmp_path: Path) -> None:
    stores = [DiskStore(tmp_path, budget=20_000) for _ in range(2)]
    for number in range(20):
        put(stores[number % 2], number)
        assert bytes_on_disk(tmp_path) <= 20_000


def test_the_budget_holds_in_memory_after_every_write() -> None:
    store = MemoryStore(budget=10 * size_of())
    for number in range(30):
        put(store, number, seconds=number % 7)
        assert store.nbytes <= store.budget


@pytest.mark.parametrize("kind", [MemoryStore, DiskStore])
def test_what_is_larger_than_the_budget_is_not_stored_and_evicts_nothing(kind: Any, tmp_path: Path) -> None:
    store = kind(budget=20_000) if kind is MemoryStore else kind(tmp_path, budget=20_000)
    first = put(store, 1)
    encoded = encode_value(image(2, 10_000))
    assert store.put(encoded.content, encoded, seconds=100) is False
    assert store.has(first)
    assert not store.has(encoded.content)


@pytest.mark.parametrize("kind", [MemoryStore, DiskStore])
def test_what_is_cheapest_to_recompute_per_byte_goes_first(kind: Any, tmp_path: Path) -> None:
    store = kind(budget=15_000) if kind is MemoryStore else kind(tmp_path, budget=15_000)
    dear, cheap = put(store, 1, seconds=50), put(store, 2, seconds=0.1)
    large = put(store, 3, size=500, seconds=1)
    for number in range(10, 14):
        put(store, number, seconds=20)
    assert [store.has(digest) for digest in (dear, cheap, large)] == [True, False, False]


@pytest.mark.parametrize("kind", [MemoryStore, DiskStore])
def test_pinned_values_are_never_evicted(kind: Any, tmp_path: Path) -> None:
    store = kind(budget=20_000) if kind is MemoryStore else kind(tmp_path, budget=20_000)
    shown = put(store, 1, seconds=1e-9)
    store.pin([shown])
    store.pin([shown])
    store.unpin([shown])
    for number in range(10, 30):
        put(store, number)
    store.prune(0)
    assert store.has(shown)
    store.unpin([shown])
    store.prune(0)
    assert not store.has(shown)


def test_when_everything_is_pinned_a_new_value_is_not_stored(tmp_path: Path) -> None:
    store = DiskStore(tmp_path, budget=6_000)
    store.pin([put(store, number) for number in range(2)])
    encoded = encode_value(image(3))
    assert store.put(encoded.content, encoded, seconds=1) is False
    assert store.stat().objects == 2


def test_of_equally_dear_values_the_one_unused_for_longest_goes(tmp_path: Path) -> None:
    store = DiskStore(tmp_path, budget=100_000)
    first, second = put(store, 1), put(store, 2)
    long_ago = 1_600_000_000
    for path in tmp_path.glob("v1/objects/*/*"):
        os.utime(path, (long_ago, long_ago))
    store.get(first)
    store.prune(bytes_on_disk(tmp_path) - 1)
    assert (store.has(first), store.has(second)) == (True, False)


def test_values_are_given_up_by_worth_then_by_age() -> None:
    entries = [
        Entry("dear", 100, 10.0, used=0),
        Entry("cheap and recent", 100, 0.1, used=9),
        Entry("cheap and old", 100, 0.11, used=1),
        Entry("worthless", 100, 0.0, used=99),
    ]
    assert victims(entries, 400) == ["worthless", "cheap and old", "cheap and recent", "dear"]
    assert victims(entries, 101) == ["worthless", "cheap and old"]
    assert victims(entries, 101, pinned={"worthless"}) == ["cheap and old", "cheap and recent"]
    assert victims(entries, 0) == []


def test_pruning_leaves_memos_so_that_evicted_can_be_told_from_never_ran(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    put(store, 1)
    store.remember("a" * 64, MEMO)
    size = bytes_on_disk(tmp_path)
    assert store.prune(0) == size
    assert (store.stat().objects, store.stat().memos, bytes_on_disk(tmp_path)) == (0, 1, 0)
    assert store.memo("a" * 64) == MEMO


def test_sizes_are_right_without_the_inventory_and_with_a_damaged_one(tmp_path: Path) -> None:
    for number in range(4):
        put(DiskStore(tmp_path), number, seconds=number)
    inventory, right = tmp_path / "v1" / "inventory", DiskStore(tmp_path).stat()
    damaged = bytearray(inventory.read_bytes())
    damaged[66] ^= 1  # a digit of the size
    inventory.write_bytes(damaged + b"half a li")
    assert DiskStore(tmp_path).stat() == right
    inventory.unlink()
    assert DiskStore(tmp_path).stat() == right


def test_the_inventory_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph4d.store.inventory.MANY_OLD_LINES", 10)
    store = DiskStore(tmp_path, budget=10_000)
    for number in range(30):
        put(store, number)
    assert len((tmp_path / "v1" / "inventory").read_text().splitlines()) < 25
    assert store.stat().nbytes == bytes_on_disk(tmp_path) <= 10_000


def test_what_recomputes_faster_than_it_loads_is_not_worth_storing() -> None:
    assert not worth_storing(100e-6, 0)
    assert not worth_storing(0.5, 1 << 30)
    assert worth_storing(2.0, 1 << 30)


def test_readers_see_only_whole_values_while_others_come_and_go(tmp_path: Path) -> None:
    writer, reader = DiskStore(tmp_path, budget=20_000), DiskStore(tmp_path, budget=20_000)
    values: dict[str, Encoded] = {}
    for number in range(10):
        encoded = encode_value(image(number))
        values[encoded.content] = encoded
    done, wrong = threading.Event(), []

    def read() -> None:
        while not done.is_set():
            for digest, encoded in values.items():
                found = reader.get(digest)
                if found is not None and not found.identical(encoded.value):
                    wrong.append(digest)

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(2):
        for digest, encoded in values.items():
            writer.put(digest, encoded, seconds=1)
    done.set()
    thread.join()
    assert wrong == []


def test_a_folder_that_cannot_be_a_store_gives_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store(MemoryStore(), DiskStore(tmp_path / "file"))
    with pytest.raises(StoreError, match=r"cannot write .* bytes into the store .*file.*GRAPH4D_CACHE"):
        put(store, 1)
    with pytest.raises(StoreError, match="cannot write"):
        store.remember("a" * 64, MEMO)
    assert store.memory.has(encode_value(image(1)).content)
    assert store.memo("a" * 64) == MEMO
