from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from base.words import UploadStatus
from models.upload import Upload
from tests.uploads.app_for_tests import (
    ADMIN,
    OFFSET_TYPE,
    OWNER,
    STRANGER,
    TUS,
    Client,
    Recorder,
    base64_of,
    error_of,
    id_in,
    row_of,
    sha256,
)
from uploads.locks import UploadLocks
from uploads.receiver import Receiver

UNKNOWN = "upload-1754556928-12a41dbec0f3"


async def chunked(*parts: bytes) -> AsyncIterator[bytes]:
    """A body without Content-Length."""
    for part in parts:
        yield part


async def unread() -> AsyncIterator[bytes]:
    """A body that must be refused before it is read."""
    pytest.fail("the body was read")
    yield b""


# ---------------------------------------------------------------------------------------------- what the server is


@pytest.mark.parametrize("path", ["/files", "/files/", f"/files/{UNKNOWN}"])
async def test_options_needs_no_token_and_tells_what_works(client: Client, path: str) -> None:
    answer = await client.http.request("OPTIONS", path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,termination"
    assert answer.headers["Tus-Max-Size"] == str(1024**3)
    assert answer.headers["Tus-Resumable"] == "1.0.0"


@pytest.mark.parametrize("version", [{}, {"Tus-Resumable": "0.2.2"}])
@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "POST"])
async def test_another_version_is_412_and_changes_nothing(client: Client, method: str, version: dict[str, str]) -> None:
    url = await client.create(5)
    headers = {"Upload-Offset": "0", "Content-Type": OFFSET_TYPE, "Upload-Length": "5"} | version
    target = "/files/" if method == "POST" else url
    answer = await client.http.request(method, target, headers=headers, content=unread() if method == "PATCH" else None)
    assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert ((await row_of(url)).offset_bytes, await Upload.all().count()) == (0, 1)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/files/", "POST, OPTIONS"),
        ("HEAD", "/files", "POST, OPTIONS"),
        ("PUT", f"/files/{UNKNOWN}", "HEAD, PATCH, DELETE, GET, OPTIONS"),
        ("POST", f"/files/{UNKNOWN}", "HEAD, PATCH, DELETE, GET, OPTIONS"),
    ],
)
async def test_another_method_is_405_and_names_those_that_work(
    client: Client, method: str, path: str, allow: str
) -> None:
    answer = await client.send(method, path, owner=True)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)
    assert answer.headers["Tus-Resumable"] == "1.0.0"


# --------------------------------------------------------------------------------------------------------- creation


@pytest.mark.parametrize("path", ["/files", "/files/"])
async def test_post_makes_an_upload_whose_location_begins_with_its_id(client: Client, path: str) -> None:
    answer = await client.send("POST", path, owner=True, headers={"Upload-Length": "5"})
    assert (answer.status_code, answer.content) == (201, b"")
    upload = await Upload.get()
    assert answer.headers["Location"].startswith(f"http://test/files/{upload.id}~")
    assert "Upload-Offset" not in answer.headers
    assert (upload.owner_id, upload.size_bytes, upload.offset_bytes) == (OWNER, 5, 0)
    assert (upload.status, upload.filename, upload.content_type) == (
        UploadStatus.UPLOADING,
        "file",
        "application/octet-stream",
    )


async def test_post_without_a_token_is_401(client: Client) -> None:
    answer = await client.send("POST", "/files/", headers={"Upload-Length": "5"}, content=unread())
    assert error_of(answer) == (401, "UNAUTHENTICATED")
    assert await Upload.all().count() == 0


async def test_post_with_a_bad_token_is_told_why(client: Client) -> None:
    answer = await client.send("POST", "/files/", headers={"Upload-Length": "5", "Authorization": "Bearer bad"})
    assert error_of(answer) == (401, "INVALID_TOKEN")


