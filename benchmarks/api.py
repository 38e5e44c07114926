"""Reading through the API with 100,000 jobs, 50,000 of them one owner's.

First the lists in the database: the first page, the 900th by its cursor, the last, and the total, each with every kind of
filter and with searches; the target is 50 ms each. Then statistics, places in a queue of 50,000, and how fast 20 workers
claim 1,000 tasks beside it. Last the server: answers per second and their p99, beside Apollo Server on the newest of the
same jobs, which it has in memory.

On SQLite, and on PostgreSQL where TEST_DATABASE_URL names a server: a database is made there and dropped afterwards.

    python -m benchmarks.api [--quick]     --quick: 5,000 jobs and short loads, to try it out
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any

from base.words import JobStatus
from benchmarks.graphql.claims import CLAIMERS, claims_per_second
from benchmarks.graphql.filling import Size, fill
from benchmarks.graphql.lists import ADMIN, VIEWER, criteria_by_name, measure_list, median_ms, opened
from benchmarks.graphql.servers import (
    PEER_NAME,
    Asked,
    Figures,
    measure,
    newest_batches,
    running_peer,
    running_waybill,
    write_data,
)
from benchmarks.machine import describe_machine
from benchmarks.queue.databases import made_database
from benchmarks.tus.servers import PeerMissing, install_peer
from jobs.positions import queue_positions
from jobs.queries import JobCriteria, list_jobs, page_jobs
from jobs.statistics import measure_jobs
from models.paging import Window

TARGET_MS = 50
PEER_JOBS = 2_000
LOAD = {"connections": 16, "seconds": 8.0, "warm_up_seconds": 2.0}
QUICK_LOAD = {"connections": 4, "seconds": 1.0, "warm_up_seconds": 0.5}
LIST = """query { batches(first: 50) { nodes {
  id kind title status statusMessage isActive progress { percentage totalItems processedItems failedItems }
  owner { id username } uploads(first: 5) { nodes { id filename size } } files { id name } queuePosition createdAt updatedAt
} pageInfo { hasNextPage endCursor } } }"""
SMALL = "query ($id: ID!) { batch(id: $id) { id status progress { percentage } } }"


def main() -> None:
    """Run it and print the figures."""
    is_quick = "--quick" in sys.argv[1:]
    jobs = 5_000 if is_quick else 100_000
    note = ", too small to say much" if is_quick else ""
    print(f"api: {jobs:,} jobs, half of them one owner's{note}\n{describe_machine()}", flush=True)
    asyncio.run(_run(jobs, QUICK_LOAD if is_quick else LOAD))


async def _run(jobs: int, load: dict[str, Any]) -> None:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        databases = {"SQLite": "", **await _postgres(stack)}
        for name, url in databases.items():
            await _measure_database(name, url, _made(folder / name), jobs)
        await _measure_servers(folder, databases, load)
    print(f"\nload of the machine over the last minutes: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


async def _measure_database(name: str, url: str, folder: Path, jobs: int) -> None:
    print(f"\n{name}: filling", flush=True)
    await fill(url, folder, Size(jobs))
    print(f"{name}: milliseconds in the database {'first':>9} {'900th':>8} {'last':>8} {'total':>8}")
    async with opened(url, folder):
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


async def _measure_servers(folder: Path, databases: dict[str, str], load: dict[str, Any]) -> None:
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(running_waybill(f"Waybill, {name}", folder / name, url))
            for name, url in databases.items()
        ]
        batches = await newest_batches(servers[0], PEER_JOBS)
        await asyncio.to_thread(write_data, folder / "peer.json", batches)
        try:
            await install_peer(PEER_NAME)
            servers.append(await stack.enter_async_context(running_peer(folder / "peer.json")))
        except PeerMissing as missing:
            print(missing, flush=True)
        print(
            f"\n{load['connections']} connections, {load['seconds']:.0f} s each; the load client is a process of its own"
        )
        for title, query, variables in (
            ("a list of 50 with nested fields", LIST, {}),
            ("one batch", SMALL, {"id": batches[0]["id"]}),
        ):
            print(f"{title:36} {'per s':>9} {'p50 ms':>9} {'p99 ms':>9} {'CPU ms':>9} {'MB':>7} {'bytes':>9}")
            for server in servers:
                _print_figures(server, await measure(server, query, variables, **load))


def _print_figures(server: Asked, figures: Figures) -> None:
    result = figures.result
    print(
        f"  {server.name:34} {result.per_second:9,.0f} {result.p50_ms:9.1f} {result.p99_ms:9.1f} {figures.cpu_ms:9.2f} "
        f"{figures.peak_mb:7,.0f} {result.answer_bytes:9,}",
        flush=True,
    )


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
