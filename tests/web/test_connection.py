"""Bodies read straight from their connection, over real sockets."""

import asyncio
from typing import Any

import orjson
import pytest
from prometheus_client import REGISTRY

from tests.web.connections_for_tests import CONTENT, Collector, Run, answer_on, echo, head, length_of, served
from uploads.body import EXTENSION


def received_bytes() -> float:
    """Of the route `other`, as /metrics tells it."""
    return REGISTRY.get_sample_value("waybill_received_bytes_total", {"route": "other"}) or 0


def test_bodies_one_after_the_other_on_one_connection(run: Run) -> None:
    async def body() -> None:
        async with served(echo) as port:
            before = received_bytes()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for size in (0, 1, 65_536, len(CONTENT), 5, 300_000):
                writer.write(head(size) + CONTENT[:size])
                status, text = await answer_on(reader)
                assert (status, text.decode().split()[1:]) == (200, [str(size), "True"])
            writer.close()
            assert received_bytes() == before + sum((1, 65_536, len(CONTENT), 5, 300_000))

    run(body())


@pytest.mark.parametrize("piece", [1_000, 65_536, 700_000])
def test_a_body_in_pieces_arrives_whole(run: Run, piece: int) -> None:
    async def body() -> None:
        async with served(echo) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(len(CONTENT)))
            for start in range(0, len(CONTENT), piece):
                await asyncio.sleep(0.001)
                writer.write(CONTENT[start : start + piece])
                await writer.drain()
            assert await answer_on(reader) == (200, f"taken {len(CONTENT)} True".encode())
            writer.close()

    run(body())


def test_the_next_request_may_follow_at_once(run: Run) -> None:
    async def body() -> None:
        async with served(echo) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(200_000) + CONTENT[:200_000] + head(100_000) + CONTENT[:100_000] + head(0))
            for size in (200_000, 100_000, 0):
                status, text = await answer_on(reader)
                assert (status, text.decode().split()[1:]) == (200, [str(size), "True"])
            writer.close()

    run(body())


def test_a_client_that_leaves_ends_the_answer_that_others_wait_behind(run: Run) -> None:
    async def body() -> None:
        ends: asyncio.Queue[Any] = asyncio.Queue()

        async def stream(_scope: Any, receive: Any, send: Any) -> tuple[int, bytes]:
            try:
                await receive()
                leaving = asyncio.ensure_future(receive())
                await send({"type": "http.response.start", "status": 200, "headers": []})
                while not leaving.done():
                    await send({"type": "http.response.body", "body": CONTENT, "more_body": True})
                    await asyncio.sleep(0)
                ends.put_nowait(leaving.result())
            except Exception as error:
                ends.put_nowait(error)
                raise
            return 200, b""

        async with served(stream) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(0) + head(0))
            await reader.readexactly(100)
            writer.transport.abort()
            assert await asyncio.wait_for(ends.get(), 20) == {"type": "http.disconnect"}

    run(body())


@pytest.mark.parametrize("offer", ["h2c", "something/2", "websocket"])
@pytest.mark.parametrize("pause", [0, 0.05])
def test_an_offer_to_change_the_protocol_is_ignored_and_not_the_body(run: Run, offer: str, pause: float) -> None:
    async def body() -> None:
        async with served(echo) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            lines = ("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {offer}", "HTTP2-Settings: AAMAAABkAAQ")
            for size in (100_000, 10, 0):
                writer.write(head(size, *lines))
                await writer.drain()
                await asyncio.sleep(pause)
                writer.write(CONTENT[:size] + head(0))
                status, text = await answer_on(reader)
                assert (status, text.decode().split()[1:]) == (200, [str(size), "True"])
                assert (await answer_on(reader))[0] == 200
            writer.close()

    run(body())


@pytest.mark.parametrize("pause", [0, 0.05])
def test_what_comes_after_a_body_is_no_header(run: Run, pause: float) -> None:
    async def names(scope: Any, receive: Any, _send: Any) -> tuple[int, bytes]:
        while (await receive()).get("more_body", False):
            pass
        return 200, b" ".join(name for name, _ in scope["headers"])

    async def body() -> None:
        async with served(names) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(2):
                writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
                await writer.drain()
                await asyncio.sleep(pause)
                writer.write(b"0\r\nAuthorization: Bearer x\r\n\r\n")
                assert await answer_on(reader) == (200, b"host transfer-encoding")
            writer.close()

    run(body())


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/1.1\r\nno header\r\n\r\n"])
def test_what_is_no_http_is_refused_in_json_with_an_id(run: Run, garbage: bytes) -> None:
    async def body() -> None:
        async with served(echo) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(garbage)
            answer = await asyncio.wait_for(reader.read(), 5)
            writer.close()
        lines, _, content = answer.partition(b"\r\n\r\n")
        status, *rest = lines.decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in rest)
        error = orjson.loads(content)["error"]
        assert status == "http/1.1 400 bad request"
        assert (headers["content-type"], headers["connection"]) == ("application/json", "close")
        assert int(headers["content-length"]) == len(content)
        assert (error["code"], error["requestId"]) == ("BAD_INPUT", headers["x-request-id"])

    run(body())


