"""Accepted and refused HTTP heads, in raw bytes."""

import asyncio

import orjson
import pytest
from structlog.testing import capture_logs

from tests.web.connections_for_tests import CONTENT, Run, answer_on, echo, head, served
from web.connection import MAX_HEAD_BYTES

BAD_HEADS = {
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "two Hosts under 1.0": b"GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n",
    "a Host that is none": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "two Hosts in one line": b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "two Transfer-Encodings": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "another Transfer-Encoding": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked under 1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length and chunked": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/2.0": b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "HTTP/0.9": b"GET / HTTP/0.9\r\nHost: a\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown method": b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
    "an offer in a head without Host": b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
}


async def whole_answer(port: int, sent: bytes) -> tuple[bytes, bytes]:
    """Head and body of what the server says until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    said = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    answer, _, body = said.partition(b"\r\n\r\n")
    return answer, body


@pytest.mark.parametrize("sent", BAD_HEADS.values(), ids=BAD_HEADS.keys())
def test_a_head_that_may_be_read_in_two_ways_or_is_not_spoken_here_is_400_and_a_line(run: Run, sent: bytes) -> None:
    async def body() -> None:
        async with served(echo) as port:
            with capture_logs() as lines:
                answer, content = await whole_answer(port, sent)
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert answer.count(b"HTTP/1.1 ") == 1
        assert orjson.loads(content)["error"]["code"] == "BAD_INPUT"
        assert [line["event"] for line in lines] == ["no request"]

    run(body())


@pytest.mark.parametrize(
    "line", [b"A: " + b"x" * MAX_HEAD_BYTES, b"\r\n".join([b"A: " + b"x" * 1_000] * 66)], ids=["one line", "many lines"]
)
def test_a_head_that_is_too_large_is_431_also_when_it_comes_at_once(run: Run, line: bytes) -> None:
    async def body() -> None:
        async with served(echo) as port:
            answer, content = await whole_answer(port, b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert "64 KiB" in orjson.loads(content)["error"]["message"]

    run(body())


@pytest.mark.parametrize("lines", ["", "Content-Length: 5\r\n", "Connection: Upgrade\r\nUpgrade: websocket\r\n"])
def test_a_tunnel_is_refused_with_405_and_a_line(run: Run, lines: str) -> None:
    async def body() -> None:
        async with served(echo) as port:
            with capture_logs() as logged:
                sent = f"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n{lines}\r\n".encode()
                answer, content = await whole_answer(port, sent)
        assert answer.startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")
        assert b"\r\nallow: GET, HEAD, QUERY, POST, PATCH, DELETE, OPTIONS\r\n" in answer
        assert orjson.loads(content)["error"]["code"] == "METHOD_NOT_ALLOWED"
        assert [line["event"] for line in logged] == ["no request"]

    run(body())


@pytest.mark.parametrize("lines", [f"X-Long: {'x' * 9_000}\r\n", "".join(f"X-{i}: x\r\n" for i in range(200))])
def test_a_websocket_with_too_long_a_head_is_refused_and_not_kept_waiting(run: Run, lines: str) -> None:
    async def body() -> None:
        async with served(echo) as port:
            with capture_logs() as logged:
                upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                sent = f"GET / HTTP/1.1\r\nHost: a\r\n{upgrade}{lines}\r\n".encode()
                answer, content = await whole_answer(port, sent)
        assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        assert orjson.loads(content)["error"]["code"] == "BAD_INPUT"
        assert [line["event"] for line in logged] == ["no request"]

    run(body())


@pytest.mark.parametrize(
    "host", ["example.com", "example.com:8000", "[::1]:8000", "10.0.0.1", "a_b.example", "", "xn--bcher-kva.example"]
)
def test_a_host_is_a_name_or_an_address_and_may_be_empty(run: Run, host: str) -> None:
    async def body() -> None:
        async with served(echo) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert (await answer_on(reader))[0] == 200
            writer.close()

    run(body())


def test_http_1_0_needs_no_host(run: Run) -> None:
    async def body() -> None:
        async with served(echo) as port:
            answer, _ = await whole_answer(port, b"GET / HTTP/1.0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")

    run(body())


def test_a_thousand_offers_in_one_piece_are_a_thousand_requests(run: Run) -> None:
    offer = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

    async def body() -> None:
        async with served(echo) as port:
            with capture_logs() as lines:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(offer * 1_000 + head(len(CONTENT)) + CONTENT)
                for _ in range(1_000):
                    assert (await answer_on(reader))[0] == 200
                assert (await answer_on(reader))[1].endswith(b"True")
                writer.close()
        assert lines == []

    run(body())


def test_more_requests_than_may_wait_end_the_connection_and_no_answer_stands_within_another(run: Run) -> None:
    async def body() -> None:
        go_on = asyncio.Event()

        async def wait(*_: object) -> tuple[int, bytes]:
            await go_on.wait()
            return 200, b""

        async with served(wait) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2_000)
            assert await asyncio.wait_for(reader.read(), 5) == b""
            go_on.set()
            writer.close()

    run(body())


def test_what_is_no_request_behind_one_that_is_being_answered_gets_no_answer_in_its_midst(run: Run) -> None:
    async def body() -> None:
        is_asked, go_on = asyncio.Event(), asyncio.Event()

        async def wait(*_: object) -> tuple[int, bytes]:
            is_asked.set()
            await go_on.wait()
            return 200, b""

        async with served(wait) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await is_asked.wait()
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert await asyncio.wait_for(reader.read(), 5) == b""
            go_on.set()
            writer.close()

    run(body())


@pytest.mark.parametrize("endless", [b"X-Long: " + b"x" * 4_000, b"a: b\r\n" * 700])
def test_trailers_without_end_are_given_up(run: Run, endless: bytes) -> None:
    async def wait_for_all(_scope: object, receive: object, _send: object) -> tuple[int, bytes]:
        while (await receive()).get("more_body", False):  # type: ignore[operator]
            pass
        return 200, b""

    async def body() -> None:
        async with served(wait_for_all) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
            answering = asyncio.create_task(answer_on(reader))
            for _ in range(100):
                if not answering.done():
                    writer.write(endless)
                await asyncio.sleep(0.002)
            assert (await answering)[0] == 431
            writer.transport.abort()

    run(body())
