"""Bytes of one request, however it ends."""

import asyncio
import errno
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from base.errors import ErrorCode, Refusal
from base.words import UploadStatus
from models.upload import Upload
from storage.local.durability import Durability
from storage.local.storage import LocalStorage
from tests.stored_paths import stored_path
from tests.uploads.app_for_tests import (
    Recorder,
    announced,
    append,
    append_under,
    checksum_of,
    limited,
    path_of,
    reread,
    restarted,
    sha256,
    stored_upload,
    until_stored,
)
from uploads.body import ClientLeft
from uploads.checkpoints import Intervals
from uploads.finishing import wait_until_finished
from uploads.wiring import AfterCommit, Growth, UploadServices

# ------------------------------------------------------------------------------------------- how a body can end


async def test_what_arrived_is_kept_when_the_client_leaves(services: UploadServices) -> None:
    upload = await announced(services, 5)
    with pytest.raises(Refusal, match="the client went away; 3 bytes are stored"):
        await append(services, upload.id, 0, b"ab", b"c", ClientLeft())
    assert (await reread(upload)).offset_bytes == 3
    upload = await append(services, upload.id, 3, b"de")
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abcde"))


async def test_a_client_that_leaves_after_the_last_byte_has_a_complete_upload(services: UploadServices) -> None:
    upload = await announced(services, 3)
    upload = await append(services, upload.id, 0, b"abc", ClientLeft())
    assert upload.status is UploadStatus.COMPLETED


async def test_silence_is_503_and_keeps_what_arrived(services: UploadServices) -> None:
    upload = await announced(services, 5)
    with pytest.raises(Refusal) as refused:
        await append(limited(services, idle_seconds=0.05), upload.id, 0, b"abc", 60)
    assert (refused.value.http_status, refused.value.retry_after) == (503, 1)
    assert refused.value.headers == {"Upload-Offset": "3", "Connection": "close"}
    assert (await reread(upload)).offset_bytes == 3


async def test_a_stopping_server_is_503_and_keeps_what_arrived(services: UploadServices) -> None:
    upload = await announced(services, 5)
    with pytest.raises(Refusal) as refused:
        await append(services, upload.id, 0, b"abc", 0.01, services.locks.stop, 60)
    assert (refused.value.http_status, refused.value.retry_after) == (503, 5)
    assert (await reread(upload)).offset_bytes == 3


