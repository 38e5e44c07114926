"""Orphaned blobs go after a week, all others stay."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from background.orphans import ABANDONED_SECONDS, NAMES_AT_ONCE, ORPHAN_SECONDS, OrphanCollector
from base.words import FileRole, Role, SlicePhase
from jobs.recording.files import NewFile
from models import File, Upload, User
from models.fields import now
from models.ids import new_id
from storage.keys import file_key, upload_key
from storage.local.storage import LocalStorage
from tests.job_harness import JobHarness


def left(harness: JobHarness, key: str, seconds: float = ORPHAN_SECONDS + 60) -> Path:
    """A file at `key` that was written so long ago."""
    path = harness.folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(b"bytes")
    moment = time.time() - seconds
    os.utime(path, (moment, moment))
    return path


@pytest.fixture(autouse=True)
async def first_user(harness: JobHarness) -> User:
    """Who was there a month ago, when the database was made."""
    born = now() - timedelta(days=30)
    return await User.create(id=harness.viewer.user_id, username="first", role=Role.USER, created_at=born)


async def sweep_all(harness: JobHarness, names_at_once: int = NAMES_AT_ONCE) -> int:
    """One whole round. Returns how much was removed."""
    sweeper = OrphanCollector(LocalStorage(harness.folder), names_at_once)
    return sum([await sweeper.collect() for _ in range(768)])


async def test_old_bytes_without_a_row_go(harness: JobHarness) -> None:
    paths = [left(harness, key(new_id(type_))) for key, type_ in ((file_key, "file"), (upload_key, "upload"))]
    paths.append(left(harness, f"{file_key(new_id('file'))}.part"))
    assert await sweep_all(harness) == 3
    assert not any(path.exists() for path in paths)


async def test_bytes_stay_while_their_row_may_be_on_the_way(harness: JobHarness) -> None:
    path = left(harness, file_key(new_id("file")), ORPHAN_SECONDS - 60)
    assert await sweep_all(harness) == 0
    assert path.exists()


async def test_bytes_with_a_row_stay_however_old_they_are(harness: JobHarness) -> None:
    upload = await harness.add_upload()
    job = await harness.plan(1)
    await harness.do_slice()
    id_ = new_id("file")
    await harness.finish(NewFile(id_, FileRole.RESULT, "a.csv", "text/csv", 5, "0" * 64, file_key(id_)))
    paths = [left(harness, file_key(id_)), left(harness, upload_key(upload.id))]
    assert await sweep_all(harness) == 0
    assert all(path.exists() for path in paths)
    await File.filter(job_id=job.id).delete()
    await Upload.filter(id=upload.id).delete()
    assert await sweep_all(harness) == 2


async def test_what_is_not_ours_stays(harness: JobHarness) -> None:
    hidden = left(harness, "files/00/.nfs0000000000000001")
    other = left(harness, "guides/file.pdf")
    assert await sweep_all(harness) == 0
    assert hidden.exists()
    assert other.exists()


async def test_bytes_that_are_older_than_the_database_stay(harness: JobHarness, first_user: User) -> None:
    path = left(harness, file_key(new_id("file")))
    await User.filter(id=first_user.id).update(created_at=now() - timedelta(seconds=ORPHAN_SECONDS))
    assert await sweep_all(harness) == 0
    await User.filter(id=first_user.id).update(created_at=now() - timedelta(seconds=ORPHAN_SECONDS + 120))
    assert await sweep_all(harness) == 1
    assert not path.exists()


async def test_many_orphans_of_one_folder_all_go(harness: JobHarness) -> None:
    for number in range(5):
        left(harness, f"files/00/file-1754556928-{number:010x}00")
    assert await sweep_all(harness, names_at_once=2) == 5


async def test_the_folder_of_a_lost_worker_goes_and_that_of_a_running_one_stays(harness: JobHarness) -> None:
    await harness.add_job()
    claim = await harness.claim()
    assert claim.phase is SlicePhase.PLAN
    storage = LocalStorage(harness.folder)
    names = [f"work/{claim.first.id}-{fence}-call" for fence in (claim.fence - 1, claim.fence)]
    for name in names:
        (await storage.make_folder(name) / "spooled").write_bytes(b"rows")
        left(harness, name, ABANDONED_SECONDS + 60)
    assert await OrphanCollector(storage).collect() == 1
    assert [(harness.folder / name).exists() for name in names] == [False, True]


async def test_a_folder_just_left_stays_for_a_while(harness: JobHarness) -> None:
    await LocalStorage(harness.folder).make_folder("work/1-1-call")
    assert await OrphanCollector(LocalStorage(harness.folder)).collect() == 0
    assert (harness.folder / "work/1-1-call").exists()
