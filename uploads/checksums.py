"""Checksums of bodies: the client's claim and the computed one."""

import binascii
import hashlib
import hmac
import zlib
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import google_crc32c

from base.errors import ErrorCode, Refusal

Data = bytes | memoryview


class Running(Protocol):
    """A checksum of the bytes so far."""

    def update(self, data: Data, /) -> None:
        """Take `data` in."""

    def digest(self) -> bytes:
        """The checksum of all that was taken in."""


class _Crc:
    """A 32-bit CRC as a running checksum; its digest is big-endian, as hexadecimal CRCs are read."""

    def __init__(self, extend: Callable[[Data, int], int]) -> None:
        self._extend = extend
        self._value = 0

    def update(self, data: Data, /) -> None:
        self._value = self._extend(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


ALGORITHMS: dict[str, Callable[[], Running]] = {
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "crc32": lambda: _Crc(zlib.crc32),
    "crc32c": lambda: _Crc(lambda data, value: google_crc32c.extend(value, bytes(data))),
}
"""What clients may use, in the order in which it is told them."""


@dataclass(frozen=True)
class Checksum:
    """What the client says that the body amounts to."""

    algorithm: str
    digest: bytes

    def running(self) -> Running:
        """A checksum of the same kind, of no bytes yet."""
        return ALGORITHMS[self.algorithm]()

    def matches(self, running: Running) -> bool:
        """Whether `running` came to the same."""
        return hmac.compare_digest(self.digest, running.digest())


def parse_checksum(header: str | None) -> Checksum | None:
    """The value of Upload-Checksum: an algorithm, a space and the digest in Base64; None where it was not sent.

    A digest of another length than the algorithm's is one that no body has: whoever sends it is told so with 460.

    Raises:
        Refusal: BAD_INPUT for an algorithm that is not offered, and for what is no Base64.

    Source: tus 1.0.0, Checksum, Upload-Checksum.
    """
    if header is None:
        return None
    algorithm, _, value = header.strip().partition(" ")
    if algorithm not in ALGORITHMS or not value:
        raise _refusal(f"Upload-Checksum is an algorithm and a digest; this server knows {', '.join(ALGORITHMS)}.")
    try:
        return Checksum(algorithm, b64decode(value.strip(), validate=True))
    except (binascii.Error, ValueError):
        raise _refusal("The digest in Upload-Checksum is not Base64.") from None


def _refusal(message: str) -> Refusal:
    return Refusal(ErrorCode.BAD_INPUT, message, "Upload-Checksum")
