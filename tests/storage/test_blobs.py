from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from serving.chunks import coalesce_chunks
from storage.joined import JoinedBlobs
from storage.local.blob import LocalBlob
from storage.ports import CHUNK_BYTES, Blob

LARGE = bytes(range(256)) * (2 * CHUNK_BYTES // 256 + 1)


@pytest.fixture
def stored(tmp_path: Path) -> LocalBlob:
    path = tmp_path / "large"
    path.write_bytes(LARGE)
    return LocalBlob(path, len(LARGE))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def chunks_of(*sizes: int) -> AsyncGenerator[bytes, None]:
    for size in sizes:
        yield bytes(size)


@pytest.mark.parametrize(
    ("start", "end"), [(0, len(LARGE)), (1, len(LARGE) - 1), (7, 8), (CHUNK_BYTES - 1, CHUNK_BYTES + 1), (5, 5)]
)
async def test_a_slice_is_exactly_these_bytes_in_parts_of_at_most_1_mib(
    stored: LocalBlob, start: int, end: int
) -> None:
    parts = [part async for part in stored.read(start, end)]
    assert b"".join(parts) == LARGE[start:end]
    assert all(len(part) <= CHUNK_BYTES for part in parts)


@pytest.fixture
def joined(tmp_path: Path) -> JoinedBlobs:
    """abc, nothing, de, all of it of longer files."""
    files = []
    for name, content, size in (("one", b"abcX", 3), ("none", b"", 0), ("two", b"deX", 2)):
        (tmp_path / name).write_bytes(content)
        files.append(LocalBlob(tmp_path / name, size))
    return JoinedBlobs(tuple(files))


@pytest.mark.parametrize(("start", "end"), [(start, end) for start in range(6) for end in range(start, 6)])
async def test_several_files_are_read_as_one(joined: JoinedBlobs, start: int, end: int) -> None:
    assert b"".join([part async for part in joined.read(start, end)]) == b"abcde"[start:end]
    assert b"".join(joined.blocks(start, end)) == b"abcde"[start:end]


async def test_several_files_are_there_only_all_of_them_whole(joined: JoinedBlobs, tmp_path: Path) -> None:
    assert joined.size == 5
    assert not joined.is_there()
    (tmp_path / "one").write_bytes(b"abc")
    (tmp_path / "two").write_bytes(b"de")
    assert joined.is_there()
    (tmp_path / "none").unlink()
    assert not joined.is_there()


def test_blocks_of_a_short_file_are_an_error(joined: JoinedBlobs, tmp_path: Path) -> None:
    short: Blob = LocalBlob(tmp_path / "one", 9)
    with pytest.raises(OSError, match="ends early, at byte 4"):
        list(short.blocks(0, 9))


async def test_a_reader_who_leaves_leaves_no_file_open(stored: LocalBlob) -> None:
    before = open_files()
    chunks = stored.read(0, stored.size)
    await anext(chunks)
    assert open_files() == before + 1
    await chunks.aclose()
    assert open_files() == before


@pytest.mark.parametrize("end", [10, 3 * CHUNK_BYTES])
async def test_a_file_that_became_shorter_is_an_error_and_not_a_short_answer(tmp_path: Path, end: int) -> None:
    path = tmp_path / "short"
    path.write_bytes(b"123")
    with pytest.raises(OSError, match="ends early, at byte 3"):
        _ = [part async for part in LocalBlob(path, end).read(0, end)]


async def test_a_link_in_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/hostname")
    with pytest.raises(OSError, match="symbolic links"):
        _ = [part async for part in LocalBlob(tmp_path / "link", 1).read(0, 1)]


def test_a_file_is_there_only_whole(stored: LocalBlob, tmp_path: Path) -> None:
    assert stored.is_there()
    assert not LocalBlob(stored.path, stored.size + 1).is_there()
    assert not LocalBlob(tmp_path / "none", 0).is_there()


@pytest.mark.parametrize(
    ("sizes", "sent"),
    [((1, 2, 3), [6]), ((65_535, 1, 1), [65_536, 1]), ((100_000, 5, 100_000), [100_000, 100_005]), ((), [])],
)
async def test_small_parts_are_sent_together(sizes: tuple[int, ...], sent: list[int]) -> None:
    assert [len(part) async for part in coalesce_chunks(chunks_of(*sizes))] == sent
