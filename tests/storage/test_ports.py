"""The contract of the storage ports, tried on each implementation."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.hashing import hash_of
from storage.joined import JoinedBlobs
from storage.local.storage import LocalStorage
from storage.memory import MemoryStorage
from storage.ports import Blob, BytesLost, Storage
from tests.storage.part_storage import PART_BYTES, PartStorage

KEY = "uploads/f3/upload-1"
CONTENT = bytes(range(256)) * (2 * PART_BYTES // 256) + b"the end"
MIB = 2**20

KINDS: dict[str, Callable[[Path], Storage]] = {"local": LocalStorage, "memory": MemoryStorage, "parts": PartStorage}


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return KINDS[request.param](tmp_path / "data")


async def store(storage: Storage, content: bytes, key: str = KEY) -> Blob:
    sink = await storage.open_sink(key, 0, None)
    await sink.write([content])
    await sink.finish()
    await sink.close()
    return storage.blob(key, len(content))


async def content_of(blob: Blob) -> bytes:
    return b"".join([part async for part in blob.read(0, blob.size)])


async def test_bytes_come_back_as_they_were_written(storage: Storage) -> None:
    blob = await store(storage, CONTENT)
    assert await storage.size_of(KEY) == blob.size
    assert blob.is_there()
    assert await content_of(blob) == CONTENT
    middle = [part async for part in blob.read(MIB - 1, 3 * MIB)]
    assert b"".join(middle) == CONTENT[MIB - 1 : 3 * MIB]
    assert max(map(len, middle)) <= MIB
    assert await hash_of(blob) == hashlib.sha256(CONTENT).hexdigest()


async def test_what_sync_called_durable_is_there_for_the_next_one(storage: Storage) -> None:
    offset, step = 0, 3 * MIB
    while offset < len(CONTENT):
        sink = await storage.open_sink(KEY, offset, hashlib.sha256(CONTENT[:offset]))
        await sink.write([CONTENT[offset : offset + step]])
        await sink.write([CONTENT[offset + step : offset + step + 5]])
        offset = await sink.sync()
        assert sink.hash is not None
        assert sink.hash.hexdigest() == hashlib.sha256(CONTENT[:offset]).hexdigest()
        if offset == len(CONTENT):
            await sink.finish()
        await sink.close()
    assert await content_of(storage.blob(KEY, len(CONTENT))) == CONTENT


async def test_what_was_not_called_durable_goes_with_the_next_opening(storage: Storage) -> None:
    sink = await storage.open_sink(KEY, 0, None)
    await sink.write([CONTENT[:10]])
    offset = await sink.sync()
    await sink.write([b"x" * PART_BYTES])
    await sink.flush()
    await sink.close()
    again = await storage.open_sink(KEY, offset, None)
    assert (again.offset, again.position) == (10, 10)
    await again.write([CONTENT[10:]])
    await again.finish()
    await again.close()
    assert await content_of(storage.blob(KEY, len(CONTENT))) == CONTENT


@pytest.mark.parametrize("synced", [0, 7, PART_BYTES + 7])
async def test_a_cut_goes_back_to_what_is_durable(storage: Storage, synced: int) -> None:
    sink = await storage.open_sink(KEY, 0, None)
    await sink.write([CONTENT[:synced]])
    assert await sink.sync() == synced
    await sink.write([b"x" * (PART_BYTES + 1)])
    await sink.cut(synced)
    assert (sink.offset, sink.position) == (synced, synced)
    await sink.write([CONTENT[synced:]])
    await sink.finish()
    await sink.close()
    assert await content_of(storage.blob(KEY, len(CONTENT))) == CONTENT


async def test_a_finished_blob_can_be_opened_again_where_the_end_was_not_noted(storage: Storage) -> None:
    await store(storage, CONTENT)
    sink = await storage.open_sink(KEY, PART_BYTES + 3, None)
    await sink.write([CONTENT[PART_BYTES + 3 :]])
    await sink.finish()
    await sink.close()
    assert await content_of(storage.blob(KEY, len(CONTENT))) == CONTENT


async def test_fewer_bytes_than_were_confirmed_are_told(storage: Storage) -> None:
    sink = await storage.open_sink(KEY, 0, None)
    await sink.write([b"abc"])
    await sink.sync()
    await sink.close()
    with pytest.raises(BytesLost) as lost:
        await storage.open_sink(KEY, 4, None)
    assert lost.value.stored <= 3


async def test_what_is_removed_is_not_there(storage: Storage) -> None:
    blob = await store(storage, b"abc")
    await storage.remove(KEY)
    await storage.remove(KEY)
    assert await storage.size_of(KEY) is None
    assert not blob.is_there()
    with pytest.raises(OSError):  # noqa: PT011  each tells it in its own words
        await content_of(blob)


async def test_a_copy_stays_when_its_source_goes(storage: Storage) -> None:
    blob = await store(storage, CONTENT)
    await storage.copy(blob, "files/f3/file-1")
    await storage.copy(JoinedBlobs((blob, blob)), "files/f3/file-2")
    await storage.remove(KEY)
    assert await content_of(storage.blob("files/f3/file-1", len(CONTENT))) == CONTENT
    assert await content_of(storage.blob("files/f3/file-2", 2 * len(CONTENT))) == CONTENT * 2


async def test_a_finished_file_is_adopted_and_goes_from_where_it_was(storage: Storage, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.write_bytes(b"a,b\n")
    assert await storage.adopt(made, KEY) == (4, hashlib.sha256(b"a,b\n").hexdigest())
    assert not made.exists()
    assert await content_of(storage.blob(KEY, 4)) == b"a,b\n"


async def test_a_program_gets_a_file_with_all_bytes(storage: Storage) -> None:
    blob = await store(storage, CONTENT)
    folder = await storage.make_folder("work/1")
    path = await storage.spool(blob, folder / "input")
    assert path.read_bytes() == CONTENT
    joined = await storage.spool(JoinedBlobs((blob, blob)), folder / "joined")
    assert joined.read_bytes() == CONTENT * 2
    await storage.remove_folder("work/1")
    assert not folder.exists()
    assert await content_of(blob) == CONTENT


async def test_names_that_could_climb_are_no_keys(storage: Storage) -> None:
    with pytest.raises(ValueError, match="not a storage key"):
        storage.blob("../secret_key", 1)
