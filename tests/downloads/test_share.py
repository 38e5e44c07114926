"""Bytes of unfinished files in the quota of their owner; on both databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from base.errors import ErrorCode, Refusal
from base.words import JobStatus
from downloads.share import STEP_BYTES, Share
from jobs.lifecycle import pause_job, retry_job
from models import Job
from models.database import transaction
from tests.background.worker_harness import wait_for_status, wait_until
from tests.databases import Template, opened
from tests.downloads.download_harness import CONTENT, DownloadHarness, opened_harness
from tests.downloads.servers_for_tests import Asked, Origin, Reply, cut_after, held
from tests.statements import counted_statements
from uploads.limits import Limits, check_share

SIZE = len(CONTENT)


@pytest.fixture
async def downloads(template: Template, tmp_path: Path) -> AsyncIterator[DownloadHarness]:
    async with opened(template, tmp_path), opened_harness(tmp_path, per_host=3) as harness:
        yield harness


def limit(downloads: DownloadHarness, size_bytes: int) -> None:
    downloads.fetching = replace(downloads.fetching, bytes_per_user=size_bytes)


async def free_bytes(downloads: DownloadHarness, limit_bytes: int) -> int:
    """How many bytes an upload of the owner may have, where so many are allowed in all."""
    async with transaction() as db:
        with pytest.raises(Refusal) as refused:
            await check_share(
                db, Limits(bytes_per_user=limit_bytes), downloads.jobs.viewer.user_id, 2**60, is_new=False
            )
    return int(refused.value.message.partition("of which ")[2].split()[0])


async def half_way(downloads: DownloadHarness, url: str, size_bytes: int) -> "asyncio.Task[None]":
    """The work of a worker on a download of which so many bytes have come."""
    job = await downloads.add(url, onDuplicate="DOWNLOAD", chunkSize=65_536)
    work = asyncio.create_task((await downloads.worker()).work())

    async def is_told() -> bool:
        return bool((await Job.get(id=job.id)).processed_bytes == size_bytes)

    await wait_until(is_told, 60)
    return work


async def test_a_file_beyond_the_quota_is_refused_before_its_bytes_and_may_be_tried_again(
    downloads: DownloadHarness, origin: Origin
) -> None:
    limit(downloads, SIZE - 1)
    job = await downloads.run(await downloads.add(origin.url("/file.zip")))

    assert (job.status, job.error_code, job.error_is_retryable) == (JobStatus.FAILED, "QUOTA_EXCEEDED", True)
    assert f"{SIZE - 1} are free" in (job.error_message or "")
    assert (job.processed_bytes, downloads.partials(), len(origin.asked)) == (0, [], 1)

    limit(downloads, SIZE)
    await retry_job(downloads.jobs.viewer, job.id, downloads.jobs.outbox, only_failed_items=True)
    job = await downloads.run(job)
    assert (job.status, await downloads.contents(job)) == (JobStatus.COMPLETED, {"file.zip": CONTENT})
    assert await free_bytes(downloads, SIZE) == SIZE


@pytest.mark.parametrize(("limit_bytes", "status"), [(SIZE - 1, JobStatus.FAILED), (SIZE, JobStatus.COMPLETED)])
async def test_a_file_whose_size_nobody_said_is_refused_where_it_passes_the_quota(
    downloads: DownloadHarness, origin: Origin, limit_bytes: int, status: JobStatus
) -> None:
    origin.change = lambda _asked, reply: reply.set("Content-Length", None)
    limit(downloads, limit_bytes)

    job = await downloads.run(await downloads.add(origin.url("/file.zip"), maxRetries=0))

    assert (job.status, job.error_code) == (status, "QUOTA_EXCEEDED" if status is JobStatus.FAILED else None)
    assert downloads.partials() == []


async def test_of_several_at_once_no_more_are_begun_than_fit(downloads: DownloadHarness, origin: Origin) -> None:
    going_on = asyncio.Event()
    origin.change = held(going_on, SIZE // 2)
    limit(downloads, 2 * SIZE + SIZE // 2)
    work = [await half_way(downloads, origin.url(f"/{number}.zip"), SIZE // 2) for number in range(2)]
    assert await free_bytes(downloads, 3 * SIZE) <= SIZE
    late = await downloads.run(await downloads.add(origin.url("/late.zip"), onDuplicate="DOWNLOAD", maxRetries=0))
    await wait_for_status(late, JobStatus.FAILED)
    assert (await Job.get(id=late.id)).error_code == "QUOTA_EXCEEDED"

    going_on.set()
    await asyncio.gather(*work)
    assert await Job.filter(status=JobStatus.COMPLETED).count() == 2
    await retry_job(downloads.jobs.viewer, late.id, downloads.jobs.outbox, only_failed_items=True)
    assert (await downloads.run(late)).status is JobStatus.COMPLETED


async def test_files_that_are_complete_make_room_for_the_next_of_the_same_download(
    downloads: DownloadHarness, origin: Origin
) -> None:
    page = b"".join(b'<a href="%d.zip">' % number for number in range(12))

    def paged(asked: Asked, reply: Reply) -> Reply:
        is_page = asked.target == "/page"
        body = page if is_page else asked.target.encode() * 10_000
        reply.status, reply.body = 200, body
        reply.set("Content-Range", None).set("ETag", f'"{asked.target}"').set("Content-Length", str(len(body)))
        return reply.set("Content-Type", "text/html" if is_page else "application/zip")

    origin.change = paged
    limit(downloads, 4 * 70_000)
    job = await downloads.run(await downloads.add(origin.url("/page")))
    assert (job.status, job.completed_items, job.failed_items) == (JobStatus.COMPLETED, 12, 0)


async def test_what_was_kept_counts_while_it_waits_and_after_it_failed(
    downloads: DownloadHarness, origin: Origin
) -> None:
    origin.change = cut_after(SIZE // 2)
    await downloads.run(await downloads.add(origin.url("/failed.zip"), chunkSize=65_536, maxRetries=0))
    assert await free_bytes(downloads, SIZE) == SIZE // 2

    going_on = asyncio.Event()
    origin.change = held(going_on, SIZE // 4)
    work = await half_way(downloads, origin.url("/paused.zip"), SIZE // 4)
    job = await Job.get(status=JobStatus.PROCESSING)
    await pause_job(downloads.jobs.viewer, job.id, downloads.jobs.outbox)
    await asyncio.wait_for(work, 10)
    going_on.set()
    assert await free_bytes(downloads, SIZE) == SIZE // 4


async def test_the_database_is_asked_once_for_many_small_files(downloads: DownloadHarness, origin: Origin) -> None:
    job = await downloads.add(origin.url())
    share = Share(job.id, 1_000 * STEP_BYTES)
    with counted_statements(in_transactions=True) as statements:
        for index in range(1_000):
            await share.take(index, STEP_BYTES // 4)
            share.release(index - 3)
        once = len(statements)
        await share.take(0, 3 * STEP_BYTES)
    assert 0 < once < len(statements) <= 2 * once
    with pytest.raises(Refusal) as refused:
        await share.take(1, 1_000 * STEP_BYTES)
    assert refused.value.code is ErrorCode.QUOTA_EXCEEDED


@pytest.mark.parametrize(
    ("limit_bytes", "ahead_bytes"),
    [(100 * 2**30, 8 * 2**20), (8_000 * 2**20, 8_000 * 2**20 // 1_000), (SIZE, SIZE // 1_000)],
)
async def test_so_many_bytes_are_reserved_beyond_what_has_come(
    downloads: DownloadHarness, origin: Origin, limit_bytes: int, ahead_bytes: int
) -> None:
    job = await downloads.add(origin.url())
    share = Share(job.id, limit_bytes)
    await share.take(0, SIZE // 2)
    assert (await Job.get(id=job.id)).reserved_bytes == SIZE // 2 + ahead_bytes


async def test_without_a_limit_the_database_is_not_asked() -> None:
    await Share("download-1754556928-12a41dbec0f3", 0).take(0, 2**60)
