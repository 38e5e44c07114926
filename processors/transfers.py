"""Transfers of a call that fetches files: which are coming in, from which hosts, how fast."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ActiveItem:
    """A file in transfer: its bytes so far, and in all where that is known."""

    index: int
    processed_bytes: int
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class HostState:
    """A host that files come from; `waiting_until` where it is left alone until then."""

    name: str
    active_transfers: int
    waiting_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferState:
    """How a download stands.

    Attributes:
        processed_bytes: Of all its files, as they came over the wire.
        total_bytes: Of all its files; None while one of them is unknown.
        bytes_per_second: Moving average; None when nothing moves.
        active: The files in transfer now.
        hosts: Where they come from, and which of them are waited for.
        final_url: After redirects, without credentials; None leaves it as it was told before.
        is_resumable: Whether a break keeps what was fetched; None leaves it as it was told before.
        fraction: How far the call is, 0 to 1.
        message: A sentence for people, where there is more to say than the stage does.
    """

    processed_bytes: int
    total_bytes: int | None = None
    bytes_per_second: float | None = None
    active: Sequence[ActiveItem] = ()
    hosts: Sequence[HostState] = ()
    final_url: str | None = None
    is_resumable: bool | None = None
    fraction: float = 0.0
    message: str = ""
