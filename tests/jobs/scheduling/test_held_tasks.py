"""Waiting for the holder of every task in a queue. On PostgreSQL; on SQLite nobody holds one meanwhile."""

import asyncio

import pytest
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from base.words import JobStatus, Role
from jobs.creation import NewJob
from jobs.lifecycle import create_job
from jobs.rows import change_job, lock_job
from jobs.scheduling.external import claim_task
from models import Job
from models.sql import fetch_rows
from processors.external.kind import KIND as EXTERNAL
from tests.job_harness import JobHarness, viewer_of

WORKER = viewer_of("user-1754556928-00000000000a", Role.WORKER)

pytestmark = pytest.mark.parametrize("template", ["postgres"], indirect=True)


async def add_task(harness: JobHarness) -> Job:
    new = NewJob("external", {"queue": "default", "options": {}}, [])
    return await create_job(harness.viewer, EXTERNAL, new, harness.outbox)


async def wait_for_waiters() -> None:
    """Returns once a statement of this database waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while not await fetch_rows(get_connection("default"), waiting):  # noqa: ASYNC110  another connection's doing
            await asyncio.sleep(0.01)


async def hold(task: Job, has_it: asyncio.Event, is_over: asyncio.Event, status: JobStatus | None = None) -> None:
    """Hold the task until told that it is over, and give it another status then; in a task of its own, as a connection is."""
    async with in_transaction() as db:
        await lock_job(db, task.id)
        has_it.set()
        await is_over.wait()
        if status is not None:
            await change_job(db, task.id, {JobStatus.PENDING}, status=status)


async def claim_while_held(harness: JobHarness, task: Job, status: JobStatus | None = None) -> Job | None:
    """What a claim comes to that waits for who holds the task, and gives it another status in the end."""
    has_it, is_over = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group, asyncio.timeout(20):
        group.create_task(hold(task, has_it, is_over, status))
        await has_it.wait()
        claiming = group.create_task(claim_task(WORKER, "default", 60, harness.outbox))
        await wait_for_waiters()
        assert not claiming.done()
        is_over.set()
        return await claiming


async def test_a_task_that_its_holder_leaves_as_it_is_goes_to_who_waited(harness: JobHarness) -> None:
    task = await add_task(harness)
    claimed = await claim_while_held(harness, task)

    assert claimed is not None
    assert (claimed.id, claimed.status) == (task.id, JobStatus.PROCESSING)


async def test_who_waited_for_a_task_that_does_not_wait_then_is_told_that_there_is_none(harness: JobHarness) -> None:
    assert await claim_while_held(harness, await add_task(harness), JobStatus.PAUSED) is None


async def test_a_task_that_nobody_holds_is_not_waited_for(harness: JobHarness) -> None:
    held, free = await add_task(harness), await add_task(harness)
    has_it, is_over = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group, asyncio.timeout(20):
        group.create_task(hold(held, has_it, is_over))
        await has_it.wait()
        claimed = await claim_task(WORKER, "default", 60, harness.outbox)
        is_over.set()

    assert claimed is not None
    assert claimed.id == free.id
