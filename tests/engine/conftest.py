"""What tests of sessions and previews share."""

import pytest

from graph4d.store import DiskStore, MemoryStore, Store


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(MemoryStore(), DiskStore(tmp_path / "store"))
