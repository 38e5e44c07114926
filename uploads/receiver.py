"""What receiving needs, in one value that the program builds at start."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient, TransactionContext

from auth.signatures import Signer
from auth.viewer import Viewer
from events.hub import Publisher
from models.database import transaction
from models.upload import Upload
from storage.local import LocalStorage
from uploads.digests import Digests
from uploads.intake import Blocks
from uploads.limits import Limits, Places
from uploads.locks import UploadLocks
from uploads.tasks import Tasks

AfterCommit = Callable[[], Awaitable[None]]
"""What is told once the transaction is committed: events and permits for the queue; it must not raise."""

WithinTransaction = Callable[[BaseDBAsyncClient, Upload], Awaitable[AfterCommit]]
"""What somebody else writes in the transaction that changed an upload; a refusal it raises undoes the change."""


async def _anybody(_viewer: Viewer) -> None:
    """Everybody may make uploads."""


@dataclass(frozen=True)
class Receiver:
    """Everything that the functions of this room work with.

    Attributes:
        base_url: The address of this server as the caller of an ASGI scope sees it, without a slash at the end.
        on_progress: Called in the transaction that commits more bytes, or the size, of an unfinished upload.
        on_completed: Called in the transaction in which an upload becomes complete, with the row as it is then.
        on_gone: Called in the transaction in which an upload is deleted, rejected or expires unfinished.
        retention: How long an unfinished upload is kept after its last byte.
        check_creator: Refuses who may not make uploads now.
        has_relative_location: Whether new uploads are told clients as a path instead of a whole address.
    """

    storage: LocalStorage
    signer: Signer
    publisher: Publisher
    base_url: Callable[[Mapping[str, Any]], str]
    on_progress: WithinTransaction
    on_completed: WithinTransaction
    on_gone: WithinTransaction
    limits: Limits = field(default_factory=Limits)
    retention: timedelta = timedelta(hours=24)
    check_creator: Callable[[Viewer], Awaitable[None]] = _anybody
    has_relative_location: bool = False
    locks: UploadLocks = field(default_factory=UploadLocks)
    digests: Digests = field(default_factory=Digests)
    places: Places = field(default_factory=Places)
    blocks: Blocks = field(default_factory=Blocks)
    tasks: Tasks = field(default_factory=Tasks)

    def transaction(self) -> TransactionContext:
        """A transaction over uploads: as durable as their bytes."""
        return transaction(is_durable=self.storage.is_durable)
