"""What receiving needs, in one value that the program builds at start."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from auth.signatures import Signer
from events.hub import Publisher
from models.upload import Upload
from storage.local import LocalStorage
from uploads.digests import Digests
from uploads.locks import UploadLocks

AfterCommit = Callable[[], Awaitable[None]]
"""What is told once the transaction is committed: events and permits for the queue; it must not raise."""

WithinTransaction = Callable[[BaseDBAsyncClient, Upload], Awaitable[AfterCommit]]
"""What somebody else writes in the transaction that changed an upload; a refusal it raises undoes the change."""


@dataclass(frozen=True)
class Receiver:
    """Everything that the functions of this room work with.

    Attributes:
        max_size_bytes: Largest upload.
        base_url: The address of this server as the caller of an ASGI scope sees it, without a slash at the end.
        on_progress: Called in the transaction that commits more bytes of an unfinished upload.
        on_completed: Called in the transaction of an upload's last byte, with the row as it is then.
        on_gone: Called in the transaction in which an upload is deleted.
        idle_seconds: How long a body may be silent before its connection is given up.
        reserved_bytes: Disk space that uploads leave free, so that the database can still be written.
    """

    storage: LocalStorage
    signer: Signer
    publisher: Publisher
    max_size_bytes: int
    base_url: Callable[[Mapping[str, Any]], str]
    on_progress: WithinTransaction
    on_completed: WithinTransaction
    on_gone: WithinTransaction
    idle_seconds: float = 60.0
    reserved_bytes: int = 64 * 1024**2
    locks: UploadLocks = field(default_factory=UploadLocks)
    digests: Digests = field(default_factory=Digests)
