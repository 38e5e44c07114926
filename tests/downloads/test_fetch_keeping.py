"""Keeping what came: over a kill, a full disk, a journal or bytes that are lost."""

import asyncio
import hashlib
import os
import signal
import sys
from pathlib import Path

import pytest

from base.errors import ErrorCode, Refusal
from client.server_process import ROOT
from downloads.fetch import Fetcher
from downloads.journal import Entry, Journal
from storage.ports import Storage
from tests.downloads.conftest import KEY, KINDS, Fetching
from tests.downloads.pausing_for_tests import CONTENT, CUT, EVERY_STORAGE, paused, start_of
from tests.downloads.servers_for_tests import Origin, held, serving, unchanged


@pytest.fixture
def on_disk(tmp_path: Path) -> Storage:
    return KINDS["local"](tmp_path / "data")


@EVERY_STORAGE
async def test_a_finished_file_is_not_asked_for_again(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        file = await fetching.fetch(origin.url())
        asked = len(origin.asked)

        assert await fetching.fetch(origin.url()) == file
        assert len(origin.asked) == asked
        await fetching.fetcher.forget(KEY, fetching.folder)
        assert await fetching.keys() == {KEY}


async def test_what_was_complete_but_not_yet_finished_needs_no_request(
    fetching: Fetching, on_disk: Storage, tmp_path: Path
) -> None:
    async with serving(Origin(CONTENT)) as origin:
        async with paused(fetching, origin):
            entry = await Journal(fetching.storage, KEY, fetching.folder).load()
        assert entry is not None
        sink = await on_disk.open_sink(KEY, 0, None)
        await sink.write([CONTENT])
        await sink.sync()
        await sink.close()
        folder = tmp_path / "other"
        folder.mkdir()
        await Journal(on_disk, KEY, folder).save(Entry(entry.known, len(CONTENT)))

        other = Fetching(type(fetching.fetcher)(fetching.fetcher._client, on_disk), on_disk, folder)
        file = await other.fetch(origin.url())
        assert file.sha256 == hashlib.sha256(CONTENT).hexdigest()
        assert len(origin.asked) == 1


@pytest.mark.parametrize("storage", ["local", "memory"], indirect=True)
async def test_discarding_removes_every_byte(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        assert await fetching.keys() == {KEY, f"{KEY}.journal"}
        await fetching.fetcher.discard(KEY, fetching.folder)
        assert await fetching.keys() == set()


@pytest.mark.parametrize("spoilt", [b"", b"no json", b'{"version": 99}', b'{"version": 1, "known": {}}'])
async def test_a_journal_that_cannot_be_read_starts_over(fetching: Fetching, spoilt: bytes) -> None:
    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        draft = fetching.folder / "spoilt"
        draft.write_bytes(spoilt)
        await fetching.storage.adopt(draft, f"{KEY}.journal")
        await fetching.fetch(origin.url())

        assert await fetching.content() == CONTENT
        assert origin.ranges[-1] is None


@pytest.mark.parametrize("storage", ["local", "memory"], indirect=True)
async def test_bytes_that_the_disk_lost_are_fetched_again(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        await fetching.storage.remove(KEY)
        await fetching.fetch(origin.url())

        assert await fetching.content() == CONTENT
        assert origin.ranges[-1] is None


PROGRAM = """
import asyncio, sys
from pathlib import Path
from downloads.client import Client
from downloads.connections import open_connections
from downloads.fetch import Fetcher, FetchRequest
from downloads.hosts import HostLimiter
from downloads.options import FetchOptions
from storage.local.storage import LocalStorage

async def main(url, key, data, folder):
    async with open_connections(is_private_allowed=True) as connections:
        fetcher = Fetcher(Client(connections, HostLimiter()), LocalStorage(Path(data)))
        options = FetchOptions(chunk_bytes=100_000)
        await fetcher.fetch(FetchRequest(url=url, key=key, folder=Path(folder), options=options))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_process_loses_no_more_than_a_chunk(fetching: Fetching, tmp_path: Path) -> None:
    release = asyncio.Event()
    async with serving(Origin(CONTENT, change=held(release, CUT))) as origin:
        arguments = (origin.url(), KEY, str(tmp_path / "data"), str(fetching.folder))
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, *arguments, cwd=ROOT)
        journal = Journal(fetching.storage, KEY, fetching.folder)
        async with asyncio.timeout(30):
            while (entry := await journal.load()) is None or entry.offset < CUT - 300_000:
                assert process.returncode is None
                await asyncio.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        release.set()

        origin.change = unchanged
        file = await fetching.fetch(origin.url())
        assert await fetching.content() == CONTENT
        assert file.sha256 == hashlib.sha256(CONTENT).hexdigest()
        assert start_of(origin.asked[-1]) >= CUT - 300_000


async def test_a_full_disk_keeps_what_came_and_says_so(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [10**12]

    async def free_bytes() -> int:
        return free[0]

    monkeypatch.setattr(fetching.storage, "free_bytes", free_bytes)
    fetching.fetcher = Fetcher(fetching.fetcher._client, fetching.storage, space_check_bytes=1_000_000)
    async with serving(Origin(CONTENT)) as origin:
        free[0] = 0
        with pytest.raises(Refusal) as refused:
            await fetching.fetch(origin.url())
        assert refused.value.code is ErrorCode.INSUFFICIENT_STORAGE

        free[0] = 10**12
        async with paused(fetching, origin):
            free[0] = 0
        with pytest.raises(Refusal) as refused:
            await fetching.fetch(origin.url())
        assert refused.value.code is ErrorCode.INSUFFICIENT_STORAGE
        free[0] = 10**12
        await fetching.fetch(origin.url())
        assert start_of(origin.asked[-1]) > 0
        assert await fetching.content() == CONTENT
