import io
import zipfile
from dataclasses import replace
from datetime import timedelta
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import httpx2
import pytest

from base.words import FileRole, JobStatus, UploadStatus
from models import File, Job, Upload
from models.fields import now
from results.endpoints import result_routes
from results.links import guide_path
from storage.keys import upload_key
from storage.reading import gathered
from tests.results.shelf_for_tests import LAST_MODIFIED, TEN, Desk, error_of, sha256

ETAG = f'"{sha256(TEN)}"'


def names_in(answer: httpx2.Response) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


async def test_a_file_comes_whole_with_all_that_a_client_needs_to_know(desk: Desk) -> None:
    answer = await desk.read(await desk.file())
    max_age = int(answer.headers.pop("cache-control").removeprefix("private, max-age="))
    assert 24 * 3600 - 5 <= max_age <= 25 * 3600
    assert (answer.status_code, answer.content) == (200, TEN)
    assert dict(answer.headers) == {
        "content-type": "text/csv",
        "content-disposition": 'attachment; filename="leads.csv"',
        "content-length": "10",
        "accept-ranges": "bytes",
        "etag": ETAG,
        "last-modified": LAST_MODIFIED,
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox",
    }


async def test_head_says_the_same_without_the_bytes_and_knows_no_ranges(desk: Desk) -> None:
    file = await desk.file()
    whole, head = await desk.read(file), await desk.read(file, "HEAD", Range="bytes=0-1")
    assert (head.status_code, head.content) == (200, b"")
    assert {**head.headers, "cache-control": ""} == {**whole.headers, "cache-control": ""}


async def test_an_empty_file_is_an_empty_answer_even_in_part(desk: Desk) -> None:
    answer = await desk.read(await desk.file(b""), Range="bytes=0-")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


async def test_a_large_file_comes_whole(desk: Desk) -> None:
    content = bytes(range(256)) * 20_000
    answer = await desk.read(await desk.file(content))
    assert (answer.status_code, sha256(answer.content)) == (200, sha256(content))


@pytest.mark.parametrize(
    ("header", "content", "content_range"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=8-", b"89", "bytes 8-9/10"),
        ("bytes=-1", b"9", "bytes 9-9/10"),
        ("bytes=0-", TEN, "bytes 0-9/10"),
        ("bytes=4-5,6-7", b"4567", "bytes 4-7/10"),
        ("bytes=1-2,50-", b"12", "bytes 1-2/10"),
    ],
)
async def test_a_range_is_206_and_exactly_these_bytes(
    desk: Desk, header: str, content: bytes, content_range: str
) -> None:
    answer = await desk.read(await desk.file(), Range=header)
    assert (answer.status_code, answer.content) == (206, content)
    assert answer.headers["content-range"] == content_range
    assert answer.headers["content-length"] == str(len(content))
    assert (answer.headers["content-type"], answer.headers["etag"]) == ("text/csv", ETAG)


async def test_several_ranges_are_one_multipart_body(desk: Desk) -> None:
    answer = await desk.read(await desk.file(), Range="bytes=8-,0-1")
    assert (answer.status_code, "content-range" in answer.headers) == (206, False)
    assert answer.headers["content-length"] == str(len(answer.content))
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    parts: Any = BytesParser().parsebytes(head + answer.content).get_payload()
    assert [(part["Content-Type"], part["Content-Range"], part.get_payload()) for part in parts] == [
        ("text/csv", "bytes 0-1/10", "01"), ("text/csv", "bytes 8-9/10", "89"),
    ]  # fmt: skip


@pytest.mark.parametrize("header", ["bytes=5-4", "lines=1-2", "bytes=x", "nonsense"])
async def test_a_range_that_is_none_is_ignored(desk: Desk, header: str) -> None:
    answer = await desk.read(await desk.file(), Range=header)
    assert (answer.status_code, answer.content) == (200, TEN)


