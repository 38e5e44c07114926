"""Sending bytes over HTTP: where it stands, more of it, its checksum, its end."""

import asyncio
import base64
import hashlib
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime

import google_crc32c
import pytest

from base.words import UploadStatus
from models.fields import now
from models.upload import Upload
from tests.uploads.app_for_tests import (
    UNKNOWN,
    Client,
    Recorder,
    chunked,
    error_of,
    id_in,
    limited,
    row_of,
    sha256,
    unread,
)
from tests.wire import OFFSET_TYPE
from uploads.locks import UploadLocks
from uploads.retention import sweep_overdue
from uploads.wiring import UploadServices

# ----------------------------------------------------------------------------------------------------------- HEAD


async def test_head_tells_offset_and_length_uncached_and_without_a_body(client: Client) -> None:
    url = await client.create(5)
    await client.patch(url, 0, b"ab")
    answer = await client.send("HEAD", url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert (answer.headers["Upload-Offset"], answer.headers["Upload-Length"]) == ("2", "5")
    assert (answer.headers["Cache-Control"], answer.headers["Content-Length"]) == ("no-store", "0")


async def test_head_refuses_without_a_body_and_uncached(client: Client) -> None:
    answer = await client.send("HEAD", client.url_of(UNKNOWN))
    assert (answer.status_code, answer.content) == (404, b"")
    assert (answer.headers["Cache-Control"], answer.headers["Content-Length"]) == ("no-store", "0")


async def test_head_of_a_finished_upload_goes_on_answering(client: Client) -> None:
    url = await client.create(2)
    await client.patch(url, 0, b"ab")
    assert await client.offset(url) == 2


async def test_a_holder_that_cannot_let_go_is_423_with_retry_after(
    services: UploadServices, client_of: Callable[[UploadServices], Client]
) -> None:
    """Not another status: a client forgets the URL after any other refusal of a HEAD."""
    services = replace(services, locks=UploadLocks(wait_seconds=0.05))
    client = client_of(services)
    url = await client.create(5)
    async with services.locks.acquire(id_in(url)):
        answer = await client.send("HEAD", url)
        assert (answer.status_code, answer.headers["Retry-After"], answer.content) == (423, "1", b"")
        assert error_of(await client.patch(url, 0, unread())) == (423, "LOCKED")
    assert await client.offset(url) == 0


# ---------------------------------------------------------------------------------------------------------- PATCH


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_patches_add_up_to_the_file(client: Client, recorder: Recorder, is_chunked: bool) -> None:
    url = await client.create(10)
    for offset in (0, 4, 8):
        part = b"0123456789"[offset : offset + 4]
        answer = await client.patch(url, offset, chunked(part[:1], part[1:]) if is_chunked else part)
        assert (answer.status_code, answer.content) == (204, b"")
        assert int(answer.headers["Upload-Offset"]) == offset + len(part)
        assert (await row_of(url)).offset_bytes == offset + len(part)
    assert client.stored(url) == b"0123456789"
    upload = await row_of(url)
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"0123456789"))
    assert [(upload.id, upload.status) for upload in recorder.completed] == [(id_in(url), UploadStatus.COMPLETED)]
    assert recorder.after_commit[-1] == id_in(url)


async def test_each_commit_is_told_in_order_with_the_row_as_it_is(client: Client, recorder: Recorder) -> None:
    url = await client.create(4)
    await client.patch(url, 0, b"ab")
    await client.patch(url, 2, b"cd")
    told = [
        (event.kind, event.row["id"], event.row["status"], event.row["offset_bytes"], event.row["version"])
        for event in recorder.events
    ]
    upload_id = id_in(url)
    assert told == [("upload", upload_id, "UPLOADING", 2, 2), ("upload", upload_id, "COMPLETED", 4, 3)]
    assert [upload.offset_bytes for upload in recorder.moved] == [2]
    assert recorder.events[-1].row["sha256"] == sha256(b"abcd")


@pytest.mark.parametrize("offset", [0, 1, 3, 5, 99])
async def test_patch_with_another_offset_is_409_and_writes_nothing(
    client: Client, recorder: Recorder, offset: int
) -> None:
    url = await client.create(5)
    await client.patch(url, 0, b"ab")
    before = len(recorder.events)
    answer = await client.patch(url, offset, unread())
    assert error_of(answer) == (409, "OFFSET_MISMATCH")
    assert answer.headers["Upload-Offset"] == "2"
    assert (client.stored(url), (await row_of(url)).offset_bytes) == (b"ab", 2)
    assert len(recorder.events) == before


@pytest.mark.parametrize("offset", ["", "-1", "+0", "0.0", "zero", "0x0"])
async def test_an_offset_that_is_no_number_is_400(client: Client, offset: str) -> None:
    url = await client.create(5)
    assert error_of(await client.patch(url, offset, unread())) == (400, "BAD_INPUT")


