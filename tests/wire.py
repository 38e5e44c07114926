"""Raw HTTP connections, which do what clients do when things go wrong: hang, leave, reset, send in pieces."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field

OFFSET_TYPE = "application/offset+octet-stream"


def path_in(url: str) -> str:
    """The path of an upload's URL."""
    return url[url.index("/files/") :]


@dataclass
class Wire:
    """A raw connection: it sends what it is told, in the pieces it is told, and closes as it is told."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes | str) -> None:
        self.writer.write(data.encode() if isinstance(data, str) else data)
        await self.writer.drain()

    async def request(self, method: str, path: str, *lines: str) -> None:
        """The head of a request; `lines` are header lines."""
        head = [f"{method} {path} HTTP/1.1", "Host: test", "Tus-Resumable: 1.0.0", *lines, "", ""]
        await self.send("\r\n".join(head))

    async def patch(self, path: str, offset: int, *lines: str) -> None:
        await self.request("PATCH", path, f"Upload-Offset: {offset}", f"Content-Type: {OFFSET_TYPE}", *lines)

    async def answer(self) -> tuple[int, dict[str, str]]:
        """Status and headers of the next answer; its body, if any, is read."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 30)).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(head[0].split()[1]), headers

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Wires:
    """Makes raw connections to one server, and closes them all."""

    port: int
    made: list[Wire] = field(default_factory=list)

    async def connect(self) -> Wire:
        self.made.append(Wire(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self.made[-1]

    async def close(self) -> None:
        for wire in self.made:
            wire.writer.close()
            with contextlib.suppress(OSError):
                await wire.writer.wait_closed()
