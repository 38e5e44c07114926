from dataclasses import replace
from datetime import timedelta
from email.parser import BytesParser
from typing import Any

import pytest

from base.words import FileRole, JobStatus
from models import File
from models.fields import now
from results.endpoints import result_routes
from serving.chunks import coalesce_chunks
from tests.results.result_harness import LAST_MODIFIED, TEN, ResultHarness, error_of, sha256
from tests.stored_paths import stored_path

ETAG = f'"{sha256(TEN)}"'


async def test_a_file_comes_whole_with_all_that_a_client_needs_to_know(result_harness: ResultHarness) -> None:
    answer = await result_harness.read(await result_harness.file())
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


async def test_head_says_the_same_without_the_bytes_and_knows_no_ranges(result_harness: ResultHarness) -> None:
    file = await result_harness.file()
    whole, head = await result_harness.read(file), await result_harness.read(file, "HEAD", Range="bytes=0-1")
    assert (head.status_code, head.content) == (200, b"")
    assert {**head.headers, "cache-control": ""} == {**whole.headers, "cache-control": ""}


async def test_an_empty_file_is_an_empty_answer_even_in_part(result_harness: ResultHarness) -> None:
    answer = await result_harness.read(await result_harness.file(b""), Range="bytes=0-")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


async def test_a_large_file_comes_whole(result_harness: ResultHarness) -> None:
    content = bytes(range(256)) * 20_000
    answer = await result_harness.read(await result_harness.file(content))
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
    result_harness: ResultHarness, header: str, content: bytes, content_range: str
) -> None:
    answer = await result_harness.read(await result_harness.file(), Range=header)
    assert (answer.status_code, answer.content) == (206, content)
    assert answer.headers["content-range"] == content_range
    assert answer.headers["content-length"] == str(len(content))
    assert (answer.headers["content-type"], answer.headers["etag"]) == ("text/csv", ETAG)


async def test_several_ranges_are_one_multipart_body(result_harness: ResultHarness) -> None:
    answer = await result_harness.read(await result_harness.file(), Range="bytes=8-,0-1")
    assert (answer.status_code, "content-range" in answer.headers) == (206, False)
    assert answer.headers["content-length"] == str(len(answer.content))
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    parts: Any = BytesParser().parsebytes(head + answer.content).get_payload()
    assert [(part["Content-Type"], part["Content-Range"], part.get_payload()) for part in parts] == [
        ("text/csv", "bytes 0-1/10", "01"), ("text/csv", "bytes 8-9/10", "89"),
    ]  # fmt: skip


@pytest.mark.parametrize("header", ["bytes=5-4", "lines=1-2", "bytes=x", "nonsense"])
async def test_a_range_that_is_none_is_ignored(result_harness: ResultHarness, header: str) -> None:
    answer = await result_harness.read(await result_harness.file(), Range=header)
    assert (answer.status_code, answer.content) == (200, TEN)


async def test_a_range_beyond_the_file_is_416_in_json_with_the_size(result_harness: ResultHarness) -> None:
    answer = await result_harness.read(await result_harness.file(), Range="bytes=10-")
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
    result_harness: ResultHarness, condition: str, status: int, content: bytes
) -> None:
    answer = await result_harness.read(await result_harness.file(), Range="bytes=0-1", If_Range=condition)
    assert (answer.status_code, answer.content) == (status, content)


async def test_if_range_with_other_bytes_does_not_refuse_a_range_beyond_them(result_harness: ResultHarness) -> None:
    answer = await result_harness.read(await result_harness.file(), Range="bytes=99-", If_Range='"other"')
    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_bytes_that_the_client_has_are_304_without_a_body(result_harness: ResultHarness, method: str) -> None:
    answer = await result_harness.read(
        await result_harness.file(), method, If_None_Match=f'"x", W/{ETAG}', Range="bytes=99-"
    )
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", ETAG)
    assert {"content-type", "content-length"}.isdisjoint(answer.headers)
    assert answer.headers["cache-control"].startswith("private, max-age=")


async def test_a_client_that_goes_on_only_with_other_bytes_gets_412(result_harness: ResultHarness) -> None:
    answer = await result_harness.read(await result_harness.file(), If_Match='"other"', Range="bytes=5-")
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
    result_harness: ResultHarness, name: str, content_type: str, disposition: str
) -> None:
    answer = await result_harness.read(await result_harness.file(name=name, content_type=content_type))
    assert (answer.status_code, answer.headers["content-disposition"]) == (200, disposition)
    assert answer.headers["content-type"] == content_type
    assert "x-evil" not in answer.headers


async def test_a_content_type_that_is_none_goes_out_as_bytes(result_harness: ResultHarness) -> None:
    answer = await result_harness.read(await result_harness.file(content_type="text/html\r\nX-Evil: 1"))
    assert (answer.headers["content-type"], "x-evil" in answer.headers) == ("application/octet-stream", False)


async def test_the_name_in_the_address_does_not_matter(result_harness: ResultHarness) -> None:
    file = await result_harness.file()
    for name in ("other.html", "..%2F..%2Fetc%2Fpasswd", "a/b"):
        answer = await result_harness.http.get(result_harness.link(file).replace("leads.csv", name))
        assert (answer.status_code, answer.headers["content-disposition"]) == (200, 'attachment; filename="leads.csv"')