async def test_a_range_beyond_the_file_is_416_in_json_with_the_size(desk: Desk) -> None:
    answer = await desk.read(await desk.file(), Range="bytes=10-")
    assert error_of(answer) == (416, "BAD_INPUT")
    assert answer.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize(
    ("condition", "status", "content"),
    [
        (ETAG, 206, b"01"),
        (LAST_MODIFIED, 206, b"01"),
        (f"W/{ETAG}", 200, TEN),
        ('"other"', 200, TEN),
        ("Thu, 07 Aug 2025 09:35:29 GMT", 200, TEN),
    ],
)
async def test_if_range_gives_the_part_of_the_same_bytes_and_else_the_whole(
    desk: Desk, condition: str, status: int, content: bytes
) -> None:
    answer = await desk.read(await desk.file(), Range="bytes=0-1", If_Range=condition)
    assert (answer.status_code, answer.content) == (status, content)


async def test_if_range_with_other_bytes_does_not_refuse_a_range_beyond_them(desk: Desk) -> None:
    answer = await desk.read(await desk.file(), Range="bytes=99-", If_Range='"other"')
    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_bytes_that_the_client_has_are_304_without_a_body(desk: Desk, method: str) -> None:
    answer = await desk.read(await desk.file(), method, If_None_Match=f'"x", W/{ETAG}', Range="bytes=99-")
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", ETAG)
    assert {"content-type", "content-length"}.isdisjoint(answer.headers)
    assert answer.headers["cache-control"].startswith("private, max-age=")


async def test_a_client_that_goes_on_only_with_other_bytes_gets_412(desk: Desk) -> None:
    answer = await desk.read(await desk.file(), If_Match='"other"', Range="bytes=5-")
    assert error_of(answer) == (412, "INVALID_STATE")


@pytest.mark.parametrize(
    ("name", "content_type", "disposition"),
    [
        ("seite 1.png", "image/png", 'inline; filename="seite 1.png"'),
        ("a.svg", "image/svg+xml", 'attachment; filename="a.svg"'),
        ("a.html", "text/html", 'attachment; filename="a.html"'),
        ("結果.mp3", "audio/mpeg", "inline; filename=\"__.mp3\"; filename*=UTF-8''%E7%B5%90%E6%9E%9C.mp3"),
        (
            'a"\r\nX-Evil: 1.txt',
            "text/plain",
            "inline; filename=\"a_X-Evil: 1.txt\"; filename*=UTF-8''a%22X-Evil%3A%201.txt",
        ),
    ],
)
async def test_a_name_arrives_as_it_was_and_breaks_no_header(
    desk: Desk, name: str, content_type: str, disposition: str
) -> None:
    answer = await desk.read(await desk.file(name=name, content_type=content_type))
    assert (answer.status_code, answer.headers["content-disposition"]) == (200, disposition)
    assert answer.headers["content-type"] == content_type
    assert "x-evil" not in answer.headers


async def test_a_content_type_that_is_none_goes_out_as_bytes(desk: Desk) -> None:
    answer = await desk.read(await desk.file(content_type="text/html\r\nX-Evil: 1"))
    assert (answer.headers["content-type"], "x-evil" in answer.headers) == ("application/octet-stream", False)


async def test_the_name_in_the_address_does_not_matter(desk: Desk) -> None:
    file = await desk.file()
    for name in ("other.html", "..%2F..%2Fetc%2Fpasswd", "a/b"):
        answer = await desk.http.get(desk.link(file).replace("leads.csv", name))
        assert (answer.status_code, answer.headers["content-disposition"]) == (200, 'attachment; filename="leads.csv"')


async def test_a_link_that_is_not_complete_and_an_unknown_file_are_the_same_answer(desk: Desk) -> None:
    file, unknown = await desk.file(), File(id="file-1754556928-000000000000", name="a")
    answers = [
        await desk.http.get(desk.link(unknown)),
        await desk.http.get(desk.link(file).partition("?")[0]),
        await desk.http.get(desk.link(file)[:-1]),
        await desk.http.get(desk.link(file).replace(file.id, unknown.id)),
        await desk.http.get("/results/../waybill.sqlite3/x"),
        await desk.http.get("/results/..%2Fwaybill.sqlite3/x?expires=1&signature=%ff"),
    ]
    assert {error_of(answer) for answer in answers[:4]} == {(404, "FILE_NOT_FOUND")}
    assert len({answer.text for answer in answers[:4]}) == 1
    assert [answer.status_code for answer in answers[4:]] == [404, 404]


