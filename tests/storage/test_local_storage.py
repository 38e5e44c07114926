import errno
import hashlib
from pathlib import Path

import pytest

from storage.hashing import hash_of
from storage.joined import JoinedBlobs
from storage.local.blob import LocalBlob
from storage.local.storage import LocalStorage


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "data")


def made(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


async def test_adopting_moves_a_file_and_tells_size_and_sha256(storage: LocalStorage, tmp_path: Path) -> None:
    source = made(tmp_path / "result.csv", b"a,b\n")
    assert await storage.adopt(source, "files/f3/file-1") == (4, hashlib.sha256(b"a,b\n").hexdigest())
    assert storage.path_of("files/f3/file-1").read_bytes() == b"a,b\n"
    assert not source.exists()


async def test_adopting_again_replaces_what_an_earlier_attempt_left(storage: LocalStorage, tmp_path: Path) -> None:
    await storage.adopt(made(tmp_path / "one", b"first attempt"), "files/f3/file-1")
    await storage.adopt(made(tmp_path / "two", b"second"), "files/f3/file-1")
    assert storage.path_of("files/f3/file-1").read_bytes() == b"second"


async def test_adopting_from_another_disk_copies_and_leaves_nothing_behind(
    storage: LocalStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.replace

    def refuse_across(self: Path, target: Path) -> Path:
        if self.name == "source":
            raise OSError(errno.EXDEV, "another disk")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", refuse_across)
    source = made(tmp_path / "source", b"far away")
    assert (await storage.adopt(source, "files/f3/file-1"))[0] == 8
    assert [path.name for path in storage.path_of("files/f3").iterdir()] == ["file-1"]
    assert not source.exists()


async def test_removing_is_done_once_and_harmless_twice(storage: LocalStorage, tmp_path: Path) -> None:
    await storage.adopt(made(tmp_path / "one", b"1"), "files/f3/file-1")
    await storage.remove("files/f3/file-1")
    assert await storage.size_of("files/f3/file-1") is None
    await storage.remove("files/f3/file-1")
    await storage.remove("files/00/never-was")


async def test_a_folder_is_made_empty_and_removed_with_all_in_it(storage: LocalStorage) -> None:
    folder = await storage.make_folder("work/slice-1")
    (folder / "left over").write_bytes(b"from an earlier attempt")
    folder = await storage.make_folder("work/slice-1")
    assert list(folder.iterdir()) == []
    (folder / "deep").mkdir()
    (folder / "deep" / "file").write_bytes(b"1")
    await storage.remove_folder("work/slice-1")
    assert not folder.exists()
    await storage.remove_folder("work/slice-1")


async def test_free_bytes_are_those_of_the_disk(storage: LocalStorage) -> None:
    assert await storage.free_bytes() > 1024


async def test_size_and_hash_are_read_from_the_disk(storage: LocalStorage, tmp_path: Path) -> None:
    await storage.adopt(made(tmp_path / "one", b"12345"), "files/f3/file-1")
    assert await storage.size_of("files/f3/file-1") == 5
    stored = LocalBlob(storage.path_of("files/f3/file-1"), 5)
    assert await hash_of(stored) == hashlib.sha256(b"12345").hexdigest()
    with pytest.raises(OSError, match="ends early"):
        await hash_of(LocalBlob(stored.path, 6))


async def test_several_files_are_hashed_and_joined_as_one(storage: LocalStorage, tmp_path: Path) -> None:
    joined = JoinedBlobs((LocalBlob(made(tmp_path / "a", b"abcd"), 4), LocalBlob(made(tmp_path / "b", b"efg"), 2)))
    assert await hash_of(joined, bytes_per_step=3) == hashlib.sha256(b"abcdef").hexdigest()
    assert await storage.spool(joined, tmp_path / "joined") == tmp_path / "joined"
    assert (tmp_path / "joined").read_bytes() == b"abcdef"
