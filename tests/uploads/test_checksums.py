import base64
import hashlib
import zlib

import google_crc32c
import pytest

from base.errors import ErrorCode, Refusal
from uploads.checksums import ALGORITHMS, Checksum, parse_checksum

DATA = bytes(range(256)) * 100


def base64_of(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        ("sha1", hashlib.sha1(DATA).digest()),
        ("md5", hashlib.md5(DATA).digest()),
        ("sha256", hashlib.sha256(DATA).digest()),
        ("sha512", hashlib.sha512(DATA).digest()),
        ("crc32", zlib.crc32(DATA).to_bytes(4, "big")),
        ("crc32c", google_crc32c.value(DATA).to_bytes(4, "big")),
    ],
)
def test_every_algorithm_is_computed_piece_by_piece(algorithm: str, digest: bytes) -> None:
    checksum = parse_checksum(f"{algorithm} {base64_of(digest)}")
    assert checksum == Checksum(algorithm, digest)
    assert checksum is not None
    running = checksum.running()
    for start in range(0, len(DATA), 1_000):
        running.update(memoryview(DATA)[start : start + 1_000])
    assert checksum.matches(running)
    running.update(b"x")
    assert not checksum.matches(running)


@pytest.mark.parametrize(("algorithm", "digest"), [("crc32", "cbf43926"), ("crc32c", "e3069283")])
def test_the_check_values_of_the_two_crcs(algorithm: str, digest: str) -> None:
    """Of the digits 1 to 9: see the catalogue of parametrised CRC algorithms, CRC-32/ISO-HDLC and CRC-32/ISCSI."""
    running = ALGORITHMS[algorithm]()
    running.update(b"123456789")
    assert running.digest().hex() == digest


def test_nothing_is_checked_where_nothing_was_sent() -> None:
    assert parse_checksum(None) is None


def test_spaces_around_it_do_not_matter() -> None:
    assert parse_checksum(" crc32  AAAAAA== ") == Checksum("crc32", bytes(4))


@pytest.mark.parametrize("value", ["AAAA", "AAAAAAAA", "AA=="])
def test_a_digest_of_another_length_matches_no_body(value: str) -> None:
    checksum = parse_checksum(f"crc32 {value}")
    assert checksum is not None
    assert not checksum.matches(checksum.running())


@pytest.mark.parametrize(
    "header", ["", "sha1", "crc64 AAAAAAAAAAA=", "CRC32 AAAAAA==", "crc32 AAAAAA", "crc32 _-AAAA=="]
)
def test_what_is_no_checksum_is_refused(header: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_checksum(header)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "Upload-Checksum")
