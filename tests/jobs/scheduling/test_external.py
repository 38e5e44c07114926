"""Tasks that other programs do: who gets them, what reports change, and what a lost lease may not."""

import asyncio
from typing import Any

import pytest
from tortoise.connection import get_connection

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import JobStatus, Role, UploadStatus
from jobs.creation import NewJob
from jobs.lifecycle import cancel_job, create_job, pause_job, resume_job, retry_job
from jobs.purge import purge_job
from jobs.recording.reports import Report, ReportStatus, report_task
from jobs.scheduling.external import check_may_own, check_may_upload, claim_task, leases_of
from jobs.scheduling.leases import MAX_CRASHES
from models import File, Job, JobEvent, LogEntry, Upload
from models.sql import fetch_rows
from processors.external.kind import KIND as EXTERNAL
from storage.keys import file_key, upload_key
from storage.local.storage import LocalStorage
from tests.databases import read_tables
from tests.job_harness import JobHarness, viewer_of
from webhooks.lifecycle import remove_deliveries

WORKER = viewer_of("user-1754556928-00000000000a", Role.WORKER)
COLLEAGUE = viewer_of("user-1754556928-00000000000b", Role.WORKER)
DONE = Report(ReportStatus.COMPLETED)


async def add_task(harness: JobHarness, queue: str = "default", **columns: Any) -> Job:
    options = {"queue": queue, "options": {"voice": "low"}}
    return await create_job(harness.viewer, EXTERNAL, NewJob("external", options, [], **columns), harness.outbox)


async def claim(
    harness: JobHarness, worker: Viewer = WORKER, queue: str = "default", seconds: int = 60
) -> tuple[Job, str]:
    task = await claim_task(worker, queue, seconds, harness.outbox)
    assert task is not None
    (lease,) = await leases_of(worker, [task.id])
    assert lease is not None
    return task, lease.id


async def report(harness: JobHarness, task: Job, lease_id: str, given: Report, worker: Viewer = WORKER) -> Job:
    return await report_task(worker, task.id, lease_id, given, LocalStorage(harness.folder), harness.outbox)


async def refused(harness: JobHarness, task: Job, lease_id: str, given: Report, worker: Viewer = WORKER) -> ErrorCode:
    """The code of the refusal, which changed nothing, on the disk neither."""
    before, files = await read_tables(), sorted(harness.folder.rglob("*"))
    with pytest.raises(Refusal) as caught:
        await report(harness, task, lease_id, given, worker)
    assert await read_tables() == before
    assert [path for path in sorted(harness.folder.rglob("*")) if path.is_file()] == [
        path for path in files if path.is_file()
    ]
    return caught.value.code


async def end_leases() -> None:
    await fetch_rows(get_connection("default"), "UPDATE slices SET lease_expires_at = lease_expires_at - 100000")


# ------------------------------------------------------------------------------------------------- claiming


async def test_the_highest_priority_goes_first_and_the_oldest_of_those(harness: JobHarness) -> None:
    low, high, younger = [await add_task(harness, priority=priority) for priority in (0, 5, 5)]
    elsewhere = await add_task(harness, "other", priority=9)
    taken = [(await claim(harness))[0].id for _ in range(3)]
    assert taken == [high.id, younger.id, low.id]
    assert await claim_task(WORKER, "default", 60, harness.outbox) is None
    assert (await claim(harness, queue="other"))[0].id == elsewhere.id


async def test_a_claimed_task_is_processing_and_tells_it(harness: JobHarness) -> None:
    task = await add_task(harness)
    claimed, lease_id = await claim(harness)
    assert (claimed.id, claimed.status, claimed.stage) == (task.id, JobStatus.PROCESSING, "work")
    assert claimed.options == {"queue": "default", "options": {"voice": "low"}}
    assert harness.statuses_told(task.id)[-1] == "PROCESSING"
    assert await leases_of(COLLEAGUE, [task.id]) == [None]
    nothing, lease = await leases_of(WORKER, ["task-1754556928-12a41dbec0f3", task.id])
    assert (nothing, lease and lease.id) == (None, lease_id)


async def test_workers_inside_leave_such_tasks_alone(harness: JobHarness) -> None:
    await add_task(harness)
    assert await harness.try_claim() is None


