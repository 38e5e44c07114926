"""Paths of stored bytes, for tests that damage them."""

from pathlib import Path

from storage.local.storage import LocalStorage
from storage.ports import BlobStore


def stored_path(storage: BlobStore, key: str) -> Path:
    """Where the local storage keeps `key`."""
    assert isinstance(storage, LocalStorage)
    return storage.path_of(key)
