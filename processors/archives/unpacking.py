"""Streams of packed bytes: stored, and raw deflate (RFC 1951)."""

import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

CHUNK = 2**20
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Those that are unpacked here."""


class Damaged(Exception):  # noqa: N818  its catcher has the sentence
    """The packed bytes are broken or cut off."""


def unpack_stored(file: BinaryIO, size: int, chunk_bytes: int) -> Iterator[bytes]:
    """`size` bytes from where `file` stands, or fewer if it ends before, in chunks of at most `chunk_bytes`."""
    while size > 0 and (chunk := file.read(min(chunk_bytes, size))):
        size -= len(chunk)
        yield chunk


def unpack_deflated(file: BinaryIO, size: int, chunk_bytes: int) -> Iterator[bytes]:
    """What `size` bytes of raw deflate data hold, in chunks of at most `chunk_bytes`. Raises Damaged."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for data in unpack_stored(file, size, chunk_bytes):
            chunk = inflate.decompress(data, chunk_bytes)
            while chunk:
                yield chunk
                chunk = inflate.decompress(inflate.unconsumed_tail, chunk_bytes) if not inflate.eof else b""
    except zlib.error as error:
        raise Damaged from error
    if not inflate.eof:
        raise Damaged
