"""Content codings that a server applied although it was not asked: undone in small steps.

A few bytes may decode to very many, so nothing here makes more than 256 KiB at a time.
"""

import zlib
from collections.abc import Iterator
from typing import Protocol

from base.errors import ErrorCode, Refusal

PIECE_BYTES = 256 * 1024
MAX_CODINGS = 3
_GZIP = 16 + zlib.MAX_WBITS
KNOWN = frozenset({"gzip", "x-gzip", "deflate"})


class Decoder(Protocol):
    """Undoes one coding."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What `data` decodes to, in pieces of at most 256 KiB; to be read to its end. Raises zlib.error."""

    @property
    def has_ended(self) -> bool:
        """Whether the coded stream came to its own end."""


class GzipDecoder:
    """One gzip member after the other; zeros may follow the last one (RFC 1952, section 2.2)."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP)
        self._is_empty = True

    def decode(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inflate.eof:
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._inflate = zlib.decompressobj(_GZIP)
            self._is_empty = False
            yield from _pieces(self._inflate, data)
            data = self._inflate.unused_data

    @property
    def has_ended(self) -> bool:
        return self._inflate.eof or self._is_empty


class DeflateDecoder:
    """zlib data, or bare deflate data as some servers send it (RFC 9110, section 8.4.1.2)."""

    def __init__(self) -> None:
        self._inflate: zlib._Decompress | None = None
        self._head = b""

    def decode(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            self._head += data
            if len(self._head) < 2:
                return
            is_zlib = self._head[0] & 0x0F == 8 and int.from_bytes(self._head[:2], "big") % 31 == 0
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
            data = self._head
        yield from _pieces(self._inflate, data)
        if self._inflate.unused_data:
            raise zlib.error("bytes follow the end")

    @property
    def has_ended(self) -> bool:
        return self._inflate.eof if self._inflate else not self._head


class Decoding:
    """Undoes all codings of a body, the last one first.

    Args:
        codings: As the header names them, each in `KNOWN`, at most `MAX_CODINGS`.
    """

    def __init__(self, codings: tuple[str, ...]) -> None:
        self._decoders: list[Decoder] = [
            DeflateDecoder() if coding == "deflate" else GzipDecoder() for coding in reversed(codings)
        ]

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What `data` decodes to, in pieces of at most 256 KiB.

        Raises:
            Refusal: CORRUPT_FILE: it is not what the header says.
        """
        try:
            yield from self._through(data, 0)
        except zlib.error as error:
            raise corrupt() from error

    def finish(self) -> None:
        """Raises CORRUPT_FILE where a coded stream did not come to its end."""
        if not all(decoder.has_ended for decoder in self._decoders):
            raise corrupt()

    def _through(self, data: bytes, index: int) -> Iterator[bytes]:
        if index == len(self._decoders):
            yield data
            return
        for piece in self._decoders[index].decode(data):
            yield from self._through(piece, index + 1)


def can_decode(codings: tuple[str, ...]) -> bool:
    """Whether all of them are known, and not too many."""
    return 0 < len(codings) <= MAX_CODINGS and KNOWN.issuperset(codings)


def corrupt() -> Refusal:
    """The coded stream is broken or cut."""
    message = "The server sent this file compressed, and the compressed bytes are broken or cut: fetch it again later."
    return Refusal(ErrorCode.CORRUPT_FILE, message)


def _pieces(inflate: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    while data and not inflate.eof:
        piece = inflate.decompress(data, PIECE_BYTES)
        data = inflate.unconsumed_tail
        if piece:
            yield piece
    # What the window still holds comes when more is asked for: a full piece may have left some behind.
    while not inflate.eof and (piece := inflate.decompress(b"", PIECE_BYTES)):
        yield piece