@pytest.mark.parametrize("seconds", [0, -1, 86_401])
async def test_a_lease_has_a_sensible_length(harness: JobHarness, seconds: int) -> None:
    await add_task(harness)
    with pytest.raises(Refusal) as caught:
        await claim_task(WORKER, "default", seconds, harness.outbox)
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "leaseSeconds")


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN])
async def test_only_workers_claim_and_report(harness: JobHarness, role: Role) -> None:
    task = await add_task(harness)
    viewer = viewer_of(harness.viewer.user_id, role)
    with pytest.raises(Refusal) as caught:
        await claim_task(viewer, "default", 60, harness.outbox)
    assert caught.value.code is ErrorCode.FORBIDDEN
    assert await refused(harness, task, "lease-1-1", DONE, viewer) is ErrorCode.FORBIDDEN


@pytest.mark.parametrize("count", [100, pytest.param(1_000, marks=pytest.mark.long)])
async def test_twenty_claimers_of_many_tasks_get_each_once(harness: JobHarness, count: int) -> None:
    tasks = {(await add_task(harness)).id for _ in range(count)}
    taken: list[str] = []

    async def take_all(number: int) -> None:
        worker = viewer_of(f"user-1754556928-{number:012x}", Role.WORKER)
        while (task := await claim_task(worker, "default", 60, harness.outbox)) is not None:
            taken.append(task.id)

    await asyncio.gather(*map(take_all, range(20)))
    assert len(taken) == len(tasks)
    assert set(taken) == tasks


# ------------------------------------------------------------------------------------------------ reporting


async def test_reports_move_the_progress_which_never_falls(harness: JobHarness) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness)
    given = Report(total_items=10, processed_items=4, failed_items=1, stage="render", message="On it.")
    task = await report(harness, task, lease_id, given)
    assert (task.percentage, task.total_items, task.completed_items, task.failed_items) == (40.0, 10, 3, 1)
    assert (task.stage, (await LogEntry.filter(job_id=task.id))[-1].message) == ("render", "On it.")
    lower = await report(harness, task, lease_id, Report(percentage=12.5, processed_items=2, failed_items=0))
    assert (lower.percentage, lower.completed_items, lower.failed_items) == (40.0, 3, 1)
    assert lower.version > task.version
    fewer = await report(harness, task, lease_id, Report(total_items=3))
    assert (fewer.percentage, fewer.total_items) == (40.0, 10)
    full = await report(harness, task, lease_id, Report(percentage=100))
    assert (full.percentage, full.status) == (99.99, JobStatus.PROCESSING)
    assert [event.stage for event in await JobEvent.filter(job_id=task.id).order_by("id")][-2:] == ["work", "render"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (Report(percentage=-0.1), "input.percentage"),
        (Report(percentage=100.1), "input.percentage"),
        (Report(percentage=float("nan")), "input.percentage"),
        (Report(total_items=-1), "input.totalItems"),
        (Report(failed_items=-1), "input.failedItems"),
        (Report(result_upload_ids=["upload-1754556928-12a41dbec0f3"]), "input.resultUploadIds"),
        (Report(ReportStatus.COMPLETED, result_upload_ids=["a", "a"]), "input.resultUploadIds"),
    ],
)
async def test_a_report_that_makes_no_sense_changes_nothing(harness: JobHarness, given: Report, field: str) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness)
    assert await refused(harness, task, lease_id, given) is ErrorCode.BAD_INPUT


@pytest.mark.parametrize("id_", ["\0", "x" * 100, "upload-1754556928-00000000000c\0"])
async def test_what_is_no_id_is_refused_before_the_database_sees_it(harness: JobHarness, id_: str) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness)
    done = Report(ReportStatus.COMPLETED, result_upload_ids=[id_])
    assert await refused(harness, task, lease_id, done) is ErrorCode.INVALID_ID
    other = await Job.get(id=task.id)
    other.id = id_
    assert await refused(harness, other, lease_id, DONE) is ErrorCode.INVALID_ID


async def test_what_a_worker_says_is_stored_as_far_as_databases_take_it(harness: JobHarness) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness)
    assert (await report(harness, task, lease_id, Report(stage="a", message="a\0b"))).status_message == "ab"
    long = await report(harness, task, lease_id, Report(stage="b", message="m" * 2_000))
    assert long.status_message == "m" * 2_000


