"""Fixtures of downloads: a storage, a fetcher, and what it said."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from base.words import LogLevel
from downloads.client import Client
from downloads.connections import open_connections
from downloads.fetch import FetchedFile, Fetcher, FetchRequest
from downloads.hosts import HostLimiter
from downloads.options import FetchOptions
from storage.local.storage import LocalStorage
from storage.memory import MemoryStorage
from storage.ports import Storage
from tests.databases import Template, opened
from tests.downloads.download_harness import CONTENT, DownloadHarness, opened_harness
from tests.downloads.servers_for_tests import Origin, serving
from tests.storage.part_storage import PartStorage

KEY = "files/f3/file-1"
KINDS: dict[str, Callable[[Path], Storage]] = {"local": LocalStorage, "memory": MemoryStorage, "parts": PartStorage}


@dataclass
class Fetching:
    """Fetches into one key of one storage."""

    fetcher: Fetcher
    storage: Storage
    folder: Path
    said: list[tuple[LogLevel, str]] = field(default_factory=list)

    def request(self, url: str, **options: Any) -> FetchRequest:
        options.setdefault("retry_interval_seconds", 0.001)
        named = ("bandwidth", "meter", "is_same_demanded", "is_page_wanted")
        own = {name: options.pop(name) for name in named if name in options}
        return FetchRequest(
            url=url,
            key=KEY,
            folder=self.folder,
            options=FetchOptions(**options),
            log=lambda level, message: self.said.append((level, message)),
            **own,
        )

    async def fetch(self, url: str, **options: Any) -> FetchedFile:
        return await self.fetcher.fetch(self.request(url, **options))

    async def content(self) -> bytes:
        """What lies at the key."""
        size = await self.storage.size_of(KEY)
        return b"".join([part async for part in self.storage.blob(KEY, size or 0).read(0, size or 0)])

    async def keys(self) -> set[str]:
        """What is stored of the file and its journal."""
        return {key for key in (KEY, f"{KEY}.journal") if await self.storage.size_of(key) is not None}

    @property
    def warnings(self) -> list[str]:
        return [message for level, message in self.said if level is LogLevel.WARNING]


@pytest.fixture
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """On the disk, or of the kind that the test names."""
    return KINDS[getattr(request, "param", "local")](tmp_path / "data")


@pytest.fixture
async def fetching(storage: Storage, tmp_path: Path) -> AsyncIterator[Fetching]:
    folder = tmp_path / "scratch"
    folder.mkdir()
    async with open_connections(is_private_allowed=True) as connections:
        hosts = HostLimiter(first_pause_seconds=0.01)
        yield Fetching(Fetcher(Client(connections, hosts), storage), storage, folder)


@pytest.fixture
async def downloads(template: Template, tmp_path: Path) -> AsyncIterator[DownloadHarness]:
    async with opened(template, tmp_path), opened_harness(tmp_path) as harness:
        yield harness


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    async with serving(Origin(CONTENT)) as origin:
        yield origin
