"""Bytes of uploads that are gone: removed in the end, whatever came in between."""

from dataclasses import replace
from pathlib import Path

import pytest

from base.words import UploadStatus
from models.fields import now
from models.upload import Upload
from storage.keys import upload_key
from storage.local.storage import LocalStorage
from tests.stored_paths import stored_path
from tests.uploads.app_for_tests import Recorder, announced, append, concatenated, path_of, reread, stored_upload
from uploads.lifecycle import delete_upload
from uploads.removal import remove_bytes, sweep_removed
from uploads.retention import sweep_overdue
from uploads.wiring import UploadServices


@pytest.mark.parametrize("status", [UploadStatus.DELETED, UploadStatus.EXPIRED, UploadStatus.REJECTED])
async def test_what_a_crash_left_on_the_disk_is_removed_once(services: UploadServices, status: UploadStatus) -> None:
    upload, other = await stored_upload(services, b"abc"), await stored_upload(services, b"def")
    await Upload.filter(id=upload.id).update(status=status)
    assert await sweep_removed(services) == 1
    assert (path_of(services, upload).exists(), path_of(services, other).exists()) == (False, True)
    assert ((await reread(upload)).is_stored, (await reread(other)).is_stored) == (False, True)
    assert await sweep_removed(services) == 0


async def test_the_sweep_notes_what_was_removed_and_touches_it_no_more(
    services: UploadServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, other = await stored_upload(services, b"abc"), await stored_upload(services, b"def")
    await delete_upload(services, upload.id)
    await Upload.filter(id=other.id).update(status=UploadStatus.DELETED)
    touched, remove = list[str](), LocalStorage.remove

    async def watch(storage: LocalStorage, key: str) -> None:
        touched.append(key)
        await remove(storage, key)

    monkeypatch.setattr(LocalStorage, "remove", watch)
    assert await sweep_removed(services) == 1
    assert touched == [upload_key(other.id)]
    assert not (await reread(upload)).is_stored
    assert services.removed == set()


async def test_what_was_removed_before_a_crash_is_noted_by_the_next_process(services: UploadServices) -> None:
    upload = await stored_upload(services, b"abc")
    await delete_upload(services, upload.id)
    assert await sweep_removed(replace(services, removed=set())) == 1
    assert not (await reread(upload)).is_stored
    assert await sweep_removed(services) == 0
    assert services.removed == set()


async def test_what_could_not_be_removed_at_once_is_left_to_the_sweep(services: UploadServices) -> None:
    upload = await stored_upload(services, b"abc")
    services.locks._wait_seconds = 0.05
    async with services.locks.acquire(upload.id):
        await delete_upload(services, upload.id)
        assert path_of(services, upload).exists()
    assert await sweep_removed(services) == 1
    assert not path_of(services, upload).exists()


async def test_a_disk_that_refuses_is_asked_again(services: UploadServices, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = await stored_upload(services, b"abc")
    await Upload.filter(id=upload.id).update(status=UploadStatus.DELETED)

    async def refuse(_storage: LocalStorage, _key: str) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(LocalStorage, "remove", refuse)
        with pytest.raises(PermissionError):
            await sweep_removed(services)
    assert (await reread(upload)).is_stored
    assert await sweep_removed(services) == 1
    assert not path_of(services, upload).exists()


async def test_the_parts_of_a_concatenation_are_not_removed_before_it(services: UploadServices) -> None:
    final = await concatenated(services, b"ab", b"c")
    part = (await Upload.filter(is_partial=True).order_by("created_at"))[0]
    await delete_upload(services, part.id)
    assert await sweep_removed(services) == 0
    assert path_of(services, part).read_bytes() == b"ab"
    await Upload.filter(id=final.id).update(status=UploadStatus.EXPIRED)
    assert await sweep_removed(services) == 1
    assert not path_of(services, part).exists()


async def test_what_somebody_still_writes_to_is_left_to_the_sweep(services: UploadServices) -> None:
    upload = await stored_upload(services, b"abc")
    await Upload.filter(id=upload.id).update(status=UploadStatus.DELETED)
    services.locks._wait_seconds = 0.05
    async with services.locks.acquire(upload.id):
        assert not await remove_bytes(services, upload.id)
        assert path_of(services, upload).exists()
    assert await remove_bytes(services, upload.id)


async def test_more_than_one_handful_is_removed_in_one_sweep(services: UploadServices) -> None:
    for _ in range(5):
        await stored_upload(services, b"abc")
    await Upload.all().update(status=UploadStatus.DELETED)
    assert await sweep_removed(services, at_once=2) == 5
    assert list(Path(stored_path(services.storage, "uploads")).glob("*/*")) == []


async def test_only_what_is_unfinished_and_overdue_expires(services: UploadServices, recorder: Recorder) -> None:
    overdue, young, complete = await announced(services, 3), await announced(services, 3), await announced(services, 3)
    await append(services, complete.id, 0, b"abc")
    await Upload.filter(id__in=[overdue.id, complete.id]).update(expires_at=now())
    assert await sweep_overdue(services) == 1
    statuses = [(await reread(upload)).status for upload in (overdue, young, complete)]
    assert statuses == [UploadStatus.EXPIRED, UploadStatus.UPLOADING, UploadStatus.COMPLETED]
    assert [gone.id for gone in recorder.gone] == [overdue.id]
    assert await sweep_overdue(services) == 0
