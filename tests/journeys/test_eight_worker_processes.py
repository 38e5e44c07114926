"""Eight programs that work side by side: jobs begin in the order that was told, and owners have equal shares."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from client.api import Waybill
from client.server_process import ServerProcess, WorkerProcess
from tests.journeys.installation import PASSWORD

pytestmark = pytest.mark.trial

WORKERS = 8
JOBS_AT_ONCE = 4
CREATE = """mutation ($seconds: Float!, $priority: Int!) {
  createTask(input: {work: {demo: {items: 1, seconds: $seconds}}, priority: $priority}) { id } }"""
CREATE_USER = (
    "mutation ($name: String!, $password: String!) { createUser(username: $name, password: $password) { id } }"
)
PLACE = "query ($id: ID!) { task(id: $id) { queuePosition } }"
BEGAN = "SELECT job_id FROM job_events WHERE status = 'PROCESSING' ORDER BY id"
LOOK = """SELECT u.username, count(s.id) AS slices, count(DISTINCT j.id) AS jobs, w.waiting FROM users u
  JOIN jobs j ON j.owner_id = u.id JOIN slices s ON s.job_id = j.id AND s.status = 'RUNNING'
  CROSS JOIN LATERAL (SELECT count(*) AS waiting FROM jobs WHERE owner_id = u.id AND status = 'PENDING') w
  GROUP BY u.username, w.waiting"""


@pytest.fixture
def settings(shared: dict[str, str]) -> dict[str, str]:
    return {
        **shared,
        "WAYBILL_RATE_LIMIT_PER_MINUTE": "0",
        "WAYBILL_RATE_LIMIT_PER_SECOND": "0",
        "WAYBILL_USER_RATE_LIMIT_PER_MINUTE": "0",
        "WAYBILL_USER_RATE_LIMIT_PER_SECOND": "0",
        "WAYBILL_RUNNING_JOBS_PER_USER": str(JOBS_AT_ONCE),
    }


@asynccontextmanager
async def eight_workers(folder: Path, settings: dict[str, str]) -> AsyncIterator[None]:
    """All of them at once, each with one child process."""
    workers = [
        WorkerProcess(folder / "data", {**settings, "WAYBILL_WORKERS": "1"}, folder / f"worker-{number}.log")
        for number in range(WORKERS)
    ]
    try:
        await asyncio.gather(*(worker.start() for worker in workers))
        yield
    finally:
        await asyncio.gather(*(worker.kill() for worker in workers))


@asynccontextmanager
async def signed_in(server: ServerProcess, *names: str) -> AsyncIterator[list[Waybill]]:
    """The admin, and users of these names."""
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(Waybill(server.base_url))
        await admin.login("admin", PASSWORD)
        callers = [admin]
        for name in names:
            await admin.execute(CREATE_USER, {"name": name, "password": PASSWORD})
            caller = await stack.enter_async_context(Waybill(server.base_url))
            await caller.login(name, PASSWORD)
            callers.append(caller)
        yield callers


async def create(caller: Waybill, *, seconds: float, priority: int = 0) -> str:
    return str((await caller.execute(CREATE, {"seconds": seconds, "priority": priority}))["createTask"]["id"])


async def test_jobs_begin_in_the_order_of_their_places(tmp_path: Path, settings: dict[str, str]) -> None:
    settings["WAYBILL_RUNNING_JOBS_PER_USER"] = "0"
    priorities = random.Random(1).sample(range(-15, 15), 30)
    async with ServerProcess(tmp_path / "data", settings) as server, signed_in(server, "ann", "ben") as callers:
        ids = [
            await create(callers[number % 3], seconds=0.2, priority=priority)
            for number, priority in enumerate(priorities)
        ]
        places = {id_: (await callers[0].execute(PLACE, {"id": id_}))["task"]["queuePosition"] for id_ in ids}
        began: list[str] = []
        database = await asyncpg.connect(settings["WAYBILL_DATABASE_URL"])
        async with eight_workers(tmp_path, settings), asyncio.timeout(120):
            while len(set(began)) < len(ids):
                await asyncio.sleep(0.1)
                began = [row["job_id"] for row in await database.fetch(BEGAN)]
        await database.close()

    by_priority = [id_ for _, id_ in sorted(zip(priorities, ids, strict=True), reverse=True)]
    assert sorted(places.values()) == list(range(1, len(ids) + 1))
    assert sorted(ids, key=places.__getitem__) == by_priority
    assert list(dict.fromkeys(began)) == by_priority


async def test_owners_have_equal_shares_and_none_more_than_its_budget(tmp_path: Path, settings: dict[str, str]) -> None:
    """One has waited longest with most; while others wait, too, they have the same over time: what is just being recorded counts."""
    wanted = {"ann": 24, "ben": 10, "cem": 10}
    async with ServerProcess(tmp_path / "data", settings) as server, signed_in(server, *wanted) as (_, *callers):
        for caller, count in zip(callers, wanted.values(), strict=True):
            for _ in range(count):
                await create(caller, seconds=2)
        database = await asyncpg.connect(settings["WAYBILL_DATABASE_URL"])
        shares: list[Counter[str]] = []
        jobs: Counter[str] = Counter()
        async with eight_workers(tmp_path, settings), asyncio.timeout(180):
            while await database.fetchval("SELECT count(*) FROM jobs WHERE status IN ('PENDING', 'PROCESSING')"):
                await asyncio.sleep(0.05)
                rows = await database.fetch(LOOK)
                jobs |= Counter({row["username"]: row["jobs"] for row in rows})
                share = Counter({row["username"]: row["slices"] for row in rows})
                if share.total() >= WORKERS and len(rows) == len(wanted) and all(row["waiting"] for row in rows):
                    shares.append(share)
        ended = await database.fetch("SELECT status, count(*) AS jobs FROM jobs GROUP BY status")
        await database.close()

    assert [(row["status"], row["jobs"]) for row in ended] == [("COMPLETED", sum(wanted.values()))]
    assert len(shares) > 3
    means = [sum(share[name] for share in shares) / len(shares) for name in wanted]
    assert max(means) - min(means) < 1
    assert jobs["ann"] == JOBS_AT_ONCE
    assert max(jobs.values()) == JOBS_AT_ONCE