async def test_results_are_files_of_the_task_and_pass_to_its_owner(harness: JobHarness) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness)
    uploads = [
        await harness.add_upload(content, name, owner_id=WORKER.user_id, sha256="0" * 64)
        for content, name in ((b"sound", "a.wav"), (b"text", "b.txt"))
    ]
    given = Report(ReportStatus.COMPLETED, result_upload_ids=[uploads[1].id, uploads[0].id])
    task = await report(harness, task, lease_id, given)
    assert (task.status, task.percentage, task.status_message) == (JobStatus.COMPLETED, 100.0, "The work is done.")
    files = await File.filter(job_id=task.id).order_by("created_at")
    assert [(file.name, file.size_bytes, file.owner_id) for file in files] == [
        ("b.txt", 4, harness.viewer.user_id), ("a.wav", 5, harness.viewer.user_id),
    ]  # fmt: skip
    assert {(await Upload.get(id=upload.id)).owner_id for upload in uploads} == {harness.viewer.user_id}
    await LocalStorage(harness.folder).remove(f"uploads/{uploads[0].id}")
    assert (harness.folder / file_key(files[1].id)).read_bytes() == b"sound"
    assert await refused(harness, task, lease_id, DONE) is ErrorCode.INVALID_STATE


async def test_a_purge_removes_the_uploads_that_brought_results_unless_another_job_uses_them(
    harness: JobHarness,
) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness)
    brought, used = [await harness.add_upload(b"secret", owner_id=WORKER.user_id) for _ in range(2)]
    await report(harness, task, lease_id, Report(ReportStatus.COMPLETED, result_upload_ids=[brought.id, used.id]))
    await harness.add_job(used)
    stranger = await harness.add_upload(b"secret")
    await purge_job(
        viewer_of("user-1754556928-0000000000aa", Role.ADMIN),
        task.id,
        harness.upload_services(),
        harness.outbox,
        remove_deliveries,
    )
    left = {upload.id: upload.status for upload in await Upload.filter(id__in=[brought.id, used.id, stranger.id])}
    assert left == {used.id: UploadStatus.COMPLETED, stranger.id: UploadStatus.COMPLETED}
    assert not (harness.folder / upload_key(brought.id)).exists()
    assert (harness.folder / upload_key(used.id)).exists()


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"owner_id": "user-1754556928-0000000000ff"}, ErrorCode.UPLOAD_NOT_FOUND),
        ({"status": UploadStatus.DELETED}, ErrorCode.INVALID_STATE),
        ({"status": UploadStatus.UPLOADING, "offset_bytes": 1}, ErrorCode.INVALID_STATE),
        ({"is_partial": True}, ErrorCode.UPLOAD_NOT_FOUND),
    ],
)
async def test_results_are_complete_uploads_of_the_worker(
    harness: JobHarness, columns: dict[str, Any], code: ErrorCode
) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness)
    right = await harness.add_upload(owner_id=WORKER.user_id)
    wrong = await harness.add_upload(**{"owner_id": WORKER.user_id, **columns})
    given = Report(ReportStatus.COMPLETED, result_upload_ids=[right.id, wrong.id])
    assert await refused(harness, task, lease_id, given) is code


@pytest.mark.parametrize("is_retryable", [True, False])
async def test_a_failure_is_told_with_its_reason_and_can_be_retried_where_the_worker_says_so(
    harness: JobHarness, is_retryable: bool
) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness)
    given = Report(ReportStatus.FAILED, error_message="No voice.", is_retryable=is_retryable)
    task = await report(harness, task, lease_id, given)
    assert (task.status, task.error_code, task.error_message) == (JobStatus.FAILED, "PROCESSING_FAILED", "No voice.")
    assert task.error_is_retryable is is_retryable
    assert await refused(harness, task, lease_id, Report(percentage=5)) is ErrorCode.INVALID_STATE
    retrying = retry_job(harness.viewer, task.id, harness.outbox, only_failed_items=False)
    if not is_retryable:
        with pytest.raises(Refusal) as caught:
            await retrying
        assert caught.value.code is ErrorCode.CANNOT_RETRY
        return
    await retrying
    again, _ = await claim(harness, COLLEAGUE)
    assert (again.id, again.attempt, again.percentage) == (task.id, 2, 0.0)


# --------------------------------------------------------------------------------------------------- leases


async def test_a_lease_that_ran_out_gives_the_task_to_the_next_and_the_late_report_changes_nothing(
    harness: JobHarness,
) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness)
    await end_leases()
    assert await refused(harness, task, lease_id, Report(percentage=50)) is ErrorCode.LEASE_LOST
    again, new_lease = await claim(harness, COLLEAGUE)
    assert (again.id, new_lease == lease_id) == (task.id, False)
    assert await refused(harness, task, lease_id, DONE) is ErrorCode.LEASE_LOST
    assert (await report(harness, again, new_lease, DONE, COLLEAGUE)).status is JobStatus.COMPLETED


