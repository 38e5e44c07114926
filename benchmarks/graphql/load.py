"""The load client, a process of its own: what it takes is then known, and is not the server's.

    python -m benchmarks.graphql.load ORDER     the JSON of an `Order`

It sends one operation over some connections, each as soon as the answer before is there, and prints its `Result`.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

READ_BYTES = 2**18


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
            "Accept: application/json",
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


async def run(order: Order) -> Result:
    """Carry it out.

    Raises:
        UnexpectedAnswer: The first answer is no data.
    """
    request, address = order.request, urlsplit(order.base_url)
    opened = [
        await asyncio.open_connection(address.hostname, address.port, limit=READ_BYTES)
        for _ in range(order.connections)
    ]
    first = await _ask(*opened[0], request)
    if json.loads(first).get("errors") or "data" not in json.loads(first):
        raise UnexpectedAnswer(first[:500].decode())
    begin = time.perf_counter() + order.warm_up_seconds
    times: list[float] = []
    await asyncio.gather(*(_work(pair, request, begin, begin + order.seconds, times) for pair in opened))
    for _, writer in opened:
        writer.close()
    times.sort()
    return Result(len(times) / order.seconds, _ms(times, 0.5), _ms(times, 0.99), len(first))


async def _work(
    pair: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    request: bytes,
    begin: float,
    end: float,
    times: list[float],
) -> None:
    while (sent := time.perf_counter()) < end:
        await _ask(*pair, request)
        now = time.perf_counter()
        if begin <= now < end:
            times.append(now - sent)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """The body of the answer."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise UnexpectedAnswer(head.decode())
    _, found, rest = head.partition(b"content-length:")
    if found:
        return await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return body


def _ms(times: list[float], part: float) -> float:
    return 1000 * times[int(len(times) * part)] if times else float("inf")


def main() -> None:
    """Read the order, print the result."""
    print(json.dumps(asdict(asyncio.run(run(Order(**json.loads(sys.argv[1])))))))


if __name__ == "__main__":
    main()
