"""Transfers of a download, in its row, its items and its events."""

from datetime import UTC, datetime

import pytest

from base.words import ItemStatus, JobStatus
from jobs.creation import NewJob
from jobs.lifecycle import create_job, pause_job, retry_job
from jobs.recording.transfers import MAX_HOSTS, record_transfers
from jobs.scheduling.claims import Claim, ClaimLost
from jobs.scheduling.leases import MAX_CRASHES, sweep_leases
from jobs.snapshots import job_of_event
from models import Item, Job, Slice
from processors.transfers import ActiveItem, HostState, TransferState
from tests.job_harness import JobHarness, completed, expire_leases
from tests.kinds import FETCHING

URL = "https://example.org/a.zip"
UNTIL = datetime(2026, 11, 29, 14, 3, tzinfo=UTC)
STATE = TransferState(
    processed_bytes=50,
    total_bytes=200,
    bytes_per_second=12.5,
    active=[ActiveItem(1, 50, 150)],
    hosts=[HostState("a.example", 1), HostState("b.example", 0, UNTIL)],
    final_url="https://cdn.example/a.zip",
    is_resumable=True,
)


async def begin(harness: JobHarness) -> Claim:
    """A download of two files whose slice is taken."""
    harness.kind = FETCHING
    await create_job(harness.viewer, FETCHING, NewJob(FETCHING.name, {}, [], download_url=URL), harness.outbox)
    await harness.plan_claim(await harness.claim(), 2)
    return await harness.claim()


async def test_a_new_download_knows_its_url_and_no_size(harness: JobHarness) -> None:
    harness.kind = FETCHING
    new = NewJob(FETCHING.name, {}, [], download_url=URL)

    job = await create_job(harness.viewer, FETCHING, new, harness.outbox)

    assert (job.download, job.total_bytes, job.processed_bytes) == ({"url": URL}, None, 0)


async def test_what_is_recorded_is_in_the_row_the_items_and_the_event(harness: JobHarness) -> None:
    claim = await begin(harness)

    await record_transfers(claim, STATE, 0.25, FETCHING, harness.outbox)

    job = await Job.get(id=claim.job.id)
    assert (job.processed_bytes, job.total_bytes, job.percentage) == (50, 200, 20.0)
    assert job.download == {
        "url": URL,
        "finalUrl": "https://cdn.example/a.zip",
        "resumable": True,
        "bytesPerSecond": 12.5,
        "hosts": [
            {"name": "b.example", "activeTransfers": 0, "waitingUntil": UNTIL.timestamp()},
            {"name": "a.example", "activeTransfers": 1, "waitingUntil": None},
        ],
    }
    items = await Item.filter(job_id=job.id).order_by("index")
    assert [item.status for item in items] == [ItemStatus.PENDING, ItemStatus.PROCESSING]
    assert (items[1].processed_bytes, items[1].size_bytes) == (50, 150)
    told = job_of_event(harness.events[-1])
    assert (told.version, told.download) == (job.version, job.download)


async def test_bytes_that_had_never_come_so_far_absolve_a_slice_of_lost_workers(harness: JobHarness) -> None:
    job_id = (claim := await begin(harness)).job.id
    for done, crashes in ((0.2, 1), (0.5, 1), (0.5, 2), (0.4, 3)):
        await record_transfers(claim, STATE, done, FETCHING, harness.outbox)
        await expire_leases()
        await sweep_leases(harness.outbox)
        assert (await Slice.get(job_id=job_id, phase="PROCESS")).crash_count == crashes
        if crashes < MAX_CRASHES:
            claim = await harness.claim()
    assert (await Job.get(id=job_id)).error_code == "WORKER_LOST"


async def test_what_is_known_stays_until_it_is_told_anew(harness: JobHarness) -> None:
    claim = await begin(harness)
    await record_transfers(claim, STATE, 0, FETCHING, harness.outbox)

    await record_transfers(claim, TransferState(processed_bytes=60), 0, FETCHING, harness.outbox)

    told = (await Job.get(id=claim.job.id)).download
    assert (told["finalUrl"], told["resumable"]) == ("https://cdn.example/a.zip", True)
    assert (told["bytesPerSecond"], told["hosts"]) == (None, [])


async def test_an_item_that_has_ended_stays_as_it_is(harness: JobHarness) -> None:
    claim = await begin(harness)
    await harness.record(claim, completed(1), is_done=False)

    await record_transfers(claim, STATE, 0, FETCHING, harness.outbox)

    item = await Item.get(job_id=claim.job.id, index=1)
    assert (item.status, item.processed_bytes) == (ItemStatus.COMPLETED, None)


async def test_hosts_are_few_and_those_that_wait_come_first(harness: JobHarness) -> None:
    claim = await begin(harness)
    hosts = [HostState(f"h{number}.example", 2) for number in range(MAX_HOSTS)] + [HostState("late.example", 0, UNTIL)]

    await record_transfers(claim, TransferState(processed_bytes=0, hosts=hosts), 0, FETCHING, harness.outbox)

    told = (await Job.get(id=claim.job.id)).download["hosts"]
    assert len(told) == MAX_HOSTS
    assert told[0]["name"] == "late.example"


async def test_who_lost_the_claim_changes_nothing(harness: JobHarness) -> None:
    claim = await begin(harness)
    await pause_job(harness.viewer, claim.job.id, harness.outbox)

    with pytest.raises(ClaimLost):
        await record_transfers(claim, STATE, 0, FETCHING, harness.outbox)

    assert (await Job.get(id=claim.job.id)).download == {"url": URL}


async def test_another_attempt_begins_without_what_the_last_one_told(harness: JobHarness) -> None:
    claim = await begin(harness)
    await record_transfers(claim, STATE, 0, FETCHING, harness.outbox)
    await harness.fail(claim)

    job, _ = await retry_job(harness.viewer, claim.job.id, harness.outbox, only_failed_items=False)

    assert job.status is JobStatus.PENDING
    assert (job.download, job.total_bytes, job.processed_bytes) == ({"url": URL}, None, 0)
