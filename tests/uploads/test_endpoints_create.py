"""Creating uploads over HTTP: plain, with their first bytes, of unknown length, and of parts."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime

import pytest

from base.words import UploadStatus
from models.fields import now
from models.upload import Upload
from tests.stored_paths import stored_path
from tests.uploads.app_for_tests import (
    OWNER,
    UNKNOWN,
    Client,
    Recorder,
    base64_of,
    chunked,
    error_of,
    id_in,
    limited,
    row_of,
    sha256,
    unread,
)
from tests.wire import OFFSET_TYPE
from uploads.wiring import UploadServices

# --------------------------------------------------------------------------------------------- what the server is


@pytest.mark.parametrize("path", ["/files", "/files/", f"/files/{UNKNOWN}"])
async def test_options_needs_no_token_and_tells_what_works(client: Client, path: str) -> None:
    answer = await client.http.request("OPTIONS", path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == (
        "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination,concatenation"
    )
    assert answer.headers["Tus-Max-Size"] == str(1024**3)
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,md5,sha256,sha512,crc32,crc32c"
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


# ------------------------------------------------------------------------------------------------------- creation


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
        {"Upload-Defer-Length": "0"},
        {"Upload-Defer-Length": ""},
        {"Upload-Defer-Length": "true"},
        {"Upload-Length": "5", "Upload-Defer-Length": "1"},
        {"Upload-Length": "5", "Upload-Concat": "whole"},
        {"Upload-Length": "5", "Upload-Concat": ""},
        {"Upload-Concat": "partial"},
        {"Upload-Concat": "final"},
        {"Upload-Concat": "final;"},
        {"Upload-Concat": "final; "},
        {"Upload-Length": "5", "Upload-Concat": f"final;/files/{UNKNOWN}"},
        {"Upload-Defer-Length": "1", "Upload-Concat": f"final;/files/{UNKNOWN}"},
        {"Upload-Length": "5", "Upload-Checksum": "sha1"},
    ],
)
async def test_what_makes_no_sense_is_400_and_makes_nothing(client: Client, headers: dict[str, str]) -> None:
    answer = await client.send("POST", "/files/", owner=True, headers=headers, content=unread())
    assert error_of(answer) == (400, "BAD_INPUT")
    assert await Upload.all().count() == 0


async def test_a_file_that_is_too_large_is_413_with_the_limit(
    services: UploadServices, client_of: Callable[[UploadServices], Client]
) -> None:
    client = client_of(limited(services, max_size_bytes=100))
    answer = await client.send("POST", "/files/", owner=True, headers={"Upload-Length": "101"})
    assert error_of(answer) == (413, "FILE_TOO_LARGE")
    assert answer.headers["Tus-Max-Size"] == "100"
    await client.create(100)
    assert await Upload.all().count() == 1


async def test_a_file_that_does_not_fit_the_disk_is_507_before_the_first_byte(
    services: UploadServices, client_of: Callable[[UploadServices], Client]
) -> None:
    free = await services.storage.free_bytes()
    client = client_of(limited(services, reserved_bytes=free))
    answer = await client.send("POST", "/files/", owner=True, headers={"Upload-Length": "5"})
    assert error_of(answer) == (507, "INSUFFICIENT_STORAGE")
    assert int(answer.headers["Retry-After"]) > 0
    assert await Upload.all().count() == 0
    url = await client_of(services).create(5)
    assert error_of(await client.patch(url, 0, unread())) == (507, "INSUFFICIENT_STORAGE")


@pytest.mark.parametrize(
    "metadata",
    [
        f"filename {base64_of('leads.csv')},is_draft,empty ",
        f"filename {base64_of('leads.csv')} ,  a b2Rk",
        "filename /////w==",
        "filename not base64 at all!",
        "filename Y",
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


@pytest.mark.parametrize("metadata", ["a YQ==,a YQ==", "a YQ==,,b YQ==", "k " + "A" * 20_000])
async def test_metadata_that_names_a_key_twice_or_none_or_is_too_long_is_400(client: Client, metadata: str) -> None:
    headers = {"Upload-Length": "5", "Upload-Metadata": metadata}
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


@pytest.mark.parametrize("is_relative", [False, True])
async def test_location_is_a_whole_address_or_a_path_as_the_operator_wants(
    services: UploadServices, client_of: Callable[[UploadServices], Client], is_relative: bool
) -> None:
    url = await client_of(replace(services, has_relative_location=is_relative)).create(5)
    assert url.startswith("/files/upload-" if is_relative else "http://test/files/upload-")


@pytest.mark.parametrize("is_relative", [False, True])
async def test_location_has_the_path_below_which_the_server_lies(
    services: UploadServices, client_of: Callable[[UploadServices], Client], is_relative: bool
) -> None:
    below = replace(services, has_relative_location=is_relative, base_url=lambda _scope: "https://example.com/waybill")
    url = await client_of(below).create(5)
    assert url.startswith("/waybill/files/upload-" if is_relative else "https://example.com/waybill/files/upload-")


async def test_an_unfinished_upload_says_when_it_expires(client: Client, services: UploadServices) -> None:
    answer = await client.send("POST", "/files/", owner=True, headers={"Upload-Length": "5"})
    expires = parsedate_to_datetime(answer.headers["Upload-Expires"])
    assert answer.headers["Upload-Expires"].endswith(" GMT")
    assert abs((expires - now() - services.retention).total_seconds()) < 5
    complete = await client.send("POST", "/files/", owner=True, headers={"Upload-Length": "0"})
    assert "Upload-Expires" not in complete.headers


# ------------------------------------------------------------------------------------------------ deferred length


async def test_a_length_may_come_later(client: Client) -> None:
    answer = await client.send("POST", "/files/", owner=True, headers={"Upload-Defer-Length": "1"})
    assert answer.status_code == 201
    url = answer.headers["Location"]
    head = await client.send("HEAD", url)
    assert (head.headers["Upload-Defer-Length"], head.headers["Upload-Offset"]) == ("1", "0")
    assert "Upload-Length" not in head.headers
    await client.patch(url, 0, b"ab")
    answer = await client.patch(url, 2, b"c", **{"Upload-Length": "3"})
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "3")
    head = await client.send("HEAD", url)
    assert (head.headers["Upload-Length"], head.headers["Upload-Offset"]) == ("3", "3")
    assert "Upload-Defer-Length" not in head.headers
    assert (await client.http.get(url)).content == b"abc"


@pytest.mark.parametrize("method", ["HEAD", "GET"])
async def test_what_is_whole_by_a_length_whose_request_was_refused_is_finished(
    client: Client, client_of: Callable[[UploadServices], Client], method: str
) -> None:
    url = (await client.send("POST", "/files/", owner=True, headers={"Upload-Defer-Length": "1"})).headers["Location"]
    await client.patch(url, 0, b"abc")
    busy = client_of(limited(client.services, running=0))
    assert error_of(await busy.patch(url, 3, b"", **{"Upload-Length": "3"})) == (503, "SERVICE_UNAVAILABLE")
    assert (await client.send(method, url)).status_code == 200
    upload = await row_of(url)
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abc"))


@pytest.mark.parametrize("length", ["+3", "-1", "3.0", "", str(2**63)])
async def test_a_late_length_that_is_no_number_is_400_and_reads_nothing(client: Client, length: str) -> None:
    url = (await client.send("POST", "/files/", owner=True, headers={"Upload-Defer-Length": "1"})).headers["Location"]
    answer = await client.patch(url, 0, unread(), **{"Upload-Length": length})
    assert error_of(answer) == (400, "BAD_INPUT")


@pytest.mark.parametrize("declared", [2, 4])
async def test_a_length_cannot_change(client: Client, declared: int) -> None:
    url = await client.create(3)
    answer = await client.patch(url, 0, unread(), **{"Upload-Length": str(declared)})
    assert error_of(answer) == (400, "BAD_INPUT")
    answer = await client.patch(url, 0, b"abc", **{"Upload-Length": "3"})
    assert answer.status_code == 204


# ------------------------------------------------------------------------------------------- creation with upload


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


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_the_first_bytes_may_have_a_checksum(client: Client, algorithm: str) -> None:
    headers = {"Upload-Length": "3", "Content-Type": OFFSET_TYPE}
    right = f"{algorithm} {base64.b64encode(hashlib.new(algorithm, b'abc').digest()).decode()}"
    answer = await client.send(
        "POST", "/files/", owner=True, headers=headers | {"Upload-Checksum": right}, content=b"abd"
    )
    assert error_of(answer) == (460, "CHECKSUM_MISMATCH")
    assert "Location" not in answer.headers
    assert {upload.status for upload in await Upload.all()} == {UploadStatus.DELETED}
    assert not list(stored_path(client.services.storage, "uploads").glob("*/*"))
    answer = await client.send(
        "POST", "/files/", owner=True, headers=headers | {"Upload-Checksum": right}, content=b"abc"
    )
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "3")


async def test_first_bytes_that_go_on_too_long_leave_no_upload_behind(client: Client) -> None:
    headers = {"Upload-Length": "2", "Content-Type": OFFSET_TYPE}
    answer = await client.send("POST", "/files/", owner=True, headers=headers, content=chunked(b"ab", b"c"))
    assert error_of(answer) == (413, "FILE_TOO_LARGE")
    assert {upload.status for upload in await Upload.all()} == {UploadStatus.DELETED}
    assert not list(stored_path(client.services.storage, "uploads").glob("*/*"))


async def test_post_with_more_bytes_than_announced_is_413_and_makes_nothing(client: Client) -> None:
    headers = {"Upload-Length": "2", "Content-Type": OFFSET_TYPE, "Content-Length": "3"}
    answer = await client.send("POST", "/files/", owner=True, headers=headers, content=unread())
    assert error_of(answer) == (413, "FILE_TOO_LARGE")
    assert await Upload.all().count() == 0
