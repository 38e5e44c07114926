"""Checksums that servers send."""

import hashlib
import zlib
from base64 import b64encode

import google_crc32c
import pytest
from multidict import CIMultiDict

from downloads.digests import RunningDigests, digests_of, parse_digests
from storage.ports import Storage

CONTENT = b"the content"


def b64(raw: bytes) -> str:
    return b64encode(raw).decode()


SHA256, MD5, SHA1 = (b64(hashlib.new(name, CONTENT).digest()) for name in ("sha256", "md5", "sha1"))
SHA512 = b64(hashlib.sha512(CONTENT).digest())
CRC32 = b64(zlib.crc32(CONTENT).to_bytes(4, "big"))
CRC32C = b64(google_crc32c.value(CONTENT).to_bytes(4, "big"))


@pytest.mark.parametrize(
    ("name", "value", "algorithms"),
    [
        ("Repr-Digest", f"sha-256=:{SHA256}:", ["sha256"]),
        ("Repr-Digest", f"unknown=:AAAA:, sha-512=:{SHA512}:", ["sha512"]),
        ("Digest", f"SHA-256={SHA256},md5={MD5}", ["sha256", "md5"]),
        ("x-goog-hash", f"crc32c={CRC32C},md5={MD5}", ["crc32c", "md5"]),
        ("x-amz-checksum-crc32", CRC32, ["crc32"]),
        ("x-amz-checksum-sha1", SHA1, ["sha1"]),
        ("x-amz-checksum-sha256", f"{SHA256}-3", []),
        ("Content-MD5", MD5, ["md5"]),
        ("Content-Digest", f"sha-256=:{SHA256}:", ["sha256"]),
        ("Repr-Digest", f"sha-256={SHA256}", []),
        ("Digest", "SHA-256=not base64", []),
        ("Digest", "SHA-256=AAAA", []),
        ("ETag", f'"{hashlib.md5(CONTENT).hexdigest()}"', []),
    ],
)
async def test_each_form_is_read_and_fits_the_bytes(name: str, value: str, algorithms: list[str]) -> None:
    found = parse_digests(CIMultiDict({name: value}), is_partial=False)

    assert [each.algorithm for each in found] == algorithms
    running, other = RunningDigests(algorithms), RunningDigests(algorithms)
    running.update(CONTENT)
    other.update(CONTENT[:-1])
    assert all(each.matches(running.digest(each.algorithm)) for each in found)
    assert not any(each.matches(other.digest(each.algorithm)) for each in found)


def test_digests_of_a_part_are_not_those_of_the_file() -> None:
    headers = CIMultiDict(
        {"Content-MD5": MD5, "Content-Digest": f"sha-256=:{SHA256}:", "Repr-Digest": f"sha-256=:{SHA256}:"}
    )

    assert [each.header for each in parse_digests(headers, is_partial=True)] == ["Repr-Digest"]


def test_a_checksum_of_parts_is_left_out() -> None:
    headers = CIMultiDict({"x-amz-checksum-crc32": CRC32, "x-amz-checksum-type": "COMPOSITE"})

    assert parse_digests(headers, is_partial=False) == ()


async def test_stored_bytes_are_read_back(storage: Storage) -> None:
    sink = await storage.open_sink("files/00/a", 0, None)
    await sink.write([CONTENT])
    await sink.finish()
    await sink.close()

    digests = await digests_of(storage.blob("files/00/a", len(CONTENT)), {"sha256", "crc32c"})
    assert (b64(digests.digest("sha256")), b64(digests.digest("crc32c"))) == (SHA256, CRC32C)
