"""Times of the lists' statements in the database, without a server."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE

from auth.viewer import Viewer
from base.words import JobStatus, JobType, Role
from benchmarks.listing.filling import OWNER, Size
from jobs.queries import JobCriteria, list_jobs, page_jobs
from models.database import close_database, database_config
from models.listing import Listing, Window

ROUNDS = 5
DEEP = 900
FAR = datetime(2100, 1, 1, tzinfo=UTC)
VIEWER = Viewer(OWNER, Role.USER, "session-1754556928-0000000000a1", FAR)
ADMIN = replace(VIEWER, user_id="user-1754556928-0000000000a2", role=Role.ADMIN)


def criteria_by_name(size: Size) -> dict[str, JobCriteria]:
    """The lists that are measured; of a search it matters most how many jobs it does not find."""
    middle = datetime.fromtimestamp(size.moment(size.jobs // 2), UTC)
    return {
        "all": JobCriteria(),
        "status": JobCriteria(statuses=[JobStatus.FAILED]),
        "status, none": JobCriteria(statuses=[JobStatus.PAUSED]),
        "type": JobCriteria(types=[JobType.BATCH]),
        "kind": JobCriteria(kinds=["omr"]),
        "created after": JobCriteria(created_after=middle),
        "search, many": JobCriteria(search="FAIR"),
        "search, one": JobCriteria(search=f"export {size.jobs - 100}."),
        "search, none": JobCriteria(search="łódź heute"),
        "all of them": JobCriteria(
            statuses=[JobStatus.FAILED], types=[JobType.BATCH], kinds=["leads"], created_after=middle, search="zürich"
        ),
    }


@dataclass(frozen=True)
class Times:
    """Milliseconds, each the median of some: the first page, the 900th by its cursor, the last, and the first with its total."""

    first: float
    deep: float
    last: float
    total: float


@asynccontextmanager
async def opened(database_url: str, data_dir: Path) -> AsyncIterator[None]:
    """The database as a server opens it."""
    EXECUTOR_CACHE.clear()
    await Tortoise.init(config=database_config(database_url, data_dir), _enable_global_fallback=True)
    try:
        yield
    finally:
        await close_database()


async def measure_list(viewer: Viewer, criteria: JobCriteria) -> Times:
    """The list of one viewer by the newest first."""
    listing = list_jobs(viewer, criteria)
    cursor = await _deep_cursor(listing)
    return Times(
        await median_ms(lambda: page_jobs(listing, Window())),
        await median_ms(lambda: page_jobs(listing, Window(after=cursor))),
        await median_ms(lambda: page_jobs(listing, Window(last=50))),
        await median_ms(lambda: page_jobs(listing, Window(is_counted=True))),
    )


async def _deep_cursor(listing: Listing) -> str | None:
    """Of the last row before page 900, or before the last page of a shorter list."""
    total = (await page_jobs(listing, Window(first=0, is_counted=True))).total or 0
    offset = min(DEEP * 50, total - total % 50) - 51
    page = await page_jobs(listing, Window(first=1, offset=max(offset, 0)))
    return page.cursors[0] if page.cursors else None


async def median_ms(read: Callable[[], Awaitable[object]]) -> float:
    """Of some rounds, after one that is not counted."""
    times = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        await read()
        times.append((time.perf_counter() - began) * 1000)
    return sorted(times[1:])[ROUNDS // 2]