@pytest.mark.parametrize("length", ["", "-1", "+5", "5.0", "5_0", "five", str(2**63)])
async def test_a_length_that_is_no_number_is_400(client: Client, length: str) -> None:
    answer = await client.send("POST", "/files/", owner=True, headers={"Upload-Length": length})
    assert error_of(answer) == (400, "BAD_INPUT")
    assert await Upload.all().count() == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload-Defer-Length": "1"},
        {"Upload-Length": "5", "Upload-Defer-Length": "1"},
        {"Upload-Length": "5", "Upload-Concat": "partial"},
    ],
)
async def test_what_is_not_offered_is_400_and_not_ignored(client: Client, headers: dict[str, str]) -> None:
    answer = await client.send("POST", "/files/", owner=True, headers=headers)
    assert error_of(answer) == (400, "BAD_INPUT")
    assert await Upload.all().count() == 0


async def test_a_file_that_is_too_large_is_413_with_the_limit(
    receiver: Receiver, client_of: Callable[[Receiver], Client]
) -> None:
    client = client_of(replace(receiver, max_size_bytes=100))
    answer = await client.send("POST", "/files/", owner=True, headers={"Upload-Length": "101"})
    assert error_of(answer) == (413, "FILE_TOO_LARGE")
    assert answer.headers["Tus-Max-Size"] == "100"
    await client.create(100)
    assert await Upload.all().count() == 1


async def test_a_file_that_does_not_fit_the_disk_is_507_before_the_first_byte(
    receiver: Receiver, client_of: Callable[[Receiver], Client]
) -> None:
    free = await receiver.storage.free_bytes()
    client = client_of(replace(receiver, reserved_bytes=free))
    answer = await client.send("POST", "/files/", owner=True, headers={"Upload-Length": "5"})
    assert error_of(answer) == (507, "INSUFFICIENT_STORAGE")
    assert int(answer.headers["Retry-After"]) > 0
    assert await Upload.all().count() == 0
    url = await client_of(receiver).create(5)
    assert error_of(await client.patch(url, 0, unread())) == (507, "INSUFFICIENT_STORAGE")


@pytest.mark.parametrize(
    "metadata",
    [
        f"filename {base64_of('leads.csv')},is_draft,empty ",
        f"filename {base64_of('leads.csv')} ,  a b2Rk",
        "filename /////w==",
        "schlüssel YQ==",
    ],
)
async def test_metadata_comes_back_byte_for_byte(client: Client, metadata: str) -> None:
    sent = metadata.encode("latin-1").strip()
    url = await client.create(5, **{"Upload-Metadata": sent})
    answer = await client.send("HEAD", url)
    assert dict(answer.headers.raw)[b"upload-metadata"] == sent


@pytest.mark.parametrize("headers", [{}, {"Upload-Metadata": ""}])
async def test_no_metadata_is_no_error_and_no_header(client: Client, headers: dict[str, str]) -> None:
    url = await client.create(5, **headers)
    assert "Upload-Metadata" not in (await client.send("HEAD", url)).headers


async def test_broken_metadata_is_400(client: Client) -> None:
    headers = {"Upload-Length": "5", "Upload-Metadata": "filename not base64"}
    assert error_of(await client.send("POST", "/files/", owner=True, headers=headers)) == (400, "BAD_INPUT")
    assert await Upload.all().count() == 0


async def test_names_in_the_metadata_reach_the_row(client: Client) -> None:
    values = {"filename": "../x/leads.csv", "filetype": "text/csv", "externalId": "crm-7"}
    url = await client.create(5, **{"Upload-Metadata": ",".join(f"{k} {base64_of(v)}" for k, v in values.items())})
    upload = await row_of(url)
    assert (upload.filename, upload.content_type, upload.external_id) == ("leads.csv", "text/csv", "crm-7")


async def test_a_file_of_zero_bytes_is_complete_at_once(client: Client, recorder: Recorder) -> None:
    url = await client.create(0)
    upload = await row_of(url)
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b""))
    assert [upload.id for upload in recorder.completed] == [id_in(url)]
    assert client.stored(url) == b""
    assert (await client.send("HEAD", url)).headers["Upload-Length"] == "0"
    assert (await client.http.get(url)).content == b""


