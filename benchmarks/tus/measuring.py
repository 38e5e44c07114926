"""One phase on one server: the load client and the pings are started, and the server is watched meanwhile."""

import asyncio
import json
import os
import statistics
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import Usage, watched
from benchmarks.tus import batch
from benchmarks.tus.load import Order, Phase, Result
from benchmarks.tus.ping import Pings
from benchmarks.tus.servers import Measured
from client.api import Waybill

ROOT = Path(__file__).resolve().parents[2]
ANSWER_TIMEOUT_SECONDS = 900
_CREATE_JOB = (
    "mutation ($ids: [ID!]!) {createTask(input: {work: {demo: {}}, uploadIds: $ids, autoStart: false}) { id }}"
)
LINE_BYTES = 2**20
"""Of the longest line that a load client prints: the ids of its files."""
SMALL_BYTES, LARGE_BYTES = 2**16, 2**20


@dataclass(frozen=True)
class Figures:
    """What one phase on one server came to.

    Attributes:
        speed: Megabytes per second; 0 where rounds are counted.
        round_ms: The median round; 0 where there are none.
        ping_ms: The p99 of `GET /health` meanwhile; 0 where nobody asked.
        peak_mb: Resident memory of the server's processes together.
        server_cpu: Seconds.
        client_cpu: Seconds.
    """

    speed: float
    round_ms: float
    ping_ms: float
    peak_mb: float
    server_cpu: float
    client_cpu: float

    def __str__(self) -> str:
        main = f"{self.speed:,.0f} MB/s" if self.speed else f"{self.round_ms:.1f} ms"
        return f"{main}, ping {self.ping_ms:.1f} ms" if self.ping_ms else main


async def measure(server: Measured, phase: Phase, source: Path, *, is_verified: bool = False) -> Figures:
    """Do `phase` on `server`, delete what was uploaded, and return the figures."""
    order = Order(phase, server.base_url, await server.authorize(), str(source), is_verified)
    await asyncio.to_thread(_settle, source)
    async with AsyncExitStack() as stack:
        load = await stack.enter_async_context(_child("load", order.as_json))
        ping = None if phase.rounds else await stack.enter_async_context(_child("ping", server.base_url))
        async with watched(server.pid) as usage:
            await _tell(ping)
            await _tell(load)
            result = Result(**json.loads(await _said_by(load)))
        await _tell(ping)
        pings = Pings(**json.loads(await _said_by(ping))) if ping else None
        await _tell(load)
        await _said_by(load)
    return _figures(phase, result, pings, usage)


async def measure_batch(server: Measured, order: batch.Order) -> batch.Result:
    """Make a job of all files of `order`, send them, and return the figures."""
    await asyncio.to_thread(_settle, Path(order.source))
    async with _child("batch", order.as_json) as load:
        await _tell(load)
        upload_ids = json.loads(await _said_by(load))
        async with Waybill(server.base_url) as waybill:
            waybill.token = order.authorization.removeprefix("Bearer ")
            await waybill.execute(_CREATE_JOB, {"ids": upload_ids})
        await _tell(load)
        return batch.Result(**json.loads(await _said_by(load)))


def _figures(phase: Phase, result: Result, pings: Pings | None, usage: Usage) -> Figures:
    return Figures(
        speed=0 if phase.rounds else phase.uploads * phase.upload_bytes / 1e6 / result.seconds,
        round_ms=statistics.median(result.round_ms) if phase.rounds else 0,
        ping_ms=pings.p99_ms if pings else 0,
        peak_mb=usage.peak_bytes / 1e6,
        server_cpu=usage.cpu_seconds,
        client_cpu=result.cpu_seconds,
    )


def _settle(source: Path) -> None:
    """Give every server the same machine: a disk with nothing to do, and memory that is really there.

    A virtual machine lends its free memory to its host, and whoever writes first waits until it is back: by chance up
    to three quarters of a server's speed. So as much as is sent is written and thrown away just before; in small and in
    large blocks, because the kernel takes the memory for each from another place.
    """
    os.sync()
    scratch, size = source.with_name("scratch"), source.stat().st_size
    for block in (bytes(SMALL_BYTES), bytes(LARGE_BYTES)):
        with scratch.open("wb", buffering=0) as file:
            for _ in range(0, size, len(block)):
                file.write(block)
        scratch.unlink()


@asynccontextmanager
async def _child(module: str, argument: str) -> AsyncIterator[Process]:
    """A process of ours that has said that it is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"benchmarks.tus.{module}", argument, cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=LINE_BYTES
    )
    try:
        await _said_by(process)
        yield process
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        raise
    finally:
        await process.wait()


async def _said_by(process: Process) -> str:
    """Its next line."""
    assert process.stdout is not None  # noqa: S101  (it was started with a pipe)
    async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
        line = await process.stdout.readline()
    if not line:
        sys.exit("The load client or the pings failed; see above.")
    return line.decode()


async def _tell(process: Process | None) -> None:
    """Let it go on."""
    if process is not None and process.stdin is not None:
        process.stdin.write(b"\n")
        await process.stdin.drain()
