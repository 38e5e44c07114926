"""Folders, made so that they survive a power cut."""

import os
from pathlib import Path


def sync_folder(path: Path) -> None:
    """Make names in the folder `path` durable: a new file may otherwise be gone after a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_parent(path: Path, *, is_durable: bool = True) -> None:
    """Make the folder of `path` and those above it, by default durably."""
    missing = [folder for folder in path.parents if not folder.exists()] if is_durable else []
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in reversed(missing):
        sync_folder(folder.parent)
