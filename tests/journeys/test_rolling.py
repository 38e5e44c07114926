"""Two servers are replaced one after the other while people work: uploads, sockets and jobs go on at the other one."""

import asyncio
import hashlib
import io
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tusclient.client import TusClient

from client.server_process import ServerProcess
from tests.journeys.installation import PASSWORD
from tests.journeys.leads_workbook import write_workbook
from tests.journeys.live_clients import WATCH_BATCH, WATCH_JOBS, WATCH_LINES, WATCH_TASK, LiveSocket, Subscriber
from tests.journeys.load_balancer import LoadBalancer
from tests.journeys.loads import CREATE_BATCH, Load, all_pages, carry_out
from tests.journeys.outcomes import outcome_of
from tests.journeys.retrying_client import RetryingClient
from tests.journeys.test_draining import GONE_SECONDS, TAKEN_OVER_SECONDS, worker_of

CREATE_TASK = """mutation { createTask(input: {externalId: "a task", work: {demo: {items: 120, seconds: 40, failItems: [7]}}}) { id } }"""
FIND_UPLOAD = "query ($id: ID!) { upload(id: $id) { status sha256 } }"
JOB = "query ($id: ID!) { job(id: $id) { status progress { processedItems failedItems } attempt } }"
CHUNK_BYTES = 128 * 1024


@pytest.fixture
async def servers(tmp_path: Path, shared: dict[str, str]) -> AsyncIterator[list[ServerProcess]]:
    settings = {**shared, "WAYBILL_WORKERS": "1", "WAYBILL_LOG_FORMAT": "json"}
    first, second = (ServerProcess(tmp_path / "data", settings, tmp_path / f"server-{n}.log") for n in (1, 2))
    async with first, second:
        yield [first, second]


class SlowFile(io.BytesIO):
    """A file whose parts take their time."""

    def read(self, size: int | None = -1) -> bytes:
        time.sleep(0.2)
        return super().read(size)


def send_by_tuspy(url: str, headers: dict[str, str], content: bytes) -> str:
    client = TusClient(f"{url}/files/", headers=headers)
    uploader = client.uploader(
        file_stream=SlowFile(content),
        chunk_size=CHUNK_BYTES,
        metadata={"filename": "a.bin"},
        retries=20,
        retry_delay=0.5,
    )
    uploader.upload()
    return str(uploader.url)


async def replace(server: ServerProcess, balancer: LoadBalancer, database: asyncpg.Connection, task_id: str) -> None:
    """Stop a server, which works on the task, and start it again once the other one has taken the task over."""
    name = await worker_of(database, task_id)
    assert name.endswith(f":{server.pid}")
    began = time.monotonic()
    stopping = asyncio.create_task(server.stop())
    async with asyncio.timeout(TAKEN_OVER_SECONDS):
        await worker_of(database, task_id, name)
    assert await stopping == 0
    assert time.monotonic() - began < GONE_SECONDS
    await server.start()
    while server.base_url not in balancer.ready:  # noqa: ASYNC110  the balancer tells nobody
        await asyncio.sleep(0.05)


@pytest.mark.trial
async def test_nobody_sees_more_of_it_than_that_they_try_again(
    servers: list[ServerProcess], shared: dict[str, str], tmp_path: Path
) -> None:
    rng, began_at = random.Random(1), datetime.now(UTC).isoformat()
    write_workbook(tmp_path / "leads.xlsx", 3_000)
    calm, rolling = (Load("leads.xlsx", (tmp_path / "leads.xlsx").read_bytes(), CREATE_BATCH) for _ in range(2))
    content = rng.randbytes(120 * CHUNK_BYTES + 17)
    database = await asyncpg.connect(shared["WAYBILL_DATABASE_URL"])
    balancer = LoadBalancer([server.base_url for server in servers])
    async with balancer.running(), RetryingClient([balancer.url]) as caller:
        await caller.login("admin", PASSWORD)
        await carry_out(calm, caller, rng, "calm", send_seconds=0)
        await ended(caller, calm.job_id)
        task_id = (await caller.ask(CREATE_TASK))["createTask"]["id"]
        sockets = [LiveSocket(caller, rng) for _ in range(6)]
        listening = [asyncio.create_task(socket.run()) for socket in sockets]
        holder = await worker_of(database, task_id)
        order = sorted(servers, key=lambda server: not holder.endswith(f":{server.pid}"))
        try:
            async with asyncio.timeout(150), asyncio.TaskGroup() as work:
                by_tuspy = work.create_task(asyncio.to_thread(send_by_tuspy, balancer.url, caller.headers, content))
                work.create_task(carry_out(rolling, caller, rng, "rolling", send_seconds=4))
                await rolling.has_begun.wait()
                for socket in sockets:
                    await socket.add(Subscriber(WATCH_TASK, {"id": task_id}))
                    await socket.add(Subscriber(WATCH_BATCH, {"id": rolling.job_id}))
                    await socket.add(Subscriber(WATCH_LINES, {"id": rolling.job_id, "after": "0"}))
                    await socket.add(Subscriber(WATCH_JOBS, {"since": began_at}))
                for server in order:
                    await replace(server, balancer, database, task_id)
                for job_id in (task_id, rolling.job_id):
                    await ended(caller, job_id)
                while not all(socket.is_told_ends for socket in sockets):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        finally:
            for listener in listening:
                listener.cancel()
            await asyncio.wait(listening)

        task = (await caller.ask(JOB, id=task_id))["job"]
        upload = (await caller.ask(FIND_UPLOAD, id=by_tuspy.result().rpartition("/")[2].partition("~")[0]))["upload"]
        lines = await all_pages(caller, rolling.job_id, "logs", "id message")
        crashes = await database.fetchval("SELECT sum(crash_count) FROM slices")
        assert await outcome_of(rolling, caller) == await outcome_of(calm, caller)
    await database.close()
    subscribers = [subscriber for socket in sockets for subscriber in socket.subscribers]
    closed = {code for socket in sockets for code in socket.closed}
    print("told:", dict(caller.told), "closed:", closed)
    assert task == {"status": "COMPLETED", "progress": {"processedItems": 120, "failedItems": 1}, "attempt": 1}
    assert upload == {"status": "COMPLETED", "sha256": hashlib.sha256(content).hexdigest()}
    assert [subscriber.faults for subscriber in subscribers if subscriber.faults] == []
    assert all(subscriber.lines == lines for subscriber in subscribers if subscriber.query == WATCH_LINES)
    assert {subscriber.last[task_id]["status"] for subscriber in subscribers if task_id in subscriber.last} == {
        "COMPLETED"
    }
    assert crashes == 0, "a lease was waited for"
    assert set(caller.told) <= {"SERVICE_UNAVAILABLE"}
    assert {1012} <= closed <= {1012, 1006}
    assert [
        line for server in servers for line in server.log_path.read_text().splitlines() if "Traceback" in line
    ] == []


async def ended(caller: RetryingClient, job_id: str) -> dict[str, Any]:
    while (job := (await caller.ask(JOB, id=job_id))["job"])["status"] not in {"COMPLETED", "FAILED"}:  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    return dict(job)
