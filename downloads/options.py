"""Options of a transfer, checked."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from base.words import ProxyMode
from downloads.media_types import Category

USER_AGENT = "Waybill"
Headers = tuple[tuple[str, str], ...]
"""Names and values, each name once, however it is written."""
MAX_DECODED_BYTES = 10 * 2**30
"""Most that a body with a content coding may decode to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """How a file is fetched, and which is wanted.

    Attributes:
        categories: Kinds of files that are wanted.
        excluded_extensions: In lower case without the dot; not wanted.
        min_bytes: Least size; 0 = any.
        max_bytes: Most, held on the bytes that come, too; 0 = any.
        date_from: Files that changed earlier are not wanted; one without a date is.
        date_to: Files that changed later are not wanted.
        max_retries: Requests after the first one that failed in a way that may pass.
        retry_interval_seconds: Before the first retry; doubles.
        chunk_bytes: How many bytes a kill may lose, about.
        timeout_seconds: For the requests of one file together, pauses not counted; 0 = none.
        connect_timeout_seconds: To resolve the name, connect and agree on TLS.
        read_timeout_seconds: The longest silence, and the time over which less than 1 KiB a second is a stall.
        user_agent: Who asks.
        headers: Of the client's own, for the first origin only; see `downloads.own_headers`.
        expected_sha256: 64 hex digits; any other file is CHECKSUM_MISMATCH.
        proxy_mode: Whether there is a proxy on the way.
        proxy_url: With CUSTOM: which, with its credentials.
    """

    categories: frozenset[Category] = frozenset(Category)
    excluded_extensions: frozenset[str] = frozenset()
    min_bytes: int = 0
    max_bytes: int = 0
    date_from: datetime | None = None
    date_to: datetime | None = None
    max_retries: int = 3
    retry_interval_seconds: float = 2.0
    chunk_bytes: int = 2**20
    timeout_seconds: float = 0.0
    connect_timeout_seconds: float = 10.0
    read_timeout_seconds: float = 60.0
    user_agent: str = USER_AGENT
    headers: Headers = field(default=(), repr=False)
    expected_sha256: str | None = None
    max_decoded_bytes: int = MAX_DECODED_BYTES
    proxy_mode: ProxyMode = ProxyMode.NONE
    proxy_url: str | None = field(default=None, repr=False)

    def without_headers(self) -> Self:
        """The same for another origin than the first."""
        return replace(self, headers=())

    def with_headers(self, others: Headers) -> Self:
        """The same with `others` beside the headers that there are, which come first."""
        named = {name.lower() for name, _ in self.headers}
        return replace(self, headers=(*self.headers, *(each for each in others if each[0].lower() not in named)))
