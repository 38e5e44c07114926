"""Bundles of a job over HTTP."""

import io
import zipfile
from datetime import timedelta

import pytest

from base.words import JobStatus, UploadStatus
from models import File, Job, Upload
from models.fields import now
from storage.keys import upload_key
from tests.results.result_harness import LAST_MODIFIED, ResultHarness, error_of, full_job, names_in
from tests.stored_paths import stored_path


async def test_a_bundle_has_inputs_results_and_items_under_their_names(result_harness: ResultHarness) -> None:
    answer = await result_harness.read(await full_job(result_harness))
    assert names_in(answer) == [
        "inputs/leads.csv", "inputs/leads (2).csv", "results/leads.csv", "results/report.json", "items/sheet.png",
        "items/sheet (2).png",
    ]  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [
            b"first", b"second", b"results", b"report", b"sheet 0", b"sheet 1",
        ]  # fmt: skip


async def test_a_bundle_comes_with_all_that_a_client_needs_to_know(result_harness: ResultHarness) -> None:
    job = await full_job(result_harness)
    answer = await result_harness.read(job)
    headers = dict(answer.headers)
    assert len(headers.pop("etag")) == 66
    assert (answer.status_code, headers) == (200, {
        "content-type": "application/zip",
        "content-disposition": f'attachment; filename="Mai_Juni-{job.id[-12:]}.zip"',
        "content-length": str(len(answer.content)),
        "cache-control": "private, no-cache",
        "accept-ranges": "bytes",
        "last-modified": LAST_MODIFIED,
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox",
    })  # fmt: skip


async def test_a_bundle_that_is_read_in_parts_is_the_same_bundle(result_harness: ResultHarness) -> None:
    job = await full_job(result_harness)
    whole, parts = await result_harness.read(job), b""
    while len(parts) < len(whole.content):
        part = await result_harness.read(
            job, Range=f"bytes={len(parts)}-{len(parts) + 99}", If_Range=whole.headers["etag"]
        )
        assert part.status_code == 206
        parts += part.content
    assert parts == whole.content


async def test_the_end_of_a_bundle_can_be_read_alone(result_harness: ResultHarness) -> None:
    job = await full_job(result_harness)
    whole, end = await result_harness.read(job), await result_harness.read(job, Range="bytes=-22")
    assert (end.status_code, end.content) == (206, whole.content[-22:])
    total = len(whole.content)
    assert end.headers["content-range"] == f"bytes {total - 22}-{total - 1}/{total}"


async def test_a_range_beyond_a_bundle_is_416(result_harness: ResultHarness) -> None:
    answer = await result_harness.read(await result_harness.job(), Range="bytes=22-")
    assert (error_of(answer), answer.headers["content-range"]) == ((416, "BAD_INPUT"), "bytes */22")


async def test_head_of_a_bundle_tells_its_length_without_reading_a_file(result_harness: ResultHarness) -> None:
    job = await full_job(result_harness)
    head = await result_harness.read(job, "HEAD")
    assert not result_harness.services.checksums._known
    whole = await result_harness.read(job)
    assert (head.status_code, head.content, head.headers) == (200, b"", whole.headers)


async def test_a_bundle_that_the_client_has_is_304(result_harness: ResultHarness) -> None:
    job = await full_job(result_harness)
    etag = (await result_harness.read(job, "HEAD")).headers["etag"]
    assert (await result_harness.read(job, If_None_Match=etag)).status_code == 304


@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.COMPLETED])
async def test_a_bundle_before_completion_is_409(result_harness: ResultHarness, status: JobStatus) -> None:
    assert error_of(await result_harness.read(await result_harness.job(status))) == (409, "RESULT_NOT_READY")


async def test_a_bundle_of_an_unknown_or_deleted_job_and_a_wrong_link_are_the_same_answer(
    result_harness: ResultHarness,
) -> None:
    job, deleted = await result_harness.job(), await result_harness.job(deleted_at=now())
    answers = [
        await result_harness.read(Job(id="batch-1754556928-000000000000")),
        await result_harness.read(deleted),
        await result_harness.http.get(result_harness.link(job)[:-1]),
        await result_harness.http.get(result_harness.link(job).partition("?")[0]),
    ]
    assert {(error_of(answer), answer.text) for answer in answers} == {((404, "FILE_NOT_FOUND"), answers[0].text)}


async def test_an_ended_link_to_a_bundle_is_410(result_harness: ResultHarness) -> None:
    answer = await result_harness.http.get(result_harness.link(await result_harness.job(), now() - timedelta(hours=25)))
    assert error_of(answer) == (410, "RESULT_EXPIRED")


async def test_inputs_that_were_removed_are_left_out_of_a_bundle(result_harness: ResultHarness) -> None:
    job = await full_job(result_harness)
    before = (await result_harness.read(job, "HEAD")).headers["etag"]
    first, second = await Upload.all().order_by("size_bytes")
    await Upload.filter(id=first.id).update(status=UploadStatus.EXPIRED)
    stored_path(result_harness.services.storage, upload_key(second.id)).unlink()
    answer = await result_harness.read(job)
    assert names_in(answer)[0] == "results/leads.csv"
    assert answer.headers["etag"] != before


async def test_a_bundle_is_410_when_one_of_its_results_is_gone(result_harness: ResultHarness) -> None:
    job = await full_job(result_harness)
    file = await File.get(name="report.json")
    stored_path(result_harness.services.storage, file.storage_key).unlink()
    assert error_of(await result_harness.read(job)) == (410, "RESULT_EXPIRED")


async def test_a_bundle_without_a_title_is_called_after_its_kind(result_harness: ResultHarness) -> None:
    job = await result_harness.job()
    assert (await result_harness.read(job)).headers[
        "content-disposition"
    ] == f'attachment; filename="leads-{job.id[-12:]}.zip"'
