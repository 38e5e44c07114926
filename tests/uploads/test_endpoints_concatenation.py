"""Concatenations over HTTP."""

import os
import time
from collections.abc import Callable

import httpx2
import pytest

from base.words import UploadStatus
from models.upload import Upload
from tests.uploads.app_for_tests import (
    STRANGER,
    UNKNOWN,
    Client,
    Recorder,
    all_done,
    base64_of,
    error_of,
    id_in,
    limited,
    path_of,
    row_of,
    sha256,
    unread,
)
from tests.wire import OFFSET_TYPE, path_in
from uploads.wiring import UploadServices


async def part(client: Client, content: bytes) -> str:
    """The URL of a finished part."""
    url = await client.create(len(content), **{"Upload-Concat": "partial"})
    if content:
        assert (await client.patch(url, 0, content)).status_code == 204
    return url


async def join(client: Client, concat: str, **headers: str) -> httpx2.Response:
    return await client.send("POST", "/files/", owner=True, headers={"Upload-Concat": concat, **headers})


async def test_parts_become_a_file(client: Client, recorder: Recorder) -> None:
    urls = [await part(client, content) for content in (b"ab", b"", b"cde")]
    concat = f"final;{' '.join(urls)}"
    answer = await join(client, concat, **{"Upload-Metadata": f"filename {base64_of('whole.txt')}"})
    assert (answer.status_code, answer.content) == (201, b"")
    final = answer.headers["Location"]
    head = await client.send("HEAD", final)
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == ("5", "5")
    assert head.headers["Upload-Concat"] == concat
    assert (await row_of(final)).filename == "whole.txt"
    read = await client.http.get(final)
    assert (read.content, read.headers["ETag"]) == (b"abcde", f'"{sha256(b"abcde")}"')
    for start in range(5):
        partial = await client.http.get(final, headers={"Range": f"bytes={start}-"})
        assert (partial.status_code, partial.content) == (206, b"abcde"[start:])
    assert (await client.send("HEAD", urls[0])).headers["Upload-Concat"] == "partial"
    assert [upload.id for upload in recorder.completed].count(id_in(final)) == 1


@pytest.mark.parametrize("form", ["absolute", "path", "relative", "bare id", "another host"])
async def test_parts_may_be_named_by_any_of_their_addresses(client: Client, form: str) -> None:
    url = await part(client, b"ab")
    named = {
        "absolute": url,
        "path": path_in(url),
        "relative": path_in(url).removeprefix("/files/"),
        "bare id": f"/files/{id_in(url)}",
        "another host": f"https://public.example.com/prefix{path_in(url)}",
    }[form]
    answer = await join(client, f"final;{named}")
    assert answer.status_code == 201
    assert (await client.http.get(answer.headers["Location"])).content == b"ab"


@pytest.mark.parametrize(
    "named", ["/files/nothing", f"/files/{UNKNOWN}", "http://[", "/files/../../etc/passwd", "/files/%00", "final;"]
)
async def test_what_is_no_part_is_404(client: Client, named: str) -> None:
    good = await part(client, b"ab")
    answer = await join(client, f"final;{good} {named}")
    assert error_of(answer) == (404, "UPLOAD_NOT_FOUND")
    assert await Upload.all().count() == 1


async def test_an_unfinished_part_is_400_and_a_plain_upload_is_none(client: Client) -> None:
    unfinished = await client.create(2, **{"Upload-Concat": "partial"})
    plain = await client.create(0)
    for url in (unfinished, plain):
        assert error_of(await join(client, f"final;{url}")) == (400, "BAD_INPUT")


async def test_the_parts_of_somebody_else_are_404_even_with_their_right(client: Client) -> None:
    url = await part(client, b"ab")
    headers = {"Upload-Concat": f"final;{url}", "Authorization": f"Bearer {STRANGER}"}
    assert error_of(await client.send("POST", "/files/", headers=headers)) == (404, "UPLOAD_NOT_FOUND")


async def test_a_concatenation_takes_no_bytes_and_a_patch_of_it_is_403(client: Client) -> None:
    final = (await join(client, f"final;{await part(client, b'ab')}")).headers["Location"]
    await all_done(client.services)
    for offset in (0, 2):
        assert error_of(await client.patch(final, offset, unread())) == (403, "FORBIDDEN")
    headers = {"Upload-Concat": f"final;{await part(client, b'ab')}", "Content-Type": OFFSET_TYPE}
    answer = await client.send("POST", "/files/", owner=True, headers=headers, content=b"x")
    assert error_of(answer) == (403, "FORBIDDEN")


async def test_a_file_may_be_deleted_part_by_part_and_whole(client: Client) -> None:
    url = await part(client, b"ab")
    final = (await join(client, f"final;{url}")).headers["Location"]
    assert (await client.send("DELETE", url)).status_code == 204
    assert (await client.send("HEAD", url)).status_code == 404
    assert (await client.http.get(final)).content == b"ab"
    assert (await client.send("DELETE", final)).status_code == 204
    assert client.stored(url) is None


async def test_ten_gigabytes_of_parts_are_joined_at_once_and_deleted_while_they_are_read(
    client_of: Callable[[UploadServices], Client], services: UploadServices
) -> None:
    """The parts are sparse files, whose reading takes as long as that of others in memory."""
    size = 1024**3
    client = client_of(limited(services, max_size_bytes=10 * size))
    urls = [await part(client, b"x") for _ in range(10)]
    for url in urls:
        os.truncate(path_of(services, await row_of(url)), size)
        await Upload.filter(id=id_in(url)).update(size_bytes=size, offset_bytes=size)

    answer = await join(client, f"final;{' '.join(urls)}")
    assert answer.status_code == 201
    final = answer.headers["Location"]
    assert (await row_of(final)).status is UploadStatus.FINALISING

    head = await client.send("HEAD", final)
    assert (head.status_code, head.headers["Retry-After"]) == (423, "1")

    started = time.monotonic()
    assert (await client.send("DELETE", final)).status_code == 204
    await all_done(services)
    assert time.monotonic() - started < 5
    assert [client.stored(url) for url in (final, *urls)] == [None] * 11
