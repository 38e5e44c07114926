import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from tortoise.connection import get_connection

from base.errors import ErrorCode, Refusal
from base.words import UploadStatus
from models.upload import Upload
from storage.keys import upload_key
from tests.uploads.app_for_tests import OWNER, Recorder, sha256
from uploads import checkpoints
from uploads.digests import Digests
from uploads.intake import Body, ClientLeft
from uploads.lifecycle import append_bytes, create_upload, delete_upload, finish_interrupted_uploads
from uploads.metadata import described
from uploads.receiver import AfterCommit, Receiver
from uploads.rows import Row

NAMED = described("leads.csv", "text/csv", "crm-7")


async def stream(*parts: bytes | float | Exception | Callable[[], object]) -> AsyncIterator[bytes]:
    """Bytes arrive, numbers are seconds of silence, exceptions are raised, functions are called."""
    for part in parts:
        match part:
            case bytes():
                yield part
            case Exception():
                raise part
            case float() | int():
                await asyncio.sleep(part)
            case _:
                part()


async def append(receiver: Receiver, upload_id: str, offset: int, *parts: Any) -> Upload:
    async with receiver.locks.hold(upload_id) as hold:
        upload = await Upload.get(id=upload_id)
        return await append_bytes(receiver, hold, upload, offset, Body(None, stream(*parts)))


def restarted(receiver: Receiver) -> Receiver:
    """The receiver of a process that knows nothing but what is stored."""
    return replace(receiver, digests=Digests())


def bytes_of(receiver: Receiver, upload: Upload) -> bytes:
    return receiver.storage.path_of(upload_key(upload.id)).read_bytes()


async def test_a_new_upload_is_what_was_announced(receiver: Receiver) -> None:
    upload = await create_upload(receiver, OWNER, NAMED, 5, "filename bGVhZHMuY3N2")
    stored = await Upload.get(id=upload.id)
    assert (stored.owner_id, stored.filename, stored.content_type, stored.external_id, stored.metadata) == (
        OWNER,
        "leads.csv",
        "text/csv",
        "crm-7",
        "filename bGVhZHMuY3N2",
    )
    assert (stored.size_bytes, stored.offset_bytes, stored.status, stored.version) == (5, 0, UploadStatus.UPLOADING, 1)


@pytest.mark.parametrize(
    ("size", "code"), [(None, ErrorCode.BAD_INPUT), (-1, ErrorCode.BAD_INPUT), (1024**3 + 1, ErrorCode.FILE_TOO_LARGE)]
)
async def test_a_size_that_cannot_be_is_refused(receiver: Receiver, size: int | None, code: ErrorCode) -> None:
    with pytest.raises(Refusal) as refused:
        await create_upload(receiver, OWNER, NAMED, size)
    assert (refused.value.code, await Upload.all().count()) == (code, 0)


async def test_what_arrived_is_kept_when_the_client_leaves(receiver: Receiver) -> None:
    upload = await create_upload(receiver, OWNER, NAMED, 5)
    with pytest.raises(Refusal, match="the client went away; 3 bytes are stored"):
        await append(receiver, upload.id, 0, b"ab", b"c", ClientLeft())
    assert (await Upload.get(id=upload.id)).offset_bytes == 3
    upload = await append(receiver, upload.id, 3, b"de")
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abcde"))


async def test_a_client_that_leaves_after_the_last_byte_has_a_complete_upload(receiver: Receiver) -> None:
    upload = await create_upload(receiver, OWNER, NAMED, 3)
    upload = await append(receiver, upload.id, 0, b"abc", ClientLeft())
    assert upload.status is UploadStatus.COMPLETED


async def test_silence_is_503_and_keeps_what_arrived(receiver: Receiver) -> None:
    upload = await create_upload(receiver, OWNER, NAMED, 5)
    with pytest.raises(Refusal) as refused:
        await append(replace(receiver, idle_seconds=0.05), upload.id, 0, b"abc", 60)
    assert (refused.value.http_status, refused.value.retry_after) == (503, 1)
    assert refused.value.headers == {"Upload-Offset": "3", "Connection": "close"}
    assert (await Upload.get(id=upload.id)).offset_bytes == 3


