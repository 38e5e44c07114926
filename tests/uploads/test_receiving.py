"""What becomes of the bytes of one request, however it ends."""

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
from storage.local import LocalStorage
from storage.writer import Durability
from tests.uploads.app_for_tests import (
    Recorder,
    announced,
    append,
    append_under,
    limited,
    path_of,
    reread,
    restarted,
    sha256,
    stored_upload,
)
from uploads import checkpoints
from uploads.body import ClientLeft
from uploads.checksums import ALGORITHMS, Checksum
from uploads.finishing import settled
from uploads.receiver import AfterCommit, Receiver


def checksum_of(content: bytes, algorithm: str = "sha1") -> Checksum:
    running = ALGORITHMS[algorithm]()
    running.update(content)
    return Checksum(algorithm, running.digest())


# ------------------------------------------------------------------------------------------- how a body can end


async def test_what_arrived_is_kept_when_the_client_leaves(receiver: Receiver) -> None:
    upload = await announced(receiver, 5)
    with pytest.raises(Refusal, match="the client went away; 3 bytes are stored"):
        await append(receiver, upload.id, 0, b"ab", b"c", ClientLeft())
    assert (await reread(upload)).offset_bytes == 3
    upload = await append(receiver, upload.id, 3, b"de")
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abcde"))


async def test_a_client_that_leaves_after_the_last_byte_has_a_complete_upload(receiver: Receiver) -> None:
    upload = await announced(receiver, 3)
    upload = await append(receiver, upload.id, 0, b"abc", ClientLeft())
    assert upload.status is UploadStatus.COMPLETED


async def test_silence_is_503_and_keeps_what_arrived(receiver: Receiver) -> None:
    upload = await announced(receiver, 5)
    with pytest.raises(Refusal) as refused:
        await append(limited(receiver, idle_seconds=0.05), upload.id, 0, b"abc", 60)
    assert (refused.value.http_status, refused.value.retry_after) == (503, 1)
    assert refused.value.headers == {"Upload-Offset": "3", "Connection": "close"}
    assert (await reread(upload)).offset_bytes == 3


async def test_a_stopping_server_is_503_and_keeps_what_arrived(receiver: Receiver) -> None:
    upload = await announced(receiver, 5)
    with pytest.raises(Refusal) as refused:
        await append(receiver, upload.id, 0, b"abc", 0.01, receiver.locks.stop, 60)
    assert (refused.value.http_status, refused.value.retry_after) == (503, 5)
    assert (await reread(upload)).offset_bytes == 3


