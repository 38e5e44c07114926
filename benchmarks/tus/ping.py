"""Pings of a server that is loaded by somebody else: a small process, so that the load does not disturb it.

    python -m benchmarks.tus.ping URL

It prints `ready`, waits for a byte, pings until the next byte comes, and prints its `Pings` as JSON.
"""

import json
import os
import select
import sys
import time
from dataclasses import asdict, dataclass

from benchmarks.tus.connection import Connection

INTERVAL_SECONDS = 0.005


@dataclass(frozen=True)
class Pings:
    """How long `GET /health` took."""

    count: int
    p99_ms: float


def main() -> None:
    """Ping."""
    with Connection(sys.argv[1]) as connection:
        connection.ask(200, "GET", "/health", {})
        print("ready", flush=True)
        os.read(sys.stdin.fileno(), 1)
        times = sorted(_ping(connection))
    print(json.dumps(asdict(Pings(len(times), times[int(len(times) * 0.99)]))), flush=True)


def _ping(connection: Connection) -> list[float]:
    """Milliseconds of each ping, one due every 5 ms, until a byte comes.

    A ping that was due while an earlier one still waited counts from when it was due: somebody else, who had asked at
    that moment, would have waited as well. Without that a long halt of the server would count as one slow ping.
    """
    times: list[float] = []
    due = time.perf_counter()
    while True:
        wait = due - time.perf_counter()
        if select.select([sys.stdin], [], [], max(wait, 0))[0] and times:
            return times
        began = time.perf_counter() if wait > 0 else due
        connection.ask(200, "GET", "/health", {})
        times.append((time.perf_counter() - began) * 1000)
        due += INTERVAL_SECONDS


if __name__ == "__main__":
    main()
