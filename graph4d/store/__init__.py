"""The content-addressed store of results: what was computed once is found again, or found to be broken, never wrong."""

from graph4d.store.budget import worth_storing
from graph4d.store.codec import Encoded, decode_value, digest_of, encode_value, own_attributes, read_only
from graph4d.store.disk import DiskStore, Report, Stat
from graph4d.store.memo import Memo
from graph4d.store.memory import MemoryStore
from graph4d.store.records import StoreError
from graph4d.store.tiers import Store, default_store, store_folder

__all__ = [
    "DiskStore",
    "Encoded",
    "Memo",
    "MemoryStore",
    "Report",
    "Stat",
    "Store",
    "StoreError",
    "decode_value",
    "default_store",
    "digest_of",
    "encode_value",
    "own_attributes",
    "read_only",
    "store_folder",
    "worth_storing",
]
