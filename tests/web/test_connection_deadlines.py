"""Clients that say nothing, or say it too slowly: their connections end, and those of others go on."""

import asyncio
import socket
from contextlib import suppress
from typing import Any

import pytest

from tests.web.connections_for_tests import CONTENT, Run, answer_on, echo, head, served
from web.admission import Admission
from web.connection import ConnectionLimits
from web.listening import bind

SHORT = 0.5


def limits() -> ConnectionLimits:
    return ConnectionLimits(Admission(), head_seconds=SHORT)


async def dribble(writer: asyncio.StreamWriter, data: bytes, seconds: float = SHORT / 10) -> None:
    """Send byte by byte until the other side closes."""
    for byte in data:
        if writer.transport.is_closing():
            return
        writer.write(bytes([byte]))
        await asyncio.sleep(seconds)


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """What still comes; the other side resets where it closes before it has read all."""
    with suppress(ConnectionResetError):
        return await asyncio.wait_for(reader.read(), 20)
    return b""


def test_a_connection_that_says_nothing_is_closed_without_a_word(run: Run) -> None:
    async def body() -> None:
        async with served(echo, limits()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await until_closed(reader) == b""
            writer.close()

    run(body())


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"GE"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_head_that_comes_byte_by_byte_is_given_up_with_408(run: Run, start: bytes, is_first: bool) -> None:
    async def body() -> None:
        async with served(echo, limits()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            if not is_first:
                writer.write(head(5) + CONTENT[:5])
                assert (await answer_on(reader))[0] == 200
                await asyncio.sleep(SHORT * 1.5)  # the time between two requests does not count
            writer.write(start)
            sending = asyncio.create_task(dribble(writer, b"T" * 500 if start == b"GE" else b"a" * 500))
            status, _ = await answer_on(reader)
            assert status in ({400, 408} if start == b"GE" else {408})
            assert await until_closed(reader) == b""
            sending.cancel()
            writer.close()

    run(body())


def test_blank_lines_are_no_head(run: Run) -> None:
    async def body() -> None:
        async with served(echo, limits()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(0))
            assert (await answer_on(reader))[0] == 200
            sending = asyncio.create_task(dribble(writer, b"\r\n" * 500))
            assert await until_closed(reader) == b""
            sending.cancel()
            writer.close()

    run(body())


def test_a_body_may_take_longer_than_a_head_and_so_may_an_answer_while_the_next_head_waits(run: Run) -> None:
    async def slowly(scope: Any, receive: Any, send: Any) -> tuple[int, bytes]:
        answer = await echo(scope, receive, send)
        await asyncio.sleep(SHORT * 2)
        return answer

    async def body() -> None:
        async with served(slowly, limits()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(30))
            await dribble(writer, CONTENT[:30], SHORT / 15)
            writer.write(head(0)[:20])
            assert await answer_on(reader) == (200, b"taken 30 True")
            writer.write(head(0)[20:])
            assert (await answer_on(reader))[0] == 200
            writer.close()

    run(body())


def test_the_rest_of_a_body_that_nobody_reads_has_as_long_as_the_next_request(run: Run) -> None:
    async def at_once(*_: object) -> tuple[int, bytes]:
        return 413, b"enough"

    async def body() -> None:
        async with served(at_once, keep_alive_seconds=1) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(1_000_000))
            assert await answer_on(reader) == (413, b"enough")
            sending = asyncio.create_task(dribble(writer, bytes(2_000), 0.02))
            assert await until_closed(reader) == b""
            sending.cancel()
            writer.close()

    run(body())


@pytest.mark.skipif(
    not hasattr(socket, "TCP_USER_TIMEOUT"), reason="This system cannot tell that a peer reads nothing."
)
def test_who_does_not_read_the_answer_is_gone_after_a_while(run: Run) -> None:
    async def body() -> None:
        gone = asyncio.Event()

        async def send_much(_scope: Any, receive: Any, send: Any) -> tuple[int, bytes]:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while (await receive())["type"] != "http.disconnect":
                await send({"type": "http.response.body", "body": bytes(2**20), "more_body": True})
            gone.set()
            return 200, b""

        async def until_gone(scope: Any, receive: Any, send: Any) -> tuple[int, bytes]:
            sending = asyncio.create_task(send_much(scope, lambda: asyncio.sleep(0, {"type": ""}), send))
            while (await receive())["type"] != "http.disconnect":
                pass
            sending.cancel()
            gone.set()
            return 200, b""

        async with served(until_gone, listener=bind("127.0.0.1", 0, unread_seconds=1)) as port:
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.connect(("127.0.0.1", port))
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                await asyncio.wait_for(gone.wait(), 20)

    run(body())
