"""Downloads outlive a worker that is killed in the middle: equal to their source, and hardly a byte fetched twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from base.words import JobStatus
from client.server_process import WorkerProcess
from downloads.kind import KIND
from jobs.creation import NewJob
from jobs.lifecycle import create_job
from jobs.scheduling.leases import MAX_CRASHES
from models import File, Job
from storage.data_folder import lock_data_folder
from storage.local.storage import LocalStorage
from tests.background.worker_harness import wait_for_status, wait_until
from tests.databases import Template, opened
from tests.downloads.servers_for_tests import Asked, Origin, first, held, serving
from tests.job_harness import JobHarness, expire_leases

CONTENT = Random(12).randbytes(16 * 2**20)
HALF = len(CONTENT) // 2 + 12_345


@asynccontextmanager
async def working(tmp_path: Path, shared: dict[str, str], origin: Origin) -> AsyncIterator[tuple[Job, WorkerProcess]]:
    """A download from `origin`, and the process of a worker that does it, in a database that is open here, too."""
    settings = {**shared, "WAYBILL_WORKERS": "1", "WAYBILL_DOWNLOAD_ALLOW_PRIVATE": "true"}
    folder = tmp_path / "data"
    lock_data_folder(folder, is_shared=True).close()
    async with opened(Template(shared["WAYBILL_DATABASE_URL"], folder), folder), serving(origin):
        jobs = JobHarness(folder, kind=KIND)
        url = origin.url("/large.zip")
        options = {"url": url, "chunkSize": 65_536}
        job = await create_job(jobs.viewer, KIND, NewJob(KIND.name, options, (), download_url=url), jobs.outbox)
        worker = WorkerProcess(folder, settings, tmp_path / "worker.log")
        await worker.start()
        try:
            yield job, worker
        finally:
            await worker.kill()


async def have_come(job: Job, size_bytes: int) -> None:
    async def are_there() -> bool:
        return bool((await Job.get(id=job.id)).processed_bytes >= size_bytes)

    await wait_until(are_there, 60)


async def check_file(tmp_path: Path, job: Job) -> None:
    file = await File.get(job_id=job.id)
    assert LocalStorage(tmp_path / "data").path_of(file.storage_key).read_bytes() == CONTENT


def has_asked(origin: Origin, times: int) -> bool:
    return len(origin.asked) == times


def start_of(asked: Asked) -> int:
    return int((asked.range or "bytes=0-").removeprefix("bytes=").removesuffix("-"))


@pytest.mark.long
async def test_a_killed_worker_costs_hardly_a_byte(tmp_path: Path, shared: dict[str, str]) -> None:
    going_on = asyncio.Event()
    origin = Origin(CONTENT, change=first(1, held(going_on, HALF)))
    async with working(tmp_path, shared, origin) as (job, worker):
        await have_come(job, HALF)
        await worker.kill()
        await worker.start()
        await wait_for_status(job, JobStatus.COMPLETED, 90)
        going_on.set()
        await check_file(tmp_path, job)
    assert len(origin.asked) == 2
    assert HALF - start_of(origin.asked[1]) <= len(CONTENT) * 0.02


@pytest.mark.trial
async def test_a_download_outlives_any_number_of_killed_workers_while_it_gets_on(
    tmp_path: Path, shared: dict[str, str]
) -> None:
    going_on, kills = asyncio.Event(), MAX_CRASHES + 2
    step = len(CONTENT) // (kills + 1)
    origin = Origin(CONTENT, change=first(kills, held(going_on, step)))
    async with working(tmp_path, shared, origin) as (job, worker):
        for kill in range(1, kills + 1):
            await wait_until(partial(has_asked, origin, kill), 60)
            await have_come(job, start_of(origin.asked[-1]) + step)
            await worker.kill()
            await expire_leases()
            await worker.start()
        await wait_for_status(job, JobStatus.COMPLETED, 90)
        going_on.set()
        await check_file(tmp_path, job)
    starts = [start_of(asked) for asked in origin.asked]
    assert len(starts) == kills + 1
    assert max(before + step - after for before, after in pairwise(starts)) <= len(CONTENT) * 0.02
