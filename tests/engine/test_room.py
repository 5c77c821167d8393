"""Results of a pass that are too large for memory."""

import errno
import os

import numpy as np
import pytest

from graph4d import UsageError, per_pattern
from graph4d.run import room
from graph4d.run.fused import reduce_now, run_pass
from graph4d.run.job import Job
from graph4d.run.room import room_for


class Numbers:
    """A stack whose item n is full of n."""

    positions, item_shape, dtype, alignment, parent = (5, 7), (2, 3), np.dtype("f4"), 1, None

    def read(self, start: int, stop: int) -> np.ndarray:
        return np.broadcast_to(np.arange(start, stop, dtype="f4")[:, None, None], (stop - start, 2, 3)).copy()


def doubled(dtype: str = "f8"):
    def kernel(block, out):
        out[:] = 2 * block.reshape(len(block), 6)

    return per_pattern(kernel, finish=lambda values: values, shape=(6,), dtype=dtype)


def test_a_large_result_lies_in_a_file_and_is_the_same(monkeypatch):
    held = reduce_now(doubled(), Numbers())
    monkeypatch.setattr(room, "HELD_BYTES", 100)
    filed = reduce_now(doubled(), Numbers())
    assert isinstance(filed.base, np.memmap)
    assert not isinstance(held.base, np.memmap)
    np.testing.assert_array_equal(filed, held)
    np.testing.assert_array_equal(filed[3, 2], np.full(6, 2 * (3 * 7 + 2)))


def test_the_file_ends_with_the_result(monkeypatch, tmp_path):
    monkeypatch.setattr(room.tempfile, "tempdir", str(tmp_path))
    array = room_for((10, 10), np.dtype("f8"), held_bytes=0)
    array[:] = 3
    assert list(tmp_path.iterdir()) == []
    assert float(array.sum()) == 300


def test_a_full_disk_gives_one_line_with_the_remedy(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(room, "_reserve", full)
    monkeypatch.setattr(room, "HELD_BYTES", 100)
    with pytest.raises(UsageError, match=r"has no room in .*; set TMPDIR"):
        reduce_now(doubled(), Numbers())


def test_a_result_without_room_leaves_the_others_of_its_pass_alone(monkeypatch):
    monkeypatch.setattr(room, "HELD_BYTES", 5 * 7 * 8)
    monkeypatch.setattr(room, "_reserve", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    small = per_pattern(lambda block, out: block.sum((1, 2), out=out), finish=lambda values: values)
    numbers = Numbers()
    jobs = [Job(doubled(), numbers), Job(small, numbers)]
    run_pass(jobs)
    assert isinstance(jobs[0].error, UsageError)
    assert jobs[1].error is None
    np.testing.assert_array_equal(jobs[1].value.ravel(), 6 * np.arange(35))


def test_without_a_way_to_reserve_the_file_is_written(monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    assert not room_for((3 << 18,), np.dtype("f4"), held_bytes=0).any()


@pytest.mark.parametrize("dtype", ["f8", "i4"])
def test_what_has_not_been_seen_is_empty_in_a_partial_result_and_nowhere_else(dtype):
    job = Job(doubled(dtype), Numbers())
    job.seen.prepare()
    job.seen.see(None, Numbers().read(0, 4), slice(0, 4))
    partial = job.partial().reshape(35, 6)
    np.testing.assert_array_equal(partial[:4], 2 * np.repeat(np.arange(4), 6).reshape(4, 6))
    assert np.isnan(partial[4:]).all() if dtype == "f8" else not partial[4:].any()
    job.seen.see(None, Numbers().read(4, 35), slice(4, 35))
    assert np.isfinite(job.partial()).all()
