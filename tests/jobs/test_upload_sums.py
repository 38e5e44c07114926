"""Sums of a job's bytes: kept by differences, and at every moment what its uploads come to."""

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest
from tortoise.connection import get_connection

from base.errors import Refusal
from base.words import JobStatus, UploadStatus
from models import Job, Upload
from tests.job_harness import JobHarness, history
from tests.kinds import PLAIN
from uploads.lifecycle import (
    begin_finalising,
    commit_offset,
    complete_upload,
    declare_length,
    delete_upload,
    expire_unfinished,
)
from uploads.wiring import AfterCommit, Growth, UploadServices

SIZE = 1_000
SHA256 = "0" * 64
_SUMS = """SELECT j.id, j.processed_bytes, j.total_bytes, j.total_size, sum(u.offset_bytes) AS stored,
  sum(coalesce(u.size_bytes, 0)) AS known, sum(CASE WHEN u.size_bytes IS NULL THEN 1 ELSE 0 END) AS unsized,
  sum(CASE WHEN u.status = 'COMPLETED' THEN 0 ELSE 1 END) AS missing
  FROM jobs j JOIN job_uploads w ON w.job_id = j.id JOIN uploads u ON u.id = w.upload_id
  WHERE j.status = 'UPLOADING' GROUP BY j.id, j.processed_bytes, j.total_bytes, j.total_size"""


@pytest.fixture
def harness(harness: JobHarness) -> JobHarness:
    harness.kind = replace(PLAIN, max_files=100)
    return harness


async def check_sums() -> None:
    """Every job that waits for uploads has their sums, and waits for one at least."""
    for row in await get_connection("default").execute_query_dict(_SUMS):
        total = None if row["unsized"] else row["known"]
        assert (row["processed_bytes"], row["total_bytes"], row["total_size"]) == (row["stored"], total, row["known"])
        assert row["missing"] > 0


async def announced(harness: JobHarness, size: int | None = SIZE) -> Upload:
    return await harness.add_upload(b"", status=UploadStatus.UPLOADING, size_bytes=size, offset_bytes=0)


async def send(services: UploadServices, upload: Upload, dice: random.Random) -> None:
    """All bytes of an upload, in steps that a client and a disk can cause."""
    if upload.size_bytes is None:
        if dice.random() < 0.5:
            upload = await commit_offset(services, upload, dice.randrange(SIZE))
        upload = await declare_length(services, upload, SIZE)
    while upload.offset_bytes < SIZE - 1:
        is_lost = upload.offset_bytes > 0 and dice.random() < 0.2
        offset = dice.randrange(upload.offset_bytes) if is_lost else dice.randrange(upload.offset_bytes + 1, SIZE)
        upload = await commit_offset(services, upload, offset)
    if dice.random() < 0.5:
        upload = await begin_finalising(services, upload)
    await complete_upload(services, upload, SHA256)


@pytest.mark.parametrize("seed", range(3))
async def test_sums_are_right_however_uploads_move_at_once(harness: JobHarness, seed: int) -> None:
    dice, services = random.Random(seed), harness.upload_services()
    uploads = [await announced(harness, dice.choice((SIZE, None))) for _ in range(8)]
    jobs = [await harness.add_job(*dice.sample(uploads, 6)) for _ in range(3)]

    async def look_on() -> None:
        while True:
            await check_sums()
            await asyncio.sleep(0)

    looking = asyncio.create_task(look_on())
    await asyncio.gather(*(send(services, upload, random.Random(f"{seed} {upload.id}")) for upload in uploads))
    looking.cancel()
    await asyncio.wait([looking])
    assert looking.cancelled()  # it never saw a wrong sum
    for job in jobs:
        assert [status for status, _ in await history(job.id)] == ["UPLOADING", "UPLOADED", "PENDING"]
        row = await Job.get(id=job.id)
        assert (row.processed_bytes, row.total_bytes, row.total_size) == (6 * SIZE, 6 * SIZE, 6 * SIZE)


async def test_a_crash_in_the_middle_counts_nothing_and_the_same_again_counts_once(harness: JobHarness) -> None:
    upload, other = await announced(harness), await announced(harness)
    job = await harness.add_job(upload, other)
    services = harness.upload_services()

    async def crash(db: Any, growth: Growth) -> AfterCommit:
        await services.on_progress(db, growth)
        raise LookupError

    with pytest.raises(LookupError):
        await commit_offset(replace(services, on_progress=crash), upload, 400)
    assert (await Job.get(id=job.id)).processed_bytes == 0
    upload = await commit_offset(services, upload, 400)
    assert (await Job.get(id=job.id)).processed_bytes == 400
    await check_sums()


async def test_a_writer_that_was_overtaken_counts_nothing(harness: JobHarness) -> None:
    upload = await announced(harness)
    job = await harness.add_job(upload)
    services = harness.upload_services()
    await commit_offset(services, upload, 400)
    with pytest.raises(Refusal):
        await commit_offset(services, upload, 300)  # it knows the row as it was before
    assert (await Upload.get(id=upload.id)).offset_bytes == 400
    assert (await Job.get(id=job.id)).processed_bytes == 400


@pytest.mark.parametrize("end", ["delete", "expire"])
async def test_an_upload_that_ends_fails_its_job_and_leaves_the_sums_of_others(harness: JobHarness, end: str) -> None:
    upload, shared = await announced(harness), await announced(harness)
    failing, waiting = await harness.add_job(upload, shared), await harness.add_job(shared)
    services = harness.upload_services()
    upload, shared = await commit_offset(services, upload, 10), await commit_offset(services, shared, 20)
    if end == "delete":
        await delete_upload(services, upload.id)
    else:
        await Upload.filter(id=upload.id).update(expires_at=upload.created_at)
        assert await expire_unfinished(services, upload.id)
    await complete_upload(services, shared, SHA256)
    assert (await Job.get(id=failing.id)).status is JobStatus.FAILED
    row = await Job.get(id=waiting.id)
    assert (row.status, row.processed_bytes) == (JobStatus.PENDING, SIZE)
    await check_sums()


async def test_a_job_made_while_its_uploads_move_has_their_sums(harness: JobHarness) -> None:
    services = harness.upload_services()
    for _ in range(5):
        uploads = [await announced(harness, size) for size in (SIZE, None, SIZE)]
        sending = [asyncio.create_task(send(services, one, random.Random(one.id))) for one in uploads]
        jobs = [await harness.add_job(*uploads) for _ in range(3)]
        await asyncio.gather(*sending)
        for job in jobs:
            row = await Job.get(id=job.id)
            assert (row.status, row.processed_bytes, row.total_bytes) == (JobStatus.PENDING, 3 * SIZE, 3 * SIZE)


async def test_completing_one_of_many_reads_no_other_upload(harness: JobHarness) -> None:
    uploads = [await announced(harness) for _ in range(20)]
    await harness.add_job(*uploads)
    asked = list[str]()
    services = harness.upload_services()

    async def spy(db: Any, growth: Growth) -> AfterCommit:
        real = db.execute_query_dict

        async def note(statement: str, values: Any = None) -> Any:
            rows = await real(statement, values)
            asked.extend(row.get("id", "") for row in rows)
            assert len(rows) <= 1
            return rows

        db.execute_query_dict = note
        try:
            return await services.on_completed(db, growth)
        finally:
            del db.execute_query_dict

    await complete_upload(replace(services, on_completed=spy), uploads[0], SHA256)
    assert len(asked) == 2  # which job waits, and its row
