"""Load of a trial: piecemeal uploads, and jobs that wait for them."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.journeys.leads_workbook import write_workbook
from tests.journeys.retrying_client import IS_AWAY, PAUSE_SECONDS, RetryingClient
from tests.wire import OFFSET_TYPE

TUS = {"Tus-Resumable": "1.0.0"}
TRY_AGAIN = {409, 423, 503}
CREATE_UPLOAD = (
    "mutation ($name: String!, $size: BigInt!) { createUpload(input: {filename: $name, size: $size}) { id url } }"
)
CREATE_BATCH = """mutation ($key: String!, $uploads: [ID!]!) {
  job: createBatch(input: {work: {leads: {batchSize: 20}}, uploadIds: $uploads, externalId: $key}) { id } }"""
CREATE_TASK = """mutation ($key: String!, $uploads: [ID!]!) {
  job: createTask(input: {work: {demo: {items: 40, seconds: 8, failItems: [3, 17]}}, uploadIds: $uploads, externalId: $key}) { id } }"""


@dataclass
class Load:
    """One file and, where `create` is not empty, the job that works on it.

    Attributes:
        content: Of the file.
        create: The mutation that makes the job while the file is still being sent.
        upload_id, job_id: Once they are there.
    """

    name: str
    content: bytes
    create: str
    upload_id: str = ""
    job_id: str = ""
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def make_loads(folder: Path) -> list[Load]:
    """20 files, and 20 jobs that each wait for one: 12 batches of leads, 8 tasks that fail in two of their items."""
    loads = []
    for number in range(12):
        path = folder / f"leads-{number}.xlsx"
        write_workbook(path, 600 + 100 * number)
        loads.append(Load(path.name, path.read_bytes(), CREATE_BATCH))
    loads += [Load(f"demo-{n}.bin", random.Random(n).randbytes(500_000 * (n + 1)), CREATE_TASK) for n in range(8)]
    random.Random(0).shuffle(loads)
    return loads


async def carry_out(load: Load, caller: RetryingClient, rng: random.Random, key: str, *, send_seconds: float) -> None:
    """Announce the file, make its job, and send the file in about `send_seconds`."""
    made = (await caller.ask(CREATE_UPLOAD, name=load.name, size=len(load.content)))["createUpload"]
    load.upload_id = made["id"]
    job = (await caller.ask(load.create, key=key, uploads=[load.upload_id]))["job"]
    load.job_id = job["id"]
    load.has_begun.set()
    await TusClient(caller, rng, urlsplit(made["url"]).path, len(load.content) / max(send_seconds, 0.1)).send(
        load.content
    )


@dataclass
class TusClient:
    """Sends one file with requests of any length, at any server, and holds each to what was confirmed before."""

    caller: RetryingClient
    rng: random.Random
    path: str
    bytes_per_second: float
    confirmed: int = 0

    async def send(self, content: bytes) -> None:
        while (offset := await self.offset()) < len(content):
            await self.patch(offset, content[offset : offset + self.rng.randint(1, len(content))])

    async def offset(self) -> int:
        while True:
            try:
                async with self.caller.session.head(self.caller.next_url() + self.path, headers=TUS) as answer:
                    if answer.status not in TRY_AGAIN:
                        assert answer.status == 200, f"HEAD was answered with {answer.status}"
                        return self.confirm(int(answer.headers["Upload-Offset"]))
            except IS_AWAY:
                pass
            await asyncio.sleep(PAUSE_SECONDS)

    async def patch(self, offset: int, body: bytes) -> None:
        headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": OFFSET_TYPE}
        url = self.caller.next_url() + self.path
        try:
            async with self.caller.session.patch(url, headers=headers, data=self.slowly(body)) as answer:
                if answer.status == 204:
                    self.confirm(int(answer.headers["Upload-Offset"]))
                else:
                    assert answer.status in TRY_AGAIN, f"{answer.status}: {await answer.text()}"
        except IS_AWAY:
            pass

    def confirm(self, offset: int) -> int:
        assert offset >= self.confirmed, f"{self.confirmed} bytes were confirmed, and now {offset}"
        self.confirmed = offset
        return offset

    async def slowly(self, body: bytes) -> AsyncIterator[bytes]:
        part_bytes = max(int(self.bytes_per_second / 10), 1)
        for start in range(0, len(body), part_bytes):
            yield body[start : start + part_bytes]
            await asyncio.sleep(0.1)


async def all_pages(caller: RetryingClient, job_id: str, field_name: str, fields: str) -> list[dict[str, Any]]:
    """Every row of a list of a job."""
    query = f"""query ($id: ID!, $after: String) {{ job(id: $id) {{
      {field_name}(first: 100, after: $after) {{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"""
    rows: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await caller.ask(query, id=job_id, after=after))["job"][field_name]
        rows += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return rows
        after = page["pageInfo"]["endCursor"]
