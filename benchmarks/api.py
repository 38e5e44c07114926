"""Reading from a database of 100,000 jobs, 50,000 of them one owner's.

First the lists in the database: the first page, the 900th by its cursor, the last, and the total, each with every kind of
filter and with searches; the target is 50 ms each. Then statistics, places in a queue of 50,000, and how fast 20 workers
claim 1,000 tasks beside it. How fast whole answers come is for `benchmarks/graphql.py` to say.

On SQLite, and on PostgreSQL where TEST_DATABASE_URL names a server: a database is made there and dropped afterwards.

    python -m benchmarks.api [--quick]     --quick: 5,000 jobs, to try it out
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import astuple
from pathlib import Path

from base.words import JobStatus
from benchmarks.listing.claims import CLAIMERS, claims_per_second
from benchmarks.listing.filling import Size, fill
from benchmarks.listing.lists import ADMIN, VIEWER, criteria_by_name, measure_list, median_ms, opened
from benchmarks.machine import describe_machine
from benchmarks.queue.databases import made_database
from jobs.counts import fold_counts
from jobs.queries import JobCriteria, list_jobs, page_jobs
from jobs.scheduling.positions import queue_positions
from jobs.statistics import measure_jobs
from models.listing import Window

TARGET_MS = 50


def main() -> None:
    """Run it and print the figures."""
    is_quick = "--quick" in sys.argv[1:]
    jobs = 5_000 if is_quick else 100_000
    note = ", too small to say much" if is_quick else ""
    print(f"api: {jobs:,} jobs, half of them one owner's{note}\n{describe_machine()}", flush=True)
    asyncio.run(_run(jobs))


async def _run(jobs: int) -> None:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        databases = {"SQLite": "", **await _postgres(stack)}
        for name, url in databases.items():
            await _measure_database(name, url, _made(folder / name), jobs)
    print(f"\nload of the machine over the last minutes: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


async def _measure_database(name: str, url: str, folder: Path, jobs: int) -> None:
    print(f"\n{name}: filling", flush=True)
    await fill(url, folder, Size(jobs))
    print(f"{name}: milliseconds in the database {'first':>9} {'900th':>8} {'last':>8} {'total':>8}")
    async with opened(url, folder):
        await fold_counts()  # as the sweeps of a worker do
        for who, viewer in (("owner", VIEWER), ("admin", ADMIN)):
            for title, criteria in criteria_by_name(Size(jobs)).items():
                times = astuple(await measure_list(viewer, criteria))
                late = "" if max(times) < TARGET_MS or viewer is ADMIN else f"   over the target of {TARGET_MS}"
                print(f"  {who}: {title:28}" + "".join(f"{time:9.1f}" for time in times) + late, flush=True)
        for who, viewer in (("owner", VIEWER), ("admin", ADMIN)):
            print(f"  {who}: {'statistics':28}{await median_ms(lambda: measure_jobs(viewer, JobCriteria())):9.1f}")  # noqa: B023
    async with _second(name, url, folder) as (waiting_url, waiting_folder):
        await fill(waiting_url, waiting_folder, Size(jobs, waiting=jobs // 2))
        async with opened(waiting_url, waiting_folder):
            listing = list_jobs(VIEWER, JobCriteria(statuses=[JobStatus.PENDING]))
            ids = [row["id"] for row in (await page_jobs(listing, Window())).rows]
            place_ms = await median_ms(lambda: queue_positions(ids))
            print(f"  {len(ids)} places in a queue of {jobs // 2:,}{'':11}{place_ms:9.1f}", flush=True)
            rate = await claims_per_second(max(jobs // 100, 100))
            print(f"  tasks claimed a second by {CLAIMERS} workers beside that queue: {rate:,.0f}", flush=True)


async def _postgres(stack: AsyncExitStack) -> dict[str, str]:
    """A database of our own on the server of TEST_DATABASE_URL, if there is one."""
    server_url = os.environ.get("TEST_DATABASE_URL", "")
    if not server_url:
        print("Without PostgreSQL: set TEST_DATABASE_URL to measure it, too.", flush=True)
        return {}
    return {"PostgreSQL": await stack.enter_async_context(made_database(server_url))}


@asynccontextmanager
async def _second(name: str, url: str, folder: Path) -> AsyncIterator[tuple[str, Path]]:
    """Another database of the same sort."""
    if url:
        async with made_database(url) as made:
            yield made, folder
    else:
        yield "", _made(folder.with_name(f"{name}, waiting"))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
