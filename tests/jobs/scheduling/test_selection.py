"""Choosing: whose slice is taken next, exactly, however many workers choose at once."""

import asyncio
from collections import Counter
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from base.settings import Settings
from base.words import JobStatus, JobType
from jobs.lifecycle import cancel_job, update_job
from jobs.scheduling import claims, selection
from jobs.scheduling.claims import claim_slices
from jobs.scheduling.leases import release_run
from jobs.scheduling.selection import Budget, ClassBudget, acquire_scheduler_lock, select_next_job
from models import Job, Slice, User, database
from models.fields import now
from models.sql import fetch_rows, sql
from processors.contract import ResourceClass
from tests.databases import Template, opened
from tests.job_harness import JobHarness, viewer_of
from tests.kinds import PLAIN

ANNA, BEN, CLEO = (f"user-1754556928-00000000000{digit}" for digit in "abc")
on_postgres = pytest.mark.parametrize("template", ["postgres"], indirect=True)


async def test_the_highest_priority_goes_first_then_the_oldest(harness: JobHarness) -> None:
    jobs = [await harness.add_job(priority=priority) for priority in (0, 5, 0, 5)]
    taken = [(await harness.claim()).job.id for _ in jobs]
    assert taken == [jobs[place].id for place in (1, 3, 0, 2)]
    assert await harness.try_claim() is None


async def test_the_owner_with_the_least_running_goes_before_the_oldest(harness: JobHarness) -> None:
    jobs = [await harness.add_job(viewer=viewer_of(owner)) for owner in (ANNA, ANNA, ANNA, BEN, BEN)]
    taken = [(await harness.claim()).job.id for _ in jobs]
    assert taken == [jobs[place].id for place in (0, 3, 1, 4, 2)]


async def test_several_slices_that_one_worker_holds_are_one_in_the_turns_of_owners(harness: JobHarness) -> None:
    annas = await harness.plan(*[1] * 6)
    bens = [await harness.add_job(viewer=viewer_of(BEN)) for _ in range(3)]
    assert len((await harness.claim_run(4)).slices) == 4
    taken = [(await harness.claim()).job.id for _ in range(4)]
    assert taken == [bens[0].id, annas.id, bens[1].id, annas.id]


async def test_all_guests_of_an_address_have_the_turn_of_one_owner(harness: JobHarness) -> None:
    for guest in (ANNA, BEN):
        await User.create(id=guest, is_anonymous=True, quota_key="address:192.0.2.1")
    jobs = [await harness.add_job(viewer=viewer_of(owner)) for owner in (ANNA, BEN, ANNA, CLEO, CLEO)]
    taken = [(await harness.claim()).job.id for _ in jobs]
    assert taken == [jobs[place].id for place in (0, 3, 1, 4, 2)]


async def test_a_job_that_runs_goes_on_in_its_place_among_those_that_wait(harness: JobHarness) -> None:
    running = await harness.plan(1, 1, 1)
    later, urgent = await harness.add_job(), await harness.add_job(priority=1)
    taken = [(await harness.claim()).job.id for _ in range(5)]
    assert taken == [urgent.id, running.id, running.id, running.id, later.id]


