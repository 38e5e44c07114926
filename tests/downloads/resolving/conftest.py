"""Fixtures of resolving: it over a client of its own, and what it said."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from base.words import LogLevel
from downloads.client import Client
from downloads.connections import open_connections
from downloads.hosts import HostLimiter
from downloads.options import FetchOptions
from downloads.resolving.contract import Resolution, Resolver
from downloads.resolving.media.resolver import MediaResolver
from downloads.resolving.registry import load_resolvers
from downloads.resolving.resolve import Resolving


@dataclass
class Asking:
    """Resolves over one client."""

    client: Client
    said: list[tuple[LogLevel, str]] = field(default_factory=list)

    async def resolve(
        self, url: str, *, follow_links: bool = True, resolvers: Sequence[Resolver] | None = None, **options: Any
    ) -> Resolution:
        options.setdefault("retry_interval_seconds", 0.001)
        if resolvers is None:  # what yt-dlp finds has tests of its own, and it may be installed
            resolvers = [each for each in load_resolvers() if not isinstance(each, MediaResolver)]
        return await Resolving(self.client, resolvers).resolve(
            url,
            FetchOptions(**options),
            follow_links=follow_links,
            log=lambda level, message: self.said.append((level, message)),
        )

    @property
    def warnings(self) -> list[str]:
        return [message for level, message in self.said if level is LogLevel.WARNING]


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    async with open_connections(is_private_allowed=True) as connections:
        yield Asking(Client(connections, HostLimiter(first_pause_seconds=0.01), is_private_allowed=True))
