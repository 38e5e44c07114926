"""Query plans of lists: only the rows of a page are read."""

from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

import models.migrations
from base.words import JobStatus, JobType, Role
from jobs.contents import list_job_uploads
from jobs.queries import JobCriteria, list_jobs, page_jobs
from models import Job
from models.listing import Listing, Window
from models.paging import count_rows
from tests.job_harness import JobHarness, viewer_of
from tests.statements import counted_statements
from uploads.queries import list_uploads

ADMIN = viewer_of("user-1754556928-0000000000aa", Role.ADMIN)
CRITERIA = [
    JobCriteria(),
    JobCriteria(statuses=[JobStatus.PAUSED], types=[JobType.BATCH], kinds=["plain"], is_active=True),
    JobCriteria(created_after=datetime(2026, 1, 1, tzinfo=UTC), created_before=datetime(2100, 1, 1, tzinfo=UTC)),
    JobCriteria(search="nothing"),
    JobCriteria(search="a.txt", statuses=[JobStatus.PENDING]),
]


async def steps_of(listing: Listing, window: Window | None) -> list[str]:
    """How the database reads the page, or counts the list."""
    with counted_statements() as statements:
        await (page_jobs(listing, window) if window else count_rows(get_connection("default"), listing))
    (statement,) = statements
    db = get_connection("default")
    explain = "EXPLAIN QUERY PLAN" if is_sqlite(db) else "EXPLAIN"
    rows = await db.execute_query_dict(f"{explain} {statement}", list(listing.values))
    return [str(row["detail" if is_sqlite(db) else "QUERY PLAN"]) for row in rows]


def is_sqlite(db: BaseDBAsyncClient) -> bool:
    return db.capabilities.dialect == "sqlite"


async def multiply(table: str) -> None:
    """Let PostgreSQL, which reads small tables whole, know of 5,000 rows like the only one, each with its external id."""
    db = get_connection("default")
    if not is_sqlite(db):
        own = "jsonb_build_object('id', t.id || n, 'external_id', 'old-' || n, 'created_at', t.created_at + n)"
        copies = f"SELECT (jsonb_populate_record(t, {own})).* FROM {table} t, generate_series(1000, 5999) n"
        await db.execute_query(f"INSERT INTO {table} {copies}")
        await db.execute_query(f"ANALYZE {table}")


@pytest.mark.parametrize("template", ["sqlite"], indirect=True)  # PostgreSQL reads small tables whole
@pytest.mark.parametrize("criteria", CRITERIA)
@pytest.mark.parametrize("window", [Window(), Window(last=50), None])
async def test_a_list_walks_one_index(harness: JobHarness, criteria: JobCriteria, window: Window | None) -> None:
    """That it has all the columns shows in counting; a page reads its rows by their ids then, and sorts them alone."""
    await harness.add_job()
    for viewer, first in ((harness.viewer, "owner_id"), (ADMIN, "created_at")):
        steps = await steps_of(list_jobs(viewer, criteria), window)
        walks = [step for step in steps if " jobs USING " in step and "autoindex" not in step]
        assert len(walks) == 1, steps
        if window is not None or criteria.search:
            assert f"idx_jobs_{first[:7]}" in walks[0], steps
        else:
            assert "COVERING INDEX" in walks[0], steps


@pytest.mark.parametrize("window", [Window(), Window(last=50), None])
async def test_a_list_by_external_ids_is_found_by_them(harness: JobHarness, window: Window | None) -> None:
    """Whoever asks, and whatever else is filtered."""
    await harness.add_job(external_id="old-1")
    await multiply("jobs")
    keys = [f"old-{number}" for number in range(100)]
    for viewer in (harness.viewer, ADMIN):
        for criteria in (JobCriteria(external_ids=keys), replace(CRITERIA[1], external_ids=keys)):
            steps = await steps_of(list_jobs(viewer, criteria), window)
            assert any("idx_jobs_externa" in step for step in steps), steps


async def test_uploads_by_external_ids_are_found_by_them(harness: JobHarness) -> None:
    await harness.add_upload(external_id="old-1")
    await multiply("uploads")
    for viewer in (harness.viewer, ADMIN):
        for keys in (["old-1"], [f"old-{number}" for number in range(100)]):
            steps = await steps_of(list_uploads(viewer, None, keys), Window())
            assert any("idx_uploads_externa" in step for step in steps), steps


@pytest.mark.parametrize("template", ["sqlite"], indirect=True)  # PostgreSQL sorts so few rows
async def test_inputs_of_a_job_are_read_in_their_order_and_not_sorted(harness: JobHarness) -> None:
    inputs = list_job_uploads()
    steps = await steps_of(inputs.where(f"{inputs.parent} = ?", (await harness.add_job()).id), Window())

    assert any("idx_job_uploads_job_id" in step for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps


async def test_jobs_that_were_there_before_are_searched_too(harness: JobHarness) -> None:
    (name,) = [path.stem for path in Path(models.migrations.__path__[0]).glob("0*_lists.py")]
    jobs = [await harness.add_job(title=title) for title in ("Ärger", None)]
    texts = [job.search_text for job in await Job.all().order_by("id")]
    await Job.all().update(search_text="")
    fill = import_module(f"models.migrations.{name}").fill_search_text
    await fill(None, SimpleNamespace(client=get_connection("default")))
    assert [job.search_text for job in await Job.all().order_by("id")] == texts
    page = await page_jobs(list_jobs(harness.viewer, JobCriteria(search="ÄRGER")), Window())
    assert [row["id"] for row in page.rows] == [jobs[0].id]


async def test_jobs_that_were_there_before_are_searched_with_single_spaces(harness: JobHarness) -> None:
    (name,) = [path.stem for path in Path(models.migrations.__path__[0]).glob("0*_spaces.py")]
    texts = {"a  b\x1fc\t d.txt": "a b\x1fc d.txt", "\x1e\x1fa  b": "\x1e\x1fa b", "\x1ea": "\x1ea", "": ""}
    for old in texts:
        job = await harness.add_job()
        await Job.filter(id=job.id).update(search_text=old)
    await import_module(f"models.migrations.{name}").make_white_space_one(
        None, SimpleNamespace(client=get_connection("default"))
    )
    assert sorted(job.search_text for job in await Job.all()) == sorted(texts.values())