async def test_a_link_that_is_not_complete_and_an_unknown_file_are_the_same_answer(
    result_harness: ResultHarness,
) -> None:
    file, unknown = await result_harness.file(), File(id="file-1754556928-000000000000", name="a")
    answers = [
        await result_harness.http.get(result_harness.link(unknown)),
        await result_harness.http.get(result_harness.link(file).partition("?")[0]),
        await result_harness.http.get(result_harness.link(file)[:-1]),
        await result_harness.http.get(result_harness.link(file).replace(file.id, unknown.id)),
        await result_harness.http.get("/results/../waybill.sqlite3/x"),
        await result_harness.http.get("/results/..%2Fwaybill.sqlite3/x?expires=1&signature=%ff"),
    ]
    assert {error_of(answer) for answer in answers[:4]} == {(404, "FILE_NOT_FOUND")}
    assert len({answer.text for answer in answers[:4]}) == 1
    assert [answer.status_code for answer in answers[4:]] == [404, 404]


async def test_an_ended_link_is_410_and_says_how_to_get_a_new_one(result_harness: ResultHarness) -> None:
    answer = await result_harness.http.get(
        result_harness.link(await result_harness.file(), now() - timedelta(hours=25))
    )
    assert error_of(answer) == (410, "RESULT_EXPIRED")
    assert answer.json()["error"]["message"] == "This link has ended: read the url again through the API."


async def test_what_a_job_keeps_to_itself_is_not_found(result_harness: ResultHarness) -> None:
    assert error_of(await result_harness.read(await result_harness.file(role=FileRole.INTERMEDIATE))) == (
        404,
        "FILE_NOT_FOUND",
    )


async def test_a_file_of_a_deleted_job_is_not_found(result_harness: ResultHarness) -> None:
    job = await result_harness.job(deleted_at=now())
    assert error_of(await result_harness.read(await result_harness.file(job=job))) == (404, "FILE_NOT_FOUND")


async def test_a_file_whose_time_is_over_is_410(result_harness: ResultHarness) -> None:
    assert error_of(await result_harness.read(await result_harness.file(expires_at=now()))) == (410, "RESULT_EXPIRED")
    assert (
        await result_harness.read(await result_harness.file(expires_at=now() + timedelta(minutes=1)))
    ).status_code == 200


@pytest.mark.parametrize("left", [None, b"0123"])
async def test_a_file_whose_bytes_are_gone_or_cut_is_410(result_harness: ResultHarness, left: bytes | None) -> None:
    file = await result_harness.file()
    path = stored_path(result_harness.services.storage, file.storage_key)
    path.write_bytes(left) if left else path.unlink()
    assert error_of(await result_harness.read(file)) == (410, "RESULT_EXPIRED")


async def test_an_input_a_result_and_a_report_are_served(result_harness: ResultHarness) -> None:
    for role in (FileRole.INPUT, FileRole.RESULT, FileRole.REPORT):
        assert (await result_harness.read(await result_harness.file(role=role))).status_code == 200


async def test_a_job_before_completion_serves_the_results_that_it_has(result_harness: ResultHarness) -> None:
    """Items done stay readable, so their files do too."""
    assert (
        await result_harness.read(await result_harness.file(job=await result_harness.job(JobStatus.PROCESSING)))
    ).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_405(result_harness: ResultHarness, method: str) -> None:
    assert (await result_harness.read(await result_harness.file(), method)).status_code == 405


async def test_a_reader_who_leaves_has_the_file_closed(
    result_harness: ResultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []

    async def noted(chunks: Any) -> Any:
        try:
            async for chunk in coalesce_chunks(chunks):
                yield chunk
        finally:
            closed.append(True)

    monkeypatch.setattr("serving.endpoints.coalesce_chunks", noted)
    link = result_harness.link(await result_harness.file(bytes(5_000_000)))
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

    route, *_ = result_routes(result_harness.services)
    _, more = route.matches(scope)
    await route.handle({**scope, **more}, receive, send)
    assert closed == [True]
    assert sent < 5_000_000


# ---------------------------------------------------------------------------------------- ------- retention


def keeping(result_harness: ResultHarness, **times: timedelta) -> ResultHarness:
    return ResultHarness(
        replace(result_harness.services, retention=replace(result_harness.services.retention, **times))
    )


async def test_results_are_410_from_the_moment_on_that_their_time_is_over_before_any_sweep(
    result_harness: ResultHarness,
) -> None:
    job = await result_harness.job(finished_at=now() - timedelta(days=30, seconds=1))
    result, report, given = [
        await result_harness.file(job=job, role=role) for role in (FileRole.RESULT, FileRole.REPORT, FileRole.INPUT)
    ]
    strict, kind = (
        keeping(result_harness, results=timedelta(days=30)),
        keeping(result_harness, results=timedelta(days=31)),
    )
    for what in (result, report, job):
        assert error_of(await strict.read(what)) == (410, "RESULT_EXPIRED")
        assert (await kind.read(what)).status_code == 200
    assert (await strict.read(given)).status_code == 200


async def test_results_do_not_outlive_their_job(result_harness: ResultHarness) -> None:
    job = await result_harness.job(finished_at=now() - timedelta(days=2))
    file = await result_harness.file(job=job)
    assert error_of(await keeping(result_harness, jobs=timedelta(days=1)).read(file)) == (410, "RESULT_EXPIRED")


async def test_results_of_an_active_job_are_kept_however_old(result_harness: ResultHarness) -> None:
    job = await result_harness.job(JobStatus.PROCESSING, finished_at=None)
    file = await result_harness.file(job=job)
    assert (await keeping(result_harness, results=timedelta(seconds=1)).read(file)).status_code == 200