# ---------------------------------------------------------------------------------------------- creation with upload


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_post_may_bring_the_first_bytes(client: Client, is_chunked: bool) -> None:
    answer = await client.send(
        "POST",
        "/files/",
        owner=True,
        content=chunked(b"ab", b"c") if is_chunked else b"abc",
        headers={"Upload-Length": "5", "Content-Type": OFFSET_TYPE},
    )
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "3")
    assert client.stored(answer.headers["Location"]) == b"abc"
    assert await client.offset(answer.headers["Location"]) == 3


async def test_post_may_bring_the_whole_file(client: Client, recorder: Recorder) -> None:
    answer = await client.send(
        "POST", "/files/", owner=True, content=b"abcde", headers={"Upload-Length": "5", "Content-Type": OFFSET_TYPE}
    )
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "5")
    assert [upload.sha256 for upload in recorder.completed] == [sha256(b"abcde")]


async def test_post_with_a_body_of_another_type_is_415_unread(client: Client) -> None:
    headers = {"Upload-Length": "5", "Content-Type": "text/plain"}
    answer = await client.send(
        "POST", "/files/", owner=True, headers=headers | {"Content-Length": "5"}, content=unread()
    )
    assert error_of(answer) == (415, "UNSUPPORTED_TYPE")
    answer = await client.send("POST", "/files/", owner=True, headers=headers, content=chunked(b"abc"))
    assert error_of(answer) == (415, "UNSUPPORTED_TYPE")
    assert await Upload.all().count() == 0


async def test_the_type_of_an_empty_body_does_not_matter(client: Client) -> None:
    headers = {"Upload-Length": "5", "Content-Type": "text/plain"}
    for content in (b"", chunked()):
        answer = await client.send("POST", "/files/", owner=True, headers=headers, content=content)
        assert answer.status_code == 201


async def test_post_with_more_bytes_than_announced_is_413_and_makes_nothing(client: Client) -> None:
    headers = {"Upload-Length": "2", "Content-Type": OFFSET_TYPE, "Content-Length": "3"}
    answer = await client.send("POST", "/files/", owner=True, headers=headers, content=unread())
    assert error_of(answer) == (413, "FILE_TOO_LARGE")
    assert await Upload.all().count() == 0


# ------------------------------------------------------------------------------------------------------------- HEAD


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
    receiver: Receiver, client_of: Callable[[Receiver], Client]
) -> None:
    """Not another status: a client forgets the URL after any other refusal of a HEAD."""
    receiver = replace(receiver, locks=UploadLocks(wait_seconds=0.05))
    client = client_of(receiver)
    url = await client.create(5)
    async with receiver.locks.hold(id_in(url)):
        answer = await client.send("HEAD", url)
        assert (answer.status_code, answer.headers["Retry-After"], answer.content) == (423, "1", b"")
        assert error_of(await client.patch(url, 0, unread())) == (423, "LOCKED")
    assert await client.offset(url) == 0


# ------------------------------------------------------------------------------------------------------------ PATCH


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


# --------------------------------------------------------------------------------------------------- method override


async def test_the_method_override_stands_for_every_method(client: Client) -> None:
    url = await client.create(2)
    body = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0", "Content-Type": OFFSET_TYPE}
    assert (await client.send("POST", url, headers=body, content=b"ab")).status_code == 204
    head = await client.send("POST", url, headers={"X-HTTP-Method-Override": "HEAD"})
    assert (head.status_code, head.headers["Upload-Offset"], head.content) == (200, "2", b"")
    assert (await client.send("POST", url, headers={"X-HTTP-Method-Override": "DELETE"})).status_code == 204
    assert (await row_of(url)).status is UploadStatus.DELETED


# ------------------------------------------------------------------------------------------------------ termination


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


