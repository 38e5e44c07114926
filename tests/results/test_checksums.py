import asyncio
import zlib
from pathlib import Path

import pytest

from results import checksums
from results.checksums import Checksums


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 1000)
    return path


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read, in order."""
    paths: list[Path] = []
    compute = checksums._compute

    async def noted(path: Path, size: int) -> int:
        paths.append(path)
        return await compute(path, size)

    monkeypatch.setattr(checksums, "_compute", noted)
    return paths


@pytest.mark.parametrize("size", [0, 1, 9_999, 10_000])
async def test_the_checksum_is_crc_32(path: Path, size: int) -> None:
    assert await Checksums().crc32_of("a", path, size) == zlib.crc32(path.read_bytes()[:size])


async def test_a_large_file_is_computed_in_parts_to_the_same_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "_PART_BYTES", 999)
    monkeypatch.setattr(checksums, "_BLOCK_BYTES", 100)
    assert await Checksums().crc32_of("a", path, 10_000) == zlib.crc32(path.read_bytes())


async def test_what_is_known_is_not_read_again(path: Path, computed: list[Path]) -> None:
    known = Checksums()
    assert await known.crc32_of("a", path, 10_000) == await known.crc32_of("a", path, 10_000)
    assert computed == [path]


async def test_readers_at_the_same_time_share_one_computation(path: Path, computed: list[Path]) -> None:
    known = Checksums()
    crcs = await asyncio.gather(*(known.crc32_of("a", path, 10_000) for _ in range(20)))
    assert (set(crcs), computed) == ({zlib.crc32(path.read_bytes())}, [path])


async def test_when_the_one_who_computes_leaves_the_next_takes_over(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute, calls = checksums._compute, 0

    async def stuck_at_first(path: Path, size: int) -> int:
        nonlocal calls
        calls += 1
        return await asyncio.Event().wait() if calls == 1 else await compute(path, size)

    monkeypatch.setattr(checksums, "_compute", stuck_at_first)
    known = Checksums()
    first, second = (asyncio.create_task(known.crc32_of("a", path, 10_000)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.wait_for(second, 5) == zlib.crc32(path.read_bytes())


async def test_the_oldest_is_forgotten_and_what_was_used_is_kept(path: Path, computed: list[Path]) -> None:
    known = Checksums(capacity=2)
    for key in ("a", "b", "a", "c", "a"):
        await known.crc32_of(key, path, 10)
    assert len(computed) == 3
    await known.crc32_of("b", path, 10)
    assert len(computed) == 4


async def test_a_short_file_is_an_error_and_not_remembered(path: Path) -> None:
    known = Checksums()
    with pytest.raises(OSError, match="ends early, at byte 10000"):
        await known.crc32_of("a", path, 10_001)
    assert await known.crc32_of("a", path, 10_000) == zlib.crc32(path.read_bytes())
