import asyncio
import errno
import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from base.errors import ErrorCode, Refusal
from storage.local.durability import Durability
from storage.local.storage import LocalStorage
from storage.ports import BytesLost

KEY = "uploads/f3/upload-1"


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path)


async def test_parts_are_written_in_order_and_hashed_in_the_same_pass(storage: LocalStorage) -> None:
    writer = await storage.open_sink(KEY, 0, hashlib.sha256())
    await writer.write([b"ab", b"c"])
    await writer.write([b"def"])
    await writer.flush()
    assert (await writer.sync(), writer.offset, writer.position) == (6, 6, 6)
    assert writer.hash is not None
    assert writer.hash.hexdigest() == hashlib.sha256(b"abcdef").hexdigest()
    await writer.close()
    assert storage.path_of(KEY).read_bytes() == b"abcdef"


async def test_opening_cuts_what_was_never_confirmed(storage: LocalStorage) -> None:
    storage.path_of(KEY).parent.mkdir(parents=True)
    storage.path_of(KEY).write_bytes(b"confirmed and not")
    writer = await storage.open_sink(KEY, 9, None)
    assert storage.path_of(KEY).read_bytes() == b"confirmed"
    await writer.write([b"!"])
    await writer.close()
    assert storage.path_of(KEY).read_bytes() == b"confirmed!"


async def test_opening_refuses_a_file_that_lost_confirmed_bytes(storage: LocalStorage) -> None:
    storage.path_of(KEY).parent.mkdir(parents=True)
    storage.path_of(KEY).write_bytes(b"123")
    with pytest.raises(BytesLost, match="has 3 bytes, of which 5 were confirmed") as lost:
        await storage.open_sink(KEY, 5, None)
    assert (lost.value.stored, storage.path_of(KEY).read_bytes()) == (3, b"123")


async def test_a_file_that_is_gone_is_not_made_anew_where_bytes_were_confirmed(storage: LocalStorage) -> None:
    with pytest.raises(BytesLost) as lost:
        await storage.open_sink(KEY, 5, None)
    assert (lost.value.stored, storage.path_of(KEY).exists()) == (0, False)


@pytest.mark.parametrize(
    ("durability", "at_checkpoint", "at_end"),
    [(Durability.ALWAYS, 1, 2), (Durability.FINISH, 0, 1), (Durability.NEVER, 0, 0)],
)
async def test_bytes_are_made_durable_when_it_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: Durability, at_checkpoint: int, at_end: int
) -> None:
    synced = list[int]()
    monkeypatch.setattr(os, "fdatasync", synced.append)
    writer = await LocalStorage(tmp_path, durability).open_sink(KEY, 0, None)
    await writer.write([b"abc"])
    await writer.flush()
    assert await writer.sync() == 3
    assert len(synced) == at_checkpoint
    await writer.finish()
    assert len(synced) == at_end
    await writer.close()


async def test_a_second_checksum_takes_in_what_is_written(storage: LocalStorage) -> None:
    writer = await storage.open_sink(KEY, 0, hashlib.sha256())
    also = hashlib.md5(usedforsecurity=False)
    await writer.write([b"ab"])
    await writer.write([b"c", b"de"], also)
    await writer.close()
    assert also.hexdigest() == hashlib.md5(b"cde", usedforsecurity=False).hexdigest()


