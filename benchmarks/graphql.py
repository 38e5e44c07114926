"""Operations a second over HTTP, beside other GraphQL servers.

The same schema and data, from memory: Waybill's stack, Strawberry's as it comes, and from npm, where Node is there, Apollo
Server, graphql-yoga and mercurius, without and with its JIT. Then Waybill itself, reading from SQLite, and from PostgreSQL
where TEST_DATABASE_URL names a server, with rights and limits. The server has one core, the load the others; rounds go
from server to server in turn, and the median of each is told.

    python -m benchmarks.graphql [--quick]     --quick: one short round, to try it out
"""

import asyncio
import json
import os
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.asking.servers import (
    APOLLO,
    PEERS,
    Asked,
    Figures,
    measure,
    newest_batches,
    running_from_memory,
    running_peer,
    running_waybill,
)
from benchmarks.listing.filling import Size, fill
from benchmarks.machine import describe_machine
from benchmarks.queue.databases import made_database
from benchmarks.tus.servers import PeerMissing, install_peer

JOBS_IN_MEMORY = 2_000
LIST = """query { batches(first: 50) { nodes {
  id kind title status statusMessage isActive progress { percentage totalItems processedItems failedItems }
  owner { id username } uploads(first: 5) { nodes { id filename size } } files { id name } queuePosition createdAt updatedAt
} pageInfo { hasNextPage endCursor } } }"""
ONE = "query ($id: ID!) { batch(id: $id) { id status progress { percentage } } }"
SERVER_INFO = "{ serverInfo { version } }"


@dataclass(frozen=True)
class Trial:
    """How long each operation is asked of each server."""

    jobs: int
    rounds: int
    connections: int
    seconds: float
    warm_up_seconds: float

    @property
    def load(self) -> dict[str, Any]:
        return {
            "connections": self.connections, "seconds": self.seconds, "warm_up_seconds": self.warm_up_seconds,
        }  # fmt: skip


WHOLE = Trial(20_000, 3, 16, 3.0, 1.0)
QUICK = Trial(2_000, 1, 4, 0.5, 0.3)


def main() -> None:
    """Run it and print the figures."""
    is_quick = "--quick" in sys.argv[1:]
    note = ", too short to say much" if is_quick else ""
    print(f"graphql: operations a second over HTTP{note}\n{describe_machine()}", flush=True)
    asyncio.run(_run(QUICK if is_quick else WHOLE))
    print(f"\nload of the machine over the last minutes: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


async def _run(trial: Trial) -> None:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        own = [
            await stack.enter_async_context(running_waybill(f"Waybill, {name}", data_dir, url))
            for name, url, data_dir in await _filled(stack, folder, trial.jobs)
        ]
        batches = await newest_batches(own[0], JOBS_IN_MEMORY)
        file = folder / "jobs.json"
        file.write_text(json.dumps(batches), encoding="utf-8")
        servers = [
            await stack.enter_async_context(running_from_memory(name, file, folder / f"{name} data"))
            for name in ("waybill", "strawberry")
        ]
        servers += await _peers(stack, file)
        print(f"{trial.connections} connections; {trial.rounds} rounds of {trial.seconds:g} s", flush=True)
        for title, query, variables in (
            ("a list of 50 with nested fields", LIST, {}),
            ("one batch by its id", ONE, {"id": batches[0]["id"]}),
            ("serverInfo { version }", SERVER_INFO, {}),
        ):
            rounds = [
                {server.name: await measure(server, query, variables, **trial.load) for server in [*servers, *own]}
                for _ in range(trial.rounds)
            ]
            _print_table(title, rounds)


async def _filled(stack: AsyncExitStack, folder: Path, jobs: int) -> list[tuple[str, str, Path]]:
    """Databases of so many jobs: the name of each, its URL, and a data folder for its server."""
    databases = {"SQLite": ""}
    if server_url := os.environ.get("TEST_DATABASE_URL", ""):
        databases["PostgreSQL"] = await stack.enter_async_context(made_database(server_url))
    else:
        print("Without PostgreSQL: set TEST_DATABASE_URL to measure it, too.", flush=True)
    for name, url in databases.items():
        (folder / name).mkdir()
        await fill(url, folder / name, Size(jobs))
    return [(name, url, folder / name) for name, url in databases.items()]


async def _peers(stack: AsyncExitStack, file: Path) -> list[Asked]:
    try:
        await install_peer(", ".join(PEERS))
    except PeerMissing as missing:
        print(missing, flush=True)
        return []
    return [await stack.enter_async_context(running_peer(name, file)) for name in PEERS]


def _print_table(title: str, rounds: list[dict[str, Figures]]) -> None:
    """Medians of all rounds; the ratio is that of what each round came to beside Apollo Server."""
    print(f"\n{title:28} {'per s':>9} {'x Apollo':>9} {'p50 ms':>8} {'p99 ms':>8} {'CPU ms':>8} {'bytes':>8}")
    for name in rounds[0]:
        figures = [one[name] for one in rounds]
        results = [one.result for one in figures]
        beside = [(one[name].result.per_second, one[APOLLO].result.per_second) for one in rounds if APOLLO in one]
        ratios = [own / other for own, other in beside if other]
        ratio = f"{median(ratios):9.2f}" if ratios else f"{'':9}"
        print(
            f"  {name:26} {median(one.per_second for one in results):9,.0f} {ratio} "
            f"{median(one.p50_ms for one in results):8.2f} {median(one.p99_ms for one in results):8.2f} "
            f"{median(one.cpu_ms for one in figures):8.3f} {results[0].answer_bytes:8,}",
            flush=True,
        )


if __name__ == "__main__":
    main()
