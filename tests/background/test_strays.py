"""Bytes without a row go, once nobody can be about to write the row; all others stay."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from background import strays
from background.strays import ABANDONED_SECONDS, STRAY_SECONDS, Strays
from base.words import FileRole, Role, SlicePhase
from jobs.records import NewFile
from models import File, Upload, User
from models.fields import now
from models.ids import new_id
from storage.keys import file_key, upload_key
from storage.local import LocalStorage
from tests.workshop import Workshop


def left(shop: Workshop, key: str, seconds: float = STRAY_SECONDS + 60) -> Path:
    """A file at `key` that was written so long ago."""
    path = shop.folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(b"bytes")
    moment = time.time() - seconds
    os.utime(path, (moment, moment))
    return path


@pytest.fixture(autouse=True)
async def first_user(shop: Workshop) -> User:
    """Who was there a month ago, when the database was made."""
    born = now() - timedelta(days=30)
    return await User.create(id=shop.viewer.user_id, username="first", role=Role.USER, created_at=born)


async def sweep_all(shop: Workshop) -> int:
    """One whole round. Returns how much was removed."""
    sweeper = Strays(LocalStorage(shop.folder))
    return sum([await sweeper.sweep() for _ in range(512)])


async def test_old_bytes_without_a_row_go(shop: Workshop) -> None:
    paths = [left(shop, key(new_id(type_))) for key, type_ in ((file_key, "file"), (upload_key, "upload"))]
    paths.append(left(shop, f"{file_key(new_id('file'))}.part"))
    assert await sweep_all(shop) == 3
    assert not any(path.exists() for path in paths)


async def test_bytes_stay_while_their_row_may_be_on_the_way(shop: Workshop) -> None:
    path = left(shop, file_key(new_id("file")), STRAY_SECONDS - 60)
    assert await sweep_all(shop) == 0
    assert path.exists()


async def test_bytes_with_a_row_stay_however_old_they_are(shop: Workshop) -> None:
    upload = await shop.add_upload()
    job = await shop.plan(1)
    await shop.do_slice()
    id_ = new_id("file")
    await shop.finish(NewFile(id_, FileRole.RESULT, "a.csv", "text/csv", 5, "0" * 64, file_key(id_)))
    paths = [left(shop, file_key(id_)), left(shop, upload_key(upload.id))]
    assert await sweep_all(shop) == 0
    assert all(path.exists() for path in paths)
    await File.filter(job_id=job.id).delete()
    await Upload.filter(id=upload.id).delete()
    assert await sweep_all(shop) == 2


async def test_what_is_not_ours_stays(shop: Workshop) -> None:
    hidden = left(shop, "files/00/.nfs0000000000000001")
    other = left(shop, "guides/file.pdf")
    assert await sweep_all(shop) == 0
    assert hidden.exists()
    assert other.exists()


async def test_bytes_that_are_older_than_the_database_stay(shop: Workshop, first_user: User) -> None:
    path = left(shop, file_key(new_id("file")))
    await User.filter(id=first_user.id).update(created_at=now() - timedelta(seconds=STRAY_SECONDS))
    assert await sweep_all(shop) == 0
    await User.filter(id=first_user.id).update(created_at=now() - timedelta(seconds=STRAY_SECONDS + 120))
    assert await sweep_all(shop) == 1
    assert not path.exists()


async def test_many_strays_of_one_folder_all_go(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strays, "_NAMES_AT_ONCE", 2)
    for number in range(5):
        left(shop, f"files/00/file-1754556928-{number:010x}00")
    assert await sweep_all(shop) == 5


async def test_the_folder_of_a_lost_worker_goes_and_that_of_a_running_one_stays(shop: Workshop) -> None:
    await shop.add_job()
    claim = await shop.claim()
    assert claim.phase is SlicePhase.PLAN
    storage = LocalStorage(shop.folder)
    names = [f"work/{claim.slice_id}-{fence}-call" for fence in (claim.fence - 1, claim.fence)]
    for name in names:
        (await storage.make_folder(name) / "spooled").write_bytes(b"rows")
        left(shop, name, ABANDONED_SECONDS + 60)
    assert await Strays(storage).sweep() == 1
    assert [(shop.folder / name).exists() for name in names] == [False, True]


async def test_a_folder_just_left_stays_for_a_while(shop: Workshop) -> None:
    await LocalStorage(shop.folder).make_folder("work/1-1-call")
    assert await Strays(LocalStorage(shop.folder)).sweep() == 0
    assert (shop.folder / "work/1-1-call").exists()
