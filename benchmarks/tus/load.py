"""The load client, a process of its own: what it takes is then known, and is not the server's.

    python -m benchmarks.tus.load ORDER     the JSON of an `Order`

It prints `ready`, waits for a byte, works, prints its `Result`, waits for a byte, tidies up and prints `tidied`.
"""

import hashlib
import json
import os
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from benchmarks.tus.connection import READ_BYTES, Connection, Piece, UnexpectedAnswer

TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True)
class Phase:
    """One kind of work.

    Attributes:
        uploads: How many are sent at the same time, each on a connection of its own.
        upload_bytes: Size of each; they are different parts of the source.
        chunk_bytes: Bytes of one PATCH.
        rounds: Where not 0: so many times, one after the other, an upload is made, sent and deleted.
        warm_up: Rounds before these, which do not count.
    """

    title: str
    uploads: int
    upload_bytes: int
    chunk_bytes: int
    rounds: int = 0
    warm_up: int = 0


@dataclass(frozen=True)
class Order:
    """A phase for one server.

    Attributes:
        authorization: Sent when an upload is made; empty where the server asks for none.
        source: A file of at least as many bytes as all uploads have together.
        is_verified: Whether what is stored is read back and compared, when tidying up.
    """

    phase: Phase
    base_url: str
    authorization: str
    source: str
    is_verified: bool

    @classmethod
    def of_json(cls, text: str) -> Self:
        values = json.loads(text)
        return cls(**{**values, "phase": Phase(**values["phase"])})

    @property
    def as_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Result:
    """What the phase came to; `round_ms` are sorted, without the warm-up."""

    seconds: float
    cpu_seconds: float
    round_ms: list[float] = field(default_factory=list)


def main() -> None:
    """Do what is ordered."""
    order = Order.of_json(sys.argv[1])
    with Path(order.source).open("rb") as source:
        _say_and_wait("ready")
        work = partial(_send_rounds if order.phase.rounds else _send_together, order, source.fileno())
        began, cpu_before = time.perf_counter(), _cpu_seconds()
        paths, round_ms = work()
        result = Result(time.perf_counter() - began, _cpu_seconds() - cpu_before, round_ms)
        _say_and_wait(json.dumps(asdict(result)))
        _tidy(order, source.fileno(), paths)
    print("tidied", flush=True)


def _say_and_wait(line: str) -> None:
    print(line, flush=True)
    os.read(sys.stdin.fileno(), 1)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _send_together(order: Order, descriptor: int) -> tuple[list[str], list[float]]:
    with ThreadPoolExecutor(order.phase.uploads) as pool:
        return list(pool.map(partial(_send_one, order, descriptor), range(order.phase.uploads))), []


def _send_one(order: Order, descriptor: int, number: int) -> str:
    with Connection(order.base_url) as connection:
        return _upload(connection, order, descriptor, number * order.phase.upload_bytes)


def _send_rounds(order: Order, descriptor: int) -> tuple[list[str], list[float]]:
    times = []
    with Connection(order.base_url) as connection:
        for _ in range(order.phase.warm_up + order.phase.rounds):
            began = time.perf_counter()
            connection.ask(204, "DELETE", _upload(connection, order, descriptor, 0), TUS)
            times.append((time.perf_counter() - began) * 1000)
    return [], sorted(times[order.phase.warm_up :])


def _upload(connection: Connection, order: Order, descriptor: int, start: int) -> str:
    """Make an upload, send it, and return its path.

    Raises:
        UnexpectedAnswer: Another status or offset than the protocol says.
    """
    size = order.phase.upload_bytes
    headers = {**TUS, "Upload-Length": str(size)}
    if order.authorization:
        headers["Authorization"] = order.authorization
    path = urlsplit(connection.ask(201, "POST", "/files/", headers)["location"]).path
    for offset in range(0, size, order.phase.chunk_bytes):
        piece = Piece(descriptor, start + offset, min(order.phase.chunk_bytes, size - offset))
        headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        stored = connection.ask(204, "PATCH", path, headers, piece)["upload-offset"]
        if stored != str(offset + piece.size):
            raise UnexpectedAnswer(f"PATCH {path}: Upload-Offset is {stored}, wanted {offset + piece.size}.")
    return path


def _tidy(order: Order, descriptor: int, paths: list[str]) -> None:
    """Verify, where that is wanted, and delete; on a new connection, since a server may close one that is idle."""
    with Connection(order.base_url) as connection:
        for number, path in enumerate(paths):
            if order.is_verified:
                _verify(
                    connection, path, Piece(descriptor, number * order.phase.upload_bytes, order.phase.upload_bytes)
                )
            connection.ask(204, "DELETE", path, TUS)


def _verify(connection: Connection, path: str, piece: Piece) -> None:
    """Compare what is stored, and the SHA-256 that the server took of it where it tells one, with what was sent.

    Raises:
        UnexpectedAnswer: They differ.
    """
    sent, stored = hashlib.sha256(), hashlib.sha256()
    for offset in range(0, piece.size, READ_BYTES):
        sent.update(os.pread(piece.descriptor, min(READ_BYTES, piece.size - offset), piece.offset + offset))
    headers, body = connection.read(path, {})
    for part in body:
        stored.update(part)
    if stored.digest() != sent.digest():
        raise UnexpectedAnswer(f"GET {path}: these are not the bytes that were sent.")
    if headers.get("etag", "").strip('"') not in {"", sent.hexdigest()}:
        raise UnexpectedAnswer(f"GET {path}: the ETag is not the SHA-256 of what was sent.")


if __name__ == "__main__":
    main()
