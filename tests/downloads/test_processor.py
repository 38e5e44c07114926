"""Downloads as jobs: what is fetched, told, kept and removed, on both databases."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from base.words import ItemStatus, JobStatus, WaitReason
from downloads.partials import ended_partials, remove_partials, sweep_cancelled
from jobs.lifecycle import cancel_job, pause_job, resume_job, retry_job
from jobs.rows import change_job
from models import File, Item, Job, LogEntry
from models.database import transaction
from results.queries import contents_of_job, entries_of
from storage.disk_space import RESERVED_BYTES
from storage.local.storage import LocalStorage
from tests.background.worker_harness import wait_for_status, wait_until
from tests.downloads.download_harness import CONTENT, SEALER, DownloadHarness
from tests.downloads.servers_for_tests import Origin, Reply, cut_after, first, held, serving

CHUNK = 65_536


async def test_a_file_is_fetched_and_handed_out(downloads: DownloadHarness, origin: Origin) -> None:
    job = await downloads.run(await downloads.add(origin.url("/a%20b.zip")))

    assert (job.status, job.percentage, job.completed_items, job.total_bytes, job.processed_bytes) == (
        JobStatus.COMPLETED, 100.0, 1, len(CONTENT), len(CONTENT)
    )  # fmt: skip
    assert await downloads.contents(job) == {"a b.zip": CONTENT}
    item = await downloads.item(job)
    assert (item.name, item.url, item.size_bytes, item.processed_bytes) == (
        "a b.zip", origin.url("/a%20b.zip"), len(CONTENT), len(CONTENT)
    )  # fmt: skip
    assert item.result["finalUrl"] == origin.url("/a%20b.zip")
    assert item.result["lastModified"] == "2025-01-01T00:00:00+00:00"
    file = await File.get(job_id=job.id)
    assert (file.item_id, file.sha256, file.content_type) == (
        item.id,
        item.result["sha256"],
        "application/octet-stream",
    )
    assert (job.download["finalUrl"], job.download["resumable"]) == (item.url, True)
    assert not downloads.partials()


async def test_what_is_in_transfer_is_told_while_it_comes(downloads: DownloadHarness, origin: Origin) -> None:
    going_on = asyncio.Event()
    origin.change = held(going_on, len(CONTENT) // 2)
    job = await downloads.add(origin.url("/file.zip"))
    work = asyncio.create_task((await downloads.worker()).work())

    async def is_half_told() -> bool:
        return bool((await Job.get(id=job.id)).processed_bytes == len(CONTENT) // 2)

    await wait_until(is_half_told, 60)
    item, told = await downloads.item(job), await Job.get(id=job.id)
    assert (item.status, item.size_bytes, item.processed_bytes) == (
        ItemStatus.PROCESSING, len(CONTENT), len(CONTENT) // 2
    )  # fmt: skip
    assert told.total_bytes == len(CONTENT)
    assert 40 < told.percentage < 60
    assert told.download["hosts"] == [{"name": "127.0.0.1", "activeTransfers": 1, "waitingUntil": None}]
    going_on.set()
    await work
    assert (await Job.get(id=job.id)).download["hosts"] == []


async def test_a_host_that_asks_to_wait_is_shown_before_anything_is_known(
    downloads: DownloadHarness, origin: Origin
) -> None:
    busy = Reply(503, [("Retry-After", "2"), ("Content-Length", "0")])
    origin.change = first(1, lambda _asked, _reply: busy)
    job = await downloads.add(origin.url("/unknown"))
    work = asyncio.create_task((await downloads.worker()).work())

    async def is_waiting() -> bool:
        return (await Job.get(id=job.id)).status_message.endswith(", asked by 127.0.0.1.")

    await wait_until(is_waiting, 60)
    told = await Job.get(id=job.id)
    (host,) = told.download["hosts"]
    assert (host["name"], host["activeTransfers"], host["waitingUntil"] > told.updated_at.timestamp()) == (
        "127.0.0.1", 0, True
    )  # fmt: skip
    await work
    done = await Job.get(id=job.id)
    assert (done.status, done.download["hosts"]) == (JobStatus.COMPLETED, [])
    assert await LogEntry.filter(job_id=job.id, message="Waiting 2 s for 127.0.0.1, as the server asked.").exists()


async def test_a_failure_of_the_only_file_is_that_of_the_download(downloads: DownloadHarness, origin: Origin) -> None:
    job = await downloads.run(await downloads.add(origin.url("/file.zip"), expectedSha256="0" * 64))

    assert (job.status, job.error_code, job.error_is_retryable) == (JobStatus.FAILED, "CHECKSUM_MISMATCH", True)
    assert (await downloads.item(job)).status is ItemStatus.FAILED
    assert await downloads.contents(job) == {}
    assert await LogEntry.filter(job_id=job.id, level="ERROR").exists()


async def test_a_url_that_may_not_be_asked_fails_for_good(downloads: DownloadHarness, origin: Origin) -> None:
    def leave(_asked: object, _reply: Reply) -> Reply:
        return Reply(302, [("Location", "ftp://example.org/a"), ("Content-Length", "0")])

    origin.change = leave
    job = await downloads.run(await downloads.add(origin.url("/file.zip")))
    assert (job.status, job.error_code, job.error_is_retryable) == (JobStatus.FAILED, "URL_NOT_ALLOWED", False)


async def test_a_file_that_is_not_wanted_skips_the_download(downloads: DownloadHarness, origin: Origin) -> None:
    job = await downloads.run(await downloads.add(origin.url("/a.zip"), maxFileSize=10))

    assert (job.status, job.download["skipReason"], job.download["duplicateOf"]) == (JobStatus.SKIPPED, "size", None)
    item = await downloads.item(job)
    assert (item.status, item.skip_reason) == (ItemStatus.SKIPPED, "size")
    assert not downloads.partials()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_an_expired_link_pauses_and_keeps_what_came(
    downloads: DownloadHarness, origin: Origin, status: int
) -> None:
    origin.change = first(1, cut_after(len(CONTENT) // 2), lambda _asked, _reply: Reply(status))
    job = await downloads.run(await downloads.add(origin.url("/file.zip"), chunkSize=CHUNK))

    assert job.status is JobStatus.PAUSED
    assert job.status_message.startswith(f"The server answered {status} when asked for the rest")
    await resume_job(downloads.jobs.viewer, job.id, downloads.jobs.outbox)
    job = await downloads.run(job)
    assert (job.status, job.processed_bytes) == (JobStatus.PAUSED, len(CONTENT) // 2)
    origin.change = lambda _asked, reply: reply
    await resume_job(downloads.jobs.viewer, job.id, downloads.jobs.outbox)
    job = await downloads.run(job)
    assert (job.status, await downloads.contents(job)) == (JobStatus.COMPLETED, {"file.zip": CONTENT})
    assert origin.ranges[-1] == f"bytes={len(CONTENT) // 2}-"


async def test_a_fresh_link_goes_on_where_the_old_one_ended(downloads: DownloadHarness, origin: Origin) -> None:
    origin.change = first(1, cut_after(len(CONTENT) // 2), lambda _asked, _reply: Reply(403))
    job = await downloads.run(await downloads.add(origin.url("/old.zip"), chunkSize=CHUNK))
    assert job.status is JobStatus.PAUSED

    async def follow(url: str) -> Job:
        options = job.options | {"url": url, "isFreshLink": True}
        async with transaction() as db:
            await change_job(db, job.id, {JobStatus.PAUSED}, options=orjson.dumps(options).decode())
        await resume_job(downloads.jobs.viewer, job.id, downloads.jobs.outbox)
        return await downloads.run(job)

    async with serving(Origin(CONTENT[::-1], etag='"other"')) as other:
        again = await follow(other.url("/new.zip"))
        assert again.status is JobStatus.PAUSED
        assert "another file" in again.status_message
    origin.change = lambda _asked, reply: reply
    done = await follow(origin.url("/new.zip"))
    assert done.status is JobStatus.COMPLETED
    assert list((await downloads.contents(done)).values()) == [CONTENT]
    assert origin.ranges[-1] == f"bytes={len(CONTENT) // 2}-"


async def _half_way(
    downloads: DownloadHarness, origin: Origin, going_on: asyncio.Event, **options: Any
) -> tuple[Job, "asyncio.Task[None]"]:
    """A download of which half has come, and nothing more comes; and the work on it."""
    origin.change = first(1, held(going_on, len(CONTENT) // 2))
    job = await downloads.add(origin.url("/file.zip"), chunkSize=CHUNK, **options)

    async def is_half() -> bool:
        return bool((await Job.get(id=job.id)).processed_bytes == len(CONTENT) // 2)

    work = asyncio.create_task((await downloads.worker()).work())
    await wait_until(is_half, 60)
    return job, work


async def test_pause_keeps_every_byte_and_resume_asks_for_the_rest(downloads: DownloadHarness, origin: Origin) -> None:
    going_on = asyncio.Event()
    job, work = await _half_way(downloads, origin, going_on)
    await pause_job(downloads.jobs.viewer, job.id, downloads.jobs.outbox)
    await asyncio.wait_for(work, 10)
    going_on.set()

    assert (await downloads.item(job)).status is ItemStatus.PENDING
    await resume_job(downloads.jobs.viewer, job.id, downloads.jobs.outbox)
    job = await downloads.run(job)
    assert (job.status, await downloads.contents(job)) == (JobStatus.COMPLETED, {"file.zip": CONTENT})
    assert origin.ranges == [None, f"bytes={len(CONTENT) // 2}-"]


async def test_what_a_pause_cannot_keep_is_not_told_as_kept(downloads: DownloadHarness, origin: Origin) -> None:
    going_on = asyncio.Event()
    origin.etag = origin.last_modified = None
    job, work = await _half_way(downloads, origin, going_on)
    await pause_job(downloads.jobs.viewer, job.id, downloads.jobs.outbox)
    await asyncio.wait_for(work, 10)
    going_on.set()

    item = await downloads.item(job)
    assert (item.status, item.processed_bytes, downloads.partials()) == (ItemStatus.PENDING, None, [])
    await resume_job(downloads.jobs.viewer, job.id, downloads.jobs.outbox)
    job = await downloads.run(job)
    assert (job.status, await downloads.contents(job)) == (JobStatus.COMPLETED, {"file.zip": CONTENT})


async def test_a_retry_of_everything_goes_on_with_what_came(downloads: DownloadHarness, origin: Origin) -> None:
    origin.change = cut_after(len(CONTENT) // 2)
    job = await downloads.run(await downloads.add(origin.url("/file.zip"), chunkSize=CHUNK, maxRetries=0))
    assert (job.status, job.error_code, job.error_is_retryable) == (JobStatus.FAILED, "DOWNLOAD_FAILED", True)
    assert downloads.partials()

    origin.change = lambda _asked, reply: reply
    await retry_job(downloads.jobs.viewer, job.id, downloads.jobs.outbox, only_failed_items=False)
    job = await downloads.run(job)
    assert (job.status, await downloads.contents(job)) == (JobStatus.COMPLETED, {"file.zip": CONTENT})
    assert origin.ranges == [None, f"bytes={len(CONTENT) // 2}-"]
    assert not downloads.partials()


async def test_a_cancelled_download_stops_its_transfer(downloads: DownloadHarness, origin: Origin) -> None:
    going_on = asyncio.Event()
    job, work = await _half_way(downloads, origin, going_on)
    await cancel_job(downloads.jobs.viewer, job.id, downloads.jobs.outbox)
    await wait_for_status(job, JobStatus.CANCELLED)
    await asyncio.wait_for(work, 10)
    before = (await Job.get(id=job.id)).version
    going_on.set()
    await wait_until(lambda: origin.open_now == 0)
    assert (await Job.get(id=job.id)).version == before
    assert (await downloads.item(job)).status is ItemStatus.CANCELLED


async def test_a_limit_of_bandwidth_may_change_while_bytes_come(downloads: DownloadHarness, origin: Origin) -> None:
    job = await downloads.add(origin.url("/file.zip"), bandwidthLimit=8)  # more than two minutes
    work = asyncio.create_task((await downloads.worker()).work())
    await wait_until(lambda: origin.asked)
    async with transaction() as db:
        options = orjson.dumps((await Job.get(id=job.id)).options | {"bandwidthLimit": 0}).decode()
        await change_job(db, job.id, {JobStatus.PROCESSING}, options=options)
    await asyncio.wait_for(work, 20)
    assert (await Job.get(id=job.id)).status is JobStatus.COMPLETED


async def test_own_headers_and_credentials_are_sent_and_shown_nowhere(
    downloads: DownloadHarness, origin: Origin
) -> None:
    url = origin.url("/file.zip").replace("//", "//anna:s3cret@")
    job = await downloads.run(await downloads.add(url, headers=[{"name": "X-Key", "value": "t0ken"}]))

    assert job.status is JobStatus.COMPLETED
    assert origin.asked[0].headers["X-Key"] == "t0ken"
    assert origin.asked[0].headers["Authorization"].startswith("Basic ")
    rows = repr([await table.all().values() for table in (Job, Item, LogEntry)])
    assert not [secret for secret in ("s3cret", "t0ken", "anna") if secret in rows]
    assert SEALER.open(job.options["headers"][0]["value"]) == "t0ken"


async def test_what_came_of_a_cancelled_download_goes_with_the_next_sweep(
    downloads: DownloadHarness, origin: Origin
) -> None:
    going_on = asyncio.Event()
    job, work = await _half_way(downloads, origin, going_on)
    kept, _ = await _half_way(downloads, origin, going_on)
    await cancel_job(downloads.jobs.viewer, job.id, downloads.jobs.outbox)
    await pause_job(downloads.jobs.viewer, kept.id, downloads.jobs.outbox)
    await asyncio.wait_for(work, 10)
    await wait_until(lambda: len(downloads.partials()) == 4)

    assert await sweep_cancelled(downloads.storage) == 1
    assert {path.name.partition(".")[0] for path in downloads.partials()} == {kept.id}
    assert (await downloads.item(job)).processed_bytes is None
    assert await sweep_cancelled(downloads.storage) == 0
    going_on.set()


async def test_partials_of_a_job_that_nobody_knows_are_orphans(downloads: DownloadHarness, origin: Origin) -> None:
    origin.change = cut_after(len(CONTENT) // 2)
    job = await downloads.run(await downloads.add(origin.url("/file.zip"), chunkSize=CHUNK, maxRetries=0))
    names = [path.name for path in downloads.partials()]
    assert len(names) == 2

    assert await ended_partials(names) == []
    await Job.filter(id=job.id).delete()
    assert await ended_partials(names) == names
    assert await remove_partials(downloads.storage, job.id) == 2
    assert not downloads.partials()


async def test_the_date_of_a_file_is_that_of_its_server(downloads: DownloadHarness, origin: Origin) -> None:
    job = await downloads.run(await downloads.add(origin.url("/file.zip")))
    contents = await contents_of_job(job.id)
    (entry,) = await entries_of(contents, downloads.storage)
    assert (entry.name, entry.made_at) == ("items/file.zip", datetime(2025, 1, 1, tzinfo=UTC))


class SmallDisk(LocalStorage):
    """A disk of which as much is free as the test says."""

    free = 0

    async def free_bytes(self) -> int:
        return self.free


async def test_a_full_disk_makes_a_download_wait_with_all_that_came(downloads: DownloadHarness, origin: Origin) -> None:
    origin.change = first(1, cut_after(len(CONTENT) // 2))
    job = await downloads.run(await downloads.add(origin.url("/file.zip"), chunkSize=CHUNK, maxRetries=0))
    assert job.status is JobStatus.FAILED
    await retry_job(downloads.jobs.viewer, job.id, downloads.jobs.outbox, only_failed_items=True)
    disk = SmallDisk(downloads.jobs.folder)
    disk.free = RESERVED_BYTES + 1_000

    await (await downloads.worker(disk)).work()
    job = await Job.get(id=job.id)
    assert (job.status, job.wait_reason) == (JobStatus.PENDING, WaitReason.DISK_FULL)
    assert downloads.partials()

    disk.free = RESERVED_BYTES + 10 * len(CONTENT)
    await Job.filter(id=job.id).update(wait_until=None)
    await (await downloads.worker(disk)).work()
    job = await Job.get(id=job.id)
    assert (job.status, await downloads.contents(job)) == (JobStatus.COMPLETED, {"file.zip": CONTENT})
    assert origin.ranges[-1] == f"bytes={len(CONTENT) // 2}-"
