"""Types made of rows, in rare corners."""

from datetime import timedelta
from typing import Any

import pytest

from base.words import ItemStatus, JobStatus, UploadStatus
from models import Item, Job
from models.fields import now
from models.ids import new_id
from schema.types.progress import Progress, stages_of
from tests.web_app import App


def job_in(status: JobStatus, **columns: object) -> Job:
    values = {"kind": "counting", "status": status, "created_at": now() - timedelta(seconds=10), **columns}
    return Job(id="batch-1754556928-12a41dbec0f3", owner_id="user-1754556928-12a41dbec0f3", **values)


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (job_in(JobStatus.UPLOADING, stage="upload", processed_bytes=1, total_bytes=4), ["PROCESSING 25", "PENDING 0", "PENDING 0", "PENDING 0"]),
        (job_in(JobStatus.UPLOADING, stage="upload", processed_bytes=0, total_bytes=None), ["PROCESSING 0", "PENDING 0", "PENDING 0", "PENDING 0"]),
        (job_in(JobStatus.PENDING, processed_bytes=4, total_bytes=4), ["COMPLETED 100", "PENDING 0", "PENDING 0", "PENDING 0"]),
        (job_in(JobStatus.PROCESSING, stage="read", percentage=5.0, processed_bytes=4, total_bytes=4), ["COMPLETED 100", "PROCESSING 50", "PENDING 0", "PENDING 0"]),
        (job_in(JobStatus.PROCESSING, stage="count", percentage=50.0, processed_bytes=4, total_bytes=4), ["COMPLETED 100", "COMPLETED 100", "PROCESSING 50", "PENDING 0"]),
        (job_in(JobStatus.COMPLETED, percentage=100.0, processed_bytes=0, total_bytes=0), ["COMPLETED 100"] * 4),
        (job_in(JobStatus.FAILED, percentage=50.0, processed_bytes=4, total_bytes=4), ["COMPLETED 100", "COMPLETED 100", "FAILED 50", "CANCELLED 0"]),
        (job_in(JobStatus.CANCELLED, percentage=5.0, processed_bytes=4, total_bytes=4), ["COMPLETED 100", "CANCELLED 50", "CANCELLED 0", "CANCELLED 0"]),
    ],
)  # fmt: skip
async def test_stages_follow_the_percentage(app: App, job: Job, expected: list[str]) -> None:
    assert [f"{stage.status} {stage.percentage:g}" for stage in stages_of(job)] == expected


def test_progress_counts_what_is_done_and_knows_no_rate_while_nothing_moves() -> None:
    job = job_in(
        JobStatus.PROCESSING, percentage=33.33333, total_items=9, completed_items=1, failed_items=1, skipped_items=1
    )
    progress = Progress(row=job)

    assert (progress.percentage, progress.processed_items, progress.failed_items) == (33.33, 3, 1)
    assert (progress.total_bytes, progress.bytes_per_second) == (None, None)


async def test_an_upload_of_nothing_is_complete_at_a_hundred(app: App) -> None:
    person = await app.person()
    empty = await app.upload(person, b"")
    unknown = await app.upload(person, size_bytes=None, status=UploadStatus.UPLOADING)
    query = "query ($id: ID!) { upload(id: $id) { percentage size sha256 } }"

    assert (await app.data(query, person, id=empty.id))["upload"] == {"percentage": 100.0, "size": 0, "sha256": None}
    assert (await app.data(query, person, id=unknown.id))["upload"]["percentage"] is None


async def test_items_page_filter_and_tell_why_they_failed(app: App) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    for index in range(5):
        failed: dict[str, Any] = (
            {"status": ItemStatus.FAILED, "error_code": "CORRUPT_FILE", "error_message": "Not readable."}
            if index == 3
            else {}
        )
        await Item.create(
            id=new_id("item"), job_id=job_id, index=index, name=f"Row {index}", needs_review=index == 1, **failed
        )
    query = """query ($id: ID!, $status: ItemStatus, $review: Boolean, $first: Int, $after: String) { batch(id: $id) {
      items(status: $status, needsReview: $review, first: $first, after: $after) {
        nodes { index name error { code message isRetryable } } pageInfo { endCursor hasNextPage } totalCount } } }"""

    async def items(**variables: object) -> dict[str, Any]:
        found: dict[str, Any] = (await app.data(query, person, id=job_id, **variables))["batch"]["items"]
        return found

    assert (await items(status="FAILED"))["nodes"] == [
        {
            "index": 3,
            "name": "Row 3",
            "error": {"code": "CORRUPT_FILE", "message": "Not readable.", "isRetryable": False},
        }
    ]
    assert (await items(review=True))["totalCount"] == 1
    page = await items(first=2, after=(await items(first=2))["pageInfo"]["endCursor"])
    assert [node["index"] for node in page["nodes"]] == [2, 3]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (5, True)


async def test_owners_of_a_page_are_read_together(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await app.person()
    for _ in range(5):
        await app.batch(person)
    calls: list[list[str]] = []
    from auth.queries import users_by_ids  # noqa: PLC0415  the real one, before it is replaced

    async def count(ids: list[str]) -> object:
        calls.append(ids)
        return await users_by_ids(ids)

    monkeypatch.setattr("schema.loaders.users_by_ids", count)
    await app.data("{ batches { nodes { owner { id } } } }", person)

    assert calls == [[person.id]]
