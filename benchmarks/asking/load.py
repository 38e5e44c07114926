"""The load client, a process of its own: what it takes is then known, and is not the server's.

    python -m benchmarks.asking.load ORDER     the JSON of an `Order`

It sends one operation over some connections, each as soon as the answer before is there, and prints its `Result`.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop

from benchmarks.machine import keep_off_first_core

_LENGTH = b"content-length:"


@dataclass(frozen=True)
class Order:
    """One operation for one server; the seconds of warming up come before those that count."""

    base_url: str
    path: str
    authorization: str
    query: str
    variables: dict[str, Any]
    connections: int
    seconds: float
    warm_up_seconds: float

    @property
    def request(self) -> bytes:
        body = json.dumps({"query": self.query, "variables": self.variables}).encode()
        lines = [
            f"POST {self.path} HTTP/1.1",
            f"Host: {urlsplit(self.base_url).netloc}",
            "Content-Type: application/json",
            "Accept: application/graphql-response+json, application/json;q=0.9",
            f"Content-Length: {len(body)}",
            *([f"Authorization: {self.authorization}"] if self.authorization else []),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Result:
    """Answers per second, their times in milliseconds, and the size of one in bytes."""

    per_second: float
    p50_ms: float
    p99_ms: float
    answer_bytes: int


class UnexpectedAnswer(Exception):  # noqa: N818 (it reads as what happened)
    """A server did not answer with data."""


class Asker(asyncio.Protocol):
    """One connection: asks until it is stopped, and hands over each answer with the time that it took."""

    def __init__(self, request: bytes, on_answer: Callable[[float, float], None]) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.first = b""
        self.is_stopped = False
        self._request = request
        self._on_answer = on_answer
        self._sent = 0.0
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data
        begin = data.find(b"\r\n\r\n") + 4
        size = _length_in(data[:begin]) if begin > 3 else None
        if size is None or len(data) < begin + size:
            self._buffer = data
            return
        now = time.perf_counter()
        self._buffer = b""
        if not self.first:
            self._check(data[:begin], data[begin:])
        self._on_answer(now, now - self._sent)
        if self.is_stopped:
            self.transport.close()
        else:
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ended.done() and self.is_stopped:
            self.ended.set_result(None)
        elif not self.ended.done():
            self.ended.set_exception(error or UnexpectedAnswer(self._buffer[:500].decode(errors="replace")))

    def _ask(self) -> None:
        self._sent = time.perf_counter()
        self.transport.write(self._request)

    def _check(self, head: bytes, body: bytes) -> None:
        """Once for each connection: all answers to one operation are alike."""
        answer = json.loads(body)
        if not head.startswith(b"HTTP/1.1 200") or answer.get("errors") or not answer.get("data"):
            self.ended.set_exception(UnexpectedAnswer((head + body)[:500].decode(errors="replace")))
            self.is_stopped = True
        self.first = body


async def run(order: Order) -> Result:
    """Carry it out.

    Raises:
        UnexpectedAnswer: The first answer is no data.
    """
    address, loop = urlsplit(order.base_url), asyncio.get_running_loop()
    times: list[float] = []
    begin = time.perf_counter() + order.warm_up_seconds
    end = begin + order.seconds

    def note(now: float, seconds: float) -> None:
        if begin <= now < end:
            times.append(seconds)

    opened = [
        await loop.create_connection(lambda: Asker(order.request, note), address.hostname or "", address.port or 0)
        for _ in range(order.connections)
    ]
    askers = [asker for _, asker in opened]
    ended = asyncio.gather(*(asker.ended for asker in askers))
    await asyncio.wait({ended}, timeout=end - time.perf_counter())
    for asker in askers:
        asker.is_stopped = True
    await ended
    times.sort()
    return Result(len(times) / order.seconds, _ms(times, 0.5), _ms(times, 0.99), len(askers[0].first))


def _length_in(head: bytes) -> int | None:
    """Of the body, as the head says; every server that is measured says it."""
    _, found, rest = head.lower().partition(_LENGTH)
    return int(rest.split(b"\r\n", 1)[0]) if found else None


def _ms(times: list[float], part: float) -> float:
    return 1000 * times[int(len(times) * part)] if times else float("inf")


def main() -> None:
    """Read the order, print the result."""
    keep_off_first_core()
    print(json.dumps(asdict(uvloop.run(run(Order(**json.loads(sys.argv[1])))))))


if __name__ == "__main__":
    main()