async def test_a_link_in_place_of_the_file_is_not_followed(storage: LocalStorage, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    storage.path_of(KEY).parent.mkdir(parents=True)
    storage.path_of(KEY).symlink_to(victim)
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
        await storage.open_sink(KEY, 0, None)
    assert victim.read_bytes() == b"precious"


async def test_the_file_can_be_read_by_its_owner_alone(storage: LocalStorage) -> None:
    await (await storage.open_sink(KEY, 0, None)).close()
    assert storage.path_of(KEY).stat().st_mode & 0o777 == 0o600


async def test_more_parts_than_one_call_takes_are_all_written(storage: LocalStorage) -> None:
    parts = [bytes([number % 256]) for number in range(2_500)]
    writer = await storage.open_sink(KEY, 0, hashlib.sha256())
    await writer.write(parts)
    await writer.close()
    assert storage.path_of(KEY).read_bytes() == b"".join(parts)


async def test_a_write_that_the_system_cut_short_is_continued(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwritev = os.pwritev

    def write_little(descriptor: int, parts: Sequence[bytes], offset: int) -> int:
        return pwritev(descriptor, [b"".join(parts)[:3]], offset)

    monkeypatch.setattr(os, "pwritev", write_little)
    writer = await storage.open_sink(KEY, 0, None)
    await writer.write([b"ab", b"cd", b"ef"])
    await writer.close()
    assert storage.path_of(KEY).read_bytes() == b"abcdef"


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT])
async def test_a_full_disk_is_a_refusal_and_the_offset_stays(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    writer = await storage.open_sink(KEY, 0, hashlib.sha256())
    await writer.write([b"stored"])
    await writer.flush()

    def refuse(*_: object) -> int:
        raise OSError(reason, "full")

    monkeypatch.setattr(os, "pwritev", refuse)
    await writer.write([b"too much"])
    for attempt in (writer.flush(), writer.write([b"more"])):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert (refused.value.code, refused.value.http_status) == (ErrorCode.INSUFFICIENT_STORAGE, 507)
    assert (writer.offset, writer.hash) == (6, None)
    monkeypatch.undo()
    await writer.cut(6)
    await writer.write([b" again"])
    await writer.flush()
    assert writer.offset == 12
    await writer.close()
    assert storage.path_of(KEY).read_bytes() == b"stored again"


async def test_nothing_is_written_after_a_write_that_failed(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else there would be a hole in the file, and bytes that are called stored behind it."""
    pwritev = os.pwritev

    def fail_at(descriptor: int, parts: Sequence[bytes], offset: int) -> int:
        if offset == 2:
            raise OSError(errno.EIO, "a bad place")
        return pwritev(descriptor, parts, offset)

    monkeypatch.setattr(os, "pwritev", fail_at)
    writer = await storage.open_sink(KEY, 0, hashlib.sha256())
    await writer.write([b"ab"])
    with pytest.raises(OSError, match="a bad place"):  # noqa: PT012  by the second call at the latest
        await writer.write([b"cd"])
        await writer.write([b"ef"])
    await writer.close()
    assert (writer.offset, storage.path_of(KEY).read_bytes()) == (2, b"ab")


@pytest.fixture
def may_write(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A disk that writes nothing before this is set."""
    pwritev, may_write = os.pwritev, threading.Event()

    def write_late(descriptor: int, parts: Sequence[bytes], offset: int) -> int:
        may_write.wait(5)
        return pwritev(descriptor, parts, offset)

    monkeypatch.setattr(os, "pwritev", write_late)
    return may_write


async def test_one_write_runs_and_one_waits_and_the_third_is_told_to_wait(
    storage: LocalStorage, may_write: threading.Event
) -> None:
    writer = await storage.open_sink(KEY, 0, hashlib.sha256())
    await writer.write([b"a"])
    second = asyncio.create_task(writer.write([b"b"]))
    await asyncio.sleep(0.05)
    assert (second.done(), writer.offset, writer.position) == (False, 0, 2)
    may_write.set()
    await second
    assert writer.offset >= 1
    await writer.flush()
    assert writer.offset == 2
    await writer.close()
    assert storage.path_of(KEY).read_bytes() == b"ab"


async def test_all_who_wait_for_a_write_are_told(storage: LocalStorage, may_write: threading.Event) -> None:
    writer = await storage.open_sink(KEY, 0, hashlib.sha256())
    await writer.write([b"a"])
    flushing, syncing = asyncio.create_task(writer.flush()), asyncio.create_task(writer.sync())
    writing = asyncio.create_task(writer.write([b"b"]))
    await asyncio.sleep(0.05)
    assert (flushing.done(), syncing.done(), writing.done()) == (False, False, False)
    may_write.set()
    await asyncio.wait_for(asyncio.gather(flushing, writing), 5)
    assert await asyncio.wait_for(syncing, 5) >= 1
    await writer.close()
    assert storage.path_of(KEY).read_bytes() == b"ab"


async def test_cutting_forgets_the_hash_of_what_is_gone(storage: LocalStorage) -> None:
    writer = await storage.open_sink(KEY, 0, hashlib.sha256())
    await writer.write([b"abcdef"])
    await writer.cut(2)
    assert (writer.offset, writer.hash) == (2, None)
    await writer.close()
    assert storage.path_of(KEY).read_bytes() == b"ab"


async def test_closing_waits_for_a_write_whose_caller_was_cancelled(
    storage: LocalStorage, may_write: threading.Event
) -> None:
    """A descriptor that is closed under a running write may already be somebody else's file."""
    writer = await storage.open_sink(KEY, 0, None)
    await writer.write([b"late"])
    settling = asyncio.create_task(writer.flush())
    await asyncio.sleep(0.05)
    settling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await settling
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0.05)
    assert not closing.done()
    may_write.set()
    await closing
    assert storage.path_of(KEY).read_bytes() == b"late"


# ---------------------------------------------------------------------------------------------- two at one file


async def test_who_opens_waits_for_who_has_it_open(storage: LocalStorage) -> None:
    first = await storage.open_sink(KEY, 0, None)
    await first.write([b"abc"])
    opening = asyncio.create_task(storage.open_sink(KEY, 3, None))
    await asyncio.sleep(0.1)
    assert not opening.done()
    await first.close()
    second = await asyncio.wait_for(opening, 5)
    await second.write([b"def"])
    await second.close()
    assert storage.path_of(KEY).read_bytes() == b"abcdef"


async def test_one_who_does_not_let_go_is_left_alone_with_the_old_file(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path, lock_timeout_seconds=0.1)
    stopped = await storage.open_sink(KEY, 0, None)
    await stopped.write([b"abc"])
    await stopped.flush()
    fresh = await storage.open_sink(KEY, 3, None)
    await stopped.write([b"XXXXXX"])
    await fresh.write([b"def"])
    await stopped.cut(0)
    await stopped.close()
    third = asyncio.create_task(storage.open_sink(KEY, 6, None))
    await fresh.close()
    await (await third).close()
    assert storage.path_of(KEY).read_bytes() == b"abcdef"
    assert [path.name for path in storage.path_of(KEY).parent.iterdir()] == [storage.path_of(KEY).name]


async def test_who_is_cancelled_while_opening_keeps_nothing_open(storage: LocalStorage) -> None:
    for pause in (0, 0.0001, 0.0005, 0.001, 0.002):
        opening = asyncio.create_task(storage.open_sink(KEY, 0, None))
        await asyncio.sleep(pause)
        opening.cancel()
        await asyncio.wait([opening])
        if not opening.cancelled():
            await opening.result().close()
    await (await asyncio.wait_for(storage.open_sink(KEY, 0, None), 5)).close()
