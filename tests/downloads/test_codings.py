"""Undoing content codings, in small steps."""

import gzip
import zlib

import pytest

from base.errors import ErrorCode, Refusal
from downloads.codings import PIECE_BYTES, Decoding, can_decode

CONTENT = b"what was meant " * 50_000


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def decoded(codings: tuple[str, ...], data: bytes, step: int = 1_000) -> bytes:
    decoding = Decoding(codings)
    found = b"".join(
        piece for start in range(0, len(data), step) for piece in decoding.decode(data[start : start + step])
    )
    decoding.finish()
    return found


@pytest.mark.parametrize("step", [1, 1_000, 10**9])
@pytest.mark.parametrize(
    ("codings", "data"),
    [
        (("gzip",), gzip.compress(CONTENT)),
        (("x-gzip",), gzip.compress(CONTENT)),
        (("gzip",), gzip.compress(CONTENT[:400_000]) + gzip.compress(CONTENT[400_000:])),
        (("gzip",), gzip.compress(CONTENT) + bytes(700)),
        (("deflate",), zlib.compress(CONTENT)),
        (("deflate",), raw_deflate(CONTENT)),
        (("gzip", "gzip"), gzip.compress(gzip.compress(CONTENT))),
        (("deflate", "gzip"), gzip.compress(zlib.compress(CONTENT))),
    ],
)
def test_what_was_coded_comes_back(codings: tuple[str, ...], data: bytes, step: int) -> None:
    assert decoded(codings, data, step) == CONTENT


@pytest.mark.parametrize("codings", [("gzip",), ("deflate",), ("gzip", "deflate")])
def test_an_empty_body_is_an_empty_file(codings: tuple[str, ...]) -> None:
    assert decoded(codings, b"") == b""


@pytest.mark.parametrize(
    ("codings", "data"),
    [
        (("gzip",), gzip.compress(CONTENT)[:-1]),
        (("gzip",), gzip.compress(CONTENT)[:-9]),
        (("gzip",), gzip.compress(CONTENT)[:50]),
        (("gzip",), gzip.compress(CONTENT) + b"more"),
        (("gzip",), b"no gzip at all"),
        (("deflate",), zlib.compress(CONTENT)[:-1]),
        (("deflate",), zlib.compress(CONTENT) + b"more"),
        (("deflate",), b"x"),
        (("gzip", "gzip"), gzip.compress(gzip.compress(CONTENT)[:-1])),
    ],
)
def test_what_is_cut_or_broken_is_an_error(codings: tuple[str, ...], data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        decoded(codings, data)
    assert refused.value.code is ErrorCode.CORRUPT_FILE


@pytest.mark.parametrize("codings", [("gzip",), ("gzip", "gzip")])
def test_few_bytes_that_become_many_come_in_small_pieces(codings: tuple[str, ...]) -> None:
    data = bytes(20 * PIECE_BYTES)
    for _ in codings:
        data = gzip.compress(data)

    sizes = [len(piece) for piece in Decoding(codings).decode(data)]
    assert sum(sizes) == 20 * PIECE_BYTES
    assert max(sizes) <= PIECE_BYTES


@pytest.mark.parametrize(
    ("codings", "can"),
    [
        (("gzip",), True),
        (("deflate", "x-gzip"), True),
        (("br",), False),
        (("gzip", "zstd"), False),
        (("gzip",) * 4, False),
        ((), False),
    ],
)
def test_only_known_codings_are_undone(codings: tuple[str, ...], can: bool) -> None:
    assert can_decode(codings) is can