async def test_an_ended_link_is_410_and_says_how_to_get_a_new_one(desk: Desk) -> None:
    answer = await desk.http.get(desk.link(await desk.file(), now() - timedelta(hours=25)))
    assert error_of(answer) == (410, "RESULT_EXPIRED")
    assert answer.json()["error"]["message"] == "This link has ended: read the url again through the API."


async def test_what_a_job_keeps_to_itself_is_not_found(desk: Desk) -> None:
    assert error_of(await desk.read(await desk.file(role=FileRole.INTERMEDIATE))) == (404, "FILE_NOT_FOUND")


async def test_a_file_of_a_deleted_job_is_not_found(desk: Desk) -> None:
    job = await desk.job(deleted_at=now())
    assert error_of(await desk.read(await desk.file(job=job))) == (404, "FILE_NOT_FOUND")


async def test_a_file_whose_time_is_over_is_410(desk: Desk) -> None:
    assert error_of(await desk.read(await desk.file(expires_at=now()))) == (410, "RESULT_EXPIRED")
    assert (await desk.read(await desk.file(expires_at=now() + timedelta(minutes=1)))).status_code == 200


@pytest.mark.parametrize("left", [None, b"0123"])
async def test_a_file_whose_bytes_are_gone_or_cut_is_410(desk: Desk, left: bytes | None) -> None:
    file = await desk.file()
    path = desk.shelf.storage.path_of(file.storage_key)
    path.write_bytes(left) if left else path.unlink()
    assert error_of(await desk.read(file)) == (410, "RESULT_EXPIRED")


async def test_an_input_a_result_and_a_report_are_served(desk: Desk) -> None:
    for role in (FileRole.INPUT, FileRole.RESULT, FileRole.REPORT):
        assert (await desk.read(await desk.file(role=role))).status_code == 200


async def test_a_job_before_completion_serves_the_results_that_it_has(desk: Desk) -> None:
    """Items done stay readable, so their files do too."""
    assert (await desk.read(await desk.file(job=await desk.job(JobStatus.PROCESSING)))).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_405(desk: Desk, method: str) -> None:
    assert (await desk.read(await desk.file(), method)).status_code == 405


async def test_a_reader_who_leaves_has_the_file_closed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []

    async def noted(chunks: Any) -> Any:
        try:
            async for chunk in gathered(chunks):
                yield chunk
        finally:
            closed.append(True)

    monkeypatch.setattr("serving.endpoints.gathered", noted)
    link = desk.link(await desk.file(bytes(5_000_000)))
    path, _, query = link.partition("?")
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": [],
        "asgi": {"spec_version": "2.3"},
    }  # fmt: skip
    sent = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal sent
        sent += len(message.get("body", b""))

    route, *_ = result_routes(desk.shelf)
    _, more = route.matches(scope)
    await route.handle({**scope, **more}, receive, send)
    assert closed == [True]
    assert sent < 5_000_000


# ------------------------------------------------------------------------------------------------ bundles


async def full_job(desk: Desk) -> Job:
    """Two inputs, two results, a report, something for itself, and a file for each of two items."""
    job = await desk.job(title="Mai/Juni")
    await desk.upload(job, b"first", "leads.csv")
    await desk.upload(job, b"second", "leads.csv")
    await desk.file(b"results", job=job, name="leads.csv", created_at=now())
    await desk.file(b"report", job=job, name="report.json", role=FileRole.REPORT, created_at=now())
    await desk.file(b"inside", job=job, name="spool.bin", role=FileRole.INTERMEDIATE)
    for index in (1, 0):
        item = await desk.item(job, index)
        await desk.file(f"sheet {index}".encode(), job=job, name="sheet.png", item_id=item.id)
    return job


async def test_a_bundle_has_inputs_results_and_items_under_their_names(desk: Desk) -> None:
    answer = await desk.read(await full_job(desk))
    assert names_in(answer) == [
        "inputs/leads.csv", "inputs/leads (2).csv", "results/leads.csv", "results/report.json", "items/sheet.png",
        "items/sheet (2).png",
    ]  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [
            b"first", b"second", b"results", b"report", b"sheet 0", b"sheet 1",
        ]  # fmt: skip


