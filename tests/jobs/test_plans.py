"""How lists are read: none but the rows of a page are touched, whatever is filtered and searched."""

from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from tortoise.connection import get_connection

import models.migrations
from base.words import JobStatus, JobType, Role
from jobs.queries import JobCriteria, list_jobs, page_jobs, totals_of
from models import Job
from models.paging import Listing, Window
from tests.statements import counted_statements
from tests.workshop import Workshop, viewer_of

ADMIN = viewer_of("user-1754556928-0000000000aa", Role.ADMIN)
CRITERIA = [
    JobCriteria(),
    JobCriteria(statuses=[JobStatus.PAUSED], types=[JobType.BATCH], kinds=["plain"], is_active=True),
    JobCriteria(created_after=datetime(2026, 1, 1, tzinfo=UTC), created_before=datetime(2100, 1, 1, tzinfo=UTC)),
    JobCriteria(search="nothing"),
    JobCriteria(search="a.txt", statuses=[JobStatus.PENDING]),
]


async def steps_of(listing: Listing, window: Window | None) -> list[str]:
    """How SQLite reads the page, or counts the list."""
    with counted_statements() as statements:
        await (page_jobs(listing, window) if window else totals_of([listing]))
    (statement,) = statements
    rows = await get_connection("default").execute_query_dict(f"EXPLAIN QUERY PLAN {statement}", list(listing.values))
    return [row["detail"] for row in rows]


@pytest.mark.parametrize("template", ["sqlite"], indirect=True)  # PostgreSQL reads small tables whole
@pytest.mark.parametrize("criteria", CRITERIA)
@pytest.mark.parametrize("window", [Window(), Window(last=50), None])
async def test_a_list_walks_one_index(shop: Workshop, criteria: JobCriteria, window: Window | None) -> None:
    """That it has all the columns shows in counting; a page reads its rows by their ids then, and sorts them alone."""
    await shop.add_job()
    for viewer, first in ((shop.viewer, "owner_id"), (ADMIN, "created_at")):
        steps = await steps_of(list_jobs(viewer, criteria), window)
        walks = [step for step in steps if " jobs USING " in step and "autoindex" not in step]
        assert len(walks) == 1, steps
        if window is not None or criteria.search:
            assert f"idx_jobs_{first[:7]}" in walks[0], steps
        else:
            assert "COVERING INDEX" in walks[0], steps


async def test_jobs_that_were_there_before_are_searched_too(shop: Workshop) -> None:
    (name,) = [path.stem for path in Path(models.migrations.__path__[0]).glob("0*_lists.py")]
    jobs = [await shop.add_job(title=title) for title in ("Ärger", None)]
    texts = [job.search_text for job in await Job.all().order_by("id")]
    await Job.all().update(search_text="")
    fill = import_module(f"models.migrations.{name}").fill_search_text
    await fill(None, SimpleNamespace(client=get_connection("default")))
    assert [job.search_text for job in await Job.all().order_by("id")] == texts
    page = await page_jobs(list_jobs(shop.viewer, JobCriteria(search="ÄRGER")), Window())
    assert [row["id"] for row in page.rows] == [jobs[0].id]
