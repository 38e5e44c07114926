"""Uploads in FINALISING."""

import asyncio
import errno
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from base.errors import ErrorCode, Refusal
from base.words import UploadStatus
from models.upload import Upload
from storage.hashing import hash_of
from storage.ports import Blob
from tests.stored_paths import stored_path
from tests.uploads.app_for_tests import (
    Recorder,
    all_done,
    announced,
    append,
    concatenated,
    path_of,
    reread,
    restarted,
    sha256,
    stored_upload,
)
from uploads.finishing import (
    check_not_being_finished,
    require_finished,
    start_finishing,
    sweep_unfinished,
    wait_until_finished,
)
from uploads.wiring import UploadServices


async def finalising(services: UploadServices, content: bytes) -> Upload:
    """An upload as a crash leaves it between its last byte and its checksum."""
    upload = await announced(services, len(content))
    await append(services, upload.id, 0, content[:-1])
    path_of(services, upload).write_bytes(content)
    await Upload.filter(id=upload.id).update(offset_bytes=len(content), status=UploadStatus.FINALISING, expires_at=None)
    return await reread(upload)


async def test_the_hash_is_read_from_the_disk_where_a_restart_lost_its_state(
    services: UploadServices, recorder: Recorder
) -> None:
    upload = await announced(services, 6)
    await append(services, upload.id, 0, b"abc")
    upload = await append(restarted(services), upload.id, 3, b"def")
    assert (upload.status, upload.offset_bytes, upload.sha256) == (UploadStatus.FINALISING, 6, None)
    upload = await wait_until_finished(services, upload, 5)
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abcdef"))
    assert [event.row["status"] for event in recorder.events] == ["UPLOADING", "FINALISING", "COMPLETED"]
    assert recorder.events[1].row["sha256"] is None


async def test_what_a_crash_kept_from_being_finished_is_finished(services: UploadServices, recorder: Recorder) -> None:
    left = [await finalising(services, content) for content in (b"abc", b"defg")]
    unfinished = await announced(services, 3)
    await append(services, unfinished.id, 0, b"ab")
    assert await sweep_unfinished(services) == 2
    await all_done(services)
    assert {upload.id: upload.sha256 for upload in recorder.completed} == {
        left[0].id: sha256(b"abc"),
        left[1].id: sha256(b"defg"),
    }
    assert (await reread(unfinished)).status is UploadStatus.UPLOADING
    assert await sweep_unfinished(services) == 0


@pytest.mark.parametrize("left", [b"ab", None])
async def test_an_upload_whose_bytes_are_lost_is_rejected_for_good_and_hinders_no_other(
    services: UploadServices, recorder: Recorder, left: bytes | None
) -> None:
    lost, fine = await finalising(services, b"abc"), await finalising(services, b"def")
    path_of(services, lost).unlink()
    if left is not None:
        path_of(services, lost).write_bytes(left)
    with capture_logs() as logs:
        await sweep_unfinished(services)
        await all_done(services)
    assert "the bytes of an upload are gone" in [line["event"] for line in logs]
    rejected = await reread(lost)
    assert (rejected.status, rejected.error_code) == (UploadStatus.REJECTED, "CORRUPT_FILE")
    assert "upload it again" in (rejected.error_message or "")
    assert [gone.id for gone in recorder.gone] == [lost.id]
    assert recorder.events[-1].row["status"] in {"REJECTED", "COMPLETED"}
    assert (path_of(services, lost).exists(), (await reread(fine)).status) == (False, UploadStatus.COMPLETED)
    with pytest.raises(Refusal) as refused:
        await wait_until_finished(services, lost)
    assert refused.value.code is ErrorCode.UPLOAD_NOT_FOUND


