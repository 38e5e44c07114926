"""Reading a finished upload back over HTTP."""

import asyncio

import pytest

from storage.keys import upload_key
from tests.stored_paths import stored_path
from tests.uploads.app_for_tests import TUS, UNKNOWN, Client, base64_of, error_of, id_in, sha256
from uploads.wiring import UploadServices


async def finished(client: Client, content: bytes, filename: str, type_: str) -> str:
    metadata = f"filename {base64_of(filename)},filetype {base64_of(type_)}"
    url = await client.create(len(content), **{"Upload-Metadata": metadata})
    await client.patch(url, 0, content)
    return url


async def test_get_needs_no_tus_and_answers_the_file(client: Client) -> None:
    url = await finished(client, b"0123456789", "Grüße.csv", "text/csv")
    answer = await client.http.get(url)
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["ETag"] == f'"{sha256(b"0123456789")}"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"Gru_e.csv\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.csv"
    )


@pytest.mark.parametrize(
    ("type_", "disposition"),
    [
        ("image/png", "inline"),
        ("text/plain", "inline"),
        ("audio/wav", "inline"),
        ("video/mp4", "inline"),
        ("text/plain; charset=utf-8", "inline"),
        ("image/svg+xml", "attachment"),
        ("text/html", "attachment"),
        ("application/pdf", "attachment"),
        ("", "attachment"),
    ],
)
async def test_only_what_cannot_run_is_shown(client: Client, type_: str, disposition: str) -> None:
    url = await finished(client, b"x", "name", type_)
    answer = await client.http.get(url)
    assert answer.headers["Content-Disposition"] == f'{disposition}; filename="name"'
    assert answer.headers["Content-Security-Policy"] == "sandbox"


@pytest.mark.parametrize(
    ("range_", "status", "content"),
    [
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-3", 206, b"789"),
        ("bytes=10-", 416, b""),
        ("lines=1-2", 200, b"0123456789"),
        ("bytes=x-y", 200, b"0123456789"),
    ],
)
async def test_get_answers_the_range_that_is_asked_for(
    client: Client, range_: str, status: int, content: bytes
) -> None:
    url = await finished(client, b"0123456789", "a.bin", "application/octet-stream")
    answer = await client.http.get(url, headers={"Range": range_})
    assert answer.status_code == status
    assert answer.content == content or status == 416
    assert answer.headers.get("Content-Range", "").startswith("bytes ") is (status in {206, 416})


async def test_if_range_and_if_none_match_go_by_the_etag(client: Client) -> None:
    url = await finished(client, b"0123456789", "a.bin", "application/octet-stream")
    etag = f'"{sha256(b"0123456789")}"'
    same = await client.http.get(url, headers={"Range": "bytes=0-0", "If-Range": etag})
    changed = await client.http.get(url, headers={"Range": "bytes=0-0", "If-Range": '"other"'})
    known = await client.http.get(url, headers={"If-None-Match": etag})
    assert (same.status_code, changed.status_code) == (206, 200)
    assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", etag)


async def test_an_unfinished_upload_cannot_be_read(client: Client) -> None:
    url = await client.create(5)
    await client.patch(url, 0, b"ab")
    assert error_of(await client.http.get(url)) == (404, "UPLOAD_NOT_FOUND")


async def test_an_upload_that_the_disk_lost_has_expired(client: Client, services: UploadServices) -> None:
    url = await finished(client, b"ab", "a.bin", "application/octet-stream")
    stored_path(services.storage, upload_key(id_in(url))).write_bytes(b"a")
    assert error_of(await client.http.get(url)) == (410, "UPLOAD_EXPIRED")


async def test_every_answer_says_which_tus_it_is(client: Client) -> None:
    url = await finished(client, b"ab", "a.bin", "application/octet-stream")
    for answer in (
        await client.http.get(url),
        await client.send("HEAD", client.url_of(UNKNOWN)),
        await client.send("POST", "/files/", headers=TUS),
        await client.send("PUT", url),
    ):
        assert answer.headers["Tus-Resumable"] == "1.0.0"


async def test_many_readers_at_once_get_all_of_it_while_nobody_locks(client: Client, services: UploadServices) -> None:
    content = bytes(range(256)) * 20_000
    url = await finished(client, content, "a.bin", "application/octet-stream")
    async with services.locks.acquire(id_in(url)):
        answers = await asyncio.gather(*(client.http.get(url) for _ in range(20)))
    assert {(answer.status_code, sha256(answer.content)) for answer in answers} == {(200, sha256(content))}


async def test_several_ranges_come_as_several_parts(client: Client) -> None:
    url = await finished(client, b"0123456789", "a.bin", "application/octet-stream")
    answer = await client.http.get(url, headers={"Range": "bytes=0-1,8-"})
    assert answer.status_code == 206
    assert answer.headers["Content-Type"].startswith("multipart/byteranges; boundary=")
    assert b"Content-Range: bytes 0-1/10" in answer.content
    assert b"Content-Range: bytes 8-9/10" in answer.content
