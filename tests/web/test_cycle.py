"""Heads of answers: what stands in them, and when they are written."""

import asyncio
import logging
from typing import Any

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from web.cycle import MAX_SHORT_BYTES, HttpCycle


class Written:
    """A transport that keeps each write by itself."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def close(self) -> None:
        self.is_closed = True


def cycle_over(transport: Any, method: str = "GET", *, keep_alive: bool = True) -> HttpCycle:
    log = logging.getLogger("uvicorn.error")
    return HttpCycle(
        scope={"type": "http", "method": method},  # type: ignore[typeddict-item]
        transport=transport,
        flow=FlowControl(transport),
        logger=log,
        access_logger=log,
        access_log=False,
        default_headers=[(b"date", b"today")],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: None,
    )


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(content: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": more}


async def test_a_short_answer_is_one_write_also_when_its_body_comes_in_parts() -> None:
    transport = Written()
    cycle = cycle_over(transport)

    await cycle.send(start((b"content-length", b"6")))
    assert transport.writes == []
    await cycle.send(body(b"one", more=True))
    assert transport.writes == [b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 6\r\n\r\none"]
    await cycle.send(body(b"two"))

    assert transport.writes[1:] == [b"two"]
    assert cycle.response_complete
    assert not transport.is_closed


@pytest.mark.parametrize(
    ("method", "status", "length"),
    [("GET", 200, None), ("GET", 200, MAX_SHORT_BYTES + 1), ("HEAD", 200, 6), ("GET", 304, None), ("GET", 200, 0)],
)
async def test_a_head_after_which_a_body_is_late_or_absent_is_written_at_once(
    method: str, status: int, length: int | None
) -> None:
    transport = Written()
    cycle = cycle_over(transport, method)

    await cycle.send(start(*([] if length is None else [(b"content-length", str(length).encode())]), status=status))

    assert len(transport.writes) == 1
    assert transport.writes[0].endswith(b"\r\n\r\n")
    is_chunked = b"transfer-encoding: chunked\r\n" in transport.writes[0]
    assert is_chunked == (method == "GET" and status == 200 and length is None)


async def test_a_body_that_is_longer_than_its_head_says_is_not_written() -> None:
    transport = Written()
    cycle = cycle_over(transport)
    await cycle.send(start((b"content-length", b"2")))

    with pytest.raises(RuntimeError):
        await cycle.send(body(b"one"))

    assert transport.writes == []


@pytest.mark.parametrize(
    "header",
    [
        (b"x-name", b"word\r\nx-other: word"), (b"x-name", b"word\n"), (b"x-name", b"\x00"), (b"x-name", b"\x7f"),
        (b"x-name\r\nx-other", b"word"), (b"x-name: word", b"word"), (b"x name", b"word"),
    ],
)  # fmt: skip
async def test_a_header_that_would_become_another_is_not_written(header: tuple[bytes, bytes]) -> None:
    transport = Written()

    with pytest.raises(RuntimeError):
        await cycle_over(transport).send(start(header, (b"content-length", b"6")))

    assert transport.writes == []


@pytest.mark.parametrize("says_close", [True, False])
async def test_a_connection_that_ends_with_the_answer_says_so_once(says_close: bool) -> None:
    transport = Written()
    cycle = cycle_over(transport, keep_alive=says_close)

    await cycle.send(start((b"content-length", b"1"), *([(b"connection", b"close")] if says_close else [])))
    await cycle.send(body(b"1"))

    assert transport.writes[0].count(b"connection: close\r\n") == 1
    assert transport.is_closed