async def test_the_offset_moves_while_bytes_flow_and_is_never_ahead_of_the_disk(
    services: UploadServices, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = replace(services, checkpoints=Intervals(seconds=0.05))
    synced = list[int]()
    sync = os.fdatasync

    def note(descriptor: int) -> None:
        sync(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fdatasync", note)
    upload = await announced(services, 6)
    told = [partial(recorder.until_told, offset) for offset in (1, 2, 3)]
    await append(services, upload.id, 0, b"a", told[0], b"b", told[1], b"c", told[2], b"def")
    assert recorder.offsets == [1, 2, 3, 6]
    assert all(offset <= size for offset, size in zip(recorder.offsets, synced, strict=True))
    assert [event.row["version"] for event in recorder.events] == [2, 3, 4, 5]
    assert [moved.offset_bytes for moved in recorder.moved] == [1, 2, 3]


async def test_what_arrived_before_a_silence_is_committed_during_it(
    services: UploadServices, recorder: Recorder
) -> None:
    services = replace(services, checkpoints=Intervals(seconds=0.05))
    upload = await announced(services, 6)
    await append(services, upload.id, 0, b"abc", partial(recorder.until_told, 3), b"def")
    assert recorder.offsets == [3, 6]


async def test_many_bytes_are_a_checkpoint_too_but_not_more_than_ten_times_a_second(
    services: UploadServices, recorder: Recorder
) -> None:
    services = replace(services, checkpoints=Intervals(size_bytes=1_000))
    upload = await announced(services, 200_000)
    pieces = [part for _ in range(200) for part in (b"x" * 1_000, 0.001)]
    started = asyncio.get_running_loop().time()
    await append(services, upload.id, 0, *pieces)
    seconds = asyncio.get_running_loop().time() - started
    assert 1 < len(recorder.events) <= seconds * 10 + 1


async def test_bytes_beyond_the_committed_offset_are_cut_when_going_on(services: UploadServices) -> None:
    upload = await announced(services, 6)
    await append(services, upload.id, 0, b"abc")
    with path_of(services, upload).open("ab") as file:
        file.write(b"written before the crash, never confirmed")
    upload = await wait_until_finished(services, await append(restarted(services), upload.id, 3, b"def"), 5)
    assert (path_of(services, upload).read_bytes(), upload.sha256) == (b"abcdef", sha256(b"abcdef"))


async def test_of_two_who_send_at_once_one_wins_and_nothing_is_mixed(services: UploadServices) -> None:
    upload = await announced(services, 6)
    answers = await asyncio.gather(
        append(services, upload.id, 0, b"aaa", 0.01, b"aaa"),
        append(services, upload.id, 0, b"bbb", 0.01, b"bbb"),
        return_exceptions=True,
    )
    won, lost = answers
    assert not isinstance(won, BaseException)
    assert isinstance(lost, Refusal)
    assert lost.code is ErrorCode.OFFSET_MISMATCH
    assert path_of(services, upload).read_bytes() == b"aaaaaa"


async def test_a_cancelled_request_leaves_no_lock_and_a_true_offset(services: UploadServices) -> None:
    upload = await announced(services, 6)
    sending = asyncio.create_task(append(services, upload.id, 0, b"abc", 60))
    await until_stored(services, upload.id, 3)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    stored = await reread(upload)
    upload = await append(services, upload.id, stored.offset_bytes, b"abcdef"[stored.offset_bytes :])
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abcdef"))


# ----------------------------------------------------------------------------------------------- a full disk


def fill_up_at(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disk have room for `size` bytes of a file."""
    pwritev = os.pwritev

    def write(descriptor: int, parts: Sequence[bytes], offset: int) -> int:
        if offset + sum(map(len, parts)) > size:
            pwritev(descriptor, parts, offset)
            raise OSError(errno.ENOSPC, "full")
        return pwritev(descriptor, parts, offset)

    monkeypatch.setattr(os, "pwritev", write)


async def test_a_full_disk_keeps_what_was_written_and_the_rest_can_follow(
    services: UploadServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await announced(services, 6)
    fill_up_at(4, monkeypatch)
    with pytest.raises(Refusal) as refused:
        await append(services, upload.id, 0, b"ab", 0.05, b"cdef")
    assert (refused.value.code, refused.value.http_status) == (ErrorCode.INSUFFICIENT_STORAGE, 507)
    assert (await reread(upload)).offset_bytes == 2
    monkeypatch.undo()
    await append(services, upload.id, 2, b"CDEF")
    upload = await wait_until_finished(services, await reread(upload), 5)
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abCDEF"))
    assert path_of(services, upload).read_bytes() == b"abCDEF"


async def test_a_disk_that_is_filled_by_others_meanwhile_stops_the_upload_before_the_database_suffers(
    services: UploadServices, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = replace(services, checkpoints=Intervals(seconds=0.02))
    free = [10**9]

    async def free_bytes(_storage: LocalStorage) -> int:
        return free[0]

    monkeypatch.setattr(LocalStorage, "free_bytes", free_bytes)
    upload = await announced(services, 6)
    told = partial(recorder.until_told, 2)
    with pytest.raises(Refusal) as refused:
        await append(services, upload.id, 0, b"ab", told, lambda: free.insert(0, 1000), b"c", 60, b"def")
    assert refused.value.code is ErrorCode.INSUFFICIENT_STORAGE
    assert 2 <= (await reread(upload)).offset_bytes < 6


async def test_of_a_body_that_counts_only_whole_nothing_fills_the_disk_after_a_refusal(
    services: UploadServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await announced(services, 6)
    await append(services, upload.id, 0, b"ab")
    fill_up_at(5, monkeypatch)
    with pytest.raises(Refusal) as refused:
        await append(services, upload.id, 2, b"cd", 0.05, b"ef", checksum=checksum_of(b"cdef", "sha1"))
    assert refused.value.code is ErrorCode.INSUFFICIENT_STORAGE
    assert (path_of(services, upload).read_bytes(), (await reread(upload)).offset_bytes) == (b"ab", 2)


async def test_where_not_even_the_row_can_be_written_the_refusal_is_still_that_of_the_disk(
    services: UploadServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await announced(services, 6)
    fill_up_at(4, monkeypatch)

    async def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("uploads.checkpoints.Checkpoints.finish", fail)
    with pytest.raises(Refusal) as refused:
        await append(services, upload.id, 0, b"ab", 0.05, b"cdef")
    assert refused.value.code is ErrorCode.INSUFFICIENT_STORAGE
    assert (await reread(upload)).offset_bytes == 0


# ---------------------------------------------------------------------------------------------- what disks forget


@pytest.mark.parametrize("left", [b"ab", None])
async def test_confirmed_bytes_that_the_disk_lost_are_asked_for_again(
    services: UploadServices, left: bytes | None
) -> None:
    upload = await announced(services, 6)
    await append(services, upload.id, 0, b"abcd")
    if left is None:
        path_of(services, upload).unlink()
    else:
        path_of(services, upload).write_bytes(left)
    stored = len(left or b"")
    with pytest.raises(Refusal) as refused:
        await append(services, upload.id, 4, b"ef")
    assert (refused.value.http_status, refused.value.headers["Upload-Offset"]) == (409, str(stored))
    await append(services, upload.id, stored, b"abcdef"[stored:])
    upload = await wait_until_finished(services, await reread(upload), 5)
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abcdef"))


@pytest.mark.parametrize("durability", list(Durability))
async def test_whatever_is_synced_the_file_is_equal(
    services: UploadServices, durability: Durability, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[int]()
    monkeypatch.setattr(os, "fdatasync", synced.append)
    storage = LocalStorage(stored_path(services.storage, "uploads").parent, durability)
    upload = await stored_upload(replace(services, storage=storage), b"abcdef")
    assert (upload.status, path_of(services, upload).read_bytes()) == (UploadStatus.COMPLETED, b"abcdef")
    assert bool(synced) is (durability is not Durability.NEVER)


@pytest.mark.parametrize("durability", list(Durability))
async def test_the_row_is_as_durable_as_the_bytes(services: UploadServices, durability: Durability) -> None:
    found = list[str]()

    async def look(db: BaseDBAsyncClient, _growth: Growth) -> AfterCommit:
        question = "SHOW synchronous_commit" if db.capabilities.support_for_update else "PRAGMA synchronous"
        (row,) = await db.execute_query_dict(question)
        found.extend(str(value) for value in row.values())
        return partial(asyncio.sleep, 0)

    storage = LocalStorage(stored_path(services.storage, "uploads").parent, durability)
    await stored_upload(replace(services, storage=storage, on_completed=look), b"abc")
    assert found[0] in ({"off", "1"} if durability is Durability.NEVER else {"on", "2"})


# --------------------------------------------------------------------------------------------------- finishing


async def test_a_finish_that_fails_keeps_the_bytes_is_visible_and_is_done_again(
    services: UploadServices, recorder: Recorder
) -> None:
    async def fail(_connection: Any, _growth: Growth) -> AfterCommit:
        raise RuntimeError("a bug in what starts jobs")

    upload = await announced(services, 3)
    with pytest.raises(RuntimeError):
        await append(replace(services, on_completed=fail), upload.id, 0, b"abc")
    failed = await reread(upload)
    assert (failed.status, failed.offset_bytes, failed.error_code) == (UploadStatus.FINALISING, 3, "INTERNAL_ERROR")
    assert recorder.events[-1].row["status"] == "FINALISING"
    done = await wait_until_finished(services, failed, 5)
    assert (done.status, done.error_code, done.sha256) == (UploadStatus.COMPLETED, None, sha256(b"abc"))
    assert len(recorder.completed) == 1


async def test_completing_and_what_waits_for_it_are_one_transaction(
    services: UploadServices, recorder: Recorder
) -> None:
    async def start_job(connection: Any, growth: Growth) -> AfterCommit:
        upload = growth.upload
        assert (upload.status, upload.offset_bytes, upload.sha256) == (UploadStatus.COMPLETED, 3, sha256(b"abc"))
        await connection.execute_query("UPDATE uploads SET external_id = 'started'")
        raise Refusal(ErrorCode.DATABASE_ERROR, "the job could not be started")

    upload = await announced(services, 3)
    with pytest.raises(Refusal, match="could not be started"):
        await append(replace(services, on_completed=start_job), upload.id, 0, b"abc")
    stored = await reread(upload)
    assert (stored.status, stored.sha256, stored.external_id) == (UploadStatus.FINALISING, None, "crm-7")
    assert [event.row["status"] for event in recorder.events] == ["FINALISING"]


# ------------------------------------------------------------------------------------------------ losing the handle


async def test_who_lost_the_lock_writes_nothing_more(services: UploadServices) -> None:
    upload = await announced(services, 6)
    stored = partial(until_stored, services, upload.id, 3)
    async with services.locks.acquire(upload.id) as handle:

        def lose() -> None:
            handle.valid_until = time.monotonic()

        with pytest.raises(Refusal) as refused:
            await append_under(services, handle, upload, 0, b"abc", stored, lose, b"def")
    assert (refused.value.http_status, refused.value.headers["Upload-Offset"]) == (503, "3")
    assert path_of(services, upload).read_bytes() == b"abc"


async def test_who_lost_the_lock_in_a_body_that_counts_only_whole_leaves_the_file_alone(
    services: UploadServices,
) -> None:
    upload = await announced(services, 6)
    stored = partial(until_stored, services, upload.id, 3)
    async with services.locks.acquire(upload.id) as handle:

        def lose() -> None:
            path_of(services, upload).write_bytes(b"abcdef")  # what a successor has written by now
            handle.valid_until = time.monotonic()

        parts = (b"abc", stored, lose, b"def")
        with pytest.raises(Refusal) as refused:
            await append_under(services, handle, upload, 0, *parts, checksum=checksum_of(b"abcdef", "sha1"))
    assert refused.value.http_status == 503
    assert path_of(services, upload).read_bytes() == b"abcdef"


async def test_an_earlier_writer_commits_nothing_once_a_later_one_has_come(services: UploadServices) -> None:
    upload = await announced(services, 6)

    async def overtake() -> None:
        await Upload.filter(id=upload.id).update(fence=upload.fence + 1, offset_bytes=1)

    async with services.locks.acquire(upload.id) as handle:
        with pytest.raises(Refusal) as refused:
            await append_under(services, handle, upload, 0, b"abc", overtake)
    assert refused.value.code is ErrorCode.LOCKED
    assert (await reread(upload)).offset_bytes == 1
