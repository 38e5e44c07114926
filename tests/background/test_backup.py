"""Backups, also of a disk that changes meanwhile."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from background import backup
from background.backup import back_up
from base.errors import ErrorCode, Refusal
from base.settings import Settings
from base.words import FileRole, JobStatus, JobType, UploadStatus
from client.server_process import ROOT
from models import File, Job, Upload, UploadPart
from models.fields import now
from storage.data_folder import lock_data_folder
from storage.keys import file_key, path_under, upload_key
from tests.clients.programs import program_or_skip
from tests.databases import Template, opened


@pytest.fixture
async def settings(template: Template, tmp_path: Path) -> AsyncIterator[Settings]:
    """A data folder that a server has used, with a database and nothing else."""
    data = tmp_path / "data"
    lock_data_folder(data, is_shared=True).close()
    if template.url:
        program_or_skip("pg_dump", "postgres")
    before = os.umask(0o022)
    async with opened(template, data):
        yield Settings(data_dir=data, database_url=template.url)
    os.umask(before)


async def said_by_backup(settings: Settings, folder: Path, **pace: float) -> list[str]:
    said: list[str] = []
    assert await asyncio.to_thread(back_up, settings, folder, said.append, **pace) == 0
    return said


def store(settings: Settings, key: str, content: bytes) -> None:
    path = path_under(settings.data_dir, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


async def stored_upload(settings: Settings, number: int, content: bytes, **columns: Any) -> Upload:
    id_ = f"upload-1-{number:012x}"
    store(settings, upload_key(id_), content)
    values = {"status": UploadStatus.COMPLETED, "size_bytes": len(content), "offset_bytes": len(content), **columns}
    return await Upload.create(id=id_, owner_id="user-1", filename="a", content_type="a/b", **values)


async def stored_file(settings: Settings, number: int, **columns: Any) -> File:
    id_ = f"file-1-{number:012x}"
    store(settings, file_key(id_), b"result")
    return await File.create(
        id=id_, job_id="task-1", owner_id="user-1", role=FileRole.RESULT, name="a", content_type="a/b", size_bytes=6,
        sha256="", storage_key=file_key(id_), **columns,
    )  # fmt: skip


def keys_in(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix() for room in ("uploads", "files") for path in (folder / room).rglob("*-*")
    }


async def test_every_byte_that_the_database_names_is_taken_and_no_other(settings: Settings, tmp_path: Path) -> None:
    await Job.create(
        id="task-1", owner_id="user-1", type=JobType.TASK, kind="demo", status=JobStatus.COMPLETED, options={}
    )
    whole = await stored_upload(settings, 1, b"whole")
    empty = await stored_upload(settings, 2, b"")
    half = await stored_upload(
        settings, 3, b"confirmed, and more", status=UploadStatus.UPLOADING, size_bytes=100, offset_bytes=9
    )
    part = await stored_upload(settings, 4, b"part", status=UploadStatus.DELETED, is_partial=True)
    final = await Upload.create(
        id="upload-1-final", owner_id="user-1", filename="a", content_type="a/b", concat="final;", is_stored=False,
        size_bytes=4, offset_bytes=4, status=UploadStatus.COMPLETED,
    )  # fmt: skip
    await UploadPart.create(final_id=final.id, part_id=part.id, position=0)
    await stored_upload(settings, 5, b"gone", status=UploadStatus.DELETED)
    await stored_upload(settings, 6, b"", status=UploadStatus.UPLOADING, size_bytes=7)
    result = await stored_file(settings, 1)
    await stored_file(settings, 2, expires_at=now())
    store(settings, file_key("file-1-nobody"), b"no row names it")
    said = await said_by_backup(settings, tmp_path / "backup")

    named = {upload_key(upload.id): upload for upload in (whole, empty, half, part)}
    assert keys_in(tmp_path / "backup") == {*named, file_key(result.id)}
    contents = [path_under(tmp_path / "backup", key).read_bytes() for key in named]
    assert contents == [b"whole", b"", b"confirmed", b"part"]
    assert said == [f"Backed up to {tmp_path / 'backup'}: the database and 5 files (24 bytes)."]


async def test_what_goes_while_it_is_copied_is_named_by_no_row_of_the_backup_and_what_comes_is_in_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second goes once it is copied; the third comes then, and goes just before it would be; the fourth comes then."""
    keys = {number: upload_key(f"upload-1-{number:012x}") for number in range(1, 5)}
    await stored_upload(settings, 1, b"stays")
    await stored_upload(settings, 2, b"goes")
    loop, copy = asyncio.get_running_loop(), backup._copy_rest

    async def exchange(going: int) -> None:
        """As `delete_upload` removes: first the row says so, then the bytes go."""
        await Upload.filter(id=keys[going][-len("upload-1-") - 12 :]).update(status=UploadStatus.DELETED)
        path_under(settings.data_dir, keys[going]).unlink()
        await stored_upload(settings, going + 1, b"comes")

    def copy_while_things_change(source: Path, target: Path, key: str, size: int, tell: Any) -> bool:
        if key == keys[3] and path_under(source, key).exists():
            asyncio.run_coroutine_threadsafe(exchange(3), loop).result(10)
        is_copied = copy(source, target, key, size, tell)
        if key == keys[2] and path_under(source, key).exists():
            asyncio.run_coroutine_threadsafe(exchange(2), loop).result(10)
        return is_copied

    monkeypatch.setattr(backup, "_copy_rest", copy_while_things_change)
    (line,) = await said_by_backup(settings, tmp_path / "backup")

    assert keys_in(tmp_path / "backup") == {keys[1], keys[4]}
    assert "and 2 files (10 bytes)" in line


