"""A snapshot is one moment: what is committed later is neither read nor written."""

import asyncio
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from models import Upload
from models.snapshots import snapshot_of
from tests.clients.programs import program_or_skip
from tests.databases import Template, opened

_IDS = "SELECT id FROM uploads ORDER BY id"


async def add_upload(id_: str) -> None:
    await Upload.create(id=id_, owner_id="user-1", filename="a", content_type="a/b", size_bytes=1)


def ids_in(file: Path, template: Template) -> list[str]:
    """The uploads in what was written."""
    if not template.url:
        with snapshot_of(f"sqlite:///{file}", file.parent) as copy:
            return [id_ for (id_,) in copy.rows(_IDS)]
    command = [program_or_skip("pg_restore", "postgres"), "--data-only", "--table=uploads", "--file=-", str(file)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sorted(line.split("\t")[0] for line in printed.splitlines() if line.startswith("upload-"))


async def test_what_is_committed_later_is_not_in_it(template: Template, tmp_path: Path) -> None:
    program_or_skip("pg_dump", "postgres")
    target, told = tmp_path / "copy", list[int]()
    async with opened(template, tmp_path):
        await add_upload("upload-1")
        with ThreadPoolExecutor(1) as thread:
            do, stack = partial(asyncio.get_running_loop().run_in_executor, thread), ExitStack()
            snapshot = await do(stack.enter_context, snapshot_of(template.url, tmp_path))
            await add_upload("upload-2")
            assert await do(snapshot.rows, _IDS) == [("upload-1",)]
            size = await do(snapshot.size_bytes)
            await do(snapshot.write, target, told.append)
            await do(stack.close)
        assert await Upload.all().count() == 2

    assert await asyncio.to_thread(ids_in, target, template) == ["upload-1"]
    assert 0 < target.stat().st_size <= size
    assert told == sorted(told)


def test_no_file_is_made_where_there_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="unable to open database file"), snapshot_of("", tmp_path):
        pass

    assert list(tmp_path.iterdir()) == []