async def test_a_bundle_comes_with_all_that_a_client_needs_to_know(desk: Desk) -> None:
    job = await full_job(desk)
    answer = await desk.read(job)
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


async def test_a_bundle_that_is_read_in_parts_is_the_same_bundle(desk: Desk) -> None:
    job = await full_job(desk)
    whole, parts = await desk.read(job), b""
    while len(parts) < len(whole.content):
        part = await desk.read(job, Range=f"bytes={len(parts)}-{len(parts) + 99}", If_Range=whole.headers["etag"])
        assert part.status_code == 206
        parts += part.content
    assert parts == whole.content


async def test_the_end_of_a_bundle_can_be_read_alone(desk: Desk) -> None:
    job = await full_job(desk)
    whole, end = await desk.read(job), await desk.read(job, Range="bytes=-22")
    assert (end.status_code, end.content) == (206, whole.content[-22:])
    total = len(whole.content)
    assert end.headers["content-range"] == f"bytes {total - 22}-{total - 1}/{total}"


async def test_a_range_beyond_a_bundle_is_416(desk: Desk) -> None:
    answer = await desk.read(await desk.job(), Range="bytes=22-")
    assert (error_of(answer), answer.headers["content-range"]) == ((416, "BAD_INPUT"), "bytes */22")


async def test_head_of_a_bundle_tells_its_length_without_reading_a_file(desk: Desk) -> None:
    job = await full_job(desk)
    head = await desk.read(job, "HEAD")
    assert not desk.shelf.checksums._known
    whole = await desk.read(job)
    assert (head.status_code, head.content, head.headers) == (200, b"", whole.headers)


async def test_a_bundle_that_the_client_has_is_304(desk: Desk) -> None:
    job = await full_job(desk)
    etag = (await desk.read(job, "HEAD")).headers["etag"]
    assert (await desk.read(job, If_None_Match=etag)).status_code == 304


@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.COMPLETED])
async def test_a_bundle_before_completion_is_409(desk: Desk, status: JobStatus) -> None:
    assert error_of(await desk.read(await desk.job(status))) == (409, "RESULT_NOT_READY")


async def test_a_bundle_of_an_unknown_or_deleted_job_and_a_wrong_link_are_the_same_answer(desk: Desk) -> None:
    job, deleted = await desk.job(), await desk.job(deleted_at=now())
    answers = [
        await desk.read(Job(id="batch-1754556928-000000000000")),
        await desk.read(deleted),
        await desk.http.get(desk.link(job)[:-1]),
        await desk.http.get(desk.link(job).partition("?")[0]),
    ]
    assert {(error_of(answer), answer.text) for answer in answers} == {((404, "FILE_NOT_FOUND"), answers[0].text)}


async def test_an_ended_link_to_a_bundle_is_410(desk: Desk) -> None:
    answer = await desk.http.get(desk.link(await desk.job(), now() - timedelta(hours=25)))
    assert error_of(answer) == (410, "RESULT_EXPIRED")


async def test_inputs_that_were_removed_are_left_out_of_a_bundle(desk: Desk) -> None:
    job = await full_job(desk)
    before = (await desk.read(job, "HEAD")).headers["etag"]
    first, second = await Upload.all().order_by("size_bytes")
    await Upload.filter(id=first.id).update(status=UploadStatus.EXPIRED)
    desk.shelf.storage.path_of(upload_key(second.id)).unlink()
    answer = await desk.read(job)
    assert names_in(answer)[0] == "results/leads.csv"
    assert answer.headers["etag"] != before


async def test_a_bundle_is_410_when_one_of_its_results_is_gone(desk: Desk) -> None:
    job = await full_job(desk)
    file = await File.get(name="report.json")
    desk.shelf.storage.path_of(file.storage_key).unlink()
    assert error_of(await desk.read(job)) == (410, "RESULT_EXPIRED")


async def test_a_bundle_without_a_title_is_called_after_its_kind(desk: Desk) -> None:
    job = await desk.job()
    assert (await desk.read(job)).headers["content-disposition"] == f'attachment; filename="leads-{job.id[-12:]}.zip"'


