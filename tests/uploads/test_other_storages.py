"""Core journeys of tus on storages without appending or without files."""

import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from base.errors import Refusal
from base.words import UploadStatus
from models.upload import Upload
from storage.memory import MemoryStorage
from storage.ports import Storage
from tests.storage.part_storage import PART_BYTES, PartStorage
from tests.uploads.app_for_tests import Client, Recorder, all_done, append, id_in, make_services
from uploads.body import ClientLeft
from uploads.digests import DigestCache
from uploads.finishing import sweep_unfinished
from uploads.locks import UploadLocks
from uploads.wiring import UploadServices

CONTENT = bytes(range(251)) * (2 * PART_BYTES // 251) + b"the end"
SIZE = len(CONTENT)

KINDS: dict[str, Callable[[Path], Storage]] = {"memory": MemoryStorage, "parts": PartStorage}


@pytest.fixture(params=KINDS)
async def services(request: pytest.FixtureRequest, data_dir: Path, recorder: Recorder) -> AsyncIterator[UploadServices]:
    services = replace(make_services(data_dir, recorder), storage=KINDS[request.param](data_dir))
    yield services
    await services.tasks.stop()


async def check_complete(client: Client, url: str, content: bytes = CONTENT) -> None:
    await all_done(client.services)
    upload = await Upload.get(id=id_in(url))
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, hashlib.sha256(content).hexdigest())
    blob = client.services.storage.blob(f"uploads/{upload.id[-2:]}/{upload.id}", len(content))
    assert b"".join([part async for part in blob.read(0, blob.size)]) == content


def sha1_of(content: bytes) -> str:
    return f"sha1 {base64.b64encode(hashlib.sha1(content).digest()).decode()}"


async def offset_of(client: Client, url: str) -> int:
    return int((await client.send("HEAD", url)).headers["Upload-Offset"])


@pytest.mark.parametrize("step", [1 * 2**20 + 1, PART_BYTES, SIZE])
async def test_a_file_arrives_in_requests_of_any_size(client: Client, step: int) -> None:
    url = await client.create(SIZE)
    for offset in range(0, SIZE, step):
        answer = await client.patch(url, offset, CONTENT[offset : offset + step])
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(min(offset + step, SIZE)))
    await check_complete(client, url)


async def test_a_body_that_breaks_off_goes_on_where_it_stopped_in_another_process(
    client: Client, client_of: Callable[[UploadServices], Client]
) -> None:
    url = await client.create(SIZE)
    with pytest.raises(Refusal):
        await append(client.services, id_in(url), 0, CONTENT[: PART_BYTES + 100], ClientLeft())
    other = client_of(replace(client.services, digests=DigestCache(), locks=UploadLocks()))
    offset = await offset_of(other, url)
    assert offset == PART_BYTES + 100
    assert (await other.patch(url, offset, CONTENT[offset:])).status_code == 204
    await check_complete(other, url)


@pytest.mark.parametrize("begun", [0, 100, PART_BYTES + 100])
async def test_a_body_with_a_wrong_checksum_leaves_what_was_there(client: Client, begun: int) -> None:
    url = await client.create(SIZE)
    if begun:
        await client.patch(url, 0, CONTENT[:begun])
    wrong = {"Upload-Checksum": sha1_of(b"something else")}
    answer = await client.patch(url, begun, b"x" * (SIZE - begun), **wrong)
    assert answer.status_code == 460
    assert await offset_of(client, url) == begun
    right = {"Upload-Checksum": sha1_of(CONTENT[begun:])}
    assert (await client.patch(url, begun, CONTENT[begun:], **right)).status_code == 204
    await check_complete(client, url)


async def test_a_body_that_is_too_long_keeps_nothing_of_the_excess(client: Client) -> None:
    url = await client.create(100)

    async def too_long() -> AsyncIterator[bytes]:
        yield CONTENT[:60]
        yield CONTENT[60 : PART_BYTES + 60]

    assert (await client.patch(url, 0, too_long())).status_code == 413
    offset = await offset_of(client, url)
    assert (await client.patch(url, offset, CONTENT[offset:100])).status_code == 204
    await check_complete(client, url, CONTENT[:100])


async def test_a_length_may_come_with_the_last_request(client: Client) -> None:
    answer = await client.send("POST", "/files/", owner=True, headers={"Upload-Defer-Length": "1"})
    url = answer.headers["Location"]
    await client.patch(url, 0, CONTENT)
    answer = await client.patch(url, SIZE, b"", **{"Upload-Length": str(SIZE)})
    assert answer.status_code == 204
    await check_complete(client, url)


async def test_an_upload_without_a_byte_is_complete(client: Client) -> None:
    await check_complete(client, await client.create(0), b"")


async def test_parts_become_one_file_that_is_read_as_one(client: Client) -> None:
    urls = []
    for part in (CONTENT[: PART_BYTES + 1], CONTENT[PART_BYTES + 1 :]):
        url = await client.create(len(part), **{"Upload-Concat": "partial"})
        assert (await client.patch(url, 0, part)).status_code == 204
        urls.append(url)
    headers = {"Upload-Concat": f"final;{' '.join(urls)}"}
    final = (await client.send("POST", "/files/", owner=True, headers=headers)).headers["Location"]
    await all_done(client.services)
    answer = await client.send("GET", final)
    assert (answer.status_code, answer.content) == (200, CONTENT)  # no storage has an address for it


async def test_a_finish_that_the_process_did_not_live_to_see_is_done_by_the_sweep(client: Client) -> None:
    url = await client.create(SIZE + 1)
    await client.patch(url, 0, CONTENT)
    await Upload.filter(id=id_in(url)).update(size_bytes=SIZE)  # as a request did that ended before it could finish
    assert await sweep_unfinished(client.services) == 1
    await check_complete(client, url)


async def test_a_deleted_upload_leaves_nothing(client: Client) -> None:
    url = await client.create(SIZE)
    await client.patch(url, 0, CONTENT[: PART_BYTES + 5])
    assert (await client.send("DELETE", url)).status_code == 204
    upload = await Upload.get(id=id_in(url))
    assert await client.services.storage.names_written(f"uploads/{upload.id[-2:]}", 0, 2**40) == []


async def test_a_finished_file_is_read_where_the_storage_hands_it_out(services: UploadServices, client: Client) -> None:
    if isinstance(services.storage, MemoryStorage):
        services.storage.sign = lambda key, headers: f"https://bucket.example/{key}?type={headers['Content-Type']}"
    url = await client.create(3, **{"Upload-Metadata": "filename YS50eHQ=,filetype dGV4dC9wbGFpbg=="})
    await client.patch(url, 0, b"abc")
    upload = await Upload.get(id=id_in(url))
    answer = await client.send("GET", url)
    assert answer.status_code == 307
    assert answer.headers["Location"] == f"https://bucket.example/uploads/{upload.id[-2:]}/{upload.id}?type=text/plain"
    assert answer.headers["Cache-Control"] == "private, no-store"
    known = await client.send("GET", url, headers={"If-None-Match": f'"{upload.sha256}"'})
    assert known.status_code == 304
