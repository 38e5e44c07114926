"""Inputs of new jobs: each wrong one is refused with its field."""

import pytest

from base.errors import ErrorCode, Refusal
from base.words import UploadStatus
from jobs.creation import NewJob
from jobs.lifecycle import create_job
from models.ids import new_id
from tests.databases import read_tables
from tests.job_harness import JobHarness, viewer_of


async def refused(harness: JobHarness, upload_ids: list[str]) -> Refusal:
    before = await read_tables()
    with pytest.raises(Refusal) as caught:
        await create_job(harness.viewer, harness.kind, NewJob("plain", {}, upload_ids), harness.outbox)
    assert await read_tables() == before
    assert (harness.events, harness.wake_ups) == ([], 0)
    assert caught.value.field == "input.uploadIds"
    return caught.value


async def test_too_few_too_many_and_the_same_upload_twice_are_refused(harness: JobHarness) -> None:
    ids = [(await harness.add_upload()).id for _ in range(4)]
    for given in ([], ids, [ids[0], ids[0]]):
        assert (await refused(harness, given)).code is ErrorCode.BAD_INPUT


async def test_uploads_that_are_not_there_are_refused_alike(harness: JobHarness) -> None:
    strangers = await harness.add_upload(owner_id=viewer_of("user-1754556928-0000000000ff").user_id)
    deleted = await harness.add_upload(status=UploadStatus.DELETED)
    for id_ in (strangers.id, deleted.id, new_id("upload"), new_id("batch")):
        refusal = await refused(harness, [id_])
        assert (refusal.code, refusal.message) == (ErrorCode.UPLOAD_NOT_FOUND, "There is no such upload.")


async def test_what_is_no_id_is_refused_as_such(harness: JobHarness) -> None:
    assert (await refused(harness, ["../../etc/passwd"])).code is ErrorCode.INVALID_ID


@pytest.mark.parametrize("status", [UploadStatus.REJECTED, UploadStatus.EXPIRED])
async def test_an_upload_that_will_never_be_complete_is_refused(harness: JobHarness, status: UploadStatus) -> None:
    upload = await harness.add_upload(status=status)
    assert (await refused(harness, [upload.id])).code is ErrorCode.INVALID_STATE


async def test_a_file_that_the_processor_does_not_take_is_refused(harness: JobHarness) -> None:
    upload = await harness.add_upload(name="a.TXT.exe")
    refusal = await refused(harness, [(await harness.add_upload(name="A.TXT")).id, upload.id])
    assert (refusal.code, refusal.message) == (
        ErrorCode.UNSUPPORTED_TYPE, "plain takes .txt; “a.TXT.exe” is none of them.",
    )  # fmt: skip
