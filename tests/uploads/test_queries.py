import pytest

from base.errors import ErrorCode, Refusal
from base.words import UploadStatus
from models.upload import Upload
from tests.uploads.app_for_tests import ADMIN, OWNER, STRANGER, viewer_named
from uploads.lifecycle import NewUpload, create_upload
from uploads.metadata import described
from uploads.queries import find_stored_upload, find_upload, uploads_by_ids
from uploads.wiring import UploadServices

NAMED = described("a.csv", None, None)


@pytest.mark.parametrize("user_id", [OWNER, ADMIN])
async def test_owner_and_admin_see_an_upload_whatever_its_status(services: UploadServices, user_id: str) -> None:
    upload = await create_upload(services, NewUpload(OWNER, NAMED, 5))
    for status in UploadStatus:
        await Upload.filter(id=upload.id).update(status=status)
        assert (await find_upload(viewer_named(user_id), upload.id)).status is status


async def test_a_foreign_upload_is_as_unknown_as_none(services: UploadServices) -> None:
    upload = await create_upload(services, NewUpload(OWNER, NAMED, 5))
    refusals = []
    for upload_id in (upload.id, "upload-1754556928-12a41dbec0f3"):
        with pytest.raises(Refusal) as refused:
            await find_upload(viewer_named(STRANGER), upload_id)
        refusals.append((refused.value.code, refused.value.message))
    assert refusals[0] == refusals[1]
    assert refusals[0][0] is ErrorCode.UPLOAD_NOT_FOUND


@pytest.mark.parametrize(
    ("status", "http_status"), [(UploadStatus.DELETED, 404), (UploadStatus.REJECTED, 404), (UploadStatus.EXPIRED, 410)]
)
async def test_what_is_gone_cannot_be_sent_to(services: UploadServices, status: UploadStatus, http_status: int) -> None:
    upload = await create_upload(services, NewUpload(OWNER, NAMED, 5))
    await Upload.filter(id=upload.id).update(status=status)
    with pytest.raises(Refusal) as refused:
        await find_stored_upload(upload.id)
    assert refused.value.http_status == http_status


async def test_many_are_read_at_once_by_id(services: UploadServices) -> None:
    one, two = [await create_upload(services, NewUpload(OWNER, NAMED, size)) for size in (1, 2)]
    found = await uploads_by_ids([two.id, one.id, "upload-1754556928-12a41dbec0f3"])
    assert {id_: upload.size_bytes for id_, upload in found.items()} == {one.id: 1, two.id: 2}
