"""Answers that end their connection amid a body, over real sockets."""

import asyncio
import socket
from typing import Any

import pytest

from tests.web.connections_for_tests import Collector, Run, length_of, served
from uploads.body import EXTENSION
from web.admission import Admission
from web.connection import ConnectionLimits

BODY = bytes(8 * 2**20)
"""More than the buffers of two sockets hold."""
CLOSING = "POST / HTTP/1.1\r\nHost: test\r\nConnection: close"
OLD = "POST / HTTP/1.0\r\nHost: test"


class WatchedAdmission(Admission):
    """Tells when a connection is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.has_left = asyncio.Event()

    def leave(self, key: str) -> None:
        super().leave(key)
        self.has_left.set()


async def refuse(_scope: Any, _receive: Any, _send: Any) -> tuple[int, bytes]:
    return 413, b"too large"


async def refuse_after_a_while(scope: Any, _receive: Any, _send: Any) -> tuple[int, bytes]:
    """The body is taken over, and not read to its end."""
    collector = Collector(limit=1)
    reader = scope["extensions"][EXTENSION](collector, length_of(scope))
    await collector.done.wait()
    reader.release()
    return 413, b"too large"


def heard_after_sending(port: int, head: str) -> bytes:
    """What a client reads that sends all of its body first."""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(f"{head}\r\nContent-Length: {len(BODY)}\r\n\r\n".encode())
        client.sendall(BODY)
        heard = b""
        while part := client.recv(65_536):
            heard += part
        return heard


@pytest.mark.parametrize("answer", [refuse, refuse_after_a_while])
@pytest.mark.parametrize("head", [CLOSING, OLD], ids=["close", "1.0"])
def test_a_refusal_reaches_who_reads_after_sending_alone(run: Run, answer: Any, head: str) -> None:
    async def body() -> None:
        admission = WatchedAdmission()
        async with served(answer, ConnectionLimits(admission)) as port:
            heard = await asyncio.to_thread(heard_after_sending, port, head)
            assert heard.startswith(b"HTTP/1.1 413 ")
            assert heard.endswith(b"\r\n\r\ntoo large")
            await asyncio.wait_for(admission.has_left.wait(), 5)

    run(body())


def test_who_sends_nothing_more_is_not_waited_for(run: Run) -> None:
    async def body() -> None:
        admission = WatchedAdmission()
        async with served(refuse, ConnectionLimits(admission, silence_seconds=0.05)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"{CLOSING}\r\nContent-Length: 1000\r\n\r\nbegun".encode())
            assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"too large")
            await asyncio.wait_for(admission.has_left.wait(), 5)
            writer.close()

    run(body())


def test_who_goes_on_sending_is_not_heard_for_ever(run: Run) -> None:
    async def body() -> None:
        admission = WatchedAdmission()
        async with served(refuse, ConnectionLimits(admission, silence_seconds=0.05, linger_seconds=0.2)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"{CLOSING}\r\nContent-Length: {2**40}\r\n\r\n".encode())
            assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"too large")
            while not admission.has_left.is_set():
                writer.write(b"more")
                await asyncio.wait({asyncio.ensure_future(admission.has_left.wait())}, timeout=0.01)
            writer.close()

    run(asyncio.wait_for(body(), 10))