async def test_a_disk_that_cannot_be_read_at_the_moment_is_tried_again(
    services: UploadServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await finalising(services, b"abc")

    async def fail(_stored: Blob) -> str:
        raise OSError(errno.EIO, "a bad moment")

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr("uploads.finishing.hash_of", fail)
        await asyncio.wait([start_finishing(services, upload.id)])
        await asyncio.sleep(0)
    assert [line["event"] for line in logs] == ["work on an upload failed; it will be done again"]
    failed = await reread(upload)
    assert (failed.status, failed.error_code) == (UploadStatus.FINALISING, "INTERNAL_ERROR")
    assert "/" not in (failed.error_message or "")
    await sweep_unfinished(services)
    await all_done(services)
    done = await reread(upload)
    assert (done.status, done.error_code) == (UploadStatus.COMPLETED, None)


async def test_who_asks_while_it_takes_long_is_told_to_ask_again(
    services: UploadServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()

    async def slow(stored: Blob) -> str:
        await go_on.wait()
        return await hash_of(stored)

    monkeypatch.setattr("uploads.finishing.hash_of", slow)
    upload = await finalising(services, b"abc")
    started = time.monotonic()
    with pytest.raises(Refusal) as refused:
        await require_finished(services, upload)
    assert 0.9 < time.monotonic() - started < 5
    assert (refused.value.http_status, refused.value.retry_after) == (423, 1)
    go_on.set()
    assert (await require_finished(services, upload)).sha256 == sha256(b"abc")


async def test_who_sends_to_an_upload_that_is_being_finished_does_not_make_it_begin_anew(
    services: UploadServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, has_begun, go_on = list[str](), asyncio.Event(), asyncio.Event()

    async def slow(_stored: Blob) -> str:
        begun.append("")
        has_begun.set()
        await go_on.wait()
        return sha256(b"abc")

    monkeypatch.setattr("uploads.finishing.hash_of", slow)
    upload = await finalising(services, b"abc")
    finishing = start_finishing(services, upload.id)
    await has_begun.wait()
    assert services.locks.may_be_held(upload.id)
    with pytest.raises(Refusal) as refused:
        await check_not_being_finished(upload.id)
    assert (refused.value.http_status, refused.value.retry_after) == (423, 1)
    go_on.set()
    await finishing
    assert ((await reread(upload)).status, len(begun)) == (UploadStatus.COMPLETED, 1)
    await check_not_being_finished(upload.id)


async def test_one_upload_is_finished_once_however_many_ask(services: UploadServices, recorder: Recorder) -> None:
    upload = await finalising(services, b"abc")
    done = await asyncio.gather(*(wait_until_finished(services, upload, 5) for _ in range(20)))
    assert {one.status for one in done} == {UploadStatus.COMPLETED}
    assert len(recorder.completed) == 1


async def test_a_lost_part_rejects_the_concatenation(services: UploadServices, recorder: Recorder) -> None:
    final = await concatenated(services, b"ab", b"c")
    await Upload.filter(id=final.id).update(status=UploadStatus.FINALISING, sha256=None)
    next(iter(Path(stored_path(services.storage, "uploads")).glob("*/*"))).unlink()
    await sweep_unfinished(services)
    await all_done(services)
    assert (await reread(final)).status is UploadStatus.REJECTED
    assert recorder.gone[-1].id == final.id


async def test_a_stop_leaves_it_to_the_next_start(services: UploadServices, monkeypatch: pytest.MonkeyPatch) -> None:
    has_begun = asyncio.Event()

    async def for_ever(_stored: Blob) -> str:
        has_begun.set()
        return str(await asyncio.Event().wait())

    upload = await finalising(services, b"abc")
    with monkeypatch.context() as patched:
        patched.setattr("uploads.finishing.hash_of", for_ever)
        start_finishing(services, upload.id)
        await has_begun.wait()
        await services.tasks.stop()
    assert (await reread(upload)).status is UploadStatus.FINALISING
    assert (await wait_until_finished(services, upload, 5)).status is UploadStatus.COMPLETED


async def test_a_complete_upload_is_settled_as_it_is(services: UploadServices) -> None:
    upload = await stored_upload(services, b"abc")
    assert await wait_until_finished(services, upload) is upload
