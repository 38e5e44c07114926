"""One keep-alive HTTP/1.1 connection on a plain socket: cheap, so that it takes little from the server beside it."""

import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

READ_BYTES = 2**20


class UnexpectedAnswer(Exception):  # noqa: N818 (it reads as what happened)
    """The server did not answer what the protocol says."""


@dataclass(frozen=True)
class Piece:
    """Some bytes of an open file, which the kernel sends without showing them to us."""

    descriptor: int
    offset: int
    size: int


class Connection:
    """To the server at `base_url`; one request after the other."""

    def __init__(self, base_url: str) -> None:
        address = urlsplit(base_url)
        self._host = address.netloc
        self._socket = socket.create_connection((address.hostname, address.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()
        self._socket.close()

    def ask(
        self, wanted: int, method: str, path: str, headers: Mapping[str, str], piece: Piece | None = None
    ) -> dict[str, str]:
        """Send a request, read the whole answer, and return its headers, their names in lower case.

        Raises:
            UnexpectedAnswer: Its status is not `wanted`.
        """
        self._send(method, path, headers, piece)
        answered, body = self._read_head(wanted, f"{method} {path}")
        for _ in body:
            pass
        return answered

    def read(self, path: str, headers: Mapping[str, str]) -> tuple[dict[str, str], Iterator[bytes]]:
        """The headers and the body of what lies at `path`; the body must be read to its end before the next request."""
        self._send("GET", path, headers, None)
        return self._read_head(200, f"GET {path}")

    def _send(self, method: str, path: str, headers: Mapping[str, str], piece: Piece | None) -> None:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}", *(f"{name}: {headers[name]}" for name in headers)]
        if method in {"POST", "PATCH"}:
            lines.append(f"Content-Length: {piece.size if piece else 0}")
        head = "\r\n".join([*lines, "", ""]).encode()
        if piece is None:
            self._socket.sendall(head)
            return
        self._socket.sendall(head, socket.MSG_MORE)
        sent = 0
        while sent < piece.size:
            sent += os.sendfile(self._socket.fileno(), piece.descriptor, piece.offset + sent, piece.size - sent)

    def _read_head(self, wanted: int, request: str) -> tuple[dict[str, str], Iterator[bytes]]:
        status = self._reader.readline().decode()
        headers: dict[str, str] = {}
        while (line := self._reader.readline().decode().rstrip("\r\n")) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = self._body(headers, has_any=wanted != 204)
        if status.split()[1:2] != [str(wanted)]:
            raise UnexpectedAnswer(f"{request}: {status.strip() or 'the connection was closed'}, wanted {wanted}.")
        return headers, body

    def _body(self, headers: Mapping[str, str], *, has_any: bool) -> Iterator[bytes]:
        if not has_any:
            return
        if headers.get("transfer-encoding") == "chunked":
            while size := int(self._reader.readline(), 16):
                yield from self._exactly(size)
                self._reader.readline()
            self._reader.readline()
        else:
            yield from self._exactly(int(headers.get("content-length", "0")))

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            part = self._reader.read(min(size, READ_BYTES))
            if not part:
                raise UnexpectedAnswer("The connection was closed within an answer.")
            size -= len(part)
            yield part
