"""Choosing: whose slice is taken next, exactly, however many workers choose at once."""

import asyncio
from collections import Counter
from contextvars import copy_context
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from base.words import JobStatus, JobType
from jobs import claims
from jobs.choosing import Budget, choose_job, take_turn
from jobs.claims import claim_slice, release_slice
from jobs.lifecycle import cancel_job, update_job
from jobs.rows import fetch
from models import Job, Slice, database
from models.database import sql
from models.fields import now
from tests.databases import Template, opened
from tests.workshop import Workshop, viewer_of

ANNA, BEN, CLEO = (f"user-1754556928-00000000000{digit}" for digit in "abc")
on_postgres = pytest.mark.parametrize("template", ["postgres"], indirect=True)


async def test_the_highest_priority_goes_first_then_the_oldest(shop: Workshop) -> None:
    jobs = [await shop.add_job(priority=priority) for priority in (0, 5, 0, 5)]
    taken = [(await shop.claim()).job.id for _ in jobs]
    assert taken == [jobs[place].id for place in (1, 3, 0, 2)]
    assert await shop.try_claim() is None


async def test_the_owner_with_the_least_running_goes_before_the_oldest(shop: Workshop) -> None:
    jobs = [await shop.add_job(viewer=viewer_of(owner)) for owner in (ANNA, ANNA, ANNA, BEN, BEN)]
    taken = [(await shop.claim()).job.id for _ in jobs]
    assert taken == [jobs[place].id for place in (0, 3, 1, 4, 2)]


async def test_a_job_that_runs_goes_on_in_its_place_among_those_that_wait(shop: Workshop) -> None:
    running = await shop.plan(1, 1, 1)
    later, urgent = await shop.add_job(), await shop.add_job(priority=1)
    taken = [(await shop.claim()).job.id for _ in range(5)]
    assert taken == [urgent.id, running.id, running.id, running.id, later.id]