async def test_patch_without_an_offset_is_400(client: Client) -> None:
    url = await client.create(5)
    answer = await client.send("PATCH", url, content=unread(), headers={"Content-Type": OFFSET_TYPE})
    assert error_of(answer) == (400, "BAD_INPUT")


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/octet-stream"}, {"Content-Type": "text/plain"}])
async def test_patch_with_another_content_type_is_415_and_writes_nothing(
    client: Client, headers: dict[str, str]
) -> None:
    url = await client.create(5)
    answer = await client.send("PATCH", url, content=unread(), headers={"Upload-Offset": "0"} | headers)
    assert error_of(answer) == (415, "UNSUPPORTED_TYPE")
    assert (client.stored(url), (await row_of(url)).offset_bytes) == (None, 0)


async def test_a_body_announced_as_too_long_is_413_unread(client: Client) -> None:
    url = await client.create(5)
    await client.patch(url, 0, b"ab")
    answer = await client.patch(url, 2, unread(), **{"Content-Length": "4"})
    assert error_of(answer) == (413, "FILE_TOO_LARGE")
    assert (client.stored(url), await client.offset(url)) == (b"ab", 2)


@pytest.mark.parametrize("parts", [(b"cdef",), (b"cd", b"e", b"f"), (b"cde", b"f" * 3_000_000)])
async def test_a_chunked_body_that_goes_on_too_long_is_413_and_the_right_one_completes(
    client: Client, recorder: Recorder, parts: tuple[bytes, ...]
) -> None:
    url = await client.create(5)
    await client.patch(url, 0, b"ab")
    answer = await client.patch(url, 2, chunked(*parts))
    assert error_of(answer) == (413, "FILE_TOO_LARGE")
    assert answer.headers["Upload-Offset"] == "2"
    assert (client.stored(url), await client.offset(url)) == (b"ab", 2)
    assert recorder.completed == []
    assert (await client.patch(url, 2, b"cde")).status_code == 204
    assert (client.stored(url), (await row_of(url)).sha256) == (b"abcde", sha256(b"abcde"))


async def test_an_empty_patch_changes_nothing(client: Client, recorder: Recorder) -> None:
    url = await client.create(5)
    answer = await client.patch(url, 0, b"")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "0")
    assert recorder.events == []


async def test_an_empty_patch_at_the_end_of_a_finished_upload_is_204(client: Client, recorder: Recorder) -> None:
    url = await client.create(2)
    await client.patch(url, 0, b"ab")
    for body in (b"", chunked()):
        answer = await client.patch(url, 2, body)
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "2")
    assert len(recorder.completed) == 1


async def test_bytes_beyond_a_finished_upload_are_413(client: Client) -> None:
    url = await client.create(2)
    await client.patch(url, 0, b"ab")
    for body in (b"c", chunked(b"c")):
        assert error_of(await client.patch(url, 2, body)) == (413, "FILE_TOO_LARGE")
    assert error_of(await client.patch(url, 0, b"ab")) == (409, "OFFSET_MISMATCH")
    assert client.stored(url) == b"ab"


# ------------------------------------------------------------------------------------------------------ checksums


def checksum(algorithm: str, content: bytes) -> str:
    if algorithm.startswith("crc32"):
        digest = (zlib.crc32(content) if algorithm == "crc32" else google_crc32c.value(content)).to_bytes(4, "big")
    else:
        digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm} {base64.b64encode(digest).decode()}"


@pytest.mark.parametrize(
    "value", ["sha1 YWJj", "md5 YWJj", "crc32 AAAA", "crc32 AAAAAAA=", "crc32c AAAAAAAA", "sha256 " + "A" * 42 + "AA=="]
)
async def test_a_checksum_of_the_wrong_length_is_460_and_nothing_is_kept(client: Client, value: str) -> None:
    url = await client.create(3)
    answer = await client.patch(url, 0, b"abc", **{"Upload-Checksum": value})
    assert error_of(answer) == (460, "CHECKSUM_MISMATCH")
    assert (answer.headers["Upload-Offset"], client.stored(url), await client.offset(url)) == ("0", b"", 0)
    headers = {"Upload-Length": "3", "Content-Type": OFFSET_TYPE, "Upload-Checksum": value}
    answer = await client.send("POST", "/files/", owner=True, headers=headers, content=b"abc")
    assert error_of(answer) == (460, "CHECKSUM_MISMATCH")


@pytest.mark.parametrize("algorithm", ["sha1", "md5", "sha256", "sha512", "crc32", "crc32c"])
async def test_a_wrong_checksum_is_460_and_the_right_one_counts(client: Client, algorithm: str) -> None:
    url = await client.create(3)
    answer = await client.patch(url, 0, b"abd", **{"Upload-Checksum": checksum(algorithm, b"abc")})
    assert error_of(answer) == (460, "CHECKSUM_MISMATCH")
    assert answer.headers["Upload-Offset"] == "0"
    assert (client.stored(url), await client.offset(url)) == (b"", 0)
    answer = await client.patch(url, 0, b"abc", **{"Upload-Checksum": checksum(algorithm, b"abc")})
    assert (answer.status_code, client.stored(url)) == (204, b"abc")
    assert (await row_of(url)).sha256 == sha256(b"abc")


