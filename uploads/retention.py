"""Expire unfinished uploads."""

from models.fields import now
from uploads.lifecycle import expire_unfinished
from uploads.queries import overdue_upload_ids
from uploads.wiring import UploadServices

_AT_ONCE = 500


async def sweep_overdue(services: UploadServices) -> int:
    """Expire the unfinished uploads whose time is over; how many these were. Finished ones are not touched."""
    upload_ids = await overdue_upload_ids(now(), _AT_ONCE)
    return sum([await expire_unfinished(services, upload_id) for upload_id in upload_ids])
