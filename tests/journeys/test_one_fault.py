"""One part of an installation dies in the middle of a batch: it completes, exactly, and who watches is told."""

import asyncio
import random
from pathlib import Path

import asyncpg
import pytest

from tests.journeys.fault_injection import revive
from tests.journeys.installation import PASSWORD, Installation, installed
from tests.journeys.leads_workbook import write_workbook
from tests.journeys.live_clients import (
    JOB_STATE,
    WATCH_BATCH,
    WATCH_JOBS,
    WATCH_LINES,
    WATCH_UPLOAD,
    LiveSocket,
    Subscriber,
)
from tests.journeys.loads import CREATE_BATCH, Load, all_pages, carry_out
from tests.journeys.outcomes import outcome_of
from tests.journeys.retrying_client import RetryingClient

READ = f"query ($id: ID!) {{ job(id: $id) {{ {JOB_STATE} files {{ name sha256 }} }} }}"
FAR_ENOUGH = "query ($id: ID!) { job(id: $id) { progress { completedSlices } } }"


async def kill_a_server(installation: Installation) -> None:
    await installation.servers[0].kill()
    await revive(installation.servers[0])


async def kill_a_worker(installation: Installation) -> None:
    await installation.workers[0].kill()
    await revive(installation.workers[0])


async def restart_redis(installation: Installation) -> None:
    await asyncio.to_thread(installation.redis.stop)
    await asyncio.to_thread(installation.redis.start)


async def kill_redis(installation: Installation) -> None:
    await asyncio.to_thread(installation.redis.kill)
    await asyncio.sleep(1)
    await asyncio.to_thread(installation.redis.start)


async def restart_postgres(installation: Installation) -> None:
    await asyncio.to_thread(installation.postgres.stop, "fast")
    await asyncio.to_thread(installation.postgres.start)


async def kill_postgres(installation: Installation) -> None:
    await asyncio.to_thread(installation.postgres.kill)
    await asyncio.sleep(1)
    await asyncio.to_thread(installation.postgres.start)


FAULTS = (kill_a_server, kill_a_worker, restart_redis, kill_redis, restart_postgres, kill_postgres)
LOCK_TIMEOUT_SECONDS = 90


@pytest.mark.trial
async def test_a_batch_completes_and_is_exact_whichever_part_dies_in_the_middle_of_it(tmp_path: Path) -> None:
    write_workbook(tmp_path / "leads.xlsx", 2_000)
    content = (tmp_path / "leads.xlsx").read_bytes()
    rng = random.Random(1)
    async with installed(tmp_path, servers=2, workers=2) as installation, RetryingClient(installation.urls) as caller:
        await caller.login("admin", PASSWORD)
        socket = LiveSocket(caller, rng)
        listening = asyncio.create_task(socket.run())
        outcomes = {}
        lost = {}
        for fault in (calm, *FAULTS):
            load = Load("leads.xlsx", content, CREATE_BATCH)
            await carry_out(load, caller, rng, fault.__name__, send_seconds=0)
            subscribers = await watched(load, socket)
            async with asyncio.timeout(LOCK_TIMEOUT_SECONDS):
                await until_half_done(load, caller)
                await fault(installation)
                await until_told(subscribers)
            assert [(fault.__name__, one.query, one.faults) for one in subscribers if one.faults] == []
            assert subscribers[0].last[load.job_id] == (await caller.ask(READ, id=load.job_id))["job"]
            assert subscribers[1].lines == await all_pages(caller, load.job_id, "logs", "id message")
            outcomes[fault.__name__] = await outcome_of(load, caller)
            lost[fault.__name__] = await slices_lost(load, installation)
        listening.cancel()
        await asyncio.wait([listening])
    assert outcomes["calm"]["status"] == "COMPLETED"
    assert [name for name, outcome in outcomes.items() if outcome != outcomes["calm"]] == []
    assert {name for name, count in lost.items() if count} <= {"kill_a_worker"}, "else no lease had to end"
    assert dict(socket.refused) == {}, "graphql-ws does not repeat what was refused"


async def calm(_house: Installation) -> None:
    """Nothing."""


async def slices_lost(load: Load, installation: Installation) -> int:
    """How often a lease ended before the slice did."""
    database = await asyncpg.connect(installation.postgres.url)
    count: int = await database.fetchval("SELECT sum(crash_count) FROM slices WHERE job_id = $1", load.job_id)
    await database.close()
    return count


async def watched(load: Load, socket: LiveSocket) -> list[Subscriber]:
    subscribers = [
        Subscriber(WATCH_BATCH, {"id": load.job_id}),
        Subscriber(WATCH_LINES, {"id": load.job_id, "after": "0"}),
        Subscriber(WATCH_UPLOAD, {"id": load.upload_id}),
        Subscriber(WATCH_JOBS),
    ]
    for subscriber in subscribers:
        await socket.add(subscriber)
    return subscribers


async def until_half_done(load: Load, caller: RetryingClient) -> None:
    while (await caller.ask(FAR_ENOUGH, id=load.job_id))["job"]["progress"]["completedSlices"] < 20:  # noqa: ASYNC110  others' doing
        await asyncio.sleep(0.05)


async def until_told(subscribers: list[Subscriber]) -> None:
    while not all(one.is_ended for one in subscribers if one.query != WATCH_JOBS):  # noqa: ASYNC110  others' doing
        await asyncio.sleep(0.05)