async def test_a_job_is_as_old_as_the_database_says_whatever_the_clock_of_its_server(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.transitions.now", lambda: now().replace(year=2099))
    first = await harness.add_job()
    monkeypatch.undo()
    await harness.add_job()
    assert (await harness.claim()).job.id == first.id


async def test_eight_who_claim_at_once_leave_no_owner_behind(harness: JobHarness) -> None:
    for owner in (ANNA, ANNA, BEN, CLEO, CLEO, CLEO):
        await harness.add_job(viewer=viewer_of(owner))
    for plan in [await harness.claim() for _ in range(6)]:
        await harness.plan_claim(plan, *[1] * 30)
    for round_number in range(1, 7):
        await asyncio.gather(*(harness.claim(f"w{number}") for number in range(8)))
        statement = "SELECT j.owner_id FROM slices s JOIN jobs j ON j.id = s.job_id WHERE s.status = 'RUNNING'"
        loads = Counter(row["owner_id"] for row in await fetch_rows(get_connection("default"), statement))
        assert sum(loads.values()) == 8 * round_number
        assert max(loads.values()) - min(loads.values()) <= 1


@on_postgres  # on SQLite nobody can change anything meanwhile
async def test_a_job_whose_priority_changes_while_it_is_being_claimed_is_weighed_again(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    lowered, other = await harness.add_job(priority=1), await harness.add_job()
    outside, choices = copy_context(), []

    async def choose_and_be_late(*given: Any) -> Any:
        choices.append(await select_next_job(*given))
        if len(choices) == 1:
            lowering = update_job(harness.viewer, lowered.id, {"priority": -1}, harness.outbox)
            await asyncio.create_task(lowering, context=outside)
        return choices[-1]

    monkeypatch.setattr(claims, "select_next_job", choose_and_be_late)
    assert (await harness.claim()).job.id == other.id
    assert len(choices) == 2


@pytest.mark.parametrize("quota", [None, "address:192.0.2.1"])
async def test_a_choice_reads_the_first_job_of_each_owner_and_not_the_queue(
    harness: JobHarness, quota: str | None
) -> None:
    """Of 3,000 jobs that wait, and of as many for which their owner has no budget; also where they share a quota."""
    for owner in (ANNA, BEN):
        await User.create(id=owner, quota_key=quota)
    for owner in (ANNA, BEN):
        await _copy_job(await harness.add_job(viewer=viewer_of(owner)), 3_000)
    for _ in range(2):
        await _check_little_is_read(Budget(jobs=2))
        await harness.claim()


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

    assert await select_next_job(Noting(), ["plain"], budget) is None  # type: ignore[arg-type]
    ((statement, values),) = asked
    if db.capabilities.dialect == "sqlite":
        plan = await db.execute_query_dict(f"EXPLAIN QUERY PLAN {statement}", values)
        assert [step["detail"] for step in plan if step["detail"].startswith(("SCAN j", "SCAN s"))] == []
    else:
        await db.execute_query("ANALYZE jobs")
        await db.execute_query("ANALYZE slices")
        plan = await db.execute_query_dict(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql(db, statement)}", values)
        assert _rows_read(orjson.loads(plan[0]["QUERY PLAN"])[0]["Plan"]) < 100


def _rows_read(node: dict[str, Any]) -> float:
    """Rows that the scans of an executed plan came by; blocks would also count what earlier tests left dead in them."""
    found = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    own = found * node["Actual Loops"] if "Scan" in node["Node Type"] else 0
    return own + sum(_rows_read(below) for below in node.get("Plans", []))


# --------------------------------------------------------------------------------------------------- budgets


FETCHING = replace(PLAIN, name="fetching", resource_class=ResourceClass.NETWORK)
ONE_FETCHING = Budget(classes=(ClassBudget((FETCHING.name,), 1),))


async def claimed_with(harness: JobHarness, budget: Budget) -> str | None:
    stages = {kind.name: kind.phases for kind in (PLAIN, FETCHING)}
    claim = await claim_slices("w", stages, harness.outbox, budget)
    return claim.job.id if claim else None


async def add_fetching(harness: JobHarness, **columns: Any) -> Job:
    harness.kind = FETCHING
    job = await harness.add_job(**columns)
    harness.kind = PLAIN
    return job


async def test_a_job_beyond_its_owners_budget_waits_until_one_ends_and_holds_up_nobody_else(
    harness: JobHarness,
) -> None:
    first, second, third = [await harness.add_job() for _ in range(3)]
    other = await harness.add_job(viewer=viewer_of("user-1754556928-0000000000bb"), priority=-1)
    budget = Budget(jobs=2)
    assert [await claimed_with(harness, budget) for _ in range(4)] == [first.id, second.id, other.id, None]
    await cancel_job(harness.viewer, first.id, harness.outbox)
    assert await claimed_with(harness, budget) is None
    await Job.filter(id=first.id).update(status=JobStatus.CANCELLED)
    assert await claimed_with(harness, budget) == third.id


async def test_a_job_that_runs_goes_on_whatever_the_budget(harness: JobHarness) -> None:
    job = await harness.plan(1, 1)
    assert [await claimed_with(harness, Budget(jobs=1)) for _ in range(2)] == [job.id, job.id]


async def test_the_budget_of_a_resource_class_counts_jobs_of_its_kinds_alone(harness: JobHarness) -> None:
    jobs = [await add_fetching(harness), await add_fetching(harness), await harness.add_job()]
    assert [await claimed_with(harness, ONE_FETCHING) for _ in range(3)] == [jobs[0].id, jobs[2].id, None]


async def test_a_job_beyond_the_budget_of_its_class_lets_a_less_urgent_one_of_its_owner_go_first(
    harness: JobHarness,
) -> None:
    jobs = [await add_fetching(harness, priority=priority) for priority in (2, 1)]
    jobs.append(await harness.add_job(priority=0))
    assert [await claimed_with(harness, ONE_FETCHING) for _ in range(3)] == [jobs[0].id, jobs[2].id, None]


async def test_a_class_counts_all_its_kinds_whatever_the_type_of_the_job(harness: JobHarness) -> None:
    first = await add_fetching(harness)
    harness.kind = replace(FETCHING, name="plain", job_type=JobType.TASK)
    await harness.add_job()
    budget = Budget(classes=(ClassBudget(("plain", "fetching"), 1),))
    assert [await claimed_with(harness, budget) for _ in range(2)] == [first.id, None]


def test_the_settings_give_the_class_network_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "list_kinds", lambda: [PLAIN, FETCHING, replace(FETCHING, name="other")])
    settings = Settings(_env_file=None, running_jobs_per_user=5, downloads_per_user=3)
    assert Budget.of(settings) == Budget(5, (ClassBudget(("fetching", "other"), 3),))
    assert Budget.of(Settings(_env_file=None, running_jobs_per_user=5, downloads_per_user=0)) == Budget(5)


async def test_many_who_claim_at_once_keep_the_budget(harness: JobHarness) -> None:
    for _ in range(20):
        await harness.add_job()
    taken = await asyncio.gather(*(claimed_with(harness, Budget(jobs=3)) for _ in range(20)))
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
        harness = JobHarness(tmp_path)
        job = await harness.add_job()
        has_turn, may_end = asyncio.Event(), asyncio.Event()

        async def stand_still() -> None:
            async with in_transaction() as db:
                await acquire_scheduler_lock(db)
                has_turn.set()
                await may_end.wait()

        standing = asyncio.create_task(stand_still())
        await has_turn.wait()
        async with asyncio.timeout(10):
            claim = await harness.claim()
        may_end.set()
        assert claim.job.id == job.id
        with pytest.raises(asyncpg.InterfaceError):
            await standing
        await release_run(claim, harness.outbox)
        assert (await harness.claim()).job.id == job.id
