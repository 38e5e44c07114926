"""Services of receiving bytes, joined to the jobs that wait for uploads."""

from functools import partial

from auth.signatures import Signer
from base.redis import Redis
from base.settings import Settings
from jobs.inputs import foresee_using, foresee_waiting
from jobs.outbox import Outbox
from jobs.scheduling.external import check_may_upload
from jobs.upload_hooks import on_upload_completed, on_upload_progress, on_upload_removed
from storage.ports import Storage
from uploads.limits import Limits
from uploads.locks import UploadLocks
from uploads.redis_lock import RedisLock
from uploads.wiring import UploadServices
from web.proxies import base_url_of


def make_upload_services(
    settings: Settings, storage: Storage, signer: Signer, outbox: Outbox, redis: Redis | None
) -> UploadServices:
    """Services of uploads; locks are shared through Redis where there is one."""
    return UploadServices(
        storage=storage,
        signer=signer,
        publisher=outbox.publisher,
        base_url=partial(base_url_of, public_url=settings.public_url, trusted_proxies=settings.trusted_proxies),
        on_progress=partial(on_upload_progress, outbox=outbox),
        on_completed=partial(on_upload_completed, outbox=outbox),
        on_gone=partial(on_upload_removed, outbox=outbox),
        foresee_growth=foresee_waiting,
        foresee_end=foresee_using,
        check_creator=check_may_upload,
        limits=Limits(
            max_size_bytes=settings.max_upload_size,
            bytes_per_user=settings.upload_bytes_per_user,
            open_per_user=settings.open_uploads_per_user,
            running=settings.running_uploads,
            running_per_user=settings.running_uploads_per_user,
            min_bytes_per_second=settings.upload_min_speed,
        ),
        retention=settings.retention_uploads,
        has_relative_location=settings.upload_location == "relative",
        locks=UploadLocks(RedisLock(redis, settings.redis_prefix) if redis else None),
    )
