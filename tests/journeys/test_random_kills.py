"""Uploads while the server is killed again and again, at random moments: nothing that it confirmed is ever lost."""

import asyncio
import base64
import hashlib
import os
import random
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from client.api import Waybill
from client.server_process import ServerFailed, ServerProcess
from tests.clients.stored import MB, check_stored, id_in, random_bytes
from tests.wire import OFFSET_TYPE

SENDERS = 4
PASSWORD = "a password of the tests"
UNFINISHED = "{ uploads(statuses: [UPLOADING, FINALISING], first: 100) { nodes { offset } } }"
TUS = {"Tus-Resumable": "1.0.0"}
IS_AWAY = (aiohttp.ClientError, ConnectionError, TimeoutError)
TRY_AGAIN = {409, 423, 503}


@dataclass(frozen=True)
class Trial:
    """How often a server is killed that keeps its rows in `databases`, and how long it may run before, in seconds."""

    databases: tuple[str, ...]
    rounds: int
    longest_life: float


TRIALS = {
    "SQLite": Trial((), 20, 1.2),
    "PostgreSQL": Trial(("postgres",), 20, 1.2),
    # The lock of an upload that a dead server held is free after ten seconds: lives are longer than that.
    "PostgreSQL and Redis": Trial(("postgres", "redis"), 4, 14),
}


@pytest.fixture(params=list(TRIALS))
def trial(request: pytest.FixtureRequest) -> Trial:
    return TRIALS[request.param]


@pytest.fixture
def settings(trial: Trial, request: pytest.FixtureRequest) -> dict[str, str]:
    settings = {"WAYBILL_WORKERS": "0", "WAYBILL_ADMIN_PASSWORD": PASSWORD}
    if "postgres" in trial.databases:
        settings["WAYBILL_DATABASE_URL"] = request.getfixturevalue("copied_url")
    if "redis" in trial.databases:
        settings["WAYBILL_REDIS_URL"] = request.getfixturevalue("redis_url")
        settings["WAYBILL_REDIS_PREFIX"] = request.getfixturevalue("redis_prefix")
    return settings


@dataclass
class Sender:
    """One client: it sends random files, one after the other, and goes on with each for as long as the server is away.

    Attributes:
        sent: Name and size of each finished upload, by its URL; see `random_bytes`.
        broken: How many bodies were broken off.
    """

    waybill: Waybill
    session: aiohttp.ClientSession
    rng: random.Random
    name: str
    sent: dict[str, tuple[str, int]] = field(default_factory=dict)
    broken: int = 0

    async def send_files(self, is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            file = (f"{self.name}-{len(self.sent)}", self.rng.randint(8 * MB, 24 * MB))
            self.sent[await self.send(random_bytes(*file))] = file

    async def send(self, content: bytes) -> str:
        """Send `content`, as one upload, and return its URL."""
        url = await self.create(len(content))
        possible = range(1)
        while True:
            offset = await self.offset(url)
            assert offset in possible, f"{offset} bytes are stored, which was confirmed otherwise"
            if offset == len(content):
                return url
            body = content[offset : offset + self.rng.randint(1, 6 * MB)]
            possible = await self.patch(url, offset, body)

    async def create(self, size: int) -> str:
        headers = {**TUS, **self.waybill.headers, "Upload-Length": str(size)}
        while True:
            with suppress(*IS_AWAY):
                async with self.session.post(f"{self.waybill.base_url}/files/", headers=headers) as answer:
                    if answer.status not in TRY_AGAIN:
                        assert answer.status == 201, await answer.text()
                        return answer.headers["Location"]
            await asyncio.sleep(0.05)

    async def offset(self, url: str) -> int:
        while True:
            with suppress(*IS_AWAY):
                async with self.session.head(url, headers=TUS) as answer:
                    if answer.status not in TRY_AGAIN:
                        assert answer.status == 200, f"HEAD was answered with {answer.status}"
                        return int(answer.headers["Upload-Offset"])
            await asyncio.sleep(0.05)

    async def patch(self, url: str, offset: int, body: bytes) -> range:
        """Send `body`, and return what may be stored afterwards."""
        headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": OFFSET_TYPE}
        is_checked, end = self.rng.random() < 0.3, offset + len(body)
        if is_checked:
            headers["Upload-Checksum"] = f"sha1 {base64.b64encode(hashlib.sha1(body).digest()).decode()}"
        if self.rng.random() < 0.5:
            headers["Content-Length"] = str(len(body))
        try:
            async with self.session.patch(url, headers=headers, data=self.slowly(body)) as answer:
                if answer.status == 204:
                    assert int(answer.headers["Upload-Offset"]) == end
                    return range(end, end + 1)
                assert answer.status in TRY_AGAIN, f"{answer.status}: {await answer.text()}"
        except IS_AWAY:
            self.broken += 1
        # What has a checksum counts whole or not at all.
        return range(offset, end + 1, len(body)) if is_checked else range(offset, end + 1)

    async def slowly(self, body: bytes) -> AsyncIterator[bytes]:
        start = 0
        while start < len(body):
            part = body[start : start + self.rng.randint(1, 256 * 1024)]
            yield part
            start += len(part)
            await asyncio.sleep(self.rng.uniform(0, 0.02))


@pytest.mark.trial
async def test_files_are_whole_however_often_the_server_is_killed(
    trial: Trial, settings: dict[str, str], tmp_path: Path
) -> None:
    seed = int(os.environ.get("WAYBILL_TEST_SEED", "0")) or secrets.randbelow(2**32)
    print(f"To do the same again: WAYBILL_TEST_SEED={seed}")
    rng = random.Random(seed)
    patience = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=30)
    server = ServerProcess(tmp_path / "data", settings)
    async with server, Waybill(server.base_url) as waybill, aiohttp.ClientSession(timeout=patience) as session:
        await waybill.login("admin", PASSWORD)
        senders = [Sender(waybill, session, random.Random(rng.random()), f"sender-{n}") for n in range(SENDERS)]
        is_over = asyncio.Event()
        async with asyncio.timeout(600), asyncio.TaskGroup() as sending:
            for sender in senders:
                sending.create_task(sender.send_files(is_over))
            for _ in range(trial.rounds):
                await asyncio.sleep(rng.uniform(0.05, trial.longest_life))
                await server.kill()
                if rng.random() < 0.2:
                    await kill_while_starting(server, rng.uniform(0, 1))
                await server.start()
            is_over.set()
        sent = {url: file for sender in senders for url, file in sender.sent.items()}
        for url, file in sent.items():
            await check_stored(waybill, url, random_bytes(*file))
        unsent = (await waybill.execute(UNFINISHED))["uploads"]["nodes"]
    assert sum(sender.broken for sender in senders) >= trial.rounds, "too few bodies were broken off to prove anything"
    assert {upload["offset"] for upload in unsent} <= {0}, (
        "what was never sent to is what was created as the server died"
    )
    data = tmp_path / "data" / "uploads"
    stored = {path.name: path for path in data.rglob("*") if path.is_file()}
    assert stored.keys() == {id_in(url) for url in sent}
    assert all(stored[id_in(url)].read_bytes() == random_bytes(*file) for url, file in sent.items())
    shutil.rmtree(data)  # a gigabyte


async def kill_while_starting(server: ServerProcess, after_seconds: float) -> None:
    starting = asyncio.create_task(server.start())
    await asyncio.wait([starting], timeout=after_seconds)
    await server.kill()
    with suppress(ServerFailed):
        await starting