async def test_a_job_is_as_old_as_the_database_says_whatever_the_clock_of_its_server(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.moves.now", lambda: now().replace(year=2099))
    first = await shop.add_job()
    monkeypatch.undo()
    await shop.add_job()
    assert (await shop.claim()).job.id == first.id


async def test_eight_who_claim_at_once_leave_no_owner_behind(shop: Workshop) -> None:
    for owner in (ANNA, ANNA, BEN, CLEO, CLEO, CLEO):
        await shop.add_job(viewer=viewer_of(owner))
    for plan in [await shop.claim() for _ in range(6)]:
        await shop.plan_claim(plan, *[1] * 30)
    for round_number in range(1, 7):
        await asyncio.gather(*(shop.claim(f"w{number}") for number in range(8)))
        statement = "SELECT j.owner_id FROM slices s JOIN jobs j ON j.id = s.job_id WHERE s.status = 'RUNNING'"
        loads = Counter(row["owner_id"] for row in await fetch(get_connection("default"), statement))
        assert sum(loads.values()) == 8 * round_number
        assert max(loads.values()) - min(loads.values()) <= 1


@on_postgres  # on SQLite nobody can change anything meanwhile
async def test_a_job_whose_priority_changes_while_it_is_being_claimed_is_weighed_again(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    lowered, other = await shop.add_job(priority=1), await shop.add_job()
    outside, choices = copy_context(), []

    async def choose_and_be_late(*given: Any) -> Any:
        choices.append(await choose_job(*given))
        if len(choices) == 1:
            lowering = update_job(shop.viewer, lowered.id, shop.outbox, priority=-1)
            await asyncio.create_task(lowering, context=outside)
        return choices[-1]

    monkeypatch.setattr(claims, "choose_job", choose_and_be_late)
    assert (await shop.claim()).job.id == other.id
    assert len(choices) == 2


async def test_a_choice_reads_the_first_job_of_each_owner_and_not_the_queue(shop: Workshop) -> None:
    """Of 3,000 jobs that wait, and of as many for which their owner has no budget."""
    for owner in (ANNA, BEN):
        await _copy_job(await shop.add_job(viewer=viewer_of(owner)), 3_000)
    for _ in range(2):
        await _check_little_is_read(Budget(jobs=2))
        await shop.claim()


async def _copy_job(job: Job, count: int) -> None:
    """So many jobs like `job`, each with a waiting slice."""
    row = await Job.filter(id=job.id).values()
    jobs = [Job(**{**row[0], "id": f"{job.id[:-6]}{number:06x}", "external_id": None}) for number in range(count)]
    await Job.bulk_create(jobs, batch_size=500)
    await Slice.bulk_create([Slice(job_id=one.id, attempt=1, phase="PLAN", number=0) for one in jobs], batch_size=500)


async def _check_little_is_read(budget: Budget) -> None:
    db = get_connection("default")
    asked: list[tuple[str, list[Any]]] = []

    class Noting:
        capabilities = db.capabilities

        async def execute_query_dict(self, statement: str, values: list[Any]) -> list[Any]:
            asked.append((statement, values))
            return []

    assert await choose_job(Noting(), ["plain"], budget) is None  # type: ignore[arg-type]
    ((statement, values),) = asked
    if db.capabilities.dialect == "sqlite":
        plan = await db.execute_query_dict(f"EXPLAIN QUERY PLAN {statement}", values)
        assert [step["detail"] for step in plan if step["detail"].startswith(("SCAN j", "SCAN s"))] == []
    else:
        await db.execute_query("ANALYZE jobs")
        await db.execute_query("ANALYZE slices")
        plan = await db.execute_query_dict(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql(db, statement)}", values)
        root = orjson.loads(plan[0]["QUERY PLAN"])[0]["Plan"]
        assert root["Shared Hit Blocks"] + root["Shared Read Blocks"] < 400


# --------------------------------------------------------------------------------------------------- budgets


async def claimed_with(shop: Workshop, budget: Budget) -> str | None:
    stages = {shop.processor.kind: shop.processor.stages}
    claim = await claim_slice("w", stages, shop.outbox, budget)
    return claim.job.id if claim else None


async def test_a_job_beyond_its_owners_budget_waits_until_one_ends_and_holds_up_nobody_else(shop: Workshop) -> None:
    first, second, third = [await shop.add_job() for _ in range(3)]
    other = await shop.add_job(viewer=viewer_of("user-1754556928-0000000000bb"), priority=-1)
    budget = Budget(jobs=2)
    assert [await claimed_with(shop, budget) for _ in range(4)] == [first.id, second.id, other.id, None]
    await cancel_job(shop.viewer, first.id, shop.outbox)
    assert await claimed_with(shop, budget) is None
    await Job.filter(id=first.id).update(status=JobStatus.CANCELLED)
    assert await claimed_with(shop, budget) == third.id


async def test_a_job_that_runs_goes_on_whatever_the_budget(shop: Workshop) -> None:
    job = await shop.plan(1, 1)
    assert [await claimed_with(shop, Budget(jobs=1)) for _ in range(2)] == [job.id, job.id]


async def test_the_budget_of_downloads_counts_downloads_alone(shop: Workshop) -> None:
    jobs = [await shop.add_job() for _ in range(3)]
    await Job.filter(id__in=[jobs[0].id, jobs[1].id]).update(type=JobType.DOWNLOAD)
    assert [await claimed_with(shop, Budget(downloads=1)) for _ in range(3)] == [jobs[0].id, jobs[2].id, None]


async def test_a_download_beyond_the_budget_lets_a_less_urgent_job_of_its_owner_go_first(shop: Workshop) -> None:
    jobs = [await shop.add_job(priority=priority) for priority in (2, 1, 0)]
    await Job.filter(id__in=[jobs[0].id, jobs[1].id]).update(type=JobType.DOWNLOAD)
    assert [await claimed_with(shop, Budget(downloads=1)) for _ in range(3)] == [jobs[0].id, jobs[2].id, None]


async def test_many_who_claim_at_once_keep_the_budget(shop: Workshop) -> None:
    for _ in range(20):
        await shop.add_job()
    taken = await asyncio.gather(*(claimed_with(shop, Budget(jobs=3)) for _ in range(20)))
    assert len([one for one in taken if one]) == 3
    assert await Job.filter(status=JobStatus.PROCESSING).count() == 3


# ------------------------------------------------------------------------------------------------------ turns


@on_postgres
async def test_who_stands_still_in_the_middle_of_its_turn_holds_up_nobody_for_ever(
    template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database._POSTGRES_SETTINGS["idle_in_transaction_session_timeout"] == "10000"
    monkeypatch.setitem(database._POSTGRES_SETTINGS, "idle_in_transaction_session_timeout", "300")
    async with opened(template, tmp_path):
        shop = Workshop(tmp_path)
        job = await shop.add_job()
        has_turn = asyncio.Event()

        async def stand_still() -> None:
            async with in_transaction() as db:
                await take_turn(db)
                has_turn.set()
                await asyncio.sleep(2)

        standing = asyncio.create_task(stand_still())
        await has_turn.wait()
        async with asyncio.timeout(1.5):
            claim = await shop.claim()
        assert claim.job.id == job.id
        with pytest.raises(asyncpg.InterfaceError):
            await standing
        await release_slice(claim, shop.outbox)
        assert (await shop.claim()).job.id == job.id