async def test_each_report_renews_the_lease_by_its_own_length(harness: JobHarness) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness, seconds=100)
    db = get_connection("default")
    (before,) = await fetch_rows(db, "SELECT lease_expires_at AS at FROM slices")
    await fetch_rows(db, "UPDATE slices SET lease_expires_at = lease_expires_at - 90")
    await report(harness, task, lease_id, Report())
    (after,) = await fetch_rows(db, "SELECT lease_expires_at AS at FROM slices")
    assert 0 <= after["at"] - before["at"] < 5


async def test_somebody_elses_lease_is_no_lease(harness: JobHarness) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness)
    assert await refused(harness, task, lease_id, DONE, COLLEAGUE) is ErrorCode.LEASE_LOST
    for wrong in ("", "lease-0-0", "lease-99999999999999999999-1", f"{lease_id}0", "x"):
        assert await refused(harness, task, wrong, DONE) is ErrorCode.LEASE_LOST


async def test_a_task_that_takes_its_workers_down_fails_in_the_end(harness: JobHarness) -> None:
    task = await add_task(harness)
    for _ in range(MAX_CRASHES):
        await claim(harness)
        await end_leases()
    assert await claim_task(WORKER, "default", 60, harness.outbox) is None
    ended = await Job.get(id=task.id)
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, "WORKER_LOST")


# --------------------------------------------------------------------------------------- stopped by the owner


@pytest.mark.parametrize("status", [ReportStatus.CANCELLED, ReportStatus.COMPLETED, ReportStatus.FAILED])
async def test_a_cancelled_task_is_cancelled_when_its_worker_has_stopped(
    harness: JobHarness, status: ReportStatus
) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness)
    assert (await cancel_job(harness.viewer, task.id, harness.outbox)).status is JobStatus.CANCELLING
    told = await report(harness, task, lease_id, Report(percentage=50))
    assert (told.status, told.percentage) == (JobStatus.CANCELLING, 0.0)
    assert (await report(harness, task, lease_id, Report(status))).status is JobStatus.CANCELLED
    assert await refused(harness, task, lease_id, Report()) is ErrorCode.INVALID_STATE
    assert await File.all().count() == 0


async def test_a_cancelled_task_whose_worker_says_nothing_is_cancelled_with_its_lease(harness: JobHarness) -> None:
    await add_task(harness)
    task, _ = await claim(harness)
    await cancel_job(harness.viewer, task.id, harness.outbox)
    await end_leases()
    assert await claim_task(COLLEAGUE, "default", 60, harness.outbox) is None
    assert (await Job.get(id=task.id)).status is JobStatus.CANCELLED


async def test_nobody_gives_up_a_task_that_was_not_cancelled(harness: JobHarness) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness)
    assert await refused(harness, task, lease_id, Report(ReportStatus.CANCELLED)) is ErrorCode.INVALID_STATE


async def test_a_paused_task_is_taken_from_its_worker(harness: JobHarness) -> None:
    await add_task(harness)
    task, lease_id = await claim(harness)
    await pause_job(harness.viewer, task.id, harness.outbox)
    assert await refused(harness, task, lease_id, Report(percentage=5)) is ErrorCode.LEASE_LOST
    assert await claim_task(COLLEAGUE, "default", 60, harness.outbox) is None
    await resume_job(harness.viewer, task.id, harness.outbox)
    assert (await claim(harness, COLLEAGUE))[0].id == task.id


# --------------------------------------------------------------------------------------------------- rights


async def test_a_worker_uploads_only_while_it_holds_a_task(harness: JobHarness) -> None:
    await check_may_upload(harness.viewer)
    with pytest.raises(Refusal) as caught:
        await check_may_upload(WORKER)
    assert caught.value.code is ErrorCode.FORBIDDEN
    await add_task(harness)
    await claim(harness)
    await check_may_upload(WORKER)
    with pytest.raises(Refusal):
        await check_may_upload(COLLEAGUE)
    await end_leases()
    with pytest.raises(Refusal):
        await check_may_upload(WORKER)


async def test_a_worker_has_no_jobs_of_its_own(harness: JobHarness) -> None:
    with pytest.raises(Refusal) as caught:
        check_may_own(WORKER)
    assert caught.value.code is ErrorCode.FORBIDDEN