@pytest.mark.parametrize(
    "value",
    ["", "sha1", "sha1 ", "sha1 !!!", "sha3 YWJj", "SHA1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "crc32 AAAAAA",
     "sha1qZk+NkcGgWq6PiVxeFDCbJzQ2J0="],
)  # fmt: skip
async def test_an_algorithm_or_digest_that_is_not_known_is_400_and_reads_nothing(client: Client, value: str) -> None:
    url = await client.create(3)
    answer = await client.patch(url, 0, unread(), **{"Upload-Checksum": value})
    assert error_of(answer) == (400, "BAD_INPUT")
    assert await client.offset(url) == 0


# ------------------------------------------------------------------------------------------------ method override


async def test_the_method_override_stands_for_every_method(client: Client) -> None:
    url = await client.create(2)
    body = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0", "Content-Type": OFFSET_TYPE}
    assert (await client.send("POST", url, headers=body, content=b"ab")).status_code == 204
    head = await client.send("POST", url, headers={"X-HTTP-Method-Override": "HEAD"})
    assert (head.status_code, head.headers["Upload-Offset"], head.content) == (200, "2", b"")
    assert (await client.send("POST", url, headers={"X-HTTP-Method-Override": "DELETE"})).status_code == 204
    assert (await row_of(url)).status is UploadStatus.DELETED


# --------------------------------------------------------------------------------------------------------- expiry


async def test_every_answer_about_an_unfinished_upload_says_when_it_expires(
    client: Client, services: UploadServices
) -> None:
    url = await client.create(4)
    await Upload.filter(id=id_in(url)).update(expires_at=now() + timedelta(minutes=1))
    near = parsedate_to_datetime((await client.send("HEAD", url)).headers["Upload-Expires"])
    assert near - now() < timedelta(minutes=1)
    answer = await client.patch(url, 0, b"ab")
    later = parsedate_to_datetime(answer.headers["Upload-Expires"])
    assert abs((later - now() - services.retention).total_seconds()) < 5
    assert "Upload-Expires" not in (await client.patch(url, 2, b"cd")).headers
    assert "Upload-Expires" not in (await client.send("HEAD", url)).headers


@pytest.mark.parametrize("is_swept", [False, True])
async def test_from_that_moment_on_it_is_410(client: Client, services: UploadServices, is_swept: bool) -> None:
    url = await client.create(4)
    await client.patch(url, 0, b"ab")
    await Upload.filter(id=id_in(url)).update(expires_at=now())
    if is_swept:
        assert await sweep_overdue(services) == 1
        assert client.stored(url) is None
    for method in ("HEAD", "DELETE", "GET"):
        assert (await client.send(method, url)).status_code == 410
    assert error_of(await client.patch(url, 2, unread())) == (410, "UPLOAD_EXPIRED")


async def test_a_finished_upload_stays_when_others_expire(client: Client, services: UploadServices) -> None:
    url = await client.create(2)
    await client.patch(url, 0, b"ab")
    await Upload.filter(id=id_in(url)).update(expires_at=now() - timedelta(days=365))
    assert await sweep_overdue(services) == 0
    assert (await client.http.get(url)).content == b"ab"


# --------------------------------------------------------------------------------------------------------- limits


async def test_more_bodies_than_may_run_at_once_are_503_unread(
    services: UploadServices, client_of: Callable[[UploadServices], Client]
) -> None:
    client = client_of(limited(services, running=1))
    first, second = await client.create(2), await client.create(2)
    has_begun, arriving = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        has_begun.set()
        yield b"a"
        await arriving.wait()
        yield b"b"

    sending = asyncio.create_task(client.patch(first, 0, slow()))
    await asyncio.wait_for(has_begun.wait(), 20)
    answer = await client.patch(second, 0, unread())
    assert error_of(answer) == (503, "SERVICE_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) > 0
    arriving.set()
    assert (await sending).status_code == 204
    assert (await client.patch(second, 0, b"cd")).status_code == 204


# ---------------------------------------------------------------------------------------------------- termination


@pytest.mark.parametrize("content", [b"ab", b"abcde"])
async def test_delete_removes_bytes_and_right_alike(client: Client, recorder: Recorder, content: bytes) -> None:
    url = await client.create(5)
    await client.patch(url, 0, content)
    answer = await client.send("DELETE", url)
    assert (answer.status_code, answer.content, answer.headers["Tus-Resumable"]) == (204, b"", "1.0.0")
    assert ((await row_of(url)).status, client.stored(url)) == (UploadStatus.DELETED, None)
    assert [upload.id for upload in recorder.gone] == [id_in(url)]
    assert recorder.events[-1].row["status"] == "DELETED"
    for method in ("HEAD", "GET", "DELETE"):
        assert (await client.send(method, url)).status_code == 404
    assert error_of(await client.patch(url, 0, unread())) == (404, "UPLOAD_NOT_FOUND")
    assert len(recorder.gone) == 1
