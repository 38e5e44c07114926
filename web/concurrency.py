"""Concurrency limiter for connections, and memory budget of running operations."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from prometheus_client import Gauge

from base.errors import ErrorCode, Refusal
from schema.documents import Document

SOCKET_BYTES = 16 * 2**20
"""What the running operations of one socket keep at most."""
WAITING_PER_ADDRESS = 100
"""Connections of one address that have not introduced themselves: more are told to try again."""
USER_BYTES = 64 * 2**20
"""What those of one user keep at one server, or of one address without a user."""
_JSON_GROWTH = 8
"""Parsed, a value takes so many times the bytes of its JSON: 8 of a list of numbers, 20 of one of empty lists."""
_RESERVED = Gauge(
    "waybill_socket_operation_bytes",
    "Memory that running operations of sockets and streams keep: documents, variables, ids.",
)


class ConcurrencyLimiter:
    """Concurrency limiter: counts what is open of each quota, of an account or of an address."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._counts: Counter[str] = Counter()

    def acquire(self, key: str) -> bool:
        """Take a slot for `key`; False where none is left."""
        if self.limit and self._counts[key] >= self.limit:
            return False
        self._counts[key] += 1
        return True

    def release(self, key: str) -> None:
        """Give the slot back."""
        self._counts[key] -= 1
        if not self._counts[key]:
            del self._counts[key]


@dataclass(frozen=True, slots=True, eq=False)
class Footprint:
    """What one running operation keeps.

    Attributes:
        document: Operations of one document share it.
        own_bytes: Of its variables, its id and its name.
    """

    document: Document
    own_bytes: int


def footprint_of(document: Document, *, json_bytes: int, text_characters: int) -> Footprint:
    """The footprint of an operation with variables of `json_bytes` in JSON, and with so many characters of id and name."""
    return Footprint(document, json_bytes * _JSON_GROWTH + text_characters * 4)


class MemoryBudget:
    """Bounds what the running operations of each socket and each user keep."""

    def __init__(self, *, socket_bytes: int = SOCKET_BYTES, user_bytes: int = USER_BYTES) -> None:
        self._limits = {"connection": socket_bytes, "user": user_bytes}
        self._bytes: Counter[object] = Counter()
        self._uses: Counter[tuple[object, Document]] = Counter()
        self._documents: Counter[Document] = Counter()

    def reserve(self, socket: object, user: str, footprint: Footprint) -> None:
        """Count `footprint` for both.

        Raises:
            Refusal: QUOTA_EXCEEDED, and nothing was counted.
        """
        for what, key in (("connection", socket), ("user", user)):
            if self._bytes[key] + self._added(key, footprint) > self._limits[what]:
                raise _too_much(what, self._limits[what])
        for key in (socket, user):
            self._bytes[key] += self._added(key, footprint)
            self._uses[key, footprint.document] += 1
        _RESERVED.inc(footprint.own_bytes + footprint.document.size_bytes * (not self._documents[footprint.document]))
        self._documents[footprint.document] += 1

    def release(self, socket: object, user: str, footprint: Footprint) -> None:
        """The operation has ended."""
        for key in (socket, user):
            _decrease(self._uses, (key, footprint.document), 1)
            _decrease(self._bytes, key, self._added(key, footprint))
        _decrease(self._documents, footprint.document, 1)
        _RESERVED.dec(footprint.own_bytes + footprint.document.size_bytes * (not self._documents[footprint.document]))

    def _added(self, key: object, footprint: Footprint) -> int:
        """What `footprint` adds for `key`, or takes away again: its document only where no other operation uses it."""
        return footprint.own_bytes + (0 if self._uses[key, footprint.document] else footprint.document.size_bytes)


def _decrease(counter: Counter[Any], key: object, by: int) -> None:
    counter[key] -= by
    if not counter[key]:
        del counter[key]


def _too_much(what: str, limit: int) -> Refusal:
    message = f"The running operations of one {what} keep at most {limit // 2**20} MiB: complete some first."
    return Refusal(ErrorCode.QUOTA_EXCEEDED, message)
