"""Many small files into one job: the load client, a process of its own, and its figures.

    python -m benchmarks.tus.batch ORDER     the JSON of an `Order`

It prints `ready`, waits for a byte, announces the files and prints their ids as JSON, waits for a byte, sends them and
prints its `Result`.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from benchmarks.tus.connection import Connection, Piece
from benchmarks.tus.load import TUS

CONNECTIONS = 4
PERCENTILE = 0.99


@dataclass(frozen=True)
class Order:
    """What is sent: `files` parts of the file `source`, of `file_bytes` each."""

    base_url: str
    authorization: str
    source: str
    files: int
    file_bytes: int

    @classmethod
    def of_json(cls, text: str) -> Self:
        return cls(**json.loads(text))

    @property
    def as_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Result:
    """What sending came to; the p99 of a PATCH is that of the first and of the last quarter of the files."""

    files_per_second: float
    median_ms: float
    first_p99_ms: float
    last_p99_ms: float


def main() -> None:
    """Do what is ordered."""
    order = Order.of_json(sys.argv[1])
    with Path(order.source).open("rb") as source, ThreadPoolExecutor(CONNECTIONS) as pool:
        _say_and_wait("ready")
        paths = [path for some in pool.map(partial(_announce, order), range(CONNECTIONS)) for path in some]
        _say_and_wait(json.dumps([path.rpartition("/")[2].partition("~")[0] for path in paths]))
        began = time.perf_counter()
        shares = [range(first, order.files, CONNECTIONS) for first in range(CONNECTIONS)]
        times = dict(pair for some in pool.map(partial(_send, order, source.fileno(), paths), shares) for pair in some)
        seconds = time.perf_counter() - began
    print(json.dumps(asdict(_result([times[number] for number in range(order.files)], seconds))), flush=True)


def _announce(order: Order, connection_number: int) -> list[str]:
    """Announce this connection's share of the files; their paths."""
    headers = {**TUS, "Upload-Length": str(order.file_bytes), "Authorization": order.authorization}
    share = range(connection_number * order.files // CONNECTIONS, (connection_number + 1) * order.files // CONNECTIONS)
    with Connection(order.base_url) as connection:
        return [urlsplit(connection.ask(201, "POST", "/files/", headers)["location"]).path for _ in share]


def _send(order: Order, descriptor: int, paths: Sequence[str], share: range) -> list[tuple[int, float]]:
    """Send these files, each in one PATCH; the milliseconds of each."""
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    times = []
    with Connection(order.base_url) as connection:
        for number in share:
            began = time.perf_counter()
            piece = Piece(descriptor, number * order.file_bytes, order.file_bytes)
            connection.ask(204, "PATCH", paths[number], headers, piece)
            times.append((number, (time.perf_counter() - began) * 1000))
    return times


def _result(times: Sequence[float], seconds: float) -> Result:
    quarter = max(len(times) // 4, 1)
    return Result(len(times) / seconds, sorted(times)[len(times) // 2], _p99(times[:quarter]), _p99(times[-quarter:]))


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[int(len(times) * PERCENTILE)]


def _say_and_wait(line: str) -> None:
    print(line, flush=True)
    os.read(sys.stdin.fileno(), 1)


if __name__ == "__main__":
    main()