async def test_a_stopping_server_is_503_and_keeps_what_arrived(receiver: Receiver) -> None:
    upload = await create_upload(receiver, OWNER, NAMED, 5)
    with pytest.raises(Refusal) as refused:
        await append(receiver, upload.id, 0, b"abc", 0.01, receiver.locks.stop, 60)
    assert (refused.value.http_status, refused.value.retry_after) == (503, 5)
    assert (await Upload.get(id=upload.id)).offset_bytes == 3


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
    upload = await create_upload(receiver, OWNER, NAMED, 6)
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
    upload = await create_upload(receiver, OWNER, NAMED, 6)
    seen = list[int]()
    await append(
        receiver, upload.id, 0, b"abc", 0.2, lambda: seen.extend(e.row["offset_bytes"] for e in recorder.events), b"def"
    )
    assert seen == [3]


async def test_many_bytes_are_a_checkpoint_too_but_not_more_than_ten_times_a_second(
    receiver: Receiver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_BYTES", 1_000)
    upload = await create_upload(receiver, OWNER, NAMED, 200_000)
    pieces = [part for _ in range(200) for part in (b"x" * 1_000, 0.001)]
    started = asyncio.get_running_loop().time()
    await append(receiver, upload.id, 0, *pieces)
    seconds = asyncio.get_running_loop().time() - started
    assert 1 < len(recorder.events) <= seconds * 10 + 1


async def test_a_full_disk_keeps_what_was_committed_and_the_rest_can_follow(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await create_upload(receiver, OWNER, NAMED, 6)
    await append(receiver, upload.id, 0, b"ab")
    pwritev = os.pwritev

    def fill_up(descriptor: int, parts: Sequence[bytes], offset: int) -> int:
        if offset + sum(map(len, parts)) > 4:
            pwritev(descriptor, parts, offset)
            raise OSError(errno.ENOSPC, "full")
        return pwritev(descriptor, parts, offset)

    monkeypatch.setattr(os, "pwritev", fill_up)
    with pytest.raises(Refusal) as refused:
        await append(receiver, upload.id, 2, b"cdef")
    assert refused.value.code is ErrorCode.INSUFFICIENT_STORAGE
    assert (await Upload.get(id=upload.id)).offset_bytes == 2
    monkeypatch.undo()
    upload = await append(receiver, upload.id, 2, b"CDEF")
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abCDEF"))
    assert bytes_of(receiver, upload) == b"abCDEF"


async def test_the_hash_is_read_from_the_disk_where_a_restart_lost_its_state(
    receiver: Receiver, recorder: Recorder
) -> None:
    upload = await create_upload(receiver, OWNER, NAMED, 6)
    await append(receiver, upload.id, 0, b"abc")
    upload = await append(restarted(receiver), upload.id, 3, b"def")
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abcdef"))
    assert [event.row["status"] for event in recorder.events] == ["UPLOADING", "FINALISING", "COMPLETED"]
    assert recorder.events[1].row["sha256"] is None


async def test_bytes_beyond_the_committed_offset_are_cut_when_going_on(receiver: Receiver) -> None:
    upload = await create_upload(receiver, OWNER, NAMED, 6)
    await append(receiver, upload.id, 0, b"abc")
    with receiver.storage.path_of(upload_key(upload.id)).open("ab") as file:
        file.write(b"written before the crash, never confirmed")
    upload = await append(restarted(receiver), upload.id, 3, b"def")
    assert (bytes_of(receiver, upload), upload.sha256) == (b"abcdef", sha256(b"abcdef"))


async def test_completing_and_what_waits_for_it_are_one_transaction(receiver: Receiver, recorder: Recorder) -> None:
    async def start_job(connection: Any, upload: Upload) -> AfterCommit:
        assert (upload.status, upload.offset_bytes, upload.sha256) == (UploadStatus.COMPLETED, 3, sha256(b"abc"))
        await connection.execute_query("UPDATE uploads SET external_id = 'started'")
        raise Refusal(ErrorCode.DATABASE_ERROR, "the job could not be started")

    upload = await create_upload(receiver, OWNER, NAMED, 3)
    with pytest.raises(Refusal, match="could not be started"):
        await append(replace(receiver, on_completed=start_job), upload.id, 0, b"abc")
    stored = await Upload.get(id=upload.id)
    assert (stored.status, stored.offset_bytes, stored.external_id) == (UploadStatus.UPLOADING, 0, "crm-7")
    assert (recorder.events, recorder.after_commit) == ([], [])
    assert (await append(receiver, upload.id, 0, b"abc")).status is UploadStatus.COMPLETED


async def test_others_are_told_after_the_commit(receiver: Receiver, recorder: Recorder) -> None:
    order = list[str]()

    async def on_completed(_connection: Any, upload: Upload) -> AfterCommit:
        order.append("within")

        async def after() -> None:
            rows: list[Row] = await get_connection("default").execute_query_dict("SELECT status FROM uploads")
            order.append(f"after {rows[0]['status']}, {len(recorder.events)} told")

        return after

    upload = await create_upload(receiver, OWNER, NAMED, 3)
    await append(replace(receiver, on_completed=on_completed), upload.id, 0, b"abc")
    assert order == ["within", "after COMPLETED, 1 told"]


async def test_deleting_may_be_refused_by_those_who_use_the_upload(receiver: Receiver, recorder: Recorder) -> None:
    upload = await create_upload(receiver, OWNER, NAMED, 3)
    await append(receiver, upload.id, 0, b"abc")
    recorder.refusal = Refusal(ErrorCode.INVALID_STATE, "A job is reading it.")
    with pytest.raises(Refusal, match="is reading"):
        await delete_upload(receiver, upload.id)
    assert (await Upload.get(id=upload.id)).status is UploadStatus.COMPLETED
    assert bytes_of(receiver, upload) == b"abc"


async def test_an_upload_is_deleted_once(receiver: Receiver, recorder: Recorder) -> None:
    upload = await create_upload(receiver, OWNER, NAMED, 3)
    assert (await delete_upload(receiver, upload.id)).status is UploadStatus.DELETED
    with pytest.raises(Refusal) as refused:
        await delete_upload(receiver, upload.id)
    assert refused.value.code is ErrorCode.UPLOAD_NOT_FOUND
    assert len(recorder.gone) == 1


async def test_a_start_finishes_what_a_crash_kept_from_being_done(receiver: Receiver, recorder: Recorder) -> None:
    """A crash may come before an empty file is complete, while a checksum is read back, and before bytes are removed."""
    empty, read_back, deleted, unfinished = [await create_upload(receiver, OWNER, NAMED, size) for size in (1, 6, 3, 3)]
    await Upload.filter(id=empty.id).update(size_bytes=0)
    await append(receiver, read_back.id, 0, b"abc")
    path = receiver.storage.path_of(upload_key(read_back.id))
    path.write_bytes(b"abcdef")
    await Upload.filter(id=read_back.id).update(offset_bytes=6, status=UploadStatus.FINALISING)
    await append(receiver, deleted.id, 0, b"ab")
    await Upload.filter(id=deleted.id).update(status=UploadStatus.DELETED)
    await append(receiver, unfinished.id, 0, b"ab")

    assert await finish_interrupted_uploads(restarted(receiver)) == 2
    assert {upload.id: upload.sha256 for upload in recorder.completed} == {
        empty.id: sha256(b""),
        read_back.id: sha256(b"abcdef"),
    }
    assert not receiver.storage.path_of(upload_key(deleted.id)).exists()
    assert (await Upload.get(id=unfinished.id)).status is UploadStatus.UPLOADING
    assert await finish_interrupted_uploads(restarted(receiver)) == 0


async def test_one_upload_that_cannot_be_finished_does_not_hinder_the_start(
    receiver: Receiver, recorder: Recorder
) -> None:
    lost, fine = [await create_upload(receiver, OWNER, NAMED, 3) for _ in range(2)]
    for upload in (lost, fine):
        await append(receiver, upload.id, 0, b"ab")
        await Upload.filter(id=upload.id).update(offset_bytes=3)
    receiver.storage.path_of(upload_key(fine.id)).write_bytes(b"abc")
    assert await finish_interrupted_uploads(restarted(receiver)) == 1
    assert [upload.id for upload in recorder.completed] == [fine.id]


async def test_of_two_who_send_at_once_one_wins_and_nothing_is_mixed(receiver: Receiver) -> None:
    upload = await create_upload(receiver, OWNER, NAMED, 6)
    answers = await asyncio.gather(
        append(receiver, upload.id, 0, b"aaa", 0.01, b"aaa"),
        append(receiver, upload.id, 0, b"bbb", 0.01, b"bbb"),
        return_exceptions=True,
    )
    won, lost = answers
    assert isinstance(won, Upload)
    assert isinstance(lost, Refusal)
    assert lost.code is ErrorCode.OFFSET_MISMATCH
    assert bytes_of(receiver, upload) == b"aaaaaa"


async def test_a_cancelled_request_leaves_no_lock_and_a_true_offset(receiver: Receiver) -> None:
    upload = await create_upload(receiver, OWNER, NAMED, 6)
    sending = asyncio.create_task(append(receiver, upload.id, 0, b"abc", 60))
    await asyncio.sleep(0.05)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    stored = await Upload.get(id=upload.id)
    upload = await append(receiver, upload.id, stored.offset_bytes, b"abcdef"[stored.offset_bytes :])
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abcdef"))
