"""Digests of files follow their content, and are computed once for each state of a file."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from graph4d import files
from graph4d.errors import UsageError
from graph4d.files import file_digest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "scan.raw"
    path.parent.mkdir()
    path.write_bytes(b"0123456789" * 100)
    return path


def settle(path: Path) -> None:
    """Wait until the file has an age that time stamps can tell."""
    while time.time_ns() - path.stat().st_ctime_ns < 2 * files.SETTLED_AFTER:
        time.sleep(0.01)


@pytest.fixture
def another_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forget what this process remembers, as another would not know it."""

    def forget() -> None:
        monkeypatch.setattr(files, "_of_this_process", {})

    forget()
    return forget


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were really read, in order."""
    read: list[Path] = []
    real = files._hash_file

    def counted(path: Path, size: int, *, full: bool) -> str:
        read.append(path)
        return real(path, size, full=full)

    monkeypatch.setattr(files, "_hash_file", counted)
    return read


def test_a_settled_file_is_hashed_once_by_all_processes(
    file: Path, tmp_path: Path, hashed: list[Path], another_process: Callable[[], None]
) -> None:
    settle(file)
    digest = file_digest(file, tmp_path)
    another_process()
    assert file_digest(file, tmp_path) == digest
    assert hashed == [file]


def test_a_settled_file_is_hashed_once_by_a_process_without_a_store(file: Path, hashed: list[Path]) -> None:
    settle(file)
    assert file_digest(file) == file_digest(file)
    assert hashed == [file]


def test_a_file_that_may_change_without_a_new_time_stamp_is_hashed_again(
    file: Path, tmp_path: Path, hashed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SETTLED_AFTER", 3600 * 10**9)
    assert file_digest(file, tmp_path) == file_digest(file, tmp_path)
    assert hashed == [file, file]


def test_a_change_that_keeps_size_and_modification_time_is_seen(file: Path, tmp_path: Path) -> None:
    settle(file)
    before, times = file_digest(file, tmp_path), file.stat()
    file.write_bytes(b"x" * times.st_size)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file_digest(file, tmp_path) != before


def test_name_and_place_of_a_file_do_not_count(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.dat"
    copy.write_bytes(file.read_bytes())
    assert file_digest(copy) == file_digest(file, tmp_path)


def test_the_record_of_a_digest_that_was_damaged_is_not_believed(
    file: Path, tmp_path: Path, another_process: Callable[[], None]
) -> None:
    settle(file)
    right = file_digest(file, tmp_path)
    (record,) = tmp_path.glob("v1/files/*/*.json")
    record.write_bytes(record.read_bytes().replace(right.encode(), b"0" * 64))
    another_process()
    assert file_digest(file, tmp_path) == right


def test_of_a_very_large_file_samples_count_and_all_of_it_when_asked(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in {"WHOLE_UP_TO": 500, "ENDS": 50, "SAMPLE": 4, "SAMPLES": 10}.items():
        monkeypatch.setattr(files, name, size)
    content = bytearray(file.read_bytes())
    sampled, full = file_digest(file, tmp_path), file_digest(file, tmp_path, full=True)
    assert sampled != full
    seen = []
    for position in (0, 49, 50, 60, 953, 999):
        changed = content.copy()
        changed[position] ^= 1
        file.write_bytes(changed)
        seen.append(file_digest(file) != sampled)
        assert file_digest(file, full=True) != full
    assert seen == [True, True, True, False, True, True]
    file.write_bytes(content + b"1")
    assert file_digest(file) != sampled


def test_a_folder_counts_with_the_names_and_content_of_its_files(file: Path, tmp_path: Path) -> None:
    folder = file.parent
    before = file_digest(folder, tmp_path)
    assert file_digest(folder, tmp_path) == before
    file.rename(folder / "renamed.raw")
    assert file_digest(folder, tmp_path) != before


def test_a_missing_file_gives_one_line_with_the_name_that_was_meant(file: Path) -> None:
    with pytest.raises(UsageError, match=r"no such file: .*scam\.raw; did you mean `scan\.raw`\?") as caught:
        file_digest(file.with_name("scam.raw"))
    assert "\n" not in str(caught.value)


def test_a_store_that_cannot_be_written_only_costs_time(file: Path, tmp_path: Path) -> None:
    settle(file)
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the store should be")
    assert file_digest(file, blocked) == file_digest(file)
