import asyncio
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from results import checksums
from results.checksums import Checksums
from storage.joined import JoinedBlobs
from storage.local.blob import LocalBlob
from storage.ports import Blob

CONTENT = b"0123456789" * 1000


@pytest.fixture
def stored(tmp_path: Path) -> LocalBlob:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return LocalBlob(path, len(CONTENT))


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[Blob]:
    """What was read, in order."""
    read: list[Blob] = []
    compute = checksums._compute

    async def noted(stored: Blob, part_bytes: int) -> int:
        read.append(stored)
        return await compute(stored, part_bytes)

    monkeypatch.setattr(checksums, "_compute", noted)
    return read


@pytest.mark.parametrize("size", [0, 1, 9_999, 10_000])
async def test_the_checksum_is_crc_32(stored: LocalBlob, size: int) -> None:
    assert await Checksums().crc32_of("a", replace(stored, size=size)) == zlib.crc32(CONTENT[:size])


async def test_the_checksum_of_several_files_is_that_of_them_in_a_row(stored: LocalBlob) -> None:
    joined = JoinedBlobs((stored, replace(stored, size=3), stored))
    assert await Checksums().crc32_of("a", joined) == zlib.crc32(CONTENT + b"012" + CONTENT)


async def test_a_large_file_is_computed_in_parts_to_the_same_end(stored: LocalBlob) -> None:
    assert await Checksums(part_bytes=999).crc32_of("a", stored) == zlib.crc32(CONTENT)


async def test_what_is_known_is_not_read_again(stored: LocalBlob, computed: list[Blob]) -> None:
    known = Checksums()
    assert await known.crc32_of("a", stored) == await known.crc32_of("a", stored)
    assert computed == [stored]


async def test_readers_at_the_same_time_share_one_computation(stored: LocalBlob, computed: list[Blob]) -> None:
    known = Checksums()
    crcs = await asyncio.gather(*(known.crc32_of("a", stored) for _ in range(20)))
    assert (set(crcs), computed) == ({zlib.crc32(CONTENT)}, [stored])


async def test_when_the_one_who_computes_leaves_the_next_takes_over(
    stored: LocalBlob, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute, calls = checksums._compute, 0

    async def stuck_at_first(stored: Blob, part_bytes: int) -> int:
        nonlocal calls
        calls += 1
        return await asyncio.Event().wait() if calls == 1 else await compute(stored, part_bytes)

    monkeypatch.setattr(checksums, "_compute", stuck_at_first)
    known = Checksums()
    first, second = (asyncio.create_task(known.crc32_of("a", stored)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.wait_for(second, 5) == zlib.crc32(CONTENT)


async def test_the_oldest_is_forgotten_and_what_was_used_is_kept(stored: LocalBlob, computed: list[Blob]) -> None:
    known = Checksums(capacity=2)
    for key in ("a", "b", "a", "c", "a"):
        await known.crc32_of(key, stored)
    assert len(computed) == 3
    await known.crc32_of("b", stored)
    assert len(computed) == 4


async def test_a_short_file_is_an_error_and_not_remembered(stored: LocalBlob) -> None:
    known = Checksums()
    with pytest.raises(OSError, match="ends early, at byte 10000"):
        await known.crc32_of("a", replace(stored, size=10_001))
    assert await known.crc32_of("a", stored) == zlib.crc32(CONTENT)