async def test_the_offset_moves_while_bytes_flow_and_is_never_ahead_of_the_disk(
    receiver: Receiver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_SECONDS", 0.05)
    synced = list[int]()
    sync = os.fdatasync

    def note(descriptor: int) -> None:
        sync(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fdatasync", note)
    upload = await announced(receiver, 6)
    await append(receiver, upload.id, 0, b"a", 0.1, b"b", 0.1, b"c", 0.1, b"def")
    offsets = [event.row["offset_bytes"] for event in recorder.events]
    assert offsets == [1, 2, 3, 6]
    assert all(offset <= size for offset, size in zip(offsets, synced, strict=True))
    assert [event.row["version"] for event in recorder.events] == [2, 3, 4, 5]
    assert [moved.offset_bytes for moved in recorder.moved] == [1, 2, 3]


async def test_what_arrived_before_a_silence_is_committed_during_it(
    receiver: Receiver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_SECONDS", 0.05)
    upload = await announced(receiver, 6)
    seen = list[int]()
    await append(
        receiver, upload.id, 0, b"abc", 0.2, lambda: seen.extend(e.row["offset_bytes"] for e in recorder.events), b"def"
    )
    assert seen == [3]


async def test_many_bytes_are_a_checkpoint_too_but_not_more_than_ten_times_a_second(
    receiver: Receiver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_BYTES", 1_000)
    upload = await announced(receiver, 200_000)
    pieces = [part for _ in range(200) for part in (b"x" * 1_000, 0.001)]
    started = asyncio.get_running_loop().time()
    await append(receiver, upload.id, 0, *pieces)
    seconds = asyncio.get_running_loop().time() - started
    assert 1 < len(recorder.events) <= seconds * 10 + 1


async def test_bytes_beyond_the_committed_offset_are_cut_when_going_on(receiver: Receiver) -> None:
    upload = await announced(receiver, 6)
    await append(receiver, upload.id, 0, b"abc")
    with path_of(receiver, upload).open("ab") as file:
        file.write(b"written before the crash, never confirmed")
    upload = await settled(receiver, await append(restarted(receiver), upload.id, 3, b"def"), 5)
    assert (path_of(receiver, upload).read_bytes(), upload.sha256) == (b"abcdef", sha256(b"abcdef"))


async def test_of_two_who_send_at_once_one_wins_and_nothing_is_mixed(receiver: Receiver) -> None:
    upload = await announced(receiver, 6)
    answers = await asyncio.gather(
        append(receiver, upload.id, 0, b"aaa", 0.01, b"aaa"),
        append(receiver, upload.id, 0, b"bbb", 0.01, b"bbb"),
        return_exceptions=True,
    )
    won, lost = answers
    assert isinstance(won, Upload)
    assert isinstance(lost, Refusal)
    assert lost.code is ErrorCode.OFFSET_MISMATCH
    assert path_of(receiver, upload).read_bytes() == b"aaaaaa"


async def test_a_cancelled_request_leaves_no_lock_and_a_true_offset(receiver: Receiver) -> None:
    upload = await announced(receiver, 6)
    sending = asyncio.create_task(append(receiver, upload.id, 0, b"abc", 60))
    await asyncio.sleep(0.05)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    stored = await reread(upload)
    upload = await append(receiver, upload.id, stored.offset_bytes, b"abcdef"[stored.offset_bytes :])
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
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await announced(receiver, 6)
    fill_up_at(4, monkeypatch)
    with pytest.raises(Refusal) as refused:
        await append(receiver, upload.id, 0, b"ab", 0.05, b"cdef")
    assert (refused.value.code, refused.value.http_status) == (ErrorCode.INSUFFICIENT_STORAGE, 507)
    assert (await reread(upload)).offset_bytes == 2
    monkeypatch.undo()
    await append(receiver, upload.id, 2, b"CDEF")
    upload = await settled(receiver, await reread(upload), 5)
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abCDEF"))
    assert path_of(receiver, upload).read_bytes() == b"abCDEF"


async def test_a_disk_that_is_filled_by_others_meanwhile_stops_the_upload_before_the_database_suffers(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_SECONDS", 0.02)
    free = [10**9]

    async def free_bytes(_storage: LocalStorage) -> int:
        return free[0]

    monkeypatch.setattr(LocalStorage, "free_bytes", free_bytes)
    upload = await announced(receiver, 6)
    with pytest.raises(Refusal) as refused:
        await append(receiver, upload.id, 0, b"ab", 0.05, lambda: free.insert(0, 1000), b"c", 0.05, b"d", 0.05, b"ef")
    assert refused.value.code is ErrorCode.INSUFFICIENT_STORAGE
    assert 2 <= (await reread(upload)).offset_bytes < 6


async def test_of_a_body_that_counts_only_whole_nothing_fills_the_disk_after_a_refusal(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await announced(receiver, 6)
    await append(receiver, upload.id, 0, b"ab")
    fill_up_at(5, monkeypatch)
    with pytest.raises(Refusal) as refused:
        await append(receiver, upload.id, 2, b"cd", 0.05, b"ef", checksum=checksum_of(b"cdef", "sha1"))
    assert refused.value.code is ErrorCode.INSUFFICIENT_STORAGE
    assert (path_of(receiver, upload).read_bytes(), (await reread(upload)).offset_bytes) == (b"ab", 2)


async def test_where_not_even_the_row_can_be_written_the_refusal_is_still_that_of_the_disk(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await announced(receiver, 6)
    fill_up_at(4, monkeypatch)

    async def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("uploads.checkpoints.Checkpoints.finish", fail)
    with pytest.raises(Refusal) as refused:
        await append(receiver, upload.id, 0, b"ab", 0.05, b"cdef")
    assert refused.value.code is ErrorCode.INSUFFICIENT_STORAGE
    assert (await reread(upload)).offset_bytes == 0


# --------------------------------------------------------------------------------------------- checksums of bodies


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
async def test_a_body_with_the_right_checksum_counts(receiver: Receiver, algorithm: str) -> None:
    upload = await announced(receiver, 6)
    await append(receiver, upload.id, 0, b"ab", b"c", checksum=checksum_of(b"abc", algorithm))
    assert (await reread(upload)).offset_bytes == 3
    upload = await append(receiver, upload.id, 3, b"def", checksum=checksum_of(b"def", algorithm))
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abcdef"))


@pytest.mark.parametrize("size", [3, 6])
async def test_a_body_with_the_wrong_checksum_changes_nothing_and_can_be_sent_again(
    receiver: Receiver, recorder: Recorder, size: int
) -> None:
    upload = await announced(receiver, 3 + size)
    await append(receiver, upload.id, 0, b"abc")
    told = len(recorder.events)
    with pytest.raises(Refusal) as refused:
        await append(receiver, upload.id, 3, b"DEF", checksum=checksum_of(b"def"))
    assert (refused.value.http_status, refused.value.headers) == (460, {"Upload-Offset": "3"})
    assert ((await reread(upload)).offset_bytes, path_of(receiver, upload).read_bytes()) == (3, b"abc")
    assert len(recorder.events) == told
    rest = b"defghi"[:size]
    upload = await append(receiver, upload.id, 3, rest, checksum=checksum_of(rest))
    # The hash went on where it was: nothing had to be read back.
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abc" + rest))


async def test_bytes_that_are_not_verified_yet_are_never_committed(
    receiver: Receiver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_SECONDS", 0.02)
    upload = await announced(receiver, 6)
    with pytest.raises(Refusal, match="the client went away; 0 bytes are stored"):
        await append(receiver, upload.id, 0, b"ab", 0.1, b"cd", 0.1, ClientLeft(), checksum=checksum_of(b"abcdef"))
    assert ((await reread(upload)).offset_bytes, recorder.events) == (0, [])
    assert path_of(receiver, upload).read_bytes() == b""
    upload = await append(receiver, upload.id, 0, b"abcdef", checksum=checksum_of(b"abcdef"))
    assert upload.sha256 == sha256(b"abcdef")


async def test_the_checksum_of_an_empty_body_is_checked_too(receiver: Receiver) -> None:
    upload = await stored_upload(receiver, b"abc")
    assert (await append(receiver, upload.id, 3, checksum=checksum_of(b""))).status is UploadStatus.COMPLETED
    with pytest.raises(Refusal) as refused:
        await append(receiver, upload.id, 3, checksum=checksum_of(b"x"))
    assert refused.value.code is ErrorCode.CHECKSUM_MISMATCH


# ------------------------------------------------------------------------------------------------- deferred length


async def test_a_length_may_be_declared_with_any_body_once(receiver: Receiver, recorder: Recorder) -> None:
    upload = await announced(receiver, None)
    await append(receiver, upload.id, 0, b"ab")
    assert (await reread(upload)).size_bytes is None
    await append(receiver, upload.id, 2, b"c", length=5)
    assert ((await reread(upload)).size_bytes, (await reread(upload)).offset_bytes) == (5, 3)
    assert recorder.moved[-1].size_bytes == 5
    for other in (4, 6):
        with pytest.raises(Refusal) as refused:
            await append(receiver, upload.id, 3, b"de", length=other)
        assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "Upload-Length")
    assert (await reread(upload)).offset_bytes == 3
    upload = await append(receiver, upload.id, 3, b"de", length=5)
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abcde"))


async def test_an_empty_body_that_declares_what_is_stored_completes(receiver: Receiver, recorder: Recorder) -> None:
    upload = await announced(receiver, None)
    await append(receiver, upload.id, 0, b"abc")
    upload = await append(receiver, upload.id, 3, length=3)
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abc"))
    assert len(recorder.completed) == 1


async def test_an_upload_of_no_bytes_may_be_declared_late(receiver: Receiver) -> None:
    upload = await announced(receiver, None)
    upload = await append(receiver, upload.id, 0, length=0)
    assert (upload.status, upload.sha256, path_of(receiver, upload).read_bytes()) == (
        UploadStatus.COMPLETED,
        sha256(b""),
        b"",
    )


async def test_a_length_below_what_is_stored_is_refused_and_not_kept(receiver: Receiver) -> None:
    upload = await announced(receiver, None)
    await append(receiver, upload.id, 0, b"abc")
    with pytest.raises(Refusal) as refused:
        await append(receiver, upload.id, 3, length=2)
    assert refused.value.code is ErrorCode.BAD_INPUT
    assert (await reread(upload)).size_bytes is None


async def test_a_length_with_a_wrong_offset_is_not_kept(receiver: Receiver) -> None:
    upload = await announced(receiver, None)
    with pytest.raises(Refusal) as refused:
        await append(receiver, upload.id, 1, b"x", length=2)
    assert refused.value.code is ErrorCode.OFFSET_MISMATCH
    assert (await reread(upload)).size_bytes is None


async def test_an_upload_of_unknown_length_is_held_to_the_largest_size(receiver: Receiver) -> None:
    small = limited(receiver, max_size_bytes=5)
    upload = await announced(small, None)
    await append(small, upload.id, 0, b"abc")
    with pytest.raises(Refusal) as refused:
        await append(small, upload.id, 3, b"def")
    assert (refused.value.code, refused.value.headers["Tus-Max-Size"]) == (ErrorCode.FILE_TOO_LARGE, "5")
    with pytest.raises(Refusal) as refused:
        await append(small, upload.id, 3, length=6)
    assert refused.value.code is ErrorCode.FILE_TOO_LARGE
    assert ((await reread(upload)).offset_bytes, (await reread(upload)).size_bytes) == (3, None)


# ---------------------------------------------------------------------------------------------- what disks forget


@pytest.mark.parametrize("left", [b"ab", None])
async def test_confirmed_bytes_that_the_disk_lost_are_asked_for_again(receiver: Receiver, left: bytes | None) -> None:
    upload = await announced(receiver, 6)
    await append(receiver, upload.id, 0, b"abcd")
    if left is None:
        path_of(receiver, upload).unlink()
    else:
        path_of(receiver, upload).write_bytes(left)
    stored = len(left or b"")
    with pytest.raises(Refusal) as refused:
        await append(receiver, upload.id, 4, b"ef")
    assert (refused.value.http_status, refused.value.headers["Upload-Offset"]) == (409, str(stored))
    await append(receiver, upload.id, stored, b"abcdef"[stored:])
    upload = await settled(receiver, await reread(upload), 5)
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abcdef"))


@pytest.mark.parametrize("durability", list(Durability))
async def test_whatever_is_synced_the_file_is_equal(
    receiver: Receiver, durability: Durability, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[int]()
    monkeypatch.setattr(os, "fdatasync", synced.append)
    storage = LocalStorage(receiver.storage.path_of("uploads").parent, durability)
    upload = await stored_upload(replace(receiver, storage=storage), b"abcdef")
    assert (upload.status, path_of(receiver, upload).read_bytes()) == (UploadStatus.COMPLETED, b"abcdef")
    assert bool(synced) is (durability is not Durability.NEVER)


@pytest.mark.parametrize("durability", list(Durability))
async def test_the_row_is_as_durable_as_the_bytes(receiver: Receiver, durability: Durability) -> None:
    found = list[str]()

    async def look(db: BaseDBAsyncClient, _upload: Upload) -> AfterCommit:
        question = "SHOW synchronous_commit" if db.capabilities.support_for_update else "PRAGMA synchronous"
        (row,) = await db.execute_query_dict(question)
        found.extend(str(value) for value in row.values())
        return partial(asyncio.sleep, 0)

    storage = LocalStorage(receiver.storage.path_of("uploads").parent, durability)
    await stored_upload(replace(receiver, storage=storage, on_completed=look), b"abc")
    assert found[0] in ({"off", "1"} if durability is Durability.NEVER else {"on", "2"})


# --------------------------------------------------------------------------------------------------- finishing


async def test_a_finish_that_fails_keeps_the_bytes_is_visible_and_is_done_again(
    receiver: Receiver, recorder: Recorder
) -> None:
    async def fail(_connection: Any, _upload: Upload) -> AfterCommit:
        raise RuntimeError("a bug in what starts jobs")

    upload = await announced(receiver, 3)
    with pytest.raises(RuntimeError):
        await append(replace(receiver, on_completed=fail), upload.id, 0, b"abc")
    failed = await reread(upload)
    assert (failed.status, failed.offset_bytes, failed.error_code) == (UploadStatus.FINALISING, 3, "INTERNAL_ERROR")
    assert recorder.events[-1].row["status"] == "FINALISING"
    done = await settled(receiver, failed, 5)
    assert (done.status, done.error_code, done.sha256) == (UploadStatus.COMPLETED, None, sha256(b"abc"))
    assert len(recorder.completed) == 1


async def test_completing_and_what_waits_for_it_are_one_transaction(receiver: Receiver, recorder: Recorder) -> None:
    async def start_job(connection: Any, upload: Upload) -> AfterCommit:
        assert (upload.status, upload.offset_bytes, upload.sha256) == (UploadStatus.COMPLETED, 3, sha256(b"abc"))
        await connection.execute_query("UPDATE uploads SET external_id = 'started'")
        raise Refusal(ErrorCode.DATABASE_ERROR, "the job could not be started")

    upload = await announced(receiver, 3)
    with pytest.raises(Refusal, match="could not be started"):
        await append(replace(receiver, on_completed=start_job), upload.id, 0, b"abc")
    stored = await reread(upload)
    assert (stored.status, stored.sha256, stored.external_id) == (UploadStatus.FINALISING, None, "crm-7")
    assert [event.row["status"] for event in recorder.events] == ["FINALISING"]


# ------------------------------------------------------------------------------------------------ losing the hold


async def test_who_lost_the_lock_writes_nothing_more(receiver: Receiver) -> None:
    upload = await announced(receiver, 6)
    async with receiver.locks.hold(upload.id) as hold:

        def lose() -> None:
            hold.valid_until = time.monotonic()

        with pytest.raises(Refusal) as refused:
            await append_under(receiver, hold, upload, 0, b"abc", 0.05, lose, b"def")
    assert (refused.value.http_status, refused.value.headers["Upload-Offset"]) == (503, "3")
    assert path_of(receiver, upload).read_bytes() == b"abc"


async def test_who_lost_the_lock_in_a_body_that_counts_only_whole_leaves_the_file_alone(receiver: Receiver) -> None:
    upload = await announced(receiver, 6)
    async with receiver.locks.hold(upload.id) as hold:

        def lose() -> None:
            path_of(receiver, upload).write_bytes(b"abcdef")  # what a successor has written by now
            hold.valid_until = time.monotonic()

        parts = (b"abc", 0.05, lose, b"def")
        with pytest.raises(Refusal) as refused:
            await append_under(receiver, hold, upload, 0, *parts, checksum=checksum_of(b"abcdef", "sha1"))
    assert refused.value.http_status == 503
    assert path_of(receiver, upload).read_bytes() == b"abcdef"


async def test_an_earlier_writer_commits_nothing_once_a_later_one_has_come(receiver: Receiver) -> None:
    upload = await announced(receiver, 6)

    async def overtake() -> None:
        await Upload.filter(id=upload.id).update(fence=upload.fence + 1, offset_bytes=1)

    async with receiver.locks.hold(upload.id) as hold:
        with pytest.raises(Refusal) as refused:
            await append_under(receiver, hold, upload, 0, b"abc", overtake)
    assert refused.value.code is ErrorCode.LOCKED
    assert (await reread(upload)).offset_bytes == 1
