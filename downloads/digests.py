"""Checksums that servers send, and those of the bytes that came."""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from anyio.to_thread import run_sync

from storage.ports import Blob, Data
from uploads.checksums import ALGORITHMS, Running

_HASH_BYTES = 64 * 2**20
_LENGTHS = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64, "crc32": 4, "crc32c": 4}
_MEMBER = re.compile(r"\s*([a-z0-9*_.-]+)\s*=\s*:([A-Za-z0-9+/=]*):\s*")
_NAMES = {"md5": "md5", "sha": "sha1", "sha-1": "sha1", "sha-256": "sha256", "sha-512": "sha512", "crc32c": "crc32c"}
_AMAZON = {"crc32": "crc32", "crc32c": "crc32c", "sha1": "sha1", "sha256": "sha256"}


@dataclass(frozen=True, slots=True)
class ExpectedDigest:
    """What the whole file on the wire amounts to, by its server.

    Attributes:
        header: The header that said so, for people.
        algorithm: One of `uploads.checksums.ALGORITHMS`.
        value: Base64.
    """

    header: str
    algorithm: str
    value: str

    def matches(self, digest: bytes) -> bool:
        return b64decode(self.value) == digest


def parse_digests(headers: Mapping[str, str], *, is_partial: bool) -> tuple[ExpectedDigest, ...]:
    """The digests of the whole representation; what is malformed or of an unknown algorithm is left out.

    Args:
        headers: Of the answer.
        is_partial: It is no 200: Content-Digest and Content-MD5 mean its part then, and are left out.

    Source: RFC 9530 (Repr-Digest, Content-Digest); RFC 3230 (Digest); RFC 1864 (Content-MD5); x-amz-checksum-* of S3, of
    one part uploads only; x-goog-hash of Google Cloud Storage.
    """
    found = [*_members("Repr-Digest", headers), *_old_members("Digest", headers), *_google(headers), *_amazon(headers)]
    if not is_partial:
        found += [*_members("Content-Digest", headers), *_one("Content-MD5", "md5", headers.get("Content-MD5", ""))]
    return tuple(found)


def _members(header: str, headers: Mapping[str, str]) -> Iterator[ExpectedDigest]:
    """A dictionary of structured fields: `sha-256=:BASE64:, …`."""
    for part in headers.get(header, "").split(","):
        if member := _MEMBER.fullmatch(part):
            yield from _one(header, _NAMES.get(member[1], ""), member[2])


def _old_members(header: str, headers: Mapping[str, str]) -> Iterator[ExpectedDigest]:
    for part in headers.get(header, "").split(","):
        name, _, value = part.strip().partition("=")
        yield from _one(header, _NAMES.get(name.lower(), ""), value)


def _google(headers: Mapping[str, str]) -> Iterator[ExpectedDigest]:
    yield from _old_members("x-goog-hash", headers)


def _amazon(headers: Mapping[str, str]) -> Iterator[ExpectedDigest]:
    """A value that ends in `-N` is one of parts, not of the file."""
    if headers.get("x-amz-checksum-type", "").upper() == "COMPOSITE":
        return
    for suffix, algorithm in _AMAZON.items():
        yield from _one(f"x-amz-checksum-{suffix}", algorithm, headers.get(f"x-amz-checksum-{suffix}", ""))


def _one(header: str, algorithm: str, value: str) -> Iterator[ExpectedDigest]:
    text = value.strip()
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return
    if len(raw) == _LENGTHS.get(algorithm, -1):
        yield ExpectedDigest(header, algorithm, b64encode(raw).decode())


class RunningDigests:
    """Several checksums of the bytes so far, as one."""

    def __init__(self, algorithms: Iterable[str]) -> None:
        self._running: dict[str, Running] = {name: ALGORITHMS[name]() for name in sorted(set(algorithms))}

    def update(self, data: Data, /) -> None:
        for running in self._running.values():
            running.update(data)

    def digest(self, algorithm: str) -> bytes:
        return self._running[algorithm].digest()


async def digests_of(blob: Blob, algorithms: Iterable[str]) -> RunningDigests:
    """The checksums of stored bytes, read back in threads, at most 64 MiB at a time.

    Raises:
        OSError: Fewer bytes are there.
    """
    digests = RunningDigests(algorithms)
    for start in range(0, blob.size, _HASH_BYTES):
        await run_sync(partial(_update, digests, blob, start, min(blob.size, start + _HASH_BYTES)))
    return digests


def _update(digests: RunningDigests, blob: Blob, start: int, end: int) -> None:
    for block in blob.blocks(start, end):
        digests.update(block)
