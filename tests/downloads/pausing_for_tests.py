"""Paused transfers, for tests of what comes then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from downloads.progress import Meter
from tests.downloads.conftest import KINDS, Fetching
from tests.downloads.servers_for_tests import Asked, Origin, held

CONTENT = bytes(range(256)) * 20_000
"""5 MB."""
CHANGED = CONTENT[::-1]
CUT = 3_000_000
EVERY_STORAGE = pytest.mark.parametrize("storage", list(KINDS), indirect=True)


def start_of(asked: Asked) -> int:
    return int((asked.range or "bytes=0-").removeprefix("bytes=").partition("-")[0])


async def until(received: int, meter: Meter) -> None:
    """Wait until so many bytes have come."""
    async with asyncio.timeout(20):
        while meter.received_bytes < received:  # noqa: ASYNC110  there is nothing else to wait for
            await asyncio.sleep(0.005)


@asynccontextmanager
async def paused(fetching: Fetching, origin: Origin, after: int = CUT) -> AsyncIterator[None]:
    """A fetch that was cancelled after so many bytes, from a server that goes on as `origin.change` says then."""
    request = fetching.request(origin.url(), chunk_bytes=100_000)
    good, release = origin.change, asyncio.Event()
    origin.change = held(release, after)
    task = asyncio.create_task(fetching.fetcher.fetch(request))
    await until(after, request.meter)
    task.cancel()
    assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)
    release.set()
    origin.change = good
    yield
