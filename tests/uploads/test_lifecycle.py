"""Creation, concatenation and end of uploads."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tortoise.connection import get_connection

from base.errors import ErrorCode, Refusal
from base.words import UploadStatus
from models.fields import now
from models.sql import Row
from models.upload import Upload, UploadPart
from tests.uploads.app_for_tests import (
    NAMED,
    OWNER,
    STRANGER,
    Recorder,
    announced,
    append,
    concatenated,
    limited,
    path_of,
    reread,
    sha256,
    stored_upload,
    until_stored,
)
from uploads.body import StopReason
from uploads.finishing import wait_until_finished
from uploads.lifecycle import (
    NewUpload,
    create_concatenation,
    create_upload,
    delete_upload,
    expire_finished,
    expire_unfinished,
)
from uploads.queries import content_of
from uploads.wiring import AfterCommit, Growth, UploadServices

# -------------------------------------------------------------------------------------------------------- beginning


async def test_a_new_upload_is_what_was_announced(services: UploadServices) -> None:
    upload = await create_upload(services, NewUpload(OWNER, NAMED, 5, "filename bGVhZHMuY3N2"))
    stored = await reread(upload)
    assert (stored.owner_id, stored.filename, stored.content_type, stored.external_id, stored.metadata) == (
        OWNER,
        "leads.csv",
        "text/csv",
        "crm-7",
        "filename bGVhZHMuY3N2",
    )
    assert (stored.size_bytes, stored.offset_bytes, stored.status, stored.version) == (5, 0, UploadStatus.UPLOADING, 1)


@pytest.mark.parametrize(("size", "code"), [(-1, ErrorCode.BAD_INPUT), (1024**3 + 1, ErrorCode.FILE_TOO_LARGE)])
async def test_a_size_that_cannot_be_is_refused(services: UploadServices, size: int, code: ErrorCode) -> None:
    with pytest.raises(Refusal) as refused:
        await announced(services, size)
    assert (refused.value.code, await Upload.all().count()) == (code, 0)


async def test_others_are_told_after_the_commit(services: UploadServices, recorder: Recorder) -> None:
    order = list[str]()

    async def on_completed(_connection: Any, _growth: Growth) -> AfterCommit:
        order.append("within")

        async def after() -> None:
            rows: list[Row] = await get_connection("default").execute_query_dict("SELECT status FROM uploads")
            order.append(f"after {rows[0]['status']}, {len(recorder.events)} told")

        return after

    upload = await announced(services, 3)
    await append(replace(services, on_completed=on_completed), upload.id, 0, b"abc")
    assert order == ["within", "after COMPLETED, 1 told"]


async def test_deleting_may_be_refused_by_those_who_use_the_upload(
    services: UploadServices, recorder: Recorder
) -> None:
    upload = await announced(services, 3)
    await append(services, upload.id, 0, b"abc")
    recorder.refusal = Refusal(ErrorCode.INVALID_STATE, "A job is reading it.")
    with pytest.raises(Refusal, match="is reading"):
        await delete_upload(services, upload.id)
    assert (await reread(upload)).status is UploadStatus.COMPLETED
    assert path_of(services, upload).read_bytes() == b"abc"


async def test_an_upload_is_deleted_once(services: UploadServices, recorder: Recorder) -> None:
    upload = await announced(services, 3)
    assert (await delete_upload(services, upload.id)).status is UploadStatus.DELETED
    with pytest.raises(Refusal) as refused:
        await delete_upload(services, upload.id)
    assert refused.value.code is ErrorCode.UPLOAD_NOT_FOUND
    assert len(recorder.gone) == 1


async def test_what_is_deleted_while_bytes_flow_stops_and_nothing_of_it_is_left(
    services: UploadServices, recorder: Recorder
) -> None:
    upload = await announced(services, 6)
    sending = asyncio.create_task(append(services, upload.id, 0, b"abc", 60))
    await until_stored(services, upload.id, 3)
    await delete_upload(services, upload.id)
    with pytest.raises(Refusal) as refused:
        await sending
    assert refused.value.code is ErrorCode.UPLOAD_NOT_FOUND
    assert ((await reread(upload)).status, path_of(services, upload).exists()) == (UploadStatus.DELETED, False)
    assert [gone.id for gone in recorder.gone] == [upload.id]


# ------------------------------------------------------------------------------------------------------------ expiry


async def test_the_time_of_an_upload_begins_anew_with_every_byte(services: UploadServices) -> None:
    upload = await announced(services, 6)
    assert upload.expires_at is not None
    assert abs((upload.expires_at - now()).total_seconds() - services.retention.total_seconds()) < 5
    await Upload.filter(id=upload.id).update(expires_at=now())
    await Upload.filter(id=upload.id).update(expires_at=upload.created_at + services.retention / 2)
    await append(services, upload.id, 0, b"abc")
    slid = await reread(upload)
    assert slid.expires_at is not None
    assert abs((slid.expires_at - slid.updated_at).total_seconds() - services.retention.total_seconds()) < 5
    assert (await append(services, upload.id, 3, b"def")).expires_at is None


async def test_an_overdue_upload_expires_with_its_bytes_and_what_waits_for_it(
    services: UploadServices, recorder: Recorder
) -> None:
    upload = await announced(services, 6)
    await append(services, upload.id, 0, b"abc")
    assert not await expire_unfinished(services, upload.id)
    assert (await reread(upload)).status is UploadStatus.UPLOADING
    await Upload.filter(id=upload.id).update(expires_at=now())
    assert await expire_unfinished(services, upload.id)
    assert ((await reread(upload)).status, path_of(services, upload).exists()) == (UploadStatus.EXPIRED, False)
    assert [gone.status for gone in recorder.gone] == [UploadStatus.EXPIRED]
    assert recorder.events[-1].row["status"] == "EXPIRED"
    assert not await expire_unfinished(services, upload.id)


async def test_a_finished_upload_does_not_expire_as_unfinished(services: UploadServices) -> None:
    upload = await stored_upload(services, b"abc")
    await Upload.filter(id=upload.id).update(expires_at=now())
    assert not await expire_unfinished(services, upload.id)
    assert path_of(services, upload).read_bytes() == b"abc"


async def test_a_finished_upload_that_is_used_is_kept(services: UploadServices, recorder: Recorder) -> None:
    upload = await stored_upload(services, b"abc")

    async def in_use(_db: Any, _upload: Upload) -> AfterCommit:
        raise Refusal(ErrorCode.INVALID_STATE, "A job is using this upload.")

    with pytest.raises(Refusal):
        await expire_finished(services, upload.id, in_use)
    assert (await reread(upload)).status is UploadStatus.COMPLETED
    assert path_of(services, upload).read_bytes() == b"abc"
    assert await expire_finished(services, upload.id, recorder.on_gone)
    assert ((await reread(upload)).status, path_of(services, upload).exists()) == (UploadStatus.EXPIRED, False)


# --------------------------------------------------------------------------------------------------- concatenations


async def content(services: UploadServices, upload: Upload) -> bytes:
    return b"".join((await content_of(services.storage, upload)).blocks(0, upload.size_bytes or 0))


async def test_a_concatenation_is_its_parts_in_order_without_copying_them(
    services: UploadServices, recorder: Recorder
) -> None:
    final = await concatenated(services, b"ab", b"", b"cde")
    assert (final.status, final.size_bytes, final.sha256) == (UploadStatus.COMPLETED, 5, sha256(b"abcde"))
    assert (await content(services, final), path_of(services, final).exists()) == (b"abcde", False)
    assert not final.is_partial
    told = [event.row["status"] for event in recorder.events if event.row["id"] == final.id]
    assert told == ["COMPLETED"]
    assert recorder.completed[-1].id == final.id


async def test_a_concatenation_is_finalising_until_its_checksum_is_known(services: UploadServices) -> None:
    parts = [(await stored_upload(services, part, "partial")).id for part in (b"ab", b"c")]
    final = await create_concatenation(services, NewUpload(OWNER, NAMED, None, "", "final;a b"), parts)
    assert (final.status, final.size_bytes, final.offset_bytes, final.sha256) == (UploadStatus.FINALISING, 3, 3, None)
    assert (await wait_until_finished(services, final, 5)).status is UploadStatus.COMPLETED


async def test_a_part_may_be_used_twice_and_in_several_concatenations(services: UploadServices) -> None:
    part = (await stored_upload(services, b"ab", "partial")).id
    for _ in range(2):
        final = await create_concatenation(services, NewUpload(OWNER, NAMED, None, "", "final;x"), [part, part])
        assert (await wait_until_finished(services, final, 5)).sha256 == sha256(b"abab")


async def test_what_cannot_be_a_part_is_refused_and_nothing_is_made(services: UploadServices) -> None:
    good = await stored_upload(services, b"ab", "partial")
    plain, unfinished = await stored_upload(services, b"cd"), await announced(services, 2, "partial")
    foreign = await announced(services, 0, "partial", STRANGER)
    deleted = await stored_upload(services, b"ef", "partial")
    await delete_upload(services, deleted.id)
    before = await Upload.all().count()
    for bad, code in (
        (plain.id, ErrorCode.BAD_INPUT),
        (unfinished.id, ErrorCode.BAD_INPUT),
        (foreign.id, ErrorCode.UPLOAD_NOT_FOUND),
        (deleted.id, ErrorCode.UPLOAD_NOT_FOUND),
        ("upload-1754556928-12a41dbec0f3", ErrorCode.UPLOAD_NOT_FOUND),
    ):
        with pytest.raises(Refusal) as refused:
            await create_concatenation(services, NewUpload(OWNER, NAMED, None, "", "final;x"), [good.id, bad])
        assert (refused.value.code, refused.value.field) == (code, "Upload-Concat")
    assert (await Upload.all().count(), await UploadPart.all().count()) == (before, 0)


async def test_a_concatenation_is_held_to_the_largest_size(services: UploadServices) -> None:
    parts = [(await stored_upload(services, part, "partial")).id for part in (b"abc", b"def")]
    with pytest.raises(Refusal) as refused:
        await create_concatenation(
            limited(services, max_size_bytes=5), NewUpload(OWNER, NAMED, None, "", "final;x"), parts
        )
    assert refused.value.code is ErrorCode.FILE_TOO_LARGE


async def test_the_bytes_of_a_part_stay_as_long_as_a_concatenation_needs_them(services: UploadServices) -> None:
    final = await concatenated(services, b"ab", b"c")
    links = await UploadPart.filter(final_id=final.id).order_by("position")
    first = await Upload.get(id=links[0].part_id)
    await delete_upload(services, first.id)
    assert (await reread(first)).status is UploadStatus.DELETED
    assert await content(services, final) == b"abc"
    await delete_upload(services, final.id)
    for link in links:
        part = await Upload.get(id=link.part_id)
        assert (part.status, path_of(services, part).exists()) == (UploadStatus.DELETED, False)


async def test_a_part_of_two_concatenations_goes_with_the_last(services: UploadServices) -> None:
    part = await stored_upload(services, b"ab", "partial")
    finals = []
    for _ in range(2):
        final = await create_concatenation(services, NewUpload(OWNER, NAMED, None, "", "final;x"), [part.id])
        finals.append(await wait_until_finished(services, final, 5))
    await delete_upload(services, finals[0].id)
    assert ((await reread(part)).status, await content(services, finals[1])) == (UploadStatus.COMPLETED, b"ab")
    await delete_upload(services, finals[1].id)
    assert ((await reread(part)).status, path_of(services, part).exists()) == (UploadStatus.DELETED, False)


async def test_a_concatenation_takes_no_bytes(services: UploadServices) -> None:
    final = await concatenated(services, b"ab")
    with pytest.raises(Refusal) as refused:
        await append(services, final.id, 2, b"c")
    assert (refused.value.code, refused.value.http_status) == (ErrorCode.FORBIDDEN, 403)


async def test_deleting_a_concatenation_that_is_being_finished_stops_the_reading(services: UploadServices) -> None:
    parts = [(await stored_upload(services, b"ab", "partial")).id]
    final = await create_concatenation(services, NewUpload(OWNER, NAMED, None, "", "final;x"), parts)
    async with services.locks.acquire(final.id) as handle:
        asked = list[StopReason]()
        handle.on_release_requested(asked.append)
        deleting = asyncio.create_task(delete_upload(services, final.id))
        while not asked:  # noqa: ASYNC110  it comes with the lock's own request
            await asyncio.sleep(0.005)
    await deleting
    assert (await reread(final)).status is UploadStatus.DELETED
    with pytest.raises(Refusal):
        await wait_until_finished(services, final)