async def test_what_takes_long_is_told_as_it_goes(settings: Settings, tmp_path: Path) -> None:
    await stored_upload(settings, 1, b"a" * 1_500_000)
    await stored_upload(settings, 2, b"b" * 1_500_000)
    *told, _ = await said_by_backup(settings, tmp_path / "backup", seconds_between_lines=0)

    assert [line for line in told if "files" in line] == [
        f"Copying the files: {done} of about 2.9 MiB" for done in ("1.0 MiB", "1.4 MiB", "2.4 MiB", "2.9 MiB")
    ]
    if not settings.database_url:
        assert told[-1].startswith("Copying the database: ")


async def test_bytes_that_are_lost_are_told_and_keep_nothing_else_from_being_saved(
    settings: Settings, tmp_path: Path
) -> None:
    kept, lost = await stored_upload(settings, 1, b"kept"), await stored_upload(settings, 2, b"lost")
    path_under(settings.data_dir, upload_key(lost.id)).unlink()
    said = await said_by_backup(settings, tmp_path / "backup")

    assert keys_in(tmp_path / "backup") == {upload_key(kept.id)}
    assert "the database and 1 file (4 bytes)." in said[0]
    assert said[1].startswith("Not whole on the disk: 1 file that the database names")


async def test_without_enough_room_nothing_is_begun(settings: Settings, tmp_path: Path) -> None:
    await stored_upload(settings, 1, b"", size_bytes=10**17, offset_bytes=10**17)
    with pytest.raises(Refusal) as refused:
        await said_by_backup(settings, tmp_path / "backup")

    assert refused.value.code is ErrorCode.INSUFFICIENT_STORAGE
    assert refused.value.message.startswith("The backup needs 93,132,257.5 GiB, and ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


async def test_a_folder_that_cannot_be_taken_is_left_as_it_is(settings: Settings, tmp_path: Path) -> None:
    full, link = tmp_path / "full", tmp_path / "link"
    full.mkdir()
    (full / "precious").write_text("x")
    link.symlink_to(settings.data_dir)
    (tmp_path / "begun.incomplete").mkdir()
    for folder, words in {
        full: "is there already",
        settings.data_dir: "lies in the data folder",
        settings.data_dir / "backups" / "first": "lies in the data folder",
        link / "below": "lies in the data folder",
        tmp_path / "begun": "a backup was broken off",
        full / "precious" / "below": "cannot be written to",
    }.items():
        with pytest.raises(Refusal, match=words):
            await said_by_backup(settings, folder)
    assert [path.name for path in full.iterdir()] == ["precious"]


async def test_a_data_folder_that_is_not_mounted_is_not_taken_for_one_that_lost_all(
    settings: Settings, tmp_path: Path
) -> None:
    await stored_upload(settings, 1, b"bytes")
    mounted = tmp_path / "mounted"
    settings.data_dir.rename(mounted)
    settings.data_dir.mkdir()

    sentence = "No server has used the data folder" if settings.database_url else "The database cannot be opened"
    with pytest.raises(Refusal, match=sentence):
        await said_by_backup(settings, tmp_path / "backup")
    assert not list(tmp_path.glob("backup*"))
    settings.data_dir.rmdir()
    mounted.rename(settings.data_dir)


async def test_an_empty_folder_is_taken(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    await said_by_backup(settings, tmp_path / "backup")

    assert any((tmp_path / "backup").iterdir())


async def test_a_backup_that_is_killed_can_be_told_from_a_whole_one(settings: Settings, tmp_path: Path) -> None:
    await stored_upload(settings, 1, b"whole")
    program = (
        "import os, sys; from pathlib import Path\n"
        "from background import backup; from base.settings import Settings\n"
        "settings = Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2])\n"
        "backup.back_up(settings, Path(sys.argv[3]), lambda said: os.kill(os.getpid(), 9), seconds_between_lines=0)\n"
    )
    command = [sys.executable, "-c", program, str(settings.data_dir), settings.database_url, str(tmp_path / "backup")]
    done = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, timeout=30)

    assert done.returncode == -signal.SIGKILL
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.incomplete", "data"]


async def test_postgresql_needs_pg_dump_which_is_told_in_a_sentence_and_sqlite_needs_no_program(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if not settings.database_url:
        await said_by_backup(settings, tmp_path / "backup")
        return
    with pytest.raises(Refusal, match=r"^The program pg_dump is not there: install"):
        await said_by_backup(settings, tmp_path / "backup")
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump: error: server version mismatch' >&2\nexit 1\n")
    (tmp_path / "pg_dump").chmod(0o700)
    with pytest.raises(Refusal, match=r"^The database cannot be written to a file \(pg_dump: error: server version"):
        await said_by_backup(settings, tmp_path / "backup")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "pg_dump"]


async def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lock_data_folder(data, is_shared=True).close()
    away = Settings(data_dir=data, database_url="postgres://u:hush@127.0.0.1:1/x")

    with pytest.raises(Refusal) as refused:
        await said_by_backup(away, tmp_path / "backup")

    assert refused.value.message.startswith("The database cannot be opened: ")
    assert "(postgres://u:(hidden)@127.0.0.1:1/x: " in refused.value.message
    assert "hush" not in refused.value.message
    assert not (tmp_path / "backup").exists()
