"""Changes whose event was lost reach subscribers by the reconciler."""

import asyncio

import pytest
from structlog.testing import capture_logs

from background import reconciler
from background.reconciler import OVERLAP, EventReconciler
from base.words import JobStatus, UploadStatus
from events.hub import Hub
from events.mailbox import Mailbox
from events.messages import Event, job_topic, jobs_topic, upload_topic
from jobs.lifecycle import cancel_job
from jobs.snapshots import job_event, newest_change_id
from models import Job, Upload
from tests.events.events_for_tests import event_now, is_told_of_loss
from tests.job_harness import JobHarness
from tests.statements import counted_statements
from uploads.queries import upload_event


@pytest.fixture
def deaf() -> Hub:
    """The hub of a server that hears nothing of what the harness publishes."""
    return Hub()


async def told(mailbox: Mailbox) -> list[tuple[str, str]]:
    """Id and status of what is due now."""
    states = []
    while (event := await event_now(mailbox)) is not None:
        states.append((str(event.row["id"]), str(event.row["status"])))
    return states


async def end(harness: JobHarness, job: Job) -> None:
    await cancel_job(harness.viewer, job.id, harness.outbox)


async def test_the_end_of_a_job_that_nobody_told_is_told_once(harness: JobHarness, deaf: Hub) -> None:
    job, look = await harness.add_job(), EventReconciler(deaf).look
    await look()
    with deaf.listen(job_topic(job.id)) as mailbox:
        mailbox.seen(job_event(job))
        await look()
        assert await told(mailbox) == []
        await end(harness, job)
        await look()
        assert await told(mailbox) == [(job.id, JobStatus.CANCELLED)]
        await look()
        assert await told(mailbox) == []


async def test_what_was_told_already_is_not_told_again(harness: JobHarness, deaf: Hub) -> None:
    job, look = await harness.add_job(), EventReconciler(deaf).look
    await look()
    with deaf.listen(job_topic(job.id)) as mailbox:
        mailbox.seen(job_event(job))
        await end(harness, job)
        deaf.deliver(harness.events[-1])
        assert await told(mailbox) == [(job.id, JobStatus.CANCELLED)]
        await look()
        assert await told(mailbox) == []


async def test_a_list_is_told_of_what_changed_since_it_is_watched_and_of_nothing_older(
    harness: JobHarness, deaf: Hub
) -> None:
    look = EventReconciler(deaf).look
    await look()
    older, job = await harness.add_job(), await harness.add_job()
    await end(harness, older)
    with deaf.listen(jobs_topic(harness.viewer.user_id)) as mailbox, deaf.listen(jobs_topic("somebody")) as other:
        new = await harness.add_job()
        await end(harness, job)
        await look()
        assert sorted(await told(mailbox)) == sorted([(job.id, JobStatus.CANCELLED), (new.id, JobStatus.PENDING)])
        assert await told(other) == []


async def test_a_change_whose_transaction_ends_late_is_seen_by_a_later_look(harness: JobHarness, deaf: Hub) -> None:
    """Its line in the history has a smaller number than lines that were committed, and looked at, before it."""
    job, sooner = await harness.add_job(), await harness.add_job()
    looks = EventReconciler(deaf)
    await looks.look()
    with deaf.listen(job_topic(job.id)) as mailbox:
        mailbox.seen(job_event(job))
        await end(harness, job)
        late = harness.events[-1]
        await end(harness, sooner)
        await Job.filter(id=job.id).update(status=JobStatus.PENDING, version=job.version)  # nobody sees it yet
        for _ in range(OVERLAP - 1):
            await looks.look()
        assert await told(mailbox) == []
        await Job.filter(id=job.id).update(status=JobStatus.CANCELLED, version=late.version)
        await looks.look()
        assert await told(mailbox) == [(job.id, JobStatus.CANCELLED)]


async def test_the_end_of_an_upload_that_nobody_told_is_told(harness: JobHarness, deaf: Hub) -> None:
    upload = await harness.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0)
    with deaf.listen(upload_topic(upload.id)) as mailbox:
        mailbox.seen(upload_event(upload))
        await harness.complete(upload)
        await EventReconciler(deaf).look()
        assert await told(mailbox) == [(upload.id, UploadStatus.COMPLETED)]
        assert (await Upload.get(id=upload.id)).version == 2


async def test_when_very_much_has_changed_everybody_reads_their_own_state(harness: JobHarness, deaf: Hub) -> None:
    first, look = await harness.add_job(), EventReconciler(deaf, max_changes=2).look
    await look()
    with deaf.listen(job_topic(first.id)) as mailbox:
        for _ in range(3):
            await harness.add_job()
        await look()
        await is_told_of_loss(mailbox)


async def test_where_nobody_watches_one_number_is_read(harness: JobHarness, deaf: Hub) -> None:
    looks = EventReconciler(deaf)
    await harness.add_job()
    await looks.look()
    await end(harness, await harness.add_job())
    with counted_statements() as statements:
        await looks.look()
    assert len(statements) == 1


async def test_a_thousand_who_watch_cost_as_many_statements_as_one(harness: JobHarness, deaf: Hub) -> None:
    job, looks = await harness.add_job(), EventReconciler(deaf)
    await looks.look()
    counts = []
    for watchers in (1, 1_000):
        uploads = [f"upload-1754556928-{number:012x}" for number in range(watchers)]
        with deaf.listen(job_topic(job.id), *map(upload_topic, uploads)), counted_statements() as statements:
            await looks.look()
        counts.append(len(statements))
    assert counts == [2, 2]


async def test_looking_goes_on_after_the_database_was_away(
    harness: JobHarness, deaf: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, calls, has_come_back = await harness.add_job(), 0, asyncio.Event()

    async def away_at_second() -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ConnectionResetError
        if calls == 3:
            has_come_back.set()
        return await newest_change_id()

    monkeypatch.setattr(reconciler, "newest_change_id", away_at_second)
    with deaf.listen(job_topic(job.id)) as mailbox, capture_logs() as logs:
        task = asyncio.create_task(EventReconciler(deaf, every_seconds=0.01).run())
        await asyncio.wait_for(has_come_back.wait(), 30)
        mailbox.seen(job_event(job))
        await end(harness, job)
        event: Event = await asyncio.wait_for(mailbox.get(), 30)
        task.cancel()
    assert event.row["status"] == JobStatus.CANCELLED
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == [
        "could not look for changes that were not published"
    ]
