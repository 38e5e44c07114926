"""Uploads that move to another server in mid-PATCH."""

import asyncio
import hashlib
import os
import random
from collections import Counter
from urllib.parse import urlsplit

import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from tests.wire import Wire, Wires, path_in

pytestmark = pytest.mark.long

CREATE = 'mutation ($size: BigInt) { createUpload(input: {filename: "a.bin", size: $size}) { id url } }'
READ = "query ($id: ID!) { upload(id: $id) { status sha256 } }"
CONTENT = os.urandom(3_000_000)
AT_ONCE = 6
BREAKS = 3
PASSWORD = "a password of the tests"


class Roamer:
    """A client that changes between two servers whenever its connection breaks, at places that `seed` chooses."""

    def __init__(self, waybill: Waybill, pair: tuple[ServerProcess, ServerProcess], seed: int) -> None:
        self.answers = Counter[str]()
        self._waybill = waybill
        self._servers = [Wires(urlsplit(server.base_url).port or 80) for server in pair]
        self._dice = random.Random(seed)
        self._here = self._dice.randrange(2)

    async def send(self) -> None:
        """One upload whose first PATCHes break."""
        size = self._dice.randrange(10_000, len(CONTENT))
        upload = (await self._waybill.execute(CREATE, {"size": size}))["createUpload"]
        url, offset = upload["url"], 0
        for _ in range(BREAKS):
            await self._begin_to_send(url, offset, size)
            self._here = 1 - self._here
            wire = await self._servers[self._here].connect()
            offset = await self._offset_of(wire, url)
        await wire.patch(path_in(url), offset, f"Content-Length: {size - offset}")
        await wire.send(CONTENT[offset:size])
        status, _ = await wire.answer()
        self._note("PATCH", status)
        if status == 204:
            assert await self._sha256_of(upload["id"]) == hashlib.sha256(CONTENT[:size]).hexdigest()
        for wires in self._servers:
            await wires.close()

    async def _begin_to_send(self, url: str, offset: int, size: int) -> None:
        """Part of the rest, up to all but its last byte, and away; with or without a farewell."""
        wire = await self._servers[self._here].connect()
        await wire.patch(path_in(url), offset, f"Content-Length: {size - offset}")
        wire.writer.write(CONTENT[offset : self._dice.randrange(offset, size)])
        await asyncio.sleep(self._dice.choice((0, 0.001, 0.01)))
        if self._dice.random() < 0.5:
            wire.reset()
        else:
            wire.writer.close()

    async def _offset_of(self, wire: Wire, url: str) -> int:
        while True:
            await wire.request("HEAD", path_in(url))
            status, headers = await wire.answer()
            self._note("HEAD", status)
            if status == 200:
                return int(headers["upload-offset"])
            await asyncio.sleep(int(headers["retry-after"]))

    async def _sha256_of(self, upload_id: str) -> str:
        async with asyncio.timeout(20):
            while (upload := (await self._waybill.execute(READ, {"id": upload_id}))["upload"])["status"] != "COMPLETED":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return str(upload["sha256"])

    def _note(self, method: str, status: int) -> None:
        self.answers[f"{method} {status}"] += 1


async def test_what_had_reached_a_server_counts_before_another_one_tells_the_offset(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    """The first one is so busy that it has not even read the request when its client gives it up."""
    first, second = (Wires(urlsplit(server.base_url).port or 80) for server in pair)
    async with Waybill(pair[0].base_url) as waybill:
        await waybill.login("admin", PASSWORD)
        url = (await waybill.execute(CREATE, {"size": 3_000}))["createUpload"]["url"]
        pair[0].hold()
        busy, other = await first.connect(), await second.connect()
        await busy.patch(path_in(url), 0, "Content-Length: 3000")
        await busy.send(CONTENT[:1_000])
        await other.request("HEAD", path_in(url))
        await asyncio.sleep(0.2)
        pair[0].let_go()
        status, headers = await other.answer()
        assert (status, headers["upload-offset"]) == (200, "1000")
        await other.patch(path_in(url), 1_000, "Content-Length: 2000")
        await other.send(CONTENT[1_000:3_000])
        assert (await other.answer())[0] == 204
    for wires in (first, second):
        await wires.close()


@pytest.mark.parametrize("rounds", [4, pytest.param(100, marks=pytest.mark.trial)])
async def test_an_offset_that_one_server_tells_holds_whatever_still_arrives_at_the_other(
    pair: tuple[ServerProcess, ServerProcess], rounds: int
) -> None:
    async with Waybill(pair[0].base_url) as waybill:
        await waybill.login("admin", PASSWORD)
        roamers = [Roamer(waybill, pair, seed) for seed in range(AT_ONCE)]

        async def roam(roamer: Roamer) -> None:
            for _ in range(rounds):
                await roamer.send()

        await asyncio.gather(*map(roam, roamers))
    answers = sum((roamer.answers for roamer in roamers), Counter[str]())
    assert set(answers) <= {"HEAD 200", "HEAD 423", "PATCH 204"}, answers
    assert answers["PATCH 204"] == rounds * AT_ONCE
