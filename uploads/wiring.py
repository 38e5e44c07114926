"""Services of this room, built once at start."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient, TransactionContext

from auth.quotas import Quotas
from auth.signatures import Signer
from auth.viewer import Viewer
from events.hub import Publisher
from models.database import transaction
from models.upload import Upload
from storage.ports import Storage
from uploads.checkpoints import Intervals
from uploads.digests import DigestCache
from uploads.intake import MemoryPool
from uploads.limits import ConcurrencyLimiter, Limits
from uploads.locks import UploadLocks
from uploads.tasks import Tasks

AfterCommit = Callable[[], Awaitable[None]]
"""What is told once the transaction is committed: events and permits for the queue; it must not raise."""

TransactionHook = Callable[[BaseDBAsyncClient, Upload], Awaitable[AfterCommit]]
"""What somebody else writes in the transaction that changed an upload; a refusal it raises undoes the change."""


@dataclass(frozen=True)
class Growth:
    """How one transaction moved an unfinished upload.

    Attributes:
        upload: The row as it is afterwards.
        new_bytes: How many more bytes of it are stored; negative where the disk lost some.
        is_sized: Whether its size was unknown before.
    """

    upload: Upload
    new_bytes: int
    is_sized: bool = False


GrowthHook = Callable[[BaseDBAsyncClient, Growth], Awaitable[AfterCommit]]
"""As `TransactionHook`; whoever keeps sums over uploads adds `new_bytes` and reads no other upload for it."""


Foresight = Callable[[BaseDBAsyncClient, str], None]
"""What is told just before an upload's row changes, with its id: which rows a hook will ask for right afterwards."""


def _foresee_nothing(_db: BaseDBAsyncClient, _upload_id: str) -> None:
    """The hooks ask for nothing."""


async def _anybody(_viewer: Viewer) -> None:
    """Everybody may make uploads."""


@dataclass(frozen=True)
class UploadServices:
    """Everything that the functions of this room work with.

    Attributes:
        base_url: The address of this server as the caller of an ASGI scope sees it, without a slash at the end.
        on_progress: Called in the transaction that commits more bytes, or the size, of an unfinished upload.
        on_completed: Called in the transaction in which an upload becomes complete, with its last bytes.
        on_gone: Called in the transaction in which an upload is deleted, rejected or expires unfinished.
        foresee_growth: For `on_progress` and `on_completed`.
        foresee_end: For `on_gone`.
        retention: How long an unfinished upload is kept after its last byte.
        checkpoints: How often bytes that arrive are made durable and told.
        check_creator: Refuses who may not make uploads now.
        removed: Ids of uploads that are gone, whose bytes are, too, and of which that is not noted yet.
        has_relative_location: Whether new uploads are told clients as a path instead of a whole address.
    """

    storage: Storage
    signer: Signer
    publisher: Publisher
    base_url: Callable[[Mapping[str, Any]], str]
    on_progress: GrowthHook
    on_completed: GrowthHook
    on_gone: TransactionHook
    foresee_growth: Foresight = _foresee_nothing
    foresee_end: Foresight = _foresee_nothing
    limits: Limits = field(default_factory=Limits)
    retention: timedelta = timedelta(hours=24)
    checkpoints: Intervals = field(default_factory=Intervals)
    check_creator: Callable[[Viewer], Awaitable[None]] = _anybody
    has_relative_location: bool = False
    locks: UploadLocks = field(default_factory=UploadLocks)
    digests: DigestCache = field(default_factory=DigestCache)
    limiter: ConcurrencyLimiter = field(default_factory=ConcurrencyLimiter)
    quotas: Quotas = field(default_factory=Quotas)
    memories: MemoryPool = field(default_factory=MemoryPool)
    removed: set[str] = field(default_factory=set)
    tasks: Tasks = field(default_factory=Tasks)

    def transaction(self) -> TransactionContext:
        """A transaction over uploads: as durable as their bytes."""
        return transaction(is_durable=self.storage.is_durable)