# -------------------------------------------------------------------------------------------------------- who may


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "GET"])
@pytest.mark.parametrize("is_finished", [True, False])
async def test_a_forged_right_reaches_nothing(
    client: Client, recorder: Recorder, method: str, is_finished: bool
) -> None:
    url, other = await client.create(2), await client.create(2)
    await client.patch(url, 0, b"ab" if is_finished else b"a")
    stored, told = client.stored(url), len(recorder.events)
    headers = {"Upload-Offset": str(len(stored or b"")), "Content-Type": OFFSET_TYPE}
    for signature in ("x" * 43, other.rpartition("~")[2]):
        forged = f"/files/{id_in(url)}~{signature}"
        answer = await client.send(method, forged, headers=headers, content=unread() if method == "PATCH" else None)
        assert answer.status_code == 404
    assert (client.stored(url), len(recorder.events), recorder.gone) == (stored, told, [])


async def test_a_wrong_right_an_unknown_and_a_foreign_upload_look_the_same(client: Client) -> None:
    url = await client.create(5)
    await client.patch(url, 0, b"abcde")
    stranger = {"Authorization": f"Bearer {STRANGER}"}
    answers = [
        await client.send("GET", f"/files/{id_in(url)}~{'x' * 43}"),
        await client.send("GET", f"/files/{id_in(url)}~{'x' * 43}", owner=True),
        await client.send("GET", f"/files/{id_in(url)}~short"),
        await client.send("GET", url + "x"),
        await client.send("GET", url + "/deeper"),
        await client.send("GET", client.url_of(UNKNOWN)),
        await client.send("GET", f"/files/{UNKNOWN}", headers=stranger),
        await client.send("GET", f"/files/{id_in(url)}", headers=stranger),
        await client.send("GET", "/files/%00", headers=stranger),
        await client.send("GET", "/files/..%2f..%2fetc%2fpasswd", headers=stranger),
    ]
    assert {error_of(answer) for answer in answers} == {(404, "UPLOAD_NOT_FOUND")}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "GET"])
async def test_a_bare_id_needs_the_token_of_its_owner(client: Client, method: str) -> None:
    url = await client.create(2)
    await client.patch(url, 0, b"ab")
    bare = f"/files/{id_in(url)}"
    headers = {"Upload-Offset": "2", "Content-Type": OFFSET_TYPE}
    assert (await client.send(method, bare, headers=headers)).status_code == 401
    assert (await client.send(method, bare, headers=headers | {"Authorization": "Bearer bad"})).status_code == 401
    assert (
        await client.send(method, bare, headers=headers | {"Authorization": f"Bearer {STRANGER}"})
    ).status_code == 404
    assert (await client.send(method, bare, headers=headers, owner=True)).status_code in {200, 204}


async def test_an_admin_reaches_a_bare_id_of_anybody(client: Client) -> None:
    url = await client.create(5)
    answer = await client.send("HEAD", f"/files/{id_in(url)}", headers={"Authorization": f"Bearer {ADMIN}"})
    assert answer.status_code == 200


async def test_the_right_in_the_url_outlives_a_token_that_ended(client: Client) -> None:
    url = await client.create(2)
    answer = await client.patch(url, 0, b"ab", Authorization="Bearer bad")
    assert answer.status_code == 204


# ------------------------------------------------------------------------------------------------ reading it back


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
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.csv"


@pytest.mark.parametrize(
    ("type_", "disposition"),
    [("image/png", "inline"), ("text/plain", "inline"), ("image/svg+xml", "attachment"), ("text/html", "attachment")],
)
async def test_only_what_cannot_run_is_shown(client: Client, type_: str, disposition: str) -> None:
    url = await finished(client, b"x", "name", type_)
    answer = await client.http.get(url)
    assert answer.headers["Content-Disposition"] == f'{disposition}; filename="name"'
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


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
    assert (answer.status_code, answer.content) == (status, content)


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


async def test_every_answer_says_which_tus_it_is(client: Client) -> None:
    url = await finished(client, b"ab", "a.bin", "application/octet-stream")
    for answer in (
        await client.http.get(url),
        await client.send("HEAD", client.url_of(UNKNOWN)),
        await client.send("POST", "/files/", headers=TUS),
        await client.send("PUT", url),
    ):
        assert answer.headers["Tus-Resumable"] == "1.0.0"
