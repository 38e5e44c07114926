"""A small proxy of HTTP and SOCKS5 that can misbehave."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address

from tests.downloads.servers_for_tests import speaking


@dataclass
class SmallProxy:
    """One proxy.

    Attributes:
        leads_to: Whatever target it is told, it connects to this port of this machine; None: to what it is told.
        sign_in: User and password that it wants; None: anybody may come.
        refuses_with: The status of HTTP, or reply of SOCKS5, that it answers every target with.
        hangs_up: It ends each connection without an answer.
        told: How it was asked, and for which target, in order.
    """

    leads_to: int | None = None
    sign_in: tuple[str, str] | None = None
    refuses_with: int | None = None
    hangs_up: bool = False
    port: int = 0
    told: list[tuple[str, str, int]] = field(default_factory=list)

    def url(self, scheme: str, sign_in: str = "") -> str:
        return f"{scheme}://{sign_in}127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.hangs_up:
            await reader.read(1)
            return
        begin = await reader.readexactly(1)
        if begin == b"\x05":
            await self._socks5(reader, writer)
        else:
            await self._http(begin + await reader.readuntil(b"\r\n\r\n"), reader, writer)

    async def _socks5(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        method = 0 if self.sign_in is None else 2
        if method not in methods:
            writer.write(b"\x05\xff")
            return
        writer.write(bytes([5, method]))
        if self.sign_in is not None:
            await reader.readexactly(1)
            name = await reader.readexactly((await reader.readexactly(1))[0])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            is_good = (name.decode(), password.decode()) == self.sign_in
            writer.write(bytes([1, 0 if is_good else 1]))
            if not is_good:
                return
        kind = (await reader.readexactly(4))[3]
        size = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
        raw = await reader.readexactly(size)
        host = raw.decode() if kind == 3 else str(ip_address(raw))
        self.told.append(("socks5", host, int.from_bytes(await reader.readexactly(2), "big")))
        writer.write(bytes([5, self.refuses_with or 0, 0, 1, 0, 0, 0, 0, 0, 0]))
        if self.refuses_with is None:
            await self._relay(b"", reader, writer)

    async def _http(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, _ = head.decode("latin-1").split(" ", 2)
        lines = head.decode("latin-1").split("\r\n")[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if self.sign_in is not None:
            given = headers.get("proxy-authorization", "").removeprefix("Basic ")
            if b64decode(given).decode() != ":".join(self.sign_in):
                writer.write(b"HTTP/1.1 407 Sign in\r\nContent-Length: 0\r\n\r\n")
                return
        place = target if method == "CONNECT" else target.removeprefix("http://").partition("/")[0]
        host, _, port = (
            place.rpartition(":") if ":" in place.partition("]")[2] or place.count(":") == 1 else (place, "", "80")
        )
        self.told.append((method, host.strip("[]"), int(port)))
        if self.refuses_with is not None:
            writer.write(f"HTTP/1.1 {self.refuses_with} No\r\nContent-Length: 0\r\n\r\n".encode())
            return
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await self._relay(b"", reader, writer)
        else:
            path = "/" + target.removeprefix("http://").partition("/")[2]
            await self._relay(head.replace(target.encode("latin-1"), path.encode("latin-1"), 1), reader, writer)

    async def _relay(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, host, port = self.told[-1]
        place = (host, port) if self.leads_to is None else ("127.0.0.1", self.leads_to)
        its_reader, its_writer = await asyncio.open_connection(*place)
        its_writer.write(first)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, its_writer))
                group.create_task(_copy(its_reader, writer))
        finally:
            its_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    if writer.can_write_eof():
        writer.write_eof()


@asynccontextmanager
async def proxying(proxy: SmallProxy) -> AsyncIterator[SmallProxy]:
    """The proxy at a free port of this machine, while the block lasts."""
    async with speaking(proxy.serve) as proxy.port:
        yield proxy