@pytest.mark.parametrize("endless", [b"x" * 4_000, b"a: b\r\n" * 600])
def test_a_head_without_end_is_given_up(run: Run, endless: bytes) -> None:
    async def body() -> None:
        async with served(echo) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(200_000, "X-Long: " + "x" * 30_000) + CONTENT[:200_000])
            assert await answer_on(reader) == (200, b"taken 200000 True")
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Endless: ")
            answering = asyncio.create_task(answer_on(reader))
            for _ in range(100):
                if not answering.done():
                    writer.write(endless)
                await asyncio.sleep(0.005)
            assert (await answering)[0] == 431
            writer.transport.abort()

    run(body())


def test_a_body_that_waits_for_its_turn_holds_up_its_sender_however_many_are_before_it(run: Run) -> None:
    async def body() -> None:
        go_on, length = asyncio.Event(), 100 * 2**20

        async def wait(scope: Any, _receive: Any, _send: Any) -> tuple[int, bytes]:
            if length_of(scope):
                await go_on.wait()
            await asyncio.sleep(0.0005)
            return 200, b""

        async def send(writer: asyncio.StreamWriter) -> None:
            writer.write(head(0) * 1_000 + head(length))
            for _ in range(length // 2**20):
                writer.write(bytes(2**20))
                await writer.drain()
                sent.append(2**20)

        async with served(wait) as port:
            sent = list[int]()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            sending = asyncio.create_task(send(writer))
            for _ in range(1_000):
                assert (await answer_on(reader))[0] == 200
            assert sum(sent) < 20 * 2**20
            sending.cancel()
            go_on.set()
            writer.transport.abort()

    run(body())


def test_a_body_that_waited_behind_other_requests_arrives_whole(run: Run) -> None:
    async def body() -> None:
        async with served(echo) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(0) * 30 + head(len(CONTENT)) + CONTENT)
            for _ in range(30):
                assert (await answer_on(reader))[0] == 200
            status, text = await answer_on(reader)
            assert (status, text.decode().split()[1:]) == (200, [str(len(CONTENT)), "True"])
            writer.close()

    run(body())


def test_who_asks_before_sending_is_told_to_go_on(run: Run) -> None:
    async def body() -> None:
        async with served(echo) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(100_000, "Expect: 100-continue"))
            assert await answer_on(reader) == (100, b"")
            writer.write(CONTENT[:100_000])
            assert await answer_on(reader) == (200, b"taken 100000 True")
            writer.close()

    run(body())


def test_a_client_that_leaves_is_noticed_with_all_that_it_sent(run: Run) -> None:
    collectors = list[Collector]()
    ended = list[asyncio.Event]()

    async def collect(scope: Any, _receive: Any, _send: Any) -> tuple[int, bytes]:
        collectors.append(Collector())
        scope["extensions"][EXTENSION](collectors[-1], length_of(scope))
        await collectors[-1].done.wait()
        ended[-1].set()
        return 200, b""

    async def body() -> None:
        async with served(collect) as port:
            ended.append(asyncio.Event())
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(len(CONTENT)) + CONTENT[:500_000])
            await writer.drain()
            writer.close()
            await asyncio.wait_for(ended[-1].wait(), 5)

    run(body())
    assert (collectors[0].has_left, collectors[0].taken == CONTENT[:500_000]) == (True, True)


def test_what_is_not_wanted_is_thrown_away_and_the_connection_goes_on(run: Run) -> None:
    async def refuse_after_some(scope: Any, receive: Any, send: Any) -> tuple[int, bytes]:
        if length_of(scope) < len(CONTENT):
            return await echo(scope, receive, send)
        collector = Collector(limit=100_000)
        flow = scope["extensions"][EXTENSION](collector, length_of(scope))
        await collector.done.wait()
        flow.release()
        return 413, b"enough"

    async def body() -> None:
        async with served(refuse_after_some) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(len(CONTENT)) + CONTENT[:400_000])
            assert await answer_on(reader) == (413, b"enough")
            writer.write(CONTENT[400_000:] + head(70_000) + CONTENT[:70_000])
            assert await answer_on(reader) == (200, b"taken 70000 True")
            writer.close()

    run(body())


def test_a_paused_body_waits_and_goes_on(run: Run) -> None:
    async def pausing(scope: Any, _receive: Any, _send: Any) -> tuple[int, bytes]:
        collector = Collector(limit=70_000)
        flow = scope["extensions"][EXTENSION](collector, length_of(scope))
        await collector.done.wait()
        flow.pause()
        flow.pause()
        await asyncio.sleep(0.02)
        before = len(collector.taken)
        await asyncio.sleep(0.05)
        assert len(collector.taken) == before < len(CONTENT)
        collector.limit = 2**40
        collector.done.clear()
        flow.resume()
        flow.resume()
        await collector.done.wait()
        return 200, str(len(collector.taken)).encode()

    async def body() -> None:
        async with served(pausing) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(len(CONTENT)) + CONTENT)
            assert await answer_on(reader) == (200, str(len(CONTENT)).encode())
            writer.close()

    run(body())