# ---------------------------------------------------------------------------------------- retention, guides


def keeping(desk: Desk, **times: timedelta) -> Desk:
    return Desk(replace(desk.shelf, retention=replace(desk.shelf.retention, **times)))


async def test_results_are_410_from_the_moment_on_that_their_time_is_over_before_any_sweep(desk: Desk) -> None:
    job = await desk.job(finished_at=now() - timedelta(days=30, seconds=1))
    result, report, given = [
        await desk.file(job=job, role=role) for role in (FileRole.RESULT, FileRole.REPORT, FileRole.INPUT)
    ]
    strict, kind = keeping(desk, results=timedelta(days=30)), keeping(desk, results=timedelta(days=31))
    for what in (result, report, job):
        assert error_of(await strict.read(what)) == (410, "RESULT_EXPIRED")
        assert (await kind.read(what)).status_code == 200
    assert (await strict.read(given)).status_code == 200


async def test_results_do_not_outlive_their_job(desk: Desk) -> None:
    job = await desk.job(finished_at=now() - timedelta(days=2))
    file = await desk.file(job=job)
    assert error_of(await keeping(desk, jobs=timedelta(days=1)).read(file)) == (410, "RESULT_EXPIRED")


async def test_results_of_an_active_job_are_kept_however_old(desk: Desk) -> None:
    job = await desk.job(JobStatus.PROCESSING, finished_at=None)
    file = await desk.file(job=job)
    assert (await keeping(desk, results=timedelta(seconds=1)).read(file)).status_code == 200


@pytest.fixture
def guide(desk: Desk) -> Path:
    desk.shelf.guides.mkdir()
    path = desk.shelf.guides / "01 Erste Schritte – Müller.pdf"
    path.write_bytes(TEN)
    return path


async def get_guide(desk: Desk, name: str, **headers: str) -> httpx2.Response:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return await desk.http.get(guide_path(desk.shelf.signer, name, now()), headers=named)


async def test_a_guide_comes_whole_or_in_part_under_its_name(desk: Desk, guide: Path) -> None:
    whole = await get_guide(desk, guide.name)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, TEN, "application/pdf")
    assert whole.headers["content-disposition"].startswith("attachment; ")
    assert (
        "filename*=UTF-8''01%20Erste%20Schritte%20%E2%80%93%20M%C3%BCller.pdf" in whole.headers["content-disposition"]
    )
    part = await get_guide(desk, guide.name, Range="bytes=8-", If_Range=whole.headers["etag"])
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"89", "bytes 8-9/10")
    assert (await get_guide(desk, guide.name, If_None_Match=whole.headers["etag"])).status_code == 304


async def test_a_guide_that_changed_has_another_etag(desk: Desk, guide: Path) -> None:
    before = (await get_guide(desk, guide.name)).headers["etag"]
    guide.write_bytes(b"9876543210!")
    after = await get_guide(desk, guide.name, Range="bytes=0-1", If_Range=before)
    assert (after.status_code, after.content) == (200, b"9876543210!")


async def test_nothing_but_guides_is_reached_and_nothing_without_a_signature(desk: Desk, guide: Path) -> None:
    (guide.parent / "secret.txt").write_bytes(b"x")
    (guide.parent.parent / "outside.pdf").write_bytes(b"x")
    (guide.parent / "link.pdf").symlink_to(guide.parent.parent / "outside.pdf")
    for name in ("secret.txt", "../outside.pdf", "link.pdf", "other.pdf", "a\0.pdf"):
        assert error_of(await get_guide(desk, name)) == (404, "FILE_NOT_FOUND"), name
    signed = guide_path(desk.shelf.signer, guide.name, now())
    for link in (signed.partition("?")[0], signed[:-1], signed.replace("01%20", "02%20")):
        assert error_of(await desk.http.get(link)) == (404, "FILE_NOT_FOUND")
    ended = await desk.http.get(guide_path(desk.shelf.signer, guide.name, now() - timedelta(hours=25)))
    assert error_of(ended) == (410, "RESULT_EXPIRED")
